"""CTR-GCN, the network of "Channel-wise Topology Refinement Graph Convolution for Skeleton-Based
Action Recognition" (Chen et al., ICCV 2021, arXiv 2107.12213)."""
# Shapes: N clips, C channels, T frames, V joints, M persons, R rows: bodies that are computed.

from typing import Any

import torch
from torch import Tensor, nn

from model import agcn
from model.agcn import ResidualGraphConv
from model.batch_norm import batch_norm
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
        rows, _, joints, frames = x.shape
        mean = x.mean(dim=3, keepdim=True)  # means and 1x1 convolutions commute
        maps = [c.refinement(mean) for c in self.convs]  # (R, C', V, V) each
        graph = torch.stack(maps, dim=3) * self.alpha + self.PA.transpose(0, 1)  # (R, C', V, 3, V)
        weight = torch.stack([c.conv3.weight for c in self.convs], dim=1).flatten(0, 1)
        bias = torch.stack([c.conv3.bias for c in self.convs], dim=1).flatten()
        # One convolution, channel before subset, then one product that adds the subsets as well.
        values = pointwise(x, weight, bias).view(rows, -1, 3 * joints, frames)
        y = batch_norm(torch.matmul(graph.flatten(3).to(values), values), [self.bn], repeats)
        return self.added(y, x, repeats)


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

    def refinement(self, mean: Tensor) -> Tensor:
        """The mean over time (R, C, V, 1) -> a map for every channel (R, C', V, V)."""
        one = self.conv1(mean)  # (R, C_e, V, 1)
        other = self.conv2(mean).transpose(2, 3)  # (R, C_e, 1, V)
        return self.conv4(torch.tanh(one - other))
