"""torch.compile, where it works."""

import logging

import torch
from torch import nn

from utils.text import one_line

logger = logging.getLogger(__name__)


def compile_model(model: nn.Module, device: torch.device, num_devices: int = 1) -> nn.Module:
    """Compile a model in place, for inputs of fixed shapes; warns if that is not possible.

    A compiler may be missing, or not know an operation: then the model runs as it is.

    Args:
        num_devices: that one process spreads its batches over (DataParallel).
    """
    if num_devices > 1:
        # NOTE: what is compiled is bound to the model, not to DataParallel's replicas of it, each
        # of which would call the first GPU's weights.
        logger.warning(
            "--compile does not work with several GPUs in --device (DataParallel); continuing "
            "without. Start the same command with torchrun for it."
        )
        return model
    try:
        torch.compile(_probe, dynamic=False)(torch.ones(8, device=device))
    except Exception as error:  # of which torch, Triton and the C++ compiler have many kinds
        reason = one_line(str(error).strip().split("\n")[0], 300)
        logger.warning(
            "--compile: torch.compile does not work here (%s); continuing without.", reason
        )
        return model
    torch._dynamo.config.suppress_errors = True  # an operation it does not know runs uncompiled
    model.compile(dynamic=False)
    return model


def _probe(values: torch.Tensor) -> torch.Tensor:
    return values.sin() * 2 + 1
