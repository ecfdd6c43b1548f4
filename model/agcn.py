"""AGCN, the network of "Two-Stream Adaptive Graph Convolutional Networks for Skeleton-Based Action
Recognition" (Shi et al., CVPR 2019, arXiv 1805.07694)."""
# Shapes: N clips, C channels, T frames, V joints, M persons, R rows: bodies that are computed.

import math
import re
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from model.batch_norm import convolve_and_normalize
from model.constants import constants_of
from model.layers import TemporalConv, pointwise
from model.subset_conv import aggregated, stacked
from model.ten_units import (
    KERNEL_SIZE,
    TenUnitNetwork,
    branch_init,
    kaiming,
    make_units,
    subsets_of,
)

REDUCTION = 4  # of the channels that joints are compared by
# In the authors' files of bones (github.com/lshiwjx/2s-AGCN/issues/32).
OLD_NAMES = {r"\.conv_res\.": ".down.", r"^l1a\.": "l1."}
NEARLY_NOTHING = 1e-6  # what learned parts of the graph and the unit's BatchNorm start with


class Model(TenUnitNetwork):
    """Ten units whose graph is fixed, learned and taken from the clip, all added.

    Args:
        num_class: number of actions.
        num_point: V, joints per person; must be the graph's.
        num_person: M, persons per clip.
        graph: the skeleton: "graph.ntu_rgb_d.Graph", a shipped name or a YAML file.
        graph_args: of the published classes, `labeling_mode: spatial`.
        in_channels: C, values per joint.
        drop_out: of what the classifier reads.

    Raises:
        ValueError: `num_point` differs from the graph's joints.
    """

    def __init__(
        self,
        num_class: int = 60,
        num_point: int = 25,
        num_person: int = 2,
        graph: str | None = None,
        graph_args: dict[str, Any] | None = None,
        in_channels: int = 3,
        drop_out: float = 0.0,
    ) -> None:
        super().__init__(num_point, shares_norm=False)
        if not graph:
            raise ValueError("graph is missing, the skeleton: graph.ntu_rgb_d.Graph, for example.")
        subsets = subsets_of(graph, graph_args, num_point)
        self.data_bn = nn.BatchNorm1d(num_person * in_channels * num_point)
        units = make_units(lambda *size: self.make_unit(*size, subsets), in_channels)
        for number, unit in enumerate(units, start=1):
            self.add_module(f"l{number}", unit)  # names kept so that released checkpoints load
        self.fc = nn.Linear(units[-1].out_channels, num_class)
        nn.init.normal_(self.fc.weight, 0, math.sqrt(2 / num_class))
        self.drop_out = nn.Dropout(drop_out)

    def make_unit(
        self, in_channels: int, out_channels: int, stride: int, has_residual: bool, subsets: Tensor
    ) -> nn.Module:
        gcn = self.make_gcn(in_channels, out_channels, subsets)
        tcn = self.make_tcn(out_channels, stride)
        return GraphAndTime(gcn, tcn, in_channels, out_channels, stride, has_residual)

    def make_gcn(self, in_channels: int, out_channels: int, subsets: Tensor) -> nn.Module:
        """The graph convolution of a unit."""
        return AdaptiveGraphConv(in_channels, out_channels, subsets)

    def make_tcn(self, channels: int, stride: int) -> nn.Module:
        """The convolution along time of a unit."""
        tcn = TemporalConv(channels, channels, KERNEL_SIZE, stride)
        kaiming(tcn.conv)
        return tcn

    def units(self) -> Sequence[Callable[[Tensor, Tensor | None], Tensor]]:
        return [getattr(self, f"l{number}") for number in range(1, 11)]

    def head(self, features: Tensor) -> Tensor:
        return self.fc(self.drop_out(features))

    def current_key(self, key: str) -> str:
        """As `engine.contracts.Renamed`; two of the released files hold older names."""
        for old, new in OLD_NAMES.items():
            key = re.sub(old, new, key)
        return key


class GraphAndTime(nn.Module):
    """A unit: relu(tcn(gcn(x)) + residual)."""

    def __init__(
        self,
        gcn: nn.Module,
        tcn: nn.Module,
        in_channels: int,
        out_channels: int,
        stride: int,
        has_residual: bool,
    ) -> None:
        super().__init__()
        self.out_channels, self.has_residual = out_channels, has_residual
        self.gcn1, self.tcn1 = gcn, tcn  # names kept so that released checkpoints load
        self.residual = None
        if has_residual and (in_channels != out_channels or stride != 1):
            self.residual = TemporalConv(in_channels, out_channels, kernel_size=1, stride=stride)
            kaiming(self.residual.conv)

    def forward(self, x: Tensor, repeats: Tensor | None = None) -> Tensor:
        """(R, C, V, T) -> (R, C', V, T'); `repeats` as in `batch_norm`."""
        y = self.tcn1(self.gcn1(x, repeats), repeats)
        if self.residual is not None:
            y = y + self.residual(x, repeats)
        elif self.has_residual:
            y = y + x
        return torch.relu_(y)


