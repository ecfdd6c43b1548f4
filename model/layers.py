"""Small layers that the paper's blocks share."""
# Shapes: N clips, C channels, T frames, V joints. Features are kept as (N, C, V, T).

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class TemporalConv2d(nn.Conv2d):
    """A convolution along time of (N, C, V, T) features.

    The kernel is stored as (C_out, C_in, kernel_size, 1), time before joints, as in the released
    checkpoints; it is turned around for the layout used here.
    """

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int, stride: int, dilation: int
    ) -> None:
        super().__init__(in_channels, out_channels, (kernel_size, 1))
        self.time_stride = stride
        self.time_dilation = dilation
        self.time_padding = (kernel_size - 1) * dilation // 2

    def forward(self, x: Tensor) -> Tensor:
        """(N, C_in, V, T) -> (N, C_out, V, ceil(T / stride))."""
        return F.conv2d(
            x,
            self.weight.transpose(2, 3),
            self.bias,
            stride=(1, self.time_stride),
            padding=(0, self.time_padding),
            dilation=(1, self.time_dilation),
        )


class TemporalConv(nn.Module):
    """Temporal convolution, then BatchNorm."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        stride: int = 1,
        dilation: int = 1,
    ) -> None:
        super().__init__()
        self.conv = TemporalConv2d(in_channels, out_channels, kernel_size, stride, dilation)
        self.bn = nn.BatchNorm2d(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C_in, V, T) -> (N, C_out, V, ceil(T / stride))."""
        return self.bn(self.conv(x))


class PointwiseMLP(nn.Module):
    """The weights of a 1x1 convolution, BatchNorm and ReLU over K concatenated feature maps.

    The convolution is not called as a layer: `MultiScaleGraphConv` orders its product with the
    aggregation. Keys `layers.0` and `layers.1` are kept so that released checkpoints load; those of
    the Laban model are `layers.1` and `layers.2`, behind the dropout.
    """

    def __init__(self, in_channels: int, out_channels: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Dropout(dropout)] if dropout else [])
        self.layers.append(nn.Conv2d(in_channels, out_channels, kernel_size=1))
        self.layers.append(nn.BatchNorm2d(out_channels))

    @property
    def drops(self) -> bool:
        """Whether the K concatenated maps go through a dropout that is active now."""
        return self.training and len(self.layers) == 3

    def drop(self, x: Tensor) -> Tensor:
        """The dropout, if there is one, of (N, K*C_in, ...) features."""
        return self.layers[0](x) if self.drops else x

    @property
    def weight(self) -> Tensor:
        """(C_out, K*C_in)."""
        return self.layers[-2].weight[:, :, 0, 0]

    @property
    def bias(self) -> Tensor:
        """(C_out,)."""
        return self.layers[-2].bias

    def normalize(self, x: Tensor) -> Tensor:
        """BatchNorm and ReLU of (N, C_out, ...) features."""
        return torch.relu_(self.layers[-1](x))


def pointwise(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """1x1 convolution with a (C_out, C_in) matrix: (N, C_in, V, T) -> (N, C_out, V, T)."""
    return F.conv2d(x, weight[:, :, None, None], bias)
