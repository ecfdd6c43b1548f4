"""Triton kernels of BatchNorm over rows (R, C) whose channels are innermost.

`row_stride` is the distance between rows of all tensors of a call: C, or more where the normalised
channels are the first of a wider tensor.
"""
# Shapes: R rows, C channels, P programs that share out the rows.

import triton
import triton.language as tl

TINY = tl.constexpr(1e-30)  # rows may count 0 times


@triton.jit
def statistics(
    x, weights, means, squares, counts, num_rows, rows_per_body, row_stride,
    channels: tl.constexpr, WEIGHTED: tl.constexpr, BLOCK_R: tl.constexpr, BLOCK_C: tl.constexpr,
):  # fmt: skip
    """Partial mean and sum of squared differences from it: (P, C) each, and counts (P,)."""
    program, programs = tl.program_id(0), tl.num_programs(0)
    c = tl.program_id(1) * BLOCK_C + tl.arange(0, BLOCK_C)
    known = c < channels
    # One mean and sum of squares for each place in a tile, so that only the end adds over rows.
    mean = tl.zeros((BLOCK_R, BLOCK_C), tl.float32)
    square = tl.zeros((BLOCK_R, BLOCK_C), tl.float32)
    count = tl.zeros((BLOCK_R,), tl.float32)
    for start in range(program * BLOCK_R, num_rows, programs * BLOCK_R):
        r = start + tl.arange(0, BLOCK_R)
        weight = (r < num_rows).to(tl.float32)
        if WEIGHTED:
            weight = tl.load(weights + r // rows_per_body, mask=r < num_rows, other=0.0)
        inside = (r < num_rows)[:, None] & known[None, :]
        at = r.to(tl.int64)[:, None] * row_stride + c[None, :]
        value = tl.load(x + at, mask=inside, other=0.0).to(tl.float32)
        count += weight  # Welford (1962), with weights that may be 0
        delta = value - mean
        mean += delta * (weight / tl.maximum(count, TINY))[:, None]
        square += delta * (value - mean) * weight[:, None]
    # Chan et al. (1983): join the statistics of sets of rows.
    total = tl.sum(count, 0)
    joined = tl.sum(mean * count[:, None], 0) / tl.maximum(total, TINY)
    delta = mean - joined[None, :]
    square_sum = tl.sum(square + delta * delta * count[:, None], 0)
    tl.store(means + program * channels + c, joined, mask=known)
    tl.store(squares + program * channels + c, square_sum, mask=known)
    tl.store(counts + program, total)


@triton.jit
def join_statistics(
    means, squares, counts, gamma, beta, joined, programs, eps,
    channels: tl.constexpr, BLOCK_P: tl.constexpr, BLOCK_C: tl.constexpr,
):  # fmt: skip
    """Partial statistics -> (6, C), as `model.gpu.normalize.Row` names them."""
    p = tl.arange(0, BLOCK_P)
    c = tl.program_id(0) * BLOCK_C + tl.arange(0, BLOCK_C)
    known = c < channels
    inside = (p < programs)[:, None] & known[None, :]
    at = p[:, None] * channels + c[None, :]
    count = tl.load(counts + p, mask=p < programs, other=0.0)
    total = tl.sum(count, 0)
    mean = tl.load(means + at, mask=inside, other=0.0)
    square = tl.load(squares + at, mask=inside, other=0.0)
    whole = tl.sum(mean * count[:, None], 0) / total
    delta = mean - whole[None, :]
    variance = tl.sum(square + delta * delta * count[:, None], 0) / total
    scale = tl.load(gamma + c, mask=known, other=0.0) / tl.sqrt(variance + eps)
    shift = tl.load(beta + c, mask=known, other=0.0) - whole * scale
    tl.store(joined + c, whole, mask=known)
    tl.store(joined + channels + c, variance, mask=known)
    tl.store(joined + 2 * channels + c, scale, mask=known)
    tl.store(joined + 3 * channels + c, shift, mask=known)
    unbiased = variance * (total / (total - 1))
    tl.store(joined + 4 * channels + c, unbiased, mask=known)
    tl.store(joined + 5 * channels + c, tl.zeros_like(whole) + 1 / total, mask=known)


@triton.jit
def normalized_sum(
    out, plain, x0, x1, x2, affine0, affine1, affine2, size,
    channels: tl.constexpr, PARTS: tl.constexpr, PLAIN: tl.constexpr, RELU: tl.constexpr,
    BLOCK: tl.constexpr,
):  # fmt: skip
    """out = [relu](plain + sum over parts of scale * x + shift); affine is (2, C): scale, shift."""
    at = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    inside = at < size
    c = (at % channels).to(tl.int32)
    total = tl.load(x0 + at, mask=inside, other=0.0).to(tl.float32) * tl.load(affine0 + c)
    total += tl.load(affine0 + channels + c)
    if PARTS > 1:
        total += tl.load(x1 + at, mask=inside, other=0.0).to(tl.float32) * tl.load(affine1 + c)
        total += tl.load(affine1 + channels + c)
    if PARTS > 2:
        total += tl.load(x2 + at, mask=inside, other=0.0).to(tl.float32) * tl.load(affine2 + c)
        total += tl.load(affine2 + channels + c)
    if PLAIN:
        total += tl.load(plain + at, mask=inside, other=0.0).to(tl.float32)
    if RELU:
        total = tl.maximum(total, 0.0, propagate_nan=tl.PropagateNan.ALL)
    tl.store(out + at, total.to(out.dtype.element_ty), mask=inside)


@triton.jit
def gradient_sums(
    grad, out, x0, x1, x2, joined0, joined1, joined2, sums, num_rows, row_stride, eps,
    channels: tl.constexpr, PARTS: tl.constexpr, MASKED: tl.constexpr,
    BLOCK_R: tl.constexpr, BLOCK_C: tl.constexpr,
):  # fmt: skip
    """Partial sums over rows, (P, 1 + PARTS, C): of g, and of g times each normalised part.

    g is `grad` where ReLU let `out` through. MASKED: 0 no ReLU; 1 look at `out`; 2 compute it of
    the single part.
    """
    program, programs = tl.program_id(0), tl.num_programs(0)
    c = tl.program_id(1) * BLOCK_C + tl.arange(0, BLOCK_C)
    known = c < channels
    # One sum for each place in a tile, so that only the end adds over rows.
    total = tl.zeros((BLOCK_R, BLOCK_C), tl.float32)
    total0 = tl.zeros((BLOCK_R, BLOCK_C), tl.float32)
    total1 = tl.zeros((BLOCK_R, BLOCK_C), tl.float32)
    total2 = tl.zeros((BLOCK_R, BLOCK_C), tl.float32)
    mean0 = tl.load(joined0 + c, mask=known, other=0.0)
    mean1, mean2 = mean0, mean0
    if PARTS > 1:
        mean1 = tl.load(joined1 + c, mask=known, other=0.0)
    if PARTS > 2:
        mean2 = tl.load(joined2 + c, mask=known, other=0.0)
    if MASKED == 2:
        scale = tl.load(joined0 + 2 * channels + c, mask=known, other=0.0)
        shift = tl.load(joined0 + 3 * channels + c, mask=known, other=0.0)
    for start in range(program * BLOCK_R, num_rows, programs * BLOCK_R):
        r = start + tl.arange(0, BLOCK_R)
        inside = (r < num_rows)[:, None] & known[None, :]
        at = r.to(tl.int64)[:, None] * row_stride + c[None, :]
        g = tl.load(grad + at, mask=inside, other=0.0).to(tl.float32)
        value = tl.load(x0 + at, mask=inside, other=0.0).to(tl.float32)
        if MASKED == 1:
            g = tl.where(tl.load(out + at, mask=inside, other=0.0) > 0, g, 0.0)
        if MASKED == 2:
            g = tl.where(value * scale[None, :] + shift[None, :] > 0, g, 0.0)
        total += g
        total0 += g * (value - mean0[None, :])
        if PARTS > 1:
            value = tl.load(x1 + at, mask=inside, other=0.0).to(tl.float32)
            total1 += g * (value - mean1[None, :])
        if PARTS > 2:
            value = tl.load(x2 + at, mask=inside, other=0.0).to(tl.float32)
            total2 += g * (value - mean2[None, :])
    to = sums + program * (1 + PARTS) * channels + c
    tl.store(to, tl.sum(total, 0), mask=known)
    variance = tl.load(joined0 + channels + c, mask=known, other=1.0)
    tl.store(to + channels, tl.sum(total0, 0) / tl.sqrt(variance + eps), mask=known)
    if PARTS > 1:
        variance = tl.load(joined1 + channels + c, mask=known, other=1.0)
        tl.store(to + 2 * channels, tl.sum(total1, 0) / tl.sqrt(variance + eps), mask=known)
    if PARTS > 2:
        variance = tl.load(joined2 + channels + c, mask=known, other=1.0)
        tl.store(to + 3 * channels, tl.sum(total2, 0) / tl.sqrt(variance + eps), mask=known)


@triton.jit
def _gradient(g, x, joined, sums, repeats, at, c, inside, part, eps, channels):
    """BatchNorm's gradient of one part, without its cast."""
    mean = tl.load(joined + c)
    variance = tl.load(joined + channels + c)
    scale = tl.load(joined + 2 * channels + c)
    inverse_count = tl.load(joined + 5 * channels + c)
    normalised = (tl.load(x + at, mask=inside, other=0.0).to(tl.float32) - mean) / tl.sqrt(
        variance + eps
    )
    common = tl.load(sums + c) + normalised * tl.load(sums + (1 + part) * channels + c)
    return scale * (g - repeats * inverse_count * common)


@triton.jit
def input_gradients(
    grad, out, x0, x1, x2, joined0, joined1, joined2, sums, weights,
    grad_plain, grad0, grad1, grad2, size, rows_per_body, row_stride, eps,
    channels: tl.constexpr, PARTS: tl.constexpr, MASKED: tl.constexpr, PLAIN: tl.constexpr,
    WEIGHTED: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """Gradients of the parts and of what was added plainly.

    With r = how many bodies a row stands for and count = the sum of r over all rows:
    gamma / sigma * (g - r / count * (sum of g + x^ * sum of g x^)).
    """
    element = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    inside = element < size
    row = element // channels
    c = (element % channels).to(tl.int32)
    at = row * row_stride + c
    g = tl.load(grad + at, mask=inside, other=0.0).to(tl.float32)
    if MASKED == 1:
        g = tl.where(tl.load(out + at, mask=inside, other=0.0) > 0, g, 0.0)
    if MASKED == 2:
        value = tl.load(x0 + at, mask=inside, other=0.0).to(tl.float32)
        value = value * tl.load(joined0 + 2 * channels + c) + tl.load(joined0 + 3 * channels + c)
        g = tl.where(value > 0, g, 0.0)
    if PLAIN:
        tl.store(grad_plain + at, g.to(grad_plain.dtype.element_ty), mask=inside)
    repeats = 1.0
    if WEIGHTED:
        repeats = tl.load(weights + row // rows_per_body, mask=inside, other=0.0)
    dx = _gradient(g, x0, joined0, sums, repeats, at, c, inside, 0, eps, channels)
    tl.store(grad0 + at, dx.to(grad0.dtype.element_ty), mask=inside)
    if PARTS > 1:
        dx = _gradient(g, x1, joined1, sums, repeats, at, c, inside, 1, eps, channels)
        tl.store(grad1 + at, dx.to(grad1.dtype.element_ty), mask=inside)
    if PARTS > 2:
        dx = _gradient(g, x2, joined2, sums, repeats, at, c, inside, 2, eps, channels)
        tl.store(grad2 + at, dx.to(grad2.dtype.element_ty), mask=inside)
