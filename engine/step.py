"""One epoch of training, step by step."""
# Shapes: N clips, C channels, T frames, V joints, M persons.

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader

from engine.data.loading import start_epoch
from engine.device import processes
from engine.device.cuda_graphs import Recorded, SliceGraphs
from engine.device.devices import unwrap
from engine.device.precision import Precision
from engine.interrupts import Interrupts
from engine.run_dir.checkpoint import TrainState
from engine.seed import set_random_state
from utils.files import atomic_write

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


class LaunchedStep(NamedTuple):
    """An optimiser step that a GPU may still be executing while the host continues."""

    facts: Tensor  # (4,) on the host: loss, metric, gradient norm, processes with a signal
    ready: torch.cuda.Event | None  # after which `facts` can be read
    lr: float
    overflow_is_normal: Callable[[], bool]

    def settle(self) -> Step:
        """Wait for it, and see whether all was finite.

        Raises:
            NonFiniteError: it was not; the step left the weights as they were.
        """
        if self.ready:
            self.ready.synchronize()
        loss, metric, norm, signals = self.facts.tolist()
        _check_finite(loss, norm, self.overflow_is_normal)
        return Step(loss, metric, norm, self.lr, interrupted=signals > 0)


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
    graphs: SliceGraphs | None = None,
    save_steps: int = 0,
) -> Iterator[Step]:
    """Go through the rest of the current epoch.

    On a GPU the next step is launched before the result of this one is read. At the last yield of
    an epoch, after every `save_steps` steps, and when a step is interrupted, no step is in flight,
    so that `state` can be saved.

    Args:
        slice_size: clips that a process has in memory at once; gradients are accumulated.
        max_grad_norm: to which gradients are clipped; 0: not at all.
        work_dir: where the names of clips with a non-finite loss or gradient are written.
        graphs: CUDA graphs of the forward and backward pass, if they are used.

    Raises:
        NonFiniteError: a loss, or a gradient that was not scaled, is not finite.
    """
    progress = state.progress
    start_epoch(loader, seed, progress.epoch, progress.steps_in_epoch)
    if state.random_state:
        set_random_state(state.random_state)
        state.random_state = None
    state.model.train()
    begun = time.monotonic()

    def settle(launched: LaunchedStep, indices: Tensor, clips: Tensor) -> Step:
        nonlocal begun
        with named(indices, clips):
            step = launched.settle()
        progress.step += 1
        progress.steps_in_epoch += 1
        seconds = time.monotonic() - begun
        begun += seconds
        progress.seconds += seconds
        _add(progress.totals, seconds=seconds, loss=step.loss, metric=step.metric)
        return step

    @contextmanager
    def named(indices: Tensor, clips: Tensor) -> Iterator[None]:
        try:
            yield
        except NonFiniteError as error:
            names = [str(loader.dataset.sample_name[i]) for i in indices.tolist()]
            path = _write_bad_batch(work_dir, state, str(error), names, clips)
            raise NonFiniteError(
                f"{error} The clips of the batch are in {path}; they did not touch weights and "
                "checkpoints."
            ) from None

    under_way: list[tuple[LaunchedStep, Tensor, Tensor]] = []
    number = progress.steps_in_epoch  # of the step launched last
    for clips, labels, indices in loader:
        signalled = interrupts.signal is not None
        with named(indices, clips):
            launched = launch_step(
                state, task, clips, labels, slice_size, max_grad_norm, signalled, graphs
            )
        under_way.append((launched, indices, clips))
        number += 1
        wait = launched.ready is None or signalled or number == progress.steps_per_epoch
        wait = wait or bool(save_steps and number % save_steps == 0)
        while len(under_way) > (0 if wait else 1):
            step = settle(*under_way.pop(0))
            if step.interrupted and under_way:  # by another process
                wait = True
                continue
            yield step
            begun = time.monotonic()  # what was done meanwhile, such as saving, is not training


def training_step(
    state: TrainState,
    task: Any,
    clips: Tensor,
    labels: Tensor,
    slice_size: int,
    max_grad_norm: float = 0.0,
    interrupted: bool = False,
) -> Step:
    """`launch_step`, and wait for it."""
    return launch_step(state, task, clips, labels, slice_size, max_grad_norm, interrupted).settle()


