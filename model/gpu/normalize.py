"""BatchNorm of rows: statistics, and sums of normalised features with ReLU, as few passes."""
# Shapes: N bodies, T frames, V joints, C channels; rows are (N, T, V, C), contiguous.

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import IntEnum
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx

from model.gpu.launch import ceil_div, channel_block, power_of_two

try:
    from model.gpu import norm_kernels as kernels
except ImportError:  # no Triton, as model.gpu.launch.applies knows
    kernels = None

BLOCK = 1024  # elements of a program that works element by element
BLOCK_R = 64  # rows of a step of a reduction
MAX_PROGRAMS = 256  # that share out the rows of a reduction


class Row(IntEnum):
    """Of the statistics (6, C) of a batch, by channel."""

    MEAN = 0
    VARIANCE = 1  # without Bessel's correction
    SCALE = 2  # with which, and with SHIFT, values are normalised
    SHIFT = 3
    UNBIASED_VARIANCE = 4
    INVERSE_COUNT = 5  # of the values of a channel


class Norm(NamedTuple):
    """BatchNorm layers side by side, as one: of each C channels, float32."""

    gamma: Tensor
    beta: Tensor
    eps: float


def joined_norm(norms: Sequence[nn.Module]) -> Norm:
    if len(norms) == 1:
        return Norm(norms[0].weight, norms[0].bias, norms[0].eps)
    gamma = torch.cat([norm.weight for norm in norms])
    return Norm(gamma, torch.cat([norm.bias for norm in norms]), norms[0].eps)


@torch.no_grad()
def fixed_affine(norms: Sequence[nn.Module], bias: Tensor | None = None) -> Tensor:
    """(2, C) float32: scale and shift of BatchNorm layers in evaluation, after a layer's bias."""
    gamma, beta, eps = joined_norm(norms)
    mean = torch.cat([norm.running_mean for norm in norms])
    variance = torch.cat([norm.running_var for norm in norms])
    scale = gamma * (variance + eps).rsqrt()
    mean = mean if bias is None else mean - bias
    return torch.stack([scale, beta - mean * scale]).float()


def batch_statistics(rows: Tensor, norm: Norm, weights: Tensor | None, channels: int) -> Tensor:
    """(6, C) float32: statistics of the first channels over all rows; `Row` names them.

    Args:
        rows: (N, T, V, C or more).
        weights: (N,) float32, how many bodies each stands for; None: one.
    """
    num_rows, row_stride = rows[..., 0].numel(), rows.shape[-1]
    block_c = channel_block(channels)
    programs = min(MAX_PROGRAMS, ceil_div(num_rows, BLOCK_R))
    options = {"dtype": torch.float32, "device": rows.device}
    means = torch.empty(2, programs, channels, **options)
    counts = torch.empty(programs, **options)
    joined = torch.empty(len(Row), channels, **options)
    blocks = ceil_div(channels, block_c)
    kernels.statistics[programs, blocks](
        rows,
        rows if weights is None else weights,
        means[0],
        means[1],
        counts,
        num_rows,
        num_rows // len(rows),
        row_stride,
        channels=channels,
        WEIGHTED=weights is not None,
        BLOCK_R=BLOCK_R,
        BLOCK_C=block_c,
    )
    kernels.join_statistics[blocks,](
        means[0],
        means[1],
        counts,
        norm.gamma,
        norm.beta,
        joined,
        programs,
        norm.eps,
        channels=channels,
        BLOCK_P=power_of_two(programs),
        BLOCK_C=block_c,
        num_warps=8,
    )
    return joined


def add_normalized(
    parts: Sequence[Tensor], affines: Sequence[Tensor], plain: Tensor | None, relu: bool
) -> Tensor:
    """[relu](plain + sum of scale * part + shift); parts have one shape, affines are (2, C)."""
    out = torch.empty_like(parts[0])
    size = out.numel()
    (x0, x1, x2), (a0, a1, a2) = _three(parts), _three(affines)
    kernels.normalized_sum[ceil_div(size, BLOCK),](
        out,
        out if plain is None else plain,
        x0,
        x1,
        x2,
        a0,
        a1,
        a2,
        size,
        channels=out.shape[-1],
        PARTS=len(parts),
        PLAIN=plain is not None,
        RELU=relu,
        BLOCK=BLOCK,
    )
    return out


