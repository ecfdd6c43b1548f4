"""Convolutions of (N, C, V, T) features with the weights that released checkpoints hold."""
# Shapes: N rows (bodies), C channels, V joints, T frames. Time is innermost.

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.batch_norm import convolve_and_normalize


def pointwise(x: Tensor, weight: Tensor, bias: Tensor | None = None, stride: int = 1) -> Tensor:
    """1x1 convolution: (N, C_in, V, T) -> (N, C_out, V, ceil(T / stride)).

    Args:
        weight: (C_out, C_in), or (C_out, C_in, 1, 1).
    """
    weight = weight if weight.dim() == 4 else weight[..., None, None]
    return F.conv2d(x, weight, bias, (1, stride))


def max_of_three(x: Tensor, stride: int = 1) -> Tensor:
    """Max-pooling of three frames: (N, C, V, T) -> (N, C, V, ceil(T / stride)).

    Without gradients on a CPU it is two vectorised passes, in an eighth of max_pool2d's time.
    """
    if x.is_cuda or torch.is_grad_enabled() or torch.compiler.is_compiling():
        return F.max_pool2d(x, (1, 3), stride=(1, stride), padding=(0, 1))
    out = x[..., ::stride].clone()
    for neighbour, own in (
        (x[..., stride - 1 : -1 : stride], out[..., 1:]),
        (x[..., 1::stride], out[..., : (x.shape[-1] + stride - 2) // stride]),
    ):
        torch.maximum(own, neighbour, out=own)
    return out


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
        return self.convolve(x, self.weight, self.bias)

    def convolve(self, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        """`forward` with other weights."""
        return F.conv2d(
            x,
            weight.reshape(*weight.shape[:2], 1, -1),  # time and joints change places
            bias,
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

    def forward(self, x: Tensor, repeats: Tensor | None = None) -> Tensor:
        """(N, C_in, V, T) -> (N, C_out, V, ceil(T / stride)); `repeats` as in `batch_norm`."""
        return convolve_and_normalize(self.conv.convolve, x, [self.conv], [self.bn], repeats)
