"""Several processes that train one model together, started by torchrun.

All functions also work in a single process, where they do nothing or hand back what they get.
"""

import datetime
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

TIMEOUT = datetime.timedelta(minutes=30)  # the others wait while rank 0 writes


def started_by_torchrun() -> bool:
    return "RANK" in os.environ and "WORLD_SIZE" in os.environ


@contextmanager
def process_group(device: torch.device) -> Iterator[None]:
    """Join the processes that torchrun started: over NCCL on GPUs, over gloo on the CPU."""
    if not started_by_torchrun():
        yield
        return
    if device.type == "cpu":
        dist.init_process_group("gloo", timeout=TIMEOUT)
    else:
        torch.cuda.set_device(local_rank())
        dist.init_process_group("nccl", timeout=TIMEOUT)
    try:
        yield
    finally:
        dist.destroy_process_group()


def local_rank() -> int:
    """The number of this process on its machine."""
    return int(os.environ.get("LOCAL_RANK", 0))


def rank() -> int:
    return int(os.environ["RANK"]) if started_by_torchrun() else 0


def num_local_processes() -> int:
    """How many of the processes are on this machine."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", 1))


def num_processes() -> int:
    return int(os.environ["WORLD_SIZE"]) if started_by_torchrun() else 1


def is_first() -> bool:
    """Whether this is the process that writes files."""
    return rank() == 0


def sum_over_processes(values: Tensor) -> Tensor:
    """The sum of a small tensor over all processes, in place."""
    if dist.is_initialized():
        dist.all_reduce(values)
    return values


def any_process(condition: object) -> bool:
    """Whether a condition is true in any process."""
    if not dist.is_initialized():
        return bool(condition)
    return any(from_first(gather(bool(condition))))


def gather(value: Any) -> list[Any] | None:
    """What each process gave, on the first; None on the others."""
    if not dist.is_initialized():
        return [value]
    values = [None] * num_processes() if is_first() else None
    dist.gather_object(value, values)
    return values


def from_first(value: Any) -> Any:
    """What the first process gave, on all."""
    if not dist.is_initialized():
        return value
    values = [value]
    dist.broadcast_object_list(values)
    return values[0]


def share_buffers(model: nn.Module) -> None:
    """Give all processes the first's running statistics of BatchNorm."""
    if dist.is_initialized():
        for buffer in model.buffers():
            dist.broadcast(buffer, 0)