def gradients_of_sum(
    grad: Tensor,
    out: Tensor | None,
    parts: Sequence[Tensor],
    statistics: Sequence[Tensor],
    weights: Tensor | None,
    eps: float,
    relu: bool,
    plain: bool,
    channels: int,
    in_place: bool = False,
) -> tuple[Tensor, list[Tensor], Tensor | None]:
    """Of `add_normalized`: (1 + parts, C) of beta and each gamma; of the parts; of the plain one.

    Args:
        out: what it gave; None: ReLU is recomputed, of a single part.
        channels: C, the first of the rows; the others are left as they are.
        in_place: the single part's gradient takes the place of `grad`.
    """
    masked = 0 if not relu else 1 if out is not None else 2
    num_rows, row_stride = grad[..., 0].numel(), grad.shape[-1]
    block_c = channel_block(channels)
    programs = min(MAX_PROGRAMS, ceil_div(num_rows, BLOCK_R))
    sums = grad.new_empty(programs, 1 + len(parts), channels, dtype=torch.float32)
    out = grad if out is None else out
    x, joined = _three(parts), _three(statistics)
    kernels.gradient_sums[programs, ceil_div(channels, block_c)](
        grad,
        out,
        *x,
        *joined,
        sums,
        num_rows,
        row_stride,
        eps,
        channels=channels,
        PARTS=len(parts),
        MASKED=masked,
        BLOCK_R=BLOCK_R,
        BLOCK_C=block_c,
    )
    sums = sums.sum(0)
    grads = [grad] if in_place else [torch.empty_like(part) for part in parts]
    grad_plain = torch.empty_like(grad) if plain and relu else grad if plain else None
    size = num_rows * channels
    kernels.input_gradients[ceil_div(size, BLOCK),](
        grad,
        out,
        *x,
        *joined,
        sums,
        grad if weights is None else weights,
        grad_plain if plain and relu else grad,
        *_three(grads),
        size,
        num_rows // len(grad),
        row_stride,
        eps,
        channels=channels,
        PARTS=len(parts),
        MASKED=masked,
        PLAIN=plain and relu,
        WEIGHTED=weights is not None,
        BLOCK=BLOCK,
    )
    return sums, grads, grad_plain


def _three(values: Sequence[Tensor]) -> list[Tensor]:
    """As many as the kernels take; those beyond the given ones are not read."""
    return [*values, *[values[0]] * (3 - len(values))]


