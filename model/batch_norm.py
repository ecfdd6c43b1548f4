"""BatchNorm as the blocks use it: side by side, of rows that stand for several, or folded away."""
# Shapes: N rows (bodies), C channels, V joints, T frames.

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx
from torch.utils.checkpoint import checkpoint

from model.constants import constants_of


def convolve_and_normalize(
    convolve: Callable[[Tensor, Tensor, Tensor], Tensor],
    x: Tensor,
    convolutions: Sequence[nn.Module],
    norms: Sequence[nn.Module],
    repeats: Tensor | None = None,
    not_kept: Callable[[Tensor], Tensor] | None = None,
) -> Tensor:
    """Convolutions of the same input in one call of `convolve(x, weight, bias)`, then BatchNorm.

    With fixed statistics BatchNorm is part of the convolution's weights: with
    s = gamma / sqrt(variance + eps), BN(W x + b) = (s W) x + (s (b - mean) + beta).

    Args:
        repeats: as in `batch_norm`.
        not_kept: a function of the normalised features, whose result is returned in their place. In
            training they are not kept, but normalised again for its backward pass; it must do the
            same in both.
    """
    if any(norm.training for norm in norms):
        weight, bias = _joined(convolutions, "weight"), _joined(convolutions, "bias")
        return batch_norm(convolve(x, weight, bias), norms, repeats, not_kept)

    def fold() -> tuple[Tensor, Tensor]:
        weight, bias = _joined(convolutions, "weight"), _joined(convolutions, "bias")
        scale = (_joined(norms, "running_var") + norms[0].eps).rsqrt() * _joined(norms, "weight")
        shift = (bias - _joined(norms, "running_mean")) * scale + _joined(norms, "bias")
        weight = weight * scale.view(-1, *[1] * (weight.dim() - 1)).to(weight.dtype)
        return weight, shift.to(weight.dtype)

    out = convolve(x, *constants_of(norms[0], "folded", fold))
    return not_kept(out) if not_kept is not None else out


def batch_norm(
    x: Tensor,
    norms: Sequence[nn.Module],
    repeats: Tensor | None = None,
    not_kept: Callable[[Tensor], Tensor] | None = None,
) -> Tensor:
    """(N, C, V, T) -> (N, C, V, T): BatchNorm layers side by side, each of its own channels.

    Args:
        repeats: (N,) how many identical rows of the batch each row stands for; None: one. Only
            for layers that are `is_plain`.
        not_kept: as in `convolve_and_normalize`.
    """
    if not all(is_plain(norm) for norm in norms):
        parts = x.split([norm.num_features for norm in norms], dim=1)
        x = torch.cat([norm(part) for norm, part in zip(norms, parts, strict=True)], dim=1)
        return not_kept(x) if not_kept is not None else x
    eps = norms[0].eps
    if not norms[0].training:
        names = "running_mean", "running_var", "weight", "bias"
        constants = constants_of(norms[0], names, lambda: [_joined(norms, name) for name in names])
        x = F.batch_norm(x, *constants, False, 0.0, eps)
        return not_kept(x) if not_kept is not None else x
    weight, bias = _joined(norms, "weight"), _joined(norms, "bias")

    def normalize(x: Tensor) -> tuple[Tensor, Statistics]:
        y, statistics = _normalize(x, weight, bias, repeats, eps)
        return not_kept(y) if not_kept is not None else y, statistics

    if not_kept is not None and torch.is_grad_enabled():
        y, statistics = checkpoint(normalize, x, use_reentrant=False, preserve_rng_state=False)
    else:
        y, statistics = normalize(x)
    _keep_statistics(norms, statistics)
    return y


def is_plain(norm: nn.Module) -> bool:
    """Whether a layer's statistics are those of this process's batch only."""
    return type(norm) in (nn.BatchNorm1d, nn.BatchNorm2d)


def has_fast_norm(x: Tensor) -> bool:
    """Whether torch's own kernel is the fastest, where each row counts once."""
    return x.is_cuda


class Statistics(NamedTuple):
    """Of a batch, by channel."""

    mean: Tensor  # (C,)
    variance: Tensor  # (C,) without Bessel's correction
    count: Tensor  # () values of a channel


