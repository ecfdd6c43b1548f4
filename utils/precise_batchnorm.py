"""BatchNorm's running statistics of the weights as they are, instead of a trace of training.

While training, they are a moving average over the last few batches, of augmented clips, under
weights that still change. Taken anew over all training clips as a test sees them, they fit a test
better (Wu and Johnson, "Rethinking 'Batch' in BatchNorm", 2021). Training does not depend on them.
"""

from torch import nn
from torch.optim.swa_utils import update_bn
from torch.utils.data import DataLoader

from utils.precision import Precision


def take_statistics(model: nn.Module, precision: Precision, loader: DataLoader) -> None:
    """Set the running statistics to the mean over the batches of a loader; weights stay.

    Args:
        loader: of shuffled clips: statistics of batches of one class would be wrong.
    """
    device = next(model.parameters()).device
    inputs = (precision.inputs(clips.to(device, non_blocking=True)) for clips, _, _ in loader)
    with precision.autocast():
        update_bn(inputs, model)
