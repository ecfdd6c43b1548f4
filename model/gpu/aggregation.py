"""The product of MS-GCN and MS-G3D (model/graph_conv.py) with channels innermost.

out[n,t,(v,w),o] = sum over k, c, d, u of
    A[k,(w,v),(d,u)] * Theta[o,k,c] * x[n, t*stride + d - W//2, u, c]

Theta comes first, as a product of cuBLAS over frames, of which there are W / stride times fewer
than frames of windows; a Triton kernel then aggregates windows without unfolding them. Where there
are only a few channels (joint coordinates), both are joined into one matrix instead.
"""
# Shapes: N bodies, T frames, V joints, K scales, W window, C channels; rows are (N, T, V, C).

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import FunctionCtx

from model.gpu.launch import ceil_div, dot_precision

try:
    from model.gpu import aggregation_kernels as kernels
except ImportError:  # no Triton, as model.gpu.launch.applies knows
    kernels = None

FEW_CHANNELS = 16  # below which Theta and A are joined
BETWEEN_BYTES = 1 << 30  # of what Theta gives, which is K times as wide as x, at a time
BLOCK_N, BLOCK_K = 128, 64
ALIGNMENT = 8  # values: tensor cores read 16 bytes at a time


def window_matrix(adjacency: Tensor, dtype: torch.dtype) -> Tensor:
    """(K, W*V, W, V) -> (V*W, W*V*K): node (v, w) <- frame d, joint u, scale k."""
    scales, _, window, joints = adjacency.shape
    matrix = adjacency.view(scales, window, joints, window, joints).permute(2, 1, 3, 4, 0)
    return matrix.reshape(joints * window, window * joints * scales).to(dtype)


def _padded(matrix: Tensor, block_m: int) -> Tensor:
    rows, columns = matrix.shape
    return F.pad(matrix, (0, -columns % BLOCK_K, 0, -rows % block_m)).contiguous()


def _block_m(nodes: int) -> int:
    return 32 if nodes <= 32 else 64 if nodes <= 64 or 128 < nodes <= 192 else 128


def aggregate(
    rows: Tensor,
    matrix: Tensor,
    out: Tensor,
    num_windows: int,
    stride: int,
    first: int,
    out_stride: int = 1,
    out_first: int = 0,
    affine: Tensor | None = None,
) -> None:
    """Products of a matrix with windows of frames, into frames of `out`.

    Args:
        rows: (N, T, S, C).
        matrix: (M, W*S).
        out: (N, T', M, C), of which window q fills frame q * out_stride + out_first.
        num_windows: of each body; window q begins in frame q * stride + first.
        affine: (2, C), scale and shift, after which ReLU follows.
    """
    nodes, window_rows = matrix.shape
    bodies, frames, frame_rows, channels = rows.shape
    block_m = _block_m(nodes)
    matrix = _padded(matrix, block_m)
    grid = matrix.shape[0] // block_m, ceil_div(bodies * num_windows * channels, BLOCK_N)
    kernels.aggregate[grid](
        rows,
        matrix,
        matrix if affine is None else affine,
        out,
        bodies * num_windows,
        num_windows,
        frames,
        first,
        stride,
        out.shape[1],
        out_first,
        out_stride,
        nodes,
        matrix.shape[1],
        window_rows,
        frame_rows=frame_rows,
        channels=channels,
        FINISH=affine is not None,
        PRECISION=dot_precision(),
        BLOCK_M=block_m,
        BLOCK_N=BLOCK_N,
        BLOCK_K=BLOCK_K,
        num_warps=8 if block_m == 128 else 4,
    )


