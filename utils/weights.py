"""Weights and training state on disk."""

import pickle
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from utils.files import atomic_write
from utils.parallel import unwrap

PREFIX = "module."  # DataParallel's, in the released files
SHOWN_KEYS = 6
UNREADABLE = (RuntimeError, EOFError, pickle.UnpicklingError, KeyError, ValueError, OSError)


@dataclass
class TrainState:
    """All that training changes."""

    model: nn.Module
    optimizer: torch.optim.Optimizer
    scheduler: torch.optim.lr_scheduler.LRScheduler
    scaler: torch.amp.GradScaler
    epoch: int = 0  # epochs done
    step: int = 0  # optimiser steps done
    best_accuracy: float = 0.0
    best_epoch: int = 0


def read(path: Path) -> Any:
    """A file written by torch.save, of any age, onto the CPU; never runs code from the file.

    Raises:
        FileNotFoundError: no such file.
        ValueError: not a torch file, or more than tensors and plain values in it.
    """
    if not path.is_file():
        raise FileNotFoundError(f"no file {path}. Check the path.")
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except UNREADABLE as error:
        reason = str(error).strip().split("\n")[0]
        raise ValueError(f"{path} is not a usable torch file: {reason}") from error


def write(content: Any, path: Path) -> None:
    with atomic_write(path) as temporary:
        torch.save(content, temporary)


def load_weights(model: nn.Module, path: Path, ignore: Sequence[str] = ()) -> list[str]:
    """Load a state_dict strictly, except for keys named in `ignore` (exactly or by prefix).

    Returns the ignored keys.

    Raises:
        ValueError: keys are missing, unexpected or of another shape; the message lists them.
    """
    content = read(path)
    if not isinstance(content, Mapping) or not all(
        isinstance(key, str) and isinstance(value, Tensor) for key, value in content.items()
    ):
        raise ValueError(f"{path} is no state_dict. Give a file of a weights/ folder.")
    weights = {key.removeprefix(PREFIX): value for key, value in content.items()}
    ignored = [key for key in weights if key.startswith(tuple(ignore))]
    weights = {key: value for key, value in weights.items() if key not in ignored}
    expected = model.state_dict()
    _check_keys(path, weights, expected, ignore)
    model.load_state_dict(weights, strict=False)  # all but the ignored were just checked
    return ignored


def _check_keys(
    path: Path, weights: Mapping[str, Tensor], expected: Mapping[str, Tensor], ignore: Sequence[str]
) -> None:
    common = weights.keys() & expected.keys()
    problems = {
        "missing": [
            key for key in expected if key not in weights and not key.startswith(tuple(ignore))
        ],
        "unexpected": [key for key in weights if key not in expected],
        "of another shape": [
            f"{key} {tuple(weights[key].shape)}, the model's is {tuple(expected[key].shape)}"
            for key in expected
            if key in common and weights[key].shape != expected[key].shape
        ],
    }
    found = [f"{len(keys)} {kind}: {_some(keys)}" for kind, keys in problems.items() if keys]
    if found:
        raise ValueError(
            f"{path} does not fit the model. {'. '.join(found)}. "
            "Check --model-args, or leave keys out with --ignore-weights."
        )


def _some(keys: Sequence[str]) -> str:
    shown = ", ".join(keys[:SHOWN_KEYS])
    return shown if len(keys) <= SHOWN_KEYS else f"{shown}, ..."


def save(state: TrainState, work_dir: Path, forward_batch_size: int) -> None:
    """Write weights and training state under their published names."""
    name = f"weights-{state.epoch}-{state.step}.pt"
    save_weights(state.model, work_dir / "weights" / name)
    save_state(state, work_dir, forward_batch_size)


def save_weights(model: nn.Module, path: Path) -> None:
    """A plain state_dict of CPU tensors without a `module.` prefix."""
    write({key: value.cpu() for key, value in unwrap(model).state_dict().items()}, path)


def save_state(state: TrainState, work_dir: Path, forward_batch_size: int) -> None:
    """Everything but the weights, which stand in a file of their own."""
    name = f"checkpoint-{state.epoch}-fwbz{forward_batch_size}-{state.step}.pt"
    content = {
        "epoch": state.epoch,
        "optimizer_states": state.optimizer.state_dict(),
        "lr_scheduler_states": state.scheduler.state_dict(),
        "scaler_states": state.scaler.state_dict(),
        "step": state.step,
        "best_accuracy": state.best_accuracy,
        "best_epoch": state.best_epoch,
    }
    write(content, work_dir / "checkpoints" / name)


def load_state(state: TrainState, path: Path) -> None:
    """Continue from a checkpoint; those of the published code lack the newer keys.

    Raises:
        ValueError: no checkpoint, one of another model, or one of another epoch than `state`.
    """
    content = read(path)
    with _explained(path):
        _load_optimizer(state.optimizer, content["optimizer_states"])
        state.scheduler.load_state_dict(dict(content["lr_scheduler_states"]))
        state.scaler.load_state_dict(content.get("scaler_states", {}))
        epoch = int(content["epoch"])
        state.step = int(content.get("step", state.step))
        state.best_accuracy = float(content.get("best_accuracy", state.best_accuracy))
        state.best_epoch = int(content.get("best_epoch", state.best_epoch))
    if epoch != state.epoch:
        raise ValueError(
            f"{path} was saved after epoch {epoch}. Say --start-epoch {epoch}. Got {state.epoch}."
        )


def load_optimizer(optimizer: torch.optim.Optimizer, path: Path) -> None:
    """Load optimiser states that stand alone or in a checkpoint; the learning rate stays.

    Raises:
        ValueError: they are not those of this model and optimiser.
    """
    rates = [group["lr"] for group in optimizer.param_groups]
    content = read(path)
    with _explained(path):
        _load_optimizer(optimizer, content.get("optimizer_states", content))
    for group, rate in zip(optimizer.param_groups, rates, strict=True):
        group["lr"] = rate


def _load_optimizer(optimizer: torch.optim.Optimizer, states: Mapping[str, Any]) -> None:
    optimizer.load_state_dict(states)
    for parameter, values in optimizer.state.items():  # torch compares only their number
        for value in values.values():
            if isinstance(value, Tensor) and value.shape not in ((), parameter.shape):
                raise ValueError(f"{tuple(value.shape)} for a parameter {tuple(parameter.shape)}")


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Whatever does not fit becomes one line about the file."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, RuntimeError) as error:
        raise ValueError(
            f"{path} does not fit this model's optimiser ({error}). Give a file of the run's "
            "checkpoints/, and the --model-args and --optimizer of that run."
        ) from error
