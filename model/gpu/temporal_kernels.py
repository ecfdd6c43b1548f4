"""Triton kernels of MS-TCN's branches: dilated convolutions, max-pool and shortcut side by side.

The six branches have D channels each. Rows are (body, frame, joint); a step in time is V rows.
What the branches read is normalised and passed through ReLU as it is loaded, so that the normalised
features are never written.
"""
# Shapes: R rows, D channels of a branch, T frames, V joints.

import triton
import triton.language as tl


@triton.jit
def _hidden(h, affine, at, inside, c, known, hidden: tl.constexpr):
    """relu(scale * h + shift), and 0 outside of the clip."""
    scale = tl.load(affine + c, mask=known, other=0.0)[None, :]
    shift = tl.load(affine + hidden + c, mask=known, other=0.0)[None, :]
    value = tl.load(h + at, mask=inside, other=0.0).to(tl.float32) * scale + shift
    return tl.where(inside, tl.maximum(value, 0.0, propagate_nan=tl.PropagateNan.ALL), 0.0)


@triton.jit
def branches(
    h, affine, weight, sixth, out, out_affine, residual, residual_affine,
    num_rows, frames, out_frames, stride, joints, h_stride, sixth_stride,
    D: tl.constexpr, DILATED: tl.constexpr, FINISH: tl.constexpr, RESIDUAL: tl.constexpr,
    RELU: tl.constexpr, PRECISION: tl.constexpr, BLOCK_R: tl.constexpr, BLOCK_D: tl.constexpr,
):  # fmt: skip
    """Branch outputs (R', 6*D) before their last BatchNorm.

    FINISH: also apply that BatchNorm (`out_affine`), add the residual and apply RELU. RESIDUAL: 0
    none, 1 as it is, 2 normalised by `residual_affine`.
    """
    branch = tl.program_id(0)
    r = tl.program_id(1) * BLOCK_R + tl.arange(0, BLOCK_R)
    d = tl.arange(0, BLOCK_D)
    known = d < D
    c = branch * D + d
    exists = r < num_rows
    joint = r % joints
    frame = (r // joints) % out_frames * stride
    body = (r // joints) // out_frames
    source = ((body * frames + frame) * joints + joint).to(tl.int64)
    channels: tl.constexpr = (DILATED + 2) * D
    hidden: tl.constexpr = (DILATED + 1) * D
    inside = exists[:, None] & known[None, :]
    at_out = r.to(tl.int64)[:, None] * channels + c[None, :]
    value = tl.zeros((BLOCK_R, BLOCK_D), tl.float32)
    if branch < DILATED:
        for tap in tl.static_range(3):
            step = (tap - 1) * (branch + 1)
            there = exists & (frame + step >= 0) & (frame + step < frames)
            at = (source + step * joints)[:, None] * h_stride + c[None, :]
            x = _hidden(h, affine, at, there[:, None] & known[None, :], c, known, hidden)
            square = known[:, None] & known[None, :]
            of_tap = ((branch * 3 + tap) * D + d)[:, None] * D + d[None, :]
            w = tl.load(weight + of_tap, mask=square, other=0.0)
            value += tl.dot(x.to(w.dtype), w, input_precision=PRECISION)
    elif branch == DILATED:
        for tap in tl.static_range(3):
            step = tap - 1
            there = exists & (frame + step >= 0) & (frame + step < frames)
            at = (source + step * joints)[:, None] * h_stride + c[None, :]
            # Outside of the clip it is 0, which is never above what ReLU let through.
            x = _hidden(h, affine, at, there[:, None] & known[None, :], c, known, hidden)
            value = tl.maximum(value, x, propagate_nan=tl.PropagateNan.ALL)
    else:
        at_sixth = r.to(tl.int64)[:, None] * sixth_stride + d[None, :]
        value = tl.load(sixth + at_sixth, mask=inside, other=0.0).to(tl.float32)
    if FINISH:
        value *= tl.load(out_affine + c, mask=known, other=0.0)[None, :]
        value += tl.load(out_affine + channels + c, mask=known, other=0.0)[None, :]
        if RESIDUAL > 0:
            other = tl.load(residual + at_out, mask=inside, other=0.0).to(tl.float32)
            if RESIDUAL == 2:
                other *= tl.load(residual_affine + c, mask=known, other=0.0)[None, :]
                other += tl.load(residual_affine + channels + c, mask=known, other=0.0)[None, :]
            value += other
        if RELU:
            value = tl.maximum(value, 0.0, propagate_nan=tl.PropagateNan.ALL)
    tl.store(out + at_out, value.to(out.dtype.element_ty), mask=inside)


@triton.jit
def branches_input_gradient(
    grad, h, affine, weight, grad_h, num_rows, frames, out_frames, stride, joints, h_stride,
    D: tl.constexpr, DILATED: tl.constexpr, SIXTH: tl.constexpr, PRECISION: tl.constexpr,
    BLOCK_R: tl.constexpr, BLOCK_D: tl.constexpr,
):  # fmt: skip
    """Gradient of what ReLU read, (R, h_stride); SIXTH: the shortcut's is copied beside it."""
    branch = tl.program_id(0)
    r = tl.program_id(1) * BLOCK_R + tl.arange(0, BLOCK_R)
    d = tl.arange(0, BLOCK_D)
    known = d < D
    c = branch * D + d
    exists = r < num_rows
    joint = r % joints
    frame = (r // joints) % frames
    body = (r // joints) // frames
    channels: tl.constexpr = (DILATED + 2) * D
    hidden: tl.constexpr = (DILATED + 1) * D
    row = r.to(tl.int64)
    at_h = row[:, None] * h_stride + c[None, :]
    inside = exists[:, None] & known[None, :]
    value = tl.zeros((BLOCK_R, BLOCK_D), tl.float32)
    if branch <= DILATED:
        here = _hidden(h, affine, at_h, inside, c, known, hidden)
        for tap in tl.static_range(3):
            # The output frame whose window has this frame as its number `tap`.
            step = tap - 1
            if branch < DILATED:
                step = step * (branch + 1)
            centre = frame - step
            there = exists & (centre >= 0) & (centre % stride == 0)
            there = there & (centre // stride < out_frames)
            target = ((body * out_frames + centre // stride) * joints + joint).to(tl.int64)
            at = target[:, None] * channels + c[None, :]
            g = tl.load(grad + at, mask=there[:, None] & known[None, :], other=0.0)
            if branch < DILATED:
                square = known[:, None] & known[None, :]
                of_tap = ((branch * 3 + tap) * D + d)[None, :] * D + d[:, None]
                w = tl.load(weight + of_tap, mask=square, other=0.0)  # (out, in)
                value += tl.dot(g.to(w.dtype), w, input_precision=PRECISION)
            else:
                # The first largest of a window's frames takes its gradient.
                largest = inside
                for other in tl.static_range(3):
                    if other != tap:
                        away = other - tap
                        near = exists & (frame + away >= 0) & (frame + away < frames)
                        at_near = (row + away * joints)[:, None] * h_stride + c[None, :]
                        mask = near[:, None] & known[None, :]
                        x = _hidden(h, affine, at_near, mask, c, known, hidden)
                        if other < tap:
                            largest = largest & (x < here)
                        else:
                            largest = largest & (x <= here)
                value += tl.where(largest, g.to(tl.float32), 0.0)
        value = tl.where(here > 0, value, 0.0)
    elif SIXTH:
        at_sixth = row[:, None] * channels + c[None, :]
        value = tl.load(grad + at_sixth, mask=inside, other=0.0).to(tl.float32)
    if SIXTH or branch <= DILATED:
        tl.store(grad_h + at_h, value.to(grad_h.dtype.element_ty), mask=inside)


@triton.jit
def branches_weight_gradient(
    grad, h, affine, sums, num_rows, frames, out_frames, stride, joints, h_stride,
    D: tl.constexpr, DILATED: tl.constexpr, PRECISION: tl.constexpr,
    BLOCK_R: tl.constexpr, BLOCK_D: tl.constexpr,
):  # fmt: skip
    """Partial gradients of the dilated kernels, (P, DILATED, 3, D in, D out)."""
    branch, program, programs = tl.program_id(0), tl.program_id(1), tl.num_programs(1)
    d = tl.arange(0, BLOCK_D)
    known = d < D
    c = branch * D + d
    channels: tl.constexpr = (DILATED + 2) * D
    hidden: tl.constexpr = (DILATED + 1) * D
    first = tl.zeros((BLOCK_D, BLOCK_D), tl.float32)
    middle = tl.zeros((BLOCK_D, BLOCK_D), tl.float32)
    last = tl.zeros((BLOCK_D, BLOCK_D), tl.float32)
    for start in range(program * BLOCK_R, num_rows, programs * BLOCK_R):
        r = start + tl.arange(0, BLOCK_R)
        exists = r < num_rows
        joint = r % joints
        frame = (r // joints) % out_frames * stride
        body = (r // joints) // out_frames
        source = ((body * frames + frame) * joints + joint).to(tl.int64)
        at = r.to(tl.int64)[:, None] * channels + c[None, :]
        g = tl.load(grad + at, mask=exists[:, None] & known[None, :], other=0.0)
        for tap in tl.static_range(3):
            step = (tap - 1) * (branch + 1)
            there = exists & (frame + step >= 0) & (frame + step < frames)
            at = (source + step * joints)[:, None] * h_stride + c[None, :]
            x = _hidden(h, affine, at, there[:, None] & known[None, :], c, known, hidden)
            part = tl.dot(tl.trans(x.to(g.dtype)), g, input_precision=PRECISION)
            if tap == 0:
                first += part
            elif tap == 1:
                middle += part
            else:
                last += part
    square = known[:, None] & known[None, :]
    to = sums + (program * DILATED + branch) * 3 * D * D + d[:, None] * D + d[None, :]
    tl.store(to, first, mask=square)
    tl.store(to + D * D, middle, mask=square)
    tl.store(to + 2 * D * D, last, mask=square)