def launch_step(
    state: TrainState,
    task: Any,
    clips: Tensor,
    labels: Tensor,
    slice_size: int,
    max_grad_norm: float = 0.0,
    interrupted: bool = False,
    graphs: SliceGraphs | None = None,
) -> LaunchedStep:
    """One optimiser step on clips (N, C, T, V, M), its gradient accumulated over slices."""
    precision, optimizer, model = state.precision, state.optimizer, state.model
    device = next(model.parameters()).device
    slices = list(zip(clips.split(slice_size), labels.split(slice_size), strict=True))
    recorded = [graphs.graph_of(*of_slice) for of_slice in slices] if graphs else []
    if recorded and all(recorded):
        sums = _replayed(graphs, recorded, slices)
    else:
        optimizer.zero_grad()
        model.zero_grad()  # the optimiser may have copies of the weights
        sums = torch.zeros(2, device=device)  # loss, metric
        for number, (clips_slice, labels_slice) in enumerate(slices, start=1):
            clips_slice = clips_slice.to(device, non_blocking=True)
            labels_slice = labels_slice.to(device, non_blocking=True)
            with _without_sync(model, until=number == len(slices)):
                sums += slice_sums(state, task, clips_slice, labels_slice, len(slices))
    norm = precision.gradient_norm(optimizer, max_grad_norm)
    # NOTE: what is made of a Python list would be copied to the device, and waited for.
    signals = torch.full((1,), float(interrupted), device=device)
    facts = torch.cat([sums, norm.view(1).to(sums), signals])
    facts = processes.sum_over_processes(facts) / processes.num_processes()
    lr = optimizer.param_groups[0]["lr"]
    launched = _launched(facts, lr, precision)
    if not precision.skips_by_itself(optimizer):
        launched.settle()  # before weights are touched
    precision.step(optimizer, norm)
    if state.schedule.each_step:
        state.schedule.scheduler.step()
    if state.average:
        state.average.update_parameters(unwrap(model))
    return launched


def slice_sums(
    state: TrainState, task: Any, clips: Tensor, labels: Tensor, num_slices: int
) -> Tensor:
    """A slice's part of (loss, metric) of a batch, (2,); its gradients are added up."""
    precision = state.precision
    with precision.autocast():
        outputs = state.model(precision.inputs(clips))
    outputs = outputs.float()
    loss = task.loss(outputs, labels) / num_slices
    precision.backward(loss, state.optimizer)
    metric = task.batch_metric(outputs.detach(), labels) / num_slices
    return torch.stack([loss.detach(), metric])


def _replayed(
    graphs: SliceGraphs, recorded: Sequence[Recorded], slices: Sequence[tuple[Tensor, Tensor]]
) -> Tensor:
    """The sums of all slices, by their graphs, each of which overwrites the gradients."""
    sums = graphs(recorded[0], *slices[0]).clone()
    if len(slices) == 1:
        return sums
    parameters = [value for value in graphs.parameters if value.grad is not None]
    totals = [value.grad.clone() for value in parameters]
    for graph, of_slice in zip(recorded[1:], slices[1:], strict=True):
        sums += graphs(graph, *of_slice)
        torch._foreach_add_(totals, [value.grad for value in parameters])
    for parameter, total in zip(parameters, totals, strict=True):
        parameter.grad = total
    return sums


def _launched(facts: Tensor, lr: float, precision: Precision) -> LaunchedStep:
    if not facts.is_cuda:
        return LaunchedStep(facts, None, lr, precision.overflow_is_normal)
    host = torch.empty(facts.shape, dtype=facts.dtype, pin_memory=True)
    host.copy_(facts, non_blocking=True)
    ready = torch.cuda.Event(blocking=True)  # a thread that waits for it sleeps
    ready.record()
    return LaunchedStep(host, ready, lr, precision.overflow_is_normal)


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
    suffix = f"-rank{processes.rank()}" if processes.num_processes() > 1 else ""
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
