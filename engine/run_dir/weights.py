"""state_dicts on disk: the released ones, and those that training writes."""

import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from utils.files import atomic_write

PREFIX = "module."  # DataParallel's, in the released files
SHOWN_KEYS = 6
UNREADABLE = (RuntimeError, EOFError, pickle.UnpicklingError, KeyError, ValueError, OSError)


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
    """Write a torch file, whole or not at all.

    Raises:
        OSError: the disk is full, or the folder cannot be written.
    """
    with atomic_write(path) as temporary:
        try:
            torch.save(content, temporary)
        except RuntimeError as error:  # torch's own writer does not say why
            raise OSError(f"cannot write {path}: is the disk full?") from error


def load_weights(model: nn.Module, path: Path, ignore: Sequence[str] = ()) -> list[str]:
    """Load a state_dict strictly, except for keys named in `ignore` (exactly or by prefix).

    Returns the keys that were loaded.

    Raises:
        ValueError: keys are missing, unexpected or of another shape; the message lists them.
    """
    weights = read_weights(path, model, ignore)
    model.load_state_dict(weights, strict=False)  # all but the ignored were just checked
    return list(weights)


def read_weights(path: Path, model: nn.Module, ignore: Sequence[str] = ()) -> dict[str, Tensor]:
    """A state_dict that fits a model, without a `module.` prefix and without ignored keys.

    Raises:
        ValueError: as `load_weights`.
    """
    content = read(path)
    if not isinstance(content, Mapping) or not all(
        isinstance(key, str) and isinstance(value, Tensor) for key, value in content.items()
    ):
        raise ValueError(f"{path} is no state_dict. Give a file of a weights/ folder.")
    weights = {key.removeprefix(PREFIX): value for key, value in content.items()}
    weights = {key: value for key, value in weights.items() if not key.startswith(tuple(ignore))}
    _check_keys(path, weights, model.state_dict(), ignore)
    return weights


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


def save_weights(state: Mapping[str, Tensor], path: Path) -> None:
    """A plain state_dict of CPU tensors."""
    write({key: value.detach().cpu() for key, value in state.items()}, path)
