"""Which devices a run uses."""

import logging
from collections.abc import Sequence

import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from engine.device import processes
from engine.seed import be_deterministic
from utils.machine import keep_freed_memory

logger = logging.getLogger(__name__)


def choose_devices(requested: Sequence[str]) -> tuple[torch.device, list[int]]:
    """The device that holds the model, and the GPUs to spread batches over (none on the CPU).

    The first GPU becomes the current one, of which memory figures, pinning and Apex speak.

    Under torchrun each process has a GPU of its own, the one of its number on the machine.

    Raises:
        ValueError: an entry is neither a GPU number nor "cpu", or there is no such GPU.
    """
    if not requested or len(set(requested)) < len(requested):
        raise ValueError(f"--device takes different GPU numbers, or cpu. Got {list(requested)}.")
    if [str(entry).lower() for entry in requested] == ["cpu"]:
        return torch.device("cpu"), []
    try:
        numbers = [int(entry) for entry in requested]
    except ValueError:
        raise ValueError(f"--device takes GPU numbers or cpu. Got {' '.join(requested)}.") from None
    if not torch.cuda.is_available():
        logger.warning("no GPU found: running on the CPU. Say --device cpu to ask for it.")
        return torch.device("cpu"), []
    available = torch.cuda.device_count()
    if processes.started_by_torchrun():
        numbers = [processes.local_rank()]
    if absent := [number for number in numbers if not 0 <= number < available]:
        raise ValueError(f"--device {absent}: this machine has GPUs 0 to {available - 1}.")
    torch.cuda.set_device(numbers[0])
    return torch.device("cuda", numbers[0]), numbers


def prepare_devices(
    requested: Sequence[str], deterministic: bool
) -> tuple[torch.device, list[int]]:
    """`choose_devices`, and the settings of this process that come before all work on them."""
    device, numbers = choose_devices(requested)
    if device.type == "cpu":
        keep_freed_memory()
    if deterministic:
        be_deterministic()
    return device, numbers


def spread(model: nn.Module, device_ids: Sequence[int]) -> nn.Module:
    """The model, which lies on its device, over all its devices or processes."""
    if processes.num_processes() > 1:
        # NOTE: each process has BatchNorm statistics of its own part of the batch, as each GPU of
        # DataParallel has; the first's running statistics count, there as here.
        return DistributedDataParallel(model, device_ids=list(device_ids) or None)
    return nn.DataParallel(model, list(device_ids)) if len(device_ids) > 1 else model


def unwrap(model: nn.Module) -> nn.Module:
    """The model itself, whether spread over devices or not."""
    spread_out = isinstance(model, (nn.DataParallel, DistributedDataParallel))
    return model.module if spread_out else model