def aggregate_windows(
    between: Tensor, matrix: Tensor, window: int, stride: int, affine: Tensor | None = None
) -> Tensor:
    """(N, T, V*K, C) -> (N, ceil(T / stride), V*W, C)."""
    bodies, frames, _, channels = between.shape
    out_frames = -(-frames // stride)
    out = between.new_empty(bodies, out_frames, len(matrix), channels)
    aggregate(between, matrix, out, out_frames, stride, -(window // 2), affine=affine)
    return out


def _gradient_of_between(grad: Tensor, matrix: Tensor, window: int, stride: int, frames: int):
    """The transpose of `aggregate_windows`: (N, T', V*W, C) -> (N, T, V*K, C).

    Frame t was number d of window q where q * stride + d - W // 2 = t. With t = stride * i + phase
    those d that fit are every stride-th, and belong to consecutive windows: again a product of
    windows, of fewer frames, one for each phase.
    """
    nodes = len(matrix)
    taps = matrix.view(nodes, window, -1)  # [(v, w), d, (u, k)]
    rows = taps.shape[2]
    out = grad.new_empty(len(grad), frames, rows, grad.shape[3])
    half = window // 2
    for phase in range(min(stride, frames)):
        # d = (phase + half) % stride, and every stride-th after it; the last comes first in time.
        chosen = taps[:, (phase + half) % stride :: stride]
        last = (phase + half) % stride + (chosen.shape[1] - 1) * stride
        first = (phase - last + half) // stride
        turned = chosen.flip(1).permute(2, 1, 0).reshape(rows, -1)
        count = -(-(frames - phase) // stride)
        aggregate(grad, turned, out, count, 1, first, out_stride=stride, out_first=phase)
    return out


def _gradient_of_matrix(
    grad: Tensor, between: Tensor, window: int, stride: int, matrix: Tensor
) -> Tensor:
    """(V*W, W*V*K) float32."""
    bodies, frames, frame_rows, channels = between.shape
    nodes, window_rows = matrix.shape
    block_m = min(_block_m(nodes), 128)
    tiles = ceil_div(nodes, block_m), ceil_div(window_rows, BLOCK_N)
    steps = ceil_div(bodies * grad.shape[1] * channels, BLOCK_K)
    programs = max(1, min(steps, 264 // (tiles[0] * tiles[1])))
    sums = grad.new_empty(programs, nodes, window_rows, dtype=torch.float32)
    kernels.matrix_gradient[(*tiles, programs)](
        grad,
        between,
        sums,
        bodies * grad.shape[1],
        grad.shape[1],
        frames,
        -(window // 2),
        stride,
        nodes,
        window_rows,
        frame_rows=frame_rows,
        channels=channels,
        PRECISION=dot_precision(),
        BLOCK_M=block_m,
        BLOCK_N=BLOCK_N,
        BLOCK_K=BLOCK_K,
        num_warps=8 if block_m == 128 else 4,
    )
    return sums.sum(0)


def _chunks(rows: Tensor, width: int) -> Iterator[slice]:
    """Slices of bodies whose features between are of BETWEEN_BYTES at most."""
    of_body = rows[0, ..., 0].numel() * width * rows.element_size()
    size = max(1, BETWEEN_BYTES // of_body)
    for start in range(0, len(rows), size):
        yield slice(start, start + size)


def transform(rows: Tensor, theta: Tensor) -> Tensor:
    """(N, T, V, C_in) -> (N, T, V*K, C_out); theta is (C_out, K, C_in)."""
    out_channels, scales, channels = theta.shape
    kernel = theta.transpose(0, 1).reshape(scales * out_channels, channels)
    return F.linear(rows, kernel).view(*rows.shape[:2], -1, out_channels)


class _ThetaThenWindows(torch.autograd.Function):
    """Keeps its input only; what lies between is recomputed in the backward pass."""

    @staticmethod
    def forward(
        ctx: FunctionCtx, rows: Tensor, theta: Tensor, matrix: Tensor, window: int, stride: int
    ) -> Tensor:
        ctx.save_for_backward(rows, theta, matrix)
        ctx.options = window, stride
        return theta_then_windows(rows, theta, matrix, window, stride)

    @staticmethod
    def backward(ctx: FunctionCtx, grad: Tensor) -> tuple[Tensor | None, ...]:
        rows, theta, matrix = ctx.saved_tensors
        window, stride = ctx.options
        out_channels, scales, channels = theta.shape
        kernel = theta.transpose(0, 1).reshape(scales * out_channels, channels)
        grad, grad_rows = grad.contiguous(), torch.empty_like(rows)
        of_matrix, of_kernel = [], []
        for part in _chunks(rows, scales * out_channels):
            between = transform(rows[part], theta)
            of_matrix.append(_gradient_of_matrix(grad[part], between, window, stride, matrix))
            del between
            of_between = _gradient_of_between(grad[part], matrix, window, stride, rows.shape[1])
            of_between = of_between.view(-1, len(kernel))
            of_kernel.append(of_between.t() @ rows[part].reshape(-1, channels))
            torch.mm(of_between, kernel, out=grad_rows[part].view(-1, channels))
        grad_theta = _sum(of_kernel).view(scales, out_channels, channels).transpose(0, 1)
        return grad_rows, grad_theta.to(theta.dtype), _sum(of_matrix).to(matrix.dtype), None, None


def _sum(parts: list[Tensor]) -> Tensor:
    return parts[0] if len(parts) == 1 else torch.stack(parts).sum(0, dtype=torch.float32)


def theta_then_windows(
    rows: Tensor,
    theta: Tensor,
    matrix: Tensor,
    window: int,
    stride: int,
    affine: Tensor | None = None,
) -> Tensor:
    """(N, T, V, C_in) -> (N, ceil(T / stride), V*W, C_out), a few bodies at a time.

    Args:
        theta: (C_out, K, C_in).
        matrix: `window_matrix`.
        affine: as in `aggregate`.
    """
    outputs = [
        aggregate_windows(transform(rows[part], theta), matrix, window, stride, affine)
        for part in _chunks(rows, theta.shape[0] * theta.shape[1])
    ]
    return outputs[0] if len(outputs) == 1 else torch.cat(outputs)


def joint_matrix(theta: Tensor, adjacency: Tensor) -> Tensor:
    """Theta and A as one: (V*W*C_out, W*V*C_in), columns padded for tensor cores."""
    scales, _, window, joints = adjacency.shape
    adjacency = adjacency.view(scales, window, joints, window * joints)
    matrix = torch.einsum("okc,kwvr->vworc", theta, adjacency).flatten(3).flatten(0, 2)
    return F.pad(matrix, (0, -matrix.shape[1] % ALIGNMENT))


def unfolded(rows: Tensor, window: int, stride: int) -> Tensor:
    """(N, T, V, C) -> (N, ceil(T / stride), W*V*C), columns padded as in `joint_matrix`."""
    frames = F.pad(rows.flatten(2), (0, 0, window // 2, window // 2))
    windows = frames.unfold(1, window, stride).transpose(2, 3).flatten(2)
    return F.pad(windows, (0, -windows.shape[2] % ALIGNMENT))


def graph_conv(
    rows: Tensor, theta: Tensor, adjacency: Tensor, window: int, stride: int, dtype: torch.dtype
) -> Tensor:
    """Training: (N, T, V, C_in) -> (N, ceil(T / stride), V*W, C_out).

    Args:
        theta: (C_out, K, C_in).
        adjacency: (K, W*V, W, V).
    """
    if rows.shape[3] < FEW_CHANNELS:
        windows = unfolded(rows, window, stride).to(dtype)
        with torch.autocast(rows.device.type, enabled=False):
            matrix = joint_matrix(theta.float(), adjacency.float()).to(dtype)
            out = F.linear(windows, matrix)
        return out.view(*out.shape[:2], -1, len(theta))
    matrix = window_matrix(adjacency, dtype)
    return _ThetaThenWindows.apply(rows.to(dtype), theta.to(dtype), matrix, window, stride)
