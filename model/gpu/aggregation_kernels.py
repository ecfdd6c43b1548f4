"""Triton kernels of aggregation over windows of frames: products with a small constant matrix."""
# Shapes: N bodies, T frames, S rows of a frame (joints, scales), C channels, W window.

import triton
import triton.language as tl


@triton.jit
def aggregate(
    x, matrix, affine, out, num_windows, windows_per_body, frames, first, stride,
    out_frames, out_first, out_stride, nodes, matrix_stride, window_rows,
    frame_rows: tl.constexpr, channels: tl.constexpr, FINISH: tl.constexpr,
    PRECISION: tl.constexpr,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr,
):  # fmt: skip
    """out[n, t', m, c] = sum over rows r of a window of matrix[m, r] * x[n, window of t', r, c].

    Window number q of a body starts in frame q * stride + first of x (N, T, S, C) and is `nodes`
    rows of frame q * out_stride + out_first of out. Frames outside of the clip are 0. `matrix` is
    padded with zeros to whole blocks.

    Columns of the product are (window, channel) pairs, so that no tile is cut at C. FINISH: apply
    `affine` (2, C) and ReLU.
    """
    m = tl.program_id(0) * BLOCK_M + tl.arange(0, BLOCK_M)
    column = tl.program_id(1).to(tl.int64) * BLOCK_N + tl.arange(0, BLOCK_N)
    exists = column < num_windows * channels
    q = column // channels
    c = (column % channels).to(tl.int32)
    body = q // windows_per_body
    number = (q % windows_per_body).to(tl.int32)
    frame = number * stride + first
    at_column = (body * frames + frame) * (frame_rows * channels) + c
    total = tl.zeros((BLOCK_M, BLOCK_N), tl.float32)
    k = tl.arange(0, BLOCK_K)
    for start in range(0, window_rows, BLOCK_K):
        row = start + k
        at = frame[None, :] + (row // frame_rows)[:, None]
        inside = (at >= 0) & (at < frames) & exists[None, :] & (row < window_rows)[:, None]
        b = tl.load(x + at_column[None, :] + (row * channels)[:, None], mask=inside, other=0.0)
        a = tl.load(matrix + m[:, None] * matrix_stride + row[None, :])
        total += tl.dot(a, b, input_precision=PRECISION)
    if FINISH:
        total = total * tl.load(affine + c)[None, :] + tl.load(affine + channels + c)[None, :]
        total = tl.maximum(total, 0.0, propagate_nan=tl.PropagateNan.ALL)
    to = body * out_frames + number * out_stride + out_first
    to = to * nodes * channels + c
    inside = exists[None, :] & (m < nodes)[:, None]
    tl.store(
        out + to[None, :] + (m * channels)[:, None], total.to(out.dtype.element_ty), mask=inside
    )


@triton.jit
def matrix_gradient(
    grad, x, sums, num_windows, windows_per_body, frames, first, stride, nodes, window_rows,
    frame_rows: tl.constexpr, channels: tl.constexpr, PRECISION: tl.constexpr,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr,
):  # fmt: skip
    """Partial gradients of `aggregate`'s matrix, (P, nodes, window_rows): grad times x^T."""
    m = tl.program_id(0) * BLOCK_M + tl.arange(0, BLOCK_M)
    row = tl.program_id(1) * BLOCK_N + tl.arange(0, BLOCK_N)
    program, programs = tl.program_id(2), tl.num_programs(2)
    size = num_windows * channels
    total = tl.zeros((BLOCK_M, BLOCK_N), tl.float32)
    for start in range(program * BLOCK_K, size, programs * BLOCK_K):
        column = start + tl.arange(0, BLOCK_K)
        exists = column < size
        q = (column // channels).to(tl.int64)
        c = column % channels
        body = q // windows_per_body
        frame = (q % windows_per_body).to(tl.int32) * stride + first
        at = q * nodes * channels + c
        known = exists[None, :] & (m < nodes)[:, None]
        g = tl.load(grad + at[None, :] + (m * channels)[:, None], mask=known, other=0.0)
        at = (body * frames + frame) * (frame_rows * channels) + c
        there = frame[None, :] + (row // frame_rows)[:, None]
        known = (there >= 0) & (there < frames) & exists[None, :] & (row < window_rows)[:, None]
        value = tl.load(x + at[None, :] + (row * channels)[:, None], mask=known, other=0.0)
        total += tl.dot(g, tl.trans(value), input_precision=PRECISION)
    to = sums + program * nodes * window_rows + m[:, None] * window_rows + row[None, :]
    tl.store(to, total, mask=(m < nodes)[:, None] & (row < window_rows)[None, :])