def _joined(modules: Sequence[nn.Module], name: str) -> Tensor:
    parts = [getattr(module, name) for module in modules]
    return torch.cat(parts) if len(parts) > 1 else parts[0]


@torch.no_grad()
def _keep_statistics(norms: Sequence[nn.Module], statistics: Statistics) -> None:
    """Move the running statistics of each layer, as `nn.BatchNorm2d` does."""
    mean, variance, count = statistics
    sizes = [norm.num_features for norm in norms]
    variances = (variance * count / (count - 1)).split(sizes)
    for norm, m, v in zip(norms, mean.split(sizes), variances, strict=True):
        norm.num_batches_tracked += 1
        share = 1 / norm.num_batches_tracked.item() if norm.momentum is None else norm.momentum
        norm.running_mean.lerp_(m.to(norm.running_mean), share)
        norm.running_var.lerp_(v.to(norm.running_var), share)


def _normalize(
    x: Tensor, weight: Tensor, bias: Tensor, repeats: Tensor | None, eps: float
) -> tuple[Tensor, Statistics]:
    if has_fast_norm(x) and repeats is None:
        y, mean, rstd = torch.native_batch_norm(x, weight, bias, None, None, True, 0.0, eps)
        count = mean.new_full((), x.numel() / x.shape[1])  # a tensor of a number would be copied
        return y, Statistics(mean, rstd.square().reciprocal() - eps, count)
    repeats = x.new_ones(len(x)) if repeats is None else repeats
    y, *statistics = _BatchNorm.apply(x, weight, bias, repeats, eps)
    return y, Statistics(*statistics)


class _BatchNorm(torch.autograd.Function):
    """Training-mode BatchNorm of rows that count several times, in passes that vectorise.

    With count = V*T times the sum of repeats r_n, and g_n the gradient of y = gamma x^ + beta
    summed over the rows that row n stands for, the gradient of x is

        gamma / sigma * (g_n - r_n / count * (sum of g + x^ * sum of g x^))

    which is the usual one for r_n = 1. torch's CPU kernel takes three times as long.
    """

    @staticmethod
    def forward(
        ctx: FunctionCtx, x: Tensor, weight: Tensor, bias: Tensor, repeats: Tensor, eps: float
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """(N, C, V, T), (C,), (C,), (N,) -> y, and what `Statistics` holds."""
        flat = x.flatten(2).float() if x.dtype in (torch.float16, torch.bfloat16) else x.flatten(2)
        repeats = repeats.to(flat)
        share = (repeats / repeats.sum())[:, None]  # (N, 1)
        mean = (share * flat.mean(2)).sum(0)  # no matrix product, which autocast would halve
        squares = torch.linalg.vector_norm(flat - mean[:, None], dim=2).square()  # (N, C)
        variance = (share * squares).sum(0) / flat.shape[2]
        count = repeats.sum() * flat.shape[2]
        ctx.kind = weight.dtype
        weight, bias = weight.to(flat), bias.to(flat)
        y = F.batch_norm(x, mean, variance, weight, bias, False, 0.0, eps)
        ctx.save_for_backward(x, weight, mean, variance, repeats, count)
        ctx.eps = eps
        ctx.mark_non_differentiable(mean, variance, count)
        return y, mean, variance, count

    @staticmethod
    def backward(ctx: FunctionCtx, grad: Tensor, *_: Tensor) -> tuple[Tensor | None, ...]:
        x, weight, mean, variance, repeats, count = ctx.saved_tensors
        rstd = (variance + ctx.eps).rsqrt()
        dx, dweight, dbias = torch.ops.aten.native_batch_norm_backward(
            grad.contiguous(), x, weight, mean, variance, mean, rstd, False, ctx.eps, [True] * 3
        )
        scale = weight * rstd / count
        slope = scale * rstd * dweight
        rows = repeats[:, None]  # (N, 1)
        dx.addcmul_(x, -(rows * slope)[..., None, None].to(dx))
        dx.sub_((rows * (scale * dbias - slope * mean))[..., None, None].to(dx))
        return dx, dweight.to(ctx.kind), dbias.to(ctx.kind), None, None
