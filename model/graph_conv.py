"""The product of MS-GCN and MS-G3D, in the order and the layout that cost least.

out[n,o,(w,v),t] = b[o] + sum over k, c, d, u of
    Theta[o,k,c] * A[k,(w,v),(d,u)] * x[n, c, u, t*stride + d - W//2]

with frames outside the clip read as zero (paper, Eq. (4) and (6)). The published form unfolds x
into windows, which copies it W times, aggregates each scale, and concatenates K*C channels for
Theta. Here:

- With time innermost, the sum over (k, d, u) is a convolution along time whose channels are (scale,
  joint) pairs and whose kernel is the window: no window is unfolded, and every regrouping of axes
  is a view. The sum over c is a convolution of kernel size 1.
- The two sums commute. Over windows, Theta comes first unless there are fewer channels before it:
  it then works on frames, of which there are W / stride times fewer than frames of windows. Over
  single frames, A comes first.
- The tensor between the two is the widest that training would keep, with K times the channels, and
  the cheaper of the two convolutions makes it. So it is made for a few rows at a time, and
  recomputed in the backward pass.
"""
# Shapes: N rows (bodies), C channels, V joints, T frames, K scales, W window.

from collections.abc import Iterator
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx

# Bytes of the tensor between, at a time: on CPUs what caches hold, on GPUs what keeps them busy.
CHUNK_BYTES = {"cpu": 8 << 20, "cuda": 1 << 30}


class Kernels(NamedTuple):
    """A and Theta as two convolutions, in the order in which they are applied."""

    first: Tensor
    second: Tensor
    window: int
    nodes: int  # W*V
    aggregates_first: bool

    @classmethod
    def of(
        cls, theta: Tensor, adjacency: Tensor, dtype: torch.dtype, aggregates_first: bool = False
    ) -> "Kernels":
        """In the order that costs least.

        Args:
            theta: (C_out, K*C_in, 1, 1), scale before channel.
            adjacency: A, (K, W*V, W, V): scale, node (w, v) <- frame d, joint u.
            dtype: to compute in.
            aggregates_first: whether the other order is forbidden.
        """
        scales, nodes, window, _ = adjacency.shape
        theta = theta.view(len(theta), scales, -1)  # (C_out, K, C_in)
        if theta.shape[2] < len(theta) or window == 1 or aggregates_first:
            aggregation = adjacency.permute(0, 1, 3, 2).flatten(0, 1)  # (K*W*V, V, W)
            transform = theta.transpose(1, 2).reshape(len(theta), -1, 1)  # (C_out, C_in*K, 1)
            kernels, aggregates_first = (aggregation, transform), True
        else:
            transform = theta.reshape(-1, theta.shape[2], 1)  # (C_out*K, C_in, 1)
            aggregation = adjacency.permute(1, 0, 3, 2).flatten(1, 2)  # (W*V, K*V, W)
            kernels = transform, aggregation
        # NOTE: the copies have the usual strides also where an axis has length 1; torch would take
        # others as a wish for channels-last features.
        copies = (k.to(dtype).clone(memory_format=torch.contiguous_format) for k in kernels)
        return cls(*copies, window, nodes, aggregates_first)


def graph_conv(
    x: Tensor, kernels: Kernels, bias: Tensor, stride: int = 1, dropout: nn.Module | None = None
) -> Tensor:
    """(N, C_in, V, T) -> (N, C_out, W*V, ceil(T / stride)).

    Args:
        bias: (C_out,).
        stride: frames from one window to the next.
        dropout: of what is aggregated, before Theta; `kernels` must aggregate first.
    """
    joints, frames = x.shape[2:]
    new_frames = (frames - 1) // stride + 1
    over_time = Convolution(frames, stride, kernels.window // 2)
    if kernels.aggregates_first:
        first, second = over_time, Convolution(kernels.nodes * new_frames)
    else:
        first, second = Convolution(joints * frames), over_time
    x, bias = x.to(kernels.first.dtype), bias.to(kernels.first.dtype)
    if dropout or torch.compiler.is_exporting():  # whole, as the number of rows is open there
        between = first.forward(x, kernels.first)
        out = second.forward(dropout(between) if dropout else between, kernels.second)
    else:
        out = _TwoConvolutions.apply(x, kernels.first, kernels.second, first, second)
    return out.view(x.shape[0], -1, kernels.nodes, new_frames).add_(bias[:, None, None])


class Convolution(NamedTuple):
    """A convolution along the last axis, of whatever has as many channels as its kernel."""

    length: int  # of that axis
    stride: int = 1
    padding: int = 0

    @property
    def out_length(self) -> int:
        return (self.length - 1) // self.stride + 1

    def view(self, x: Tensor, kernel: Tensor) -> Tensor:
        """Any shape -> (rows, C_in, length)."""
        return x.reshape(-1, kernel.shape[1], self.length)

    def forward(self, x: Tensor, kernel: Tensor) -> Tensor:
        return F.conv1d(self.view(x, kernel), kernel, None, self.stride, self.padding)

    def backward(self, x: Tensor, kernel: Tensor, grad: Tensor) -> tuple[Tensor, Tensor]:
        """Gradients of x, as (rows, C_in, length), and of the kernel."""
        rows, grad = self.view(x, kernel), grad.view(-1, len(kernel), self.out_length)
        stride, padding = [self.stride], [self.padding]
        dx, dkernel, _ = torch.ops.aten.convolution_backward(
            grad, rows, kernel, None, stride, padding, [1], False, [0], 1, [True, True, False]
        )
        return dx, dkernel


class _TwoConvolutions(torch.autograd.Function):
    """One after the other, for a few rows at a time; keeps its input only."""

    @staticmethod
    def forward(
        ctx: FunctionCtx,
        x: Tensor,
        kernel1: Tensor,
        kernel2: Tensor,
        first: Convolution,
        second: Convolution,
    ) -> Tensor:
        """(N, ...) -> (N, C*L), of `second`."""
        x = x.contiguous()
        ctx.save_for_backward(x, kernel1, kernel2)
        ctx.convolutions = first, second
        parts = []
        for rows in _chunks(x, kernel1, first):
            between = first.forward(x[rows], kernel1)
            parts.append(second.forward(between, kernel2).view(len(x[rows]), -1))
        return torch.cat(parts)

    @staticmethod
    def backward(ctx: FunctionCtx, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, kernel1, kernel2 = ctx.saved_tensors
        first, second = ctx.convolutions
        grad, dx = grad.contiguous(), torch.empty_like(x)
        dkernel1, dkernel2 = torch.zeros_like(kernel1), torch.zeros_like(kernel2)
        for rows in _chunks(x, kernel1, first):
            between = first.forward(x[rows], kernel1)
            dbetween, dkernel = second.backward(between, kernel2, grad[rows])
            dkernel2 += dkernel
            part, dkernel = first.backward(x[rows], kernel1, dbetween)
            dkernel1 += dkernel
            dx[rows] = part.view_as(dx[rows])
        return dx, dkernel1, dkernel2, None, None


def _chunks(x: Tensor, kernel: Tensor, first: Convolution) -> Iterator[slice]:
    """Slices of rows whose tensor between is of CHUNK_BYTES at most."""
    groups = x[0].numel() // (kernel.shape[1] * first.length)
    bytes_of_row = groups * len(kernel) * first.out_length * x.element_size()
    size = max(1, CHUNK_BYTES.get(x.device.type, CHUNK_BYTES["cuda"]) // bytes_of_row)
    for start in range(0, len(x), size):
        yield slice(start, start + size)