class _NormalizedSum(torch.autograd.Function):
    """[relu](plain + sum over parts of BN(part)) in training."""

    @staticmethod
    def forward(
        ctx: FunctionCtx,
        plain: Tensor | None,
        weights: Tensor | None,
        eps: float,
        relu: bool,
        *inputs: Tensor,
    ) -> tuple[Tensor, ...]:
        """inputs: parts, then gammas, then betas -> out, and the statistics of each part."""
        count = len(inputs) // 3
        parts, gammas, betas = inputs[:count], inputs[count : 2 * count], inputs[2 * count :]
        channels = parts[0].shape[-1]
        statistics = [
            batch_statistics(part, Norm(gamma, beta, eps), weights, channels)
            for part, gamma, beta in zip(parts, gammas, betas, strict=True)
        ]
        out = add_normalized(parts, [values[Row.SCALE :] for values in statistics], plain, relu)
        again = relu and plain is None and count == 1  # ReLU can be told from the part
        ctx.save_for_backward(weights, None if again or not relu else out, *parts, *statistics)
        ctx.options = eps, relu, plain is not None, gammas[0].dtype
        ctx.mark_non_differentiable(*statistics)
        ctx.set_materialize_grads(False)
        return out, *statistics

    @staticmethod
    def backward(ctx: FunctionCtx, grad: Tensor, *_: Tensor) -> tuple[Tensor | None, ...]:
        weights, out, *saved = ctx.saved_tensors
        parts, statistics = saved[: len(saved) // 2], saved[len(saved) // 2 :]
        eps, relu, plain, kind = ctx.options
        sums, grads, grad_plain = gradients_of_sum(
            grad.contiguous(),
            out,
            parts,
            statistics,
            weights,
            eps,
            relu,
            plain,
            parts[0].shape[-1],
        )
        gammas = [total.to(kind) for total in sums[1:]]
        return grad_plain, None, None, None, *grads, *gammas, *[sums[0].to(kind)] * len(parts)


def normalized_sum(
    parts: Sequence[Tensor],
    norms: Sequence[Sequence[nn.Module]],
    biases: Sequence[Sequence[Tensor | None]],
    plain: Tensor | None,
    relu: bool,
    weights: Tensor | None,
) -> Tensor:
    """Training: normalise each part by its layers, add them and `plain`, ReLU; all (N, T, V, C).

    Args:
        norms: of each part the layers side by side, whose running statistics move.
        biases: as in `keep_statistics`, of each part.
    """
    joined = [joined_norm(layers) for layers in norms]
    out, *statistics = _NormalizedSum.apply(
        plain,
        weights,
        joined[0].eps,
        relu,
        *parts,
        *(norm.gamma for norm in joined),
        *(norm.beta for norm in joined),
    )
    for layers, values, of_layers in zip(norms, statistics, biases, strict=True):
        keep_statistics(layers, values, of_layers)
    return out


class _Update(NamedTuple):
    """What moves the running statistics of one layer."""

    norm: nn.Module
    mean: Tensor
    variance: Tensor
    bias: Tensor | None


_updates: list[_Update] | None = None


def keep_statistics(
    norms: Sequence[nn.Module], statistics: Tensor, biases: Sequence[Tensor | None]
) -> None:
    """Move the running statistics of layers side by side, as `nn.BatchNorm2d` does.

    Args:
        statistics: (6, C) of all layers together.
        biases: of the convolutions before the layers, which were left out of what was normalised:
            they change nothing but the running mean. None: there is none.
    """
    sizes = [norm.num_features for norm in norms]
    means = statistics[Row.MEAN].split(sizes)
    variances = statistics[Row.UNBIASED_VARIANCE].split(sizes)
    updates = [_Update(*of_norm) for of_norm in zip(norms, means, variances, biases, strict=True)]
    if _updates is None:
        _move_statistics(updates)
    else:
        _updates.extend(updates)


@contextmanager
def statistics_move_together() -> Iterator[None]:
    """Running statistics move at the end, those of all layers by a few kernels."""
    global _updates
    outer, _updates = _updates, []
    try:
        yield
        _move_statistics(_updates)
    finally:
        _updates = outer


@torch.no_grad()
def _move_statistics(updates: Sequence[_Update]) -> None:
    if not updates:
        return
    norms = [update.norm for update in updates]
    torch._foreach_add_([norm.num_batches_tracked for norm in norms], 1)
    running = [norm.running_mean for norm in norms] + [norm.running_var for norm in norms]
    new = [update.mean for update in updates] + [update.variance for update in updates]
    new = [value.to(old) for value, old in zip(new, running, strict=True)]
    with_bias = [update for update in updates if update.bias is not None]
    momentum = norms[0].momentum
    if momentum is None:  # the mean over all batches so far
        for update in with_bias:
            update.mean.add_(update.bias)
        for old, value, norm in zip(running, new, [*norms, *norms], strict=True):
            old.lerp_(value, norm.num_batches_tracked.reciprocal().to(old))
        return
    torch._foreach_lerp_(running, new, momentum)
    means = [update.norm.running_mean for update in with_bias]
    biases = [update.bias.to(mean) for update, mean in zip(with_bias, means, strict=True)]
    torch._foreach_add_(means, biases, alpha=momentum)