class Summed:
    """Convolutions of the three subsets, whose outputs are added, as one of `aggregated`."""

    def __init__(self, parts: nn.ModuleList) -> None:
        self.parts = parts

    @property
    def weight(self) -> Tensor:
        return stacked([part.weight for part in self.parts])

    @property
    def bias(self) -> Tensor:
        return sum(part.bias for part in self.parts)


class ResidualGraphConv(nn.Module):
    """What graph convolutions end with: relu(BN(y) + down(x)). A subclass makes y."""

    bn: nn.BatchNorm2d
    down: nn.Sequential | None

    def make_end(self, in_channels: int, out_channels: int) -> None:
        """`bn` and `down`: a 1x1 convolution and BatchNorm, or None where x stays as it is."""
        self.bn = nn.BatchNorm2d(out_channels)
        self.down = None
        if in_channels != out_channels:
            self.down = nn.Sequential(
                nn.Conv2d(in_channels, out_channels, 1), nn.BatchNorm2d(out_channels)
            )
            kaiming(self.down[0])
        nn.init.constant_(self.bn.weight, NEARLY_NOTHING)

    def added(self, y: Tensor, x: Tensor, repeats: Tensor | None) -> Tensor:
        """Normalised (R, C', V, T), input (R, C, V, T) -> (R, C', V, T)."""
        if self.down is None:
            return torch.relu_(y + x)
        conv, norm = self.down
        return torch.relu_(y + convolve_and_normalize(pointwise, x, [conv], [norm], repeats))


class AdaptiveGraphConv(ResidualGraphConv):
    """relu(BN(sum over subsets of W_k (A_k + PA_k + S_k) x) + down(x)), S_k from the clip itself.

    S_k = softmax over the first joint of theta_k(x)^T phi_k(x) / (C_e * T).
    """

    def __init__(self, in_channels: int, out_channels: int, subsets: Tensor) -> None:
        super().__init__()
        inner = out_channels // REDUCTION
        self.register_buffer("A", subsets, persistent=False)
        self.PA = nn.Parameter(self.first_mask(subsets))

        def convolutions(channels: int) -> nn.ModuleList:
            return nn.ModuleList(nn.Conv2d(in_channels, channels, 1) for _ in subsets)

        self.conv_a, self.conv_b = convolutions(inner), convolutions(inner)
        self.conv_d = convolutions(out_channels)
        self.make_end(in_channels, out_channels)
        for conv in (*self.conv_a, *self.conv_b):
            kaiming(conv)
        for conv in self.conv_d:
            branch_init(conv, len(subsets))

    def first_mask(self, subsets: Tensor) -> Tensor:
        """What PA starts with."""
        return torch.full_like(subsets, NEARLY_NOTHING)

    def adjacency(self, x: Tensor) -> Tensor:
        """(R, C, V, T) -> (R, 3, V, V)."""
        return self.A + self.PA + torch.softmax(self.similarity(x), dim=-2)

    def similarity(self, x: Tensor) -> Tensor:
        """theta^T phi / (C_e * T): (R, C, V, T) -> (R, 3, V, V)."""
        weight, bias = constants_of(self, "compared", self._compared)
        rows, _, joints, _ = x.shape
        # (R, 2, 3, C_e, V, T) -> (R, 3, V, C_e*T) twice
        hidden = pointwise(x, weight, bias).view(rows, 2, len(self.A), -1, joints, x.shape[3])
        one, other = hidden.transpose(3, 4).flatten(4).unbind(1)
        return torch.matmul(one, other.transpose(-1, -2)) / one.shape[-1]

    def _compared(self) -> list[Tensor]:
        """Weights and biases of theta and phi of all subsets."""
        both = [*self.conv_a, *self.conv_b]
        return [torch.cat([getattr(conv, name) for conv in both]) for name in ("weight", "bias")]

    def forward(self, x: Tensor, repeats: Tensor | None = None) -> Tensor:
        """(R, C, V, T) -> (R, C', V, T)."""
        gathered = aggregated(x, self.adjacency(x))
        summed = Summed(self.conv_d)
        y = convolve_and_normalize(pointwise, gathered, [summed], [self.bn], repeats)
        return self.added(y, x, repeats)
