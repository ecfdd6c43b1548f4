"""One epoch of training, step by step."""
# Shapes: N clips, C channels, T frames, V joints, M persons.

import json
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader

from utils import distributed
from utils.checkpoint import TrainState
from utils.files import atomic_write
from utils.interrupts import Interrupts
from utils.loading import start_epoch
from utils.parallel import unwrap
from utils.seed import set_random_state

BAD_BATCH = "non-finite-batch.json"


class NonFiniteError(ValueError):
    """Loss or gradient is NaN or infinite; the weights are those before the step."""


@dataclass(frozen=True)
class Step:
    """What an optimiser step did, over all processes."""

    loss: float  # mean over the batch
    metric: float  # the task's, mean over the batch
    gradient_norm: float  # before clipping
    lr: float
    interrupted: bool  # whether a signal asks to end the run


def training_steps(
    state: TrainState,
    task: Any,
    loader: DataLoader,
    *,
    seed: int,
    slice_size: int,
    max_grad_norm: float,
    interrupts: Interrupts,
    work_dir: Path,
) -> Iterator[Step]:
    """Go through the rest of the current epoch; at each yield `state` is fit to be saved.

    Args:
        slice_size: clips that a process has in memory at once; gradients of slices add up.
        max_grad_norm: to which gradients are clipped; 0: not at all.
        work_dir: where the names of the clips go that made a loss or gradient infinite.

    Raises:
        NonFiniteError: a loss, or a gradient that was not scaled, is not finite.
    """
    progress = state.progress
    start_epoch(loader, seed, progress.epoch, progress.steps_in_epoch)
    if state.random_state:
        set_random_state(state.random_state)
        state.random_state = None
    train_mode(state.model)
    begun = time.monotonic()
    for clips, labels, indices in loader:
        try:
            step = training_step(
                state, task, clips, labels, slice_size, max_grad_norm, interrupts.signal is not None
            )
        except NonFiniteError as error:
            names = [str(loader.dataset.sample_name[i]) for i in indices.tolist()]
            path = _write_bad_batch(work_dir, state, str(error), names, clips)
            raise NonFiniteError(
                f"{error} The clips of the batch are in {path}; weights and checkpoints are those "
                "of the steps before."
            ) from None
        progress.step += 1
        progress.steps_in_epoch += 1
        seconds = time.monotonic() - begun
        progress.seconds += seconds
        _add(progress.totals, seconds=seconds, loss=step.loss, metric=step.metric)
        yield step
        begun = time.monotonic()  # what was done meanwhile, such as saving, is not training


def train_mode(model: nn.Module) -> None:
    """Training mode, but for BatchNorm whose weights are frozen: its statistics stay as well."""
    model.train()
    for module in model.modules():
        frozen = isinstance(module, _BatchNorm) and not module.weight.requires_grad
        module.training = module.training and not frozen


def training_step(
    state: TrainState,
    task: Any,
    clips: Tensor,
    labels: Tensor,
    slice_size: int,
    max_grad_norm: float = 0.0,
    interrupted: bool = False,
) -> Step:
    """One optimiser step on clips (N, C, T, V, M), its gradient accumulated over slices.

    The host waits for the device once, when it looks whether all is finite.
    """
    precision, optimizer, model = state.precision, state.optimizer, state.model
    device = next(model.parameters()).device
    slices = list(zip(clips.split(slice_size), labels.split(slice_size), strict=True))
    sums = torch.zeros(2, device=device)  # loss, metric
    optimizer.zero_grad()
    model.zero_grad()  # the optimiser may have copies of the weights
    for number, (clips_slice, labels_slice) in enumerate(slices, start=1):
        clips_slice = clips_slice.to(device, non_blocking=True)
        labels_slice = labels_slice.to(device, non_blocking=True)
        with _without_sync(model, until=number == len(slices)):
            with precision.autocast():
                outputs = model(precision.inputs(clips_slice))
            outputs = outputs.float()
            loss = task.loss(outputs, labels_slice) / len(slices)
            precision.backward(loss, optimizer)
        metric = task.batch_metric(outputs.detach(), labels_slice) / len(slices)
        sums += torch.stack([loss.detach(), metric])
    norm = precision.gradient_norm(optimizer, max_grad_norm)
    facts = torch.cat([sums, norm.view(1).to(sums), sums.new_tensor([float(interrupted)])])
    loss, metric, norm, signals = (
        distributed.sum_over_processes(facts) / distributed.num_processes()
    ).tolist()
    _check_finite(loss, norm, precision.overflow_is_normal)

    lr = optimizer.param_groups[0]["lr"]
    precision.step(optimizer)
    if state.schedule.each_step:
        state.schedule.scheduler.step()
    if state.average:
        state.average.update_parameters(unwrap(model))
    return Step(loss, metric, norm, lr, interrupted=signals > 0)


def _without_sync(model: nn.Module, until: bool) -> AbstractContextManager:
    """Processes exchange gradients only after the last slice."""
    spread = isinstance(model, DistributedDataParallel)
    return model.no_sync() if spread and not until else nullcontext()


def _check_finite(loss: float, norm: float, overflow_is_normal: Any) -> None:
    finite = torch.isfinite(torch.tensor([loss, norm])).tolist()
    if finite[0] and (finite[1] or overflow_is_normal()):
        return
    what = f"the loss is {loss}" if not finite[0] else f"the gradient's norm is {norm}"
    raise NonFiniteError(
        f"{what}. Check the data for NaN, lower --base-lr, or set --max-grad-norm."
    )


def _write_bad_batch(
    work_dir: Path, state: TrainState, reason: str, names: list[str], clips: Tensor
) -> Path:
    """Name the clips of a bad batch, and say of each whether its data are finite."""
    suffix = f"-rank{distributed.rank()}" if distributed.num_processes() > 1 else ""
    path = (work_dir / BAD_BATCH).with_stem(Path(BAD_BATCH).stem + suffix)
    finite = torch.isfinite(clips).flatten(1).all(1).tolist()
    content = {
        "reason": reason,
        "epoch": state.progress.epoch + 1,
        "step": state.progress.step + 1,
        "clips": [
            {"name": name, "data_finite": is_finite}
            for name, is_finite in zip(names, finite, strict=True)
        ],
    }
    with atomic_write(path) as temporary:
        temporary.write_text(json.dumps(content, indent=1) + "\n")
    return path


def _add(totals: dict[str, float], **values: float) -> None:
    for name, value in values.items():
        totals[name] = totals.get(name, 0.0) + value
