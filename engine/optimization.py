"""Optimiser, learning rate schedule and moving average of the weights."""

import math
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler, MultiStepLR
from torch.optim.swa_utils import AveragedModel

GAMMA = 0.1  # by which the step schedule lowers the learning rate


def make_optimizer(
    name: str, parameters: Iterable[nn.Parameter], lr: float, weight_decay: float, nesterov: bool
) -> Optimizer:
    """SGD with momentum 0.9, Adam or AdamW; on GPUs one kernel moves all weights."""
    parameters = list(parameters)
    common = {"lr": lr, "weight_decay": weight_decay}
    fused = all(parameter.is_cuda for parameter in parameters)
    if name == "Adam":
        return torch.optim.Adam(parameters, **common, fused=fused)
    if name == "AdamW":
        return torch.optim.AdamW(parameters, **common, fused=fused)
    return torch.optim.SGD(parameters, **common, momentum=0.9, nesterov=nesterov, fused=fused)


@dataclass
class Schedule:
    """A learning rate schedule, and whether it moves after each step or after each epoch."""

    scheduler: LRScheduler
    each_step: bool

    def skip(self, epochs: int, steps_per_epoch: int) -> None:
        """Go to the start of a later epoch without a checkpoint."""
        with warnings.catch_warnings():
            # Rightly so: the optimiser's steps were another run's.
            warnings.filterwarnings("ignore", "Detected call of `lr_scheduler.step", UserWarning)
            for _ in range(epochs * (steps_per_epoch if self.each_step else 1)):
                self.scheduler.step()


def make_schedule(
    optimizer: Optimizer,
    kind: str,
    milestones: Sequence[int],
    warmup_epochs: int,
    num_epoch: int,
    steps_per_epoch: int,
) -> Schedule:
    """The published drops by ten after the epochs `milestones`, or kind "cosine": down to 0.

    In the first `warmup_epochs` the rate rises linearly, step by step, to the base rate.
    """
    if kind == "step" and not warmup_epochs:
        # As published, so that its checkpoints' lr_scheduler_states load.
        return Schedule(MultiStepLR(optimizer, milestones, GAMMA), each_step=False)
    warmup, total = warmup_epochs * steps_per_epoch, num_epoch * steps_per_epoch

    def factor(step: int) -> float:
        if step < warmup:
            return (step + 1) / warmup
        if kind == "cosine":
            return 0.5 * (1 + math.cos(math.pi * (step - warmup) / (total - warmup)))
        epoch = step // steps_per_epoch
        return GAMMA ** sum(epoch >= milestone for milestone in milestones)

    return Schedule(LambdaLR(optimizer, factor), each_step=True)


def make_average(model: nn.Module, decay: float) -> AveragedModel | None:
    """An exponential moving average of weights and BatchNorm statistics; None at decay 0."""
    if not decay:
        return None

    def move(averages: list[Tensor], values: list[Tensor], _: object) -> None:
        if averages[0].is_floating_point():
            torch._foreach_lerp_(averages, values, 1 - decay)
        else:  # counts of batches
            torch._foreach_copy_(averages, values)

    return AveragedModel(model, multi_avg_fn=torch.no_grad()(move), use_buffers=True)
