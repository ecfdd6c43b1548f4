"""Bodies of clips as rows of features, and back: both ends of every network."""
# Shapes: N clips, C channels, T frames, V joints, M persons, R rows: bodies that are computed.

from torch import Tensor, nn

from model.absent import Merged


def as_rows(x: Tensor, data_bn: nn.BatchNorm1d, shared: bool = False) -> Tensor:
    """Normalised bodies: (N, C, T, V, M) -> (N*M, C, V, T).

    Args:
        data_bn: of each (person, joint, channel).
        shared: it is of each (joint, channel), the same for all persons.
    """
    clips, channels, frames, joints, persons = x.shape
    groups, size = (clips * persons, 1) if shared else (clips, persons)
    x = x.permute(0, 4, 3, 1, 2).reshape(groups, size * joints * channels, frames)
    x = data_bn(x).view(clips * persons, joints, channels, frames)
    return x.transpose(1, 2).contiguous()


def mean_over_persons(x: Tensor, clips: int, merged: Merged | None) -> Tensor:
    """(R, C, V, T) -> (N, C), the mean over joints, frames and persons, absent ones included."""
    x = x.mean(dim=(2, 3))
    x = x[merged.index] if merged else x  # (N*M, C)
    return x.view(clips, -1, x.shape[1]).mean(dim=1)
