"""The frame of ST-GCN and its successors: ten units, widening and shortening, and a classifier.

Layers of a unit work on features (R, C, V, T), time innermost as everywhere here; weights are
stored as published.
"""
# Shapes: N clips, C channels, T frames, V joints, M persons, R rows: bodies that are computed.

import inspect
import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

import numpy as np
import torch
from torch import Tensor, nn

from graph.named import skeleton_class
from graph.skeleton import SkeletonGraph
from graph.subsets import labelled_subsets
from model import absent
from model.bodies import as_rows, mean_over_persons
from model.constants import Kept, fixed_weights
from utils.config import build_class

# Input and output channels and stride of every unit; the first reads the joints.
WIDTHS = (64, 64, 64, 64, 128, 128, 128, 256, 256, 256)
STRIDES = (1, 1, 1, 1, 2, 1, 1, 2, 1, 1)
KERNEL_SIZE = 9  # of convolutions along time

MakeUnit = Callable[[int, int, int, bool], nn.Module]


def make_units(make: MakeUnit, in_channels: int) -> list[nn.Module]:
    """The ten units.

    Args:
        make: a unit of input channels, output channels, stride, and whether it has a residual.
    """
    inputs = (in_channels, *WIDTHS)
    sizes = zip(inputs, WIDTHS, STRIDES, strict=False)
    return [make(*size, number > 0) for number, size in enumerate(sizes)]


def subsets_of(graph: str, graph_args: dict | None, num_point: int) -> Tensor:
    """(3, V, V) float32 of a skeleton: a published class with `A`, a shipped name or a YAML file.

    Raises:
        ValueError: the skeleton is unknown, or has other joints.
    """
    target = skeleton_class(graph)
    takes = "labeling_mode" in inspect.signature(target).parameters
    skeleton = build_class(target, graph, graph_args if takes else None)
    subsets = getattr(skeleton, "A", None)
    if subsets is None:
        if not isinstance(skeleton, SkeletonGraph):
            raise ValueError(f"graph: {graph} has neither subsets A nor edges.")
        subsets = labelled_subsets(skeleton, (graph_args or {}).get("labeling_mode", "spatial"))
    if np.shape(subsets) != (3, num_point, num_point):
        raise ValueError(
            f"num_point is {num_point}, but {graph} has {np.shape(subsets)[-1]} joints. "
            "Make model_args agree with the data."
        )
    return torch.from_numpy(np.asarray(subsets, np.float32))


class TenUnitNetwork(nn.Module):
    """What the networks share: input normalisation, absent bodies, pooling, classifier.

    A subclass makes `data_bn` (of every person, joint and channel, or of joint and channel), and
    says what its units and its head are.

    Args:
        num_joints: V.
        shares_norm: whether persons share `data_bn`.
    """

    data_bn: nn.BatchNorm1d

    def __init__(self, num_joints: int, shares_norm: bool) -> None:
        super().__init__()
        self.num_joints, self._shares_norm = num_joints, shares_norm

    def units(self) -> Sequence[Callable[[Tensor, Tensor | None], Tensor]]:
        """The ten units, (R, C, V, T) and `repeats` (as in `batch_norm`) -> (R, C', V, T')."""
        raise NotImplementedError

    def head(self, features: Tensor) -> Tensor:
        """(N, C) -> class scores (N, K)."""
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        """Clips (N, C, T, V, M), or (N, T, V*C) of one person -> class scores (N, K)."""
        if x.dim() == 3:  # as CTR-GCN's arrays are
            x = self._from_flat(x)
        clips = x.shape[0]
        merged = absent.merge_absent(x) if absent.can_merge(x, self.data_bn) else None
        rows, repeats = (merged.rows, merged.repeats) if merged else (slice(None), None)
        x = as_rows(x, self.data_bn, self._shares_norm)[rows]
        for unit in self.units():
            x = unit(x, repeats)
        return self.head(mean_over_persons(x, clips, merged))

    # What engine.contracts.Recordable asks of a network.

    def rows_needed(self, clips: Tensor) -> int:
        return absent.rows_needed(self._from_flat(clips) if clips.dim() == 3 else clips)

    def fixed_rows(self, count: int) -> AbstractContextManager[None]:
        return absent.fixed_rows(count)

    def fixed_weights(self, kept: Kept | None = None) -> AbstractContextManager[None]:
        return fixed_weights(kept)

    def _from_flat(self, x: Tensor) -> Tensor:
        clips, frames, size = x.shape
        joints = self.num_joints
        return x.view(clips, frames, joints, size // joints).permute(0, 3, 1, 2)[..., None]


def kaiming(conv: nn.Module) -> None:
    """He et al.'s initialisation with the fan out, and no bias."""
    nn.init.kaiming_normal_(conv.weight, mode="fan_out")
    nn.init.zeros_(conv.bias)


def branch_init(conv: nn.Module, branches: int) -> None:
    """Normal weights for a convolution that is one of several whose outputs are added."""
    count = conv.weight.numel() * branches
    nn.init.normal_(conv.weight, 0, math.sqrt(2 / count))
    nn.init.zeros_(conv.bias)
