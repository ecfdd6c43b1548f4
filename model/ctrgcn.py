"""CTR-GCN, the network of "Channel-wise Topology Refinement Graph Convolution for Skeleton-Based
Action Recognition" (Chen et al., ICCV 2021, arXiv 2107.12213)."""
# Shapes: N clips, C channels, T frames, V joints, M persons, R rows: bodies that are computed.

from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from model import agcn
from model.agcn import ResidualGraphConv
from model.batch_norm import convolve_and_normalize
from model.constants import constants_of
from model.layers import pointwise
from model.ms_tcn import MultiScaleTemporalConv
from model.ten_units import kaiming

REDUCTION = 8  # of the channels that joints are compared by
NUM_COORDINATES = (3, 9)  # input channels that are too few to be reduced
TEMPORAL_KERNEL, DILATIONS = 5, (1, 2)


class Model(agcn.Model):
    """Ten units with a graph for every channel, refined by the clip, and two dilations in time.

    Arguments as in `model.agcn.Model`.

    Raises:
        ValueError: `adaptive` is off, or as there.
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
        adaptive: bool = True,
    ) -> None:
        if not adaptive:
            raise ValueError("adaptive: false is not supported. Use model.stgcn for a fixed graph.")
        super().__init__(num_class, num_point, num_person, graph, graph_args, in_channels, drop_out)

    def make_gcn(self, in_channels: int, out_channels: int, subsets: Tensor) -> nn.Module:
        return RefinedGraphConv(in_channels, out_channels, subsets)

    def make_tcn(self, channels: int, stride: int) -> nn.Module:
        return MultiScaleTemporalConv(
            channels,
            channels,
            stride,
            activation=False,
            kernel_size=TEMPORAL_KERNEL,
            dilations=DILATIONS,
            has_residual=False,
        )


class RefinedGraphConv(ResidualGraphConv):
    """relu(BN(sum over subsets of (PA_k + alpha * R_k) W_k x) + down(x)).

    R_k has a (V, V) map for every output channel: a 1x1 convolution of the tanh of the differences
    of two joints' features, which are averaged over time.
    """

    def __init__(self, in_channels: int, out_channels: int, subsets: Tensor) -> None:
        super().__init__()
        few = in_channels in NUM_COORDINATES
        inner = REDUCTION if few else in_channels // REDUCTION
        self.convs = nn.ModuleList(_Subset(in_channels, inner, out_channels) for _ in subsets)
        self.PA = nn.Parameter(subsets.clone())
        self.alpha = nn.Parameter(torch.zeros(1))
        self.make_end(in_channels, out_channels)

    def forward(self, x: Tensor, repeats: Tensor | None = None) -> Tensor:
        """(R, C, V, T) -> (R, C', V, T)."""
        maps = self.maps(x.mean(dim=3, keepdim=True))  # means and 1x1 convolutions commute
        convolve = partial(self.convolve, maps)
        y = convolve_and_normalize(convolve, x, [_Weighted(self)], [self.bn], repeats)
        return self.added(y, x, repeats)

    def convolve(self, maps: list[Tensor], x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        """Sum over subsets of maps_k (W_k x + b_k), + bias: (R, C, V, T) -> (R, C', V, T)."""
        rows, _, joints, frames = x.shape
        y = bias.expand(rows, -1).reshape(-1, 1, 1)  # what the products are added to
        for of_subset, w in zip(maps, weight.unbind(1), strict=True):
            values = pointwise(x, w[:, :-1], w[:, -1])
            y = torch.baddbmm(y, of_subset, values.view(-1, joints, frames))
        return y.view(rows, -1, joints, frames)

    def maps(self, mean: Tensor) -> list[Tensor]:
        """Means over time (R, C, V, 1) -> PA_k + alpha * R_k of each subset, (R*C', V, V)."""
        rows, channels, joints, _ = mean.shape
        one, other = (
            pointwise(mean, weight.view(-1, channels), bias.flatten()).view(rows, 3, -1, joints)
            for weight, bias in map(self.joined, ("conv1", "conv2"))
        )
        differences = torch.tanh(one[..., None] - other[..., None, :])  # (R, 3, C_e, V, V)
        weight, bias = (self.alpha * part for part in self.joined("conv4"))
        masks = bias[..., None] + self.PA.flatten(1)[:, None]  # (3, C', V*V)
        products = (
            torch.baddbmm(m.expand(rows, -1, -1), w.expand(rows, -1, -1), d.flatten(2))
            for m, w, d in zip(masks, weight, differences.unbind(1), strict=True)
        )
        return [product.view(-1, joints, joints) for product in products]

    def joined(self, name: str) -> tuple[Tensor, Tensor]:
        """Weights (3, C_out, C_in) and biases (3, C_out) of a convolution of each subset."""

        def join() -> tuple[Tensor, Tensor]:
            convs = [getattr(subset, name) for subset in self.convs]
            weight = torch.stack([conv.weight.flatten(1) for conv in convs])
            return weight, torch.stack([conv.bias for conv in convs])

        return constants_of(self, name, join)


class _Weighted:
    """The last convolutions of the three subsets, whose biases the maps weight, too."""

    def __init__(self, block: RefinedGraphConv) -> None:
        self.block = block

    @property
    def weight(self) -> Tensor:
        """(C', 3, C + 1); the last column are the biases."""
        weight, bias = self.block.joined("conv3")
        return torch.cat([weight, bias[..., None]], dim=2).transpose(0, 1)

    @property
    def bias(self) -> Tensor:
        return torch.zeros_like(self.block.convs[0].conv3.bias)


class _Subset(nn.Module):
    """The convolutions of a subset; names kept so that released checkpoints load."""

    def __init__(self, in_channels: int, inner: int, out_channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, inner, 1)
        self.conv2 = nn.Conv2d(in_channels, inner, 1)
        self.conv3 = nn.Conv2d(in_channels, out_channels, 1)
        self.conv4 = nn.Conv2d(inner, out_channels, 1)
        for conv in (self.conv1, self.conv2, self.conv3, self.conv4):
            kaiming(conv)
