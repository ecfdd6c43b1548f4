"""Recompute BatchNorm's running statistics for the current weights.

While training, they are a moving average over the last few batches, of augmented clips, under
weights that still change. Recomputed over the training clips as a test sees them, they fit a test
better (Wu and Johnson, "Rethinking 'Batch' in BatchNorm", 2021). Training does not depend on them.
"""

from collections.abc import Callable

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.data import DataLoader

from engine.device import processes
from engine.device.precision import Precision
from engine.evaluation import Interrupted


@torch.no_grad()
def take_statistics(
    model: nn.Module,
    precision: Precision,
    loader: DataLoader,
    interrupted: Callable[[], object] = lambda: None,
) -> None:
    """Set the running statistics to the mean over the batches of a loader; weights stay.

    The model's mode does not stay. Of several processes each sees its share of the clips, and the
    first one's statistics count where BatchNorm is not synchronised, as in training.

    Args:
        loader: of shuffled clips: statistics of batches of one class would be wrong.

    Raises:
        Interrupted: `interrupted` came true, in the only process; take them again.
    """
    # torch.optim.swa_utils.update_bn does the same, but with dropout, which a test does not see.
    norms = [module for module in model.modules() if isinstance(module, _BatchNorm)]
    momenta = [norm.momentum for norm in norms]
    device = next(model.parameters()).device
    model.eval()
    for norm in norms:
        norm.train()
        norm.reset_running_stats()
        norm.momentum = None  # the mean over all batches
    try:
        for clips, _, _ in loader:
            with precision.autocast():
                model(precision.inputs(clips.to(device, non_blocking=True)))
            if interrupted() and processes.num_processes() == 1:
                raise Interrupted
    finally:
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
