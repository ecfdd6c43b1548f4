"""All that training changes, and how it goes to disk and comes back bit for bit."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from engine.device import processes
from engine.device.devices import unwrap
from engine.device.precision import Precision
from engine.optimization import Schedule
from engine.run_dir.forms import check_like, check_progress
from engine.run_dir.torch_files import read, write
from engine.run_dir.weights import save_weights
from engine.seed import check_random_state, random_state


@dataclass
class Progress:
    """How far a run is: plain numbers only."""

    epoch: int = 0  # epochs done
    step: int = 0  # optimiser steps done
    steps_in_epoch: int = 0  # of these, in the epoch that is not done yet
    steps_per_epoch: int = 0
    totals: dict[str, float] = field(default_factory=dict)  # sums over these steps
    last_epoch: dict[str, float] = field(default_factory=dict)  # means of the last one done
    seconds: float = 0.0  # of training, evaluations left out
    evaluated: int = 0  # the last epoch that was evaluated
    last_evaluation: dict[str, float] = field(default_factory=dict)
    best: float | None = None
    best_epoch: int = 0
    best_step: int = 0  # optimiser steps done by then
    evaluations_since_best: int = 0


@dataclass
class TrainState:
    """All that training changes."""

    model: nn.Module  # spread over its devices
    optimizer: torch.optim.Optimizer
    schedule: Schedule
    precision: Precision
    average: AveragedModel | None = None
    progress: Progress = field(default_factory=Progress)
    random_state: dict[str, Any] | None = None  # of the step that an interrupted epoch resumes from
    about: dict[str, Any] = field(default_factory=dict)  # what the weights are trained on

    def evaluated_model(self) -> nn.Module:
        """The moving average where there is one, else the model, as processes evaluate it."""
        model = self.average.module if self.average else unwrap(self.model)
        if isinstance(self.model, nn.DataParallel):
            return nn.DataParallel(model, self.model.device_ids)
        return model


@dataclass(frozen=True)
class Files:
    """Where the state after some step of a work dir lies, under the published names."""

    weights: Path
    checkpoint: Path
    average: Path
    step: int

    @classmethod
    def of(cls, work_dir: Path, epoch: int, forward_batch_size: int, step: int) -> "Files":
        checkpoint = f"checkpoint-{epoch}-fwbz{forward_batch_size}-{step}.pt"
        return cls(
            work_dir / "weights" / f"weights-{epoch}-{step}.pt",
            work_dir / "checkpoints" / checkpoint,
            work_dir / "weights" / f"ema-{epoch}-{step}.pt",
            step,
        )


def best_files(work_dir: Path, progress: Progress, forward_batch_size: int) -> Files | None:
    """Those of the best epoch so far; None before the first evaluation."""
    if not progress.best_epoch:
        return None
    return Files.of(work_dir, progress.best_epoch, forward_batch_size, progress.best_step)


def save(
    state: TrainState, work_dir: Path, forward_batch_size: int, with_weights: bool = True
) -> Files:
    """Write weights, then the checkpoint that counts on them; all processes must call it.

    Without weights, when these are on disk already.
    """
    progress = state.progress
    files = Files.of(work_dir, progress.epoch, forward_batch_size, progress.step)
    random_states = processes.gather(random_state())
    if processes.is_first():
        if with_weights:
            weights = state.precision.full_weights(unwrap(state.model))
            save_weights(weights, files.weights, state.about)
        if with_weights and state.average:
            save_weights(state.average.module.state_dict(), files.average, state.about)
        content = {
            "epoch": progress.epoch,
            "optimizer_states": state.optimizer.state_dict(),
            "lr_scheduler_states": state.schedule.scheduler.state_dict(),
            "precision_states": state.precision.state_dict(),
            "ema_states": state.average.state_dict() if state.average else {},
            "random_states": random_states,
            "progress": asdict(progress),
        }
        write(content, files.checkpoint)
    return files


def load_state(state: TrainState, path: Path) -> None:
    """Continue from a checkpoint, with the model's weights already loaded.

    Those of the published code lack the newer keys; they continue at the start of an epoch.

    Raises:
        ValueError: no checkpoint, one of another model, or one of another epoch than `state`.
    """
    content = read(path)
    expected = state.progress
    with _explained(path):
        epoch = content["epoch"]
        check_like("epoch", epoch, expected.epoch)
        check_progress(content.get("progress", {}), asdict(Progress()))
        progress = Progress(**{**asdict(expected), **content.get("progress", {})})
        random_states = content.get("random_states", [])
        for of_process in random_states:
            check_random_state(of_process)
        scheduler = dict(content["lr_scheduler_states"])
        check_like("lr_scheduler_states", scheduler, state.schedule.scheduler.state_dict())
        precision = content.get("precision_states", {})
        check_like("precision_states", precision, state.precision.state_dict())
        _load_optimizer(state.optimizer, content["optimizer_states"])
        state.schedule.scheduler.load_state_dict(scheduler)
        state.precision.load_state_dict(precision)
        if state.average and content.get("ema_states"):
            state.average.load_state_dict(content["ema_states"])
    if epoch != expected.epoch:
        raise ValueError(
            f"{path} was saved after epoch {epoch}. Say --start-epoch {epoch}. "
            f"Got {expected.epoch}."
        )
    _check_steps(path, progress, expected.steps_per_epoch)
    state.progress = progress
    if progress.steps_in_epoch and len(random_states) == processes.num_processes():
        state.random_state = random_states[processes.rank()]


def held_settings(state: TrainState) -> set[str]:
    """Names of the settings whose new values a resumed run does not see: its files hold theirs."""
    held = {"base_lr", "weight_decay", "nesterov", "weights", "ignore_weights"}
    return held if state.schedule.each_step else held | {"step"}


def _check_steps(path: Path, progress: Progress, steps_per_epoch: int) -> None:
    if progress.steps_in_epoch and progress.steps_per_epoch != steps_per_epoch:
        raise ValueError(
            f"{path} was saved within an epoch of {progress.steps_per_epoch} steps, and now an "
            f"epoch has {steps_per_epoch}. Keep --batch-size and the training data until it ends."
        )
    progress.steps_per_epoch = steps_per_epoch


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
    # How weights are moved is up to this machine, not to the one that saved.
    groups = zip(states["param_groups"], optimizer.param_groups, strict=True)
    machine = ("fused", "foreach", "capturable")
    groups = [
        {**saved, **{key: own[key] for key in machine if key in own}} for saved, own in groups
    ]
    check_like("param_groups", groups, optimizer.state_dict()["param_groups"])
    optimizer.load_state_dict({**states, "param_groups": groups})
    for parameter, values in optimizer.state.items():  # torch compares only their number
        for value in values.values():
            if isinstance(value, Tensor) and value.shape not in ((), parameter.shape):
                raise ValueError(f"{tuple(value.shape)} for a parameter {tuple(parameter.shape)}")


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Whatever does not fit becomes one line about the file."""
    try:
        yield
    except (
        LookupError,
        TypeError,
        ValueError,
        AttributeError,
        RuntimeError,
        OverflowError,
    ) as error:
        raise ValueError(
            f"{path} does not fit this model's optimiser ({error}). Give a file of the run's "
            "checkpoints/, and the --model-args and --optimizer of that run."
        ) from error
