"""BatchNorm as the blocks use it: side by side, over rows that stand for several, or folded away."""
# Shapes: N rows (bodies), C channels, V joints, T frames.

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx


def convolve_and_normalize(
    convolve: Callable[[Tensor, Tensor, Tensor], Tensor],
    x: Tensor,
    convolutions: Sequence[nn.Module],
    norms: Sequence[nn.Module],
    repeats: Tensor | None = None,
) -> Tensor:
    """Convolutions of the same input in one call of `convolve(x, weight, bias)`, then BatchNorm.

    With fixed statistics BatchNorm is part of the convolution's weights: with
    s = gamma / sqrt(variance + eps), BN(W x + b) = (s W) x + (s (b - mean) + beta).
    """
    weight, bias = _joined(convolutions, "weight"), _joined(convolutions, "bias")
    if any(norm.training for norm in norms):
        return batch_norm(convolve(x, weight, bias), norms, repeats)
    scale = (_joined(norms, "running_var") + norms[0].eps).rsqrt() * _joined(norms, "weight")
    shift = (bias - _joined(norms, "running_mean")) * scale + _joined(norms, "bias")
    weight = weight * scale.view(-1, *[1] * (weight.dim() - 1)).to(weight.dtype)
    return convolve(x, weight, shift.to(weight.dtype))


def batch_norm(x: Tensor, norms: Sequence[nn.Module], repeats: Tensor | None = None) -> Tensor:
    """(N, C, V, T) -> (N, C, V, T): BatchNorm layers side by side, each of its own channels.

    Args:
        repeats: (N,) how many identical rows of the batch each row stands for; None: one. Only
            for plain `nn.BatchNorm2d`.
    """
    if not all(is_plain(norm) for norm in norms):
        parts = x.split([norm.num_features for norm in norms], dim=1)
        return torch.cat([norm(part) for norm, part in zip(norms, parts, strict=True)], dim=1)
    weight, bias = _joined(norms, "weight"), _joined(norms, "bias")
    mean, variance = _joined(norms, "running_mean"), _joined(norms, "running_var")
    eps, momentum = norms[0].eps, norms[0].momentum
    if not norms[0].training:
        return F.batch_norm(x, mean, variance, weight, bias, False, 0.0, eps)
    if x.is_cuda and repeats is None:  # where torch's own kernel is fast
        x = F.batch_norm(x, mean, variance, weight, bias, True, momentum, eps)
    else:
        repeats = x.new_ones(len(x)) if repeats is None else repeats
        x, batch_mean, batch_variance, count = _BatchNorm.apply(x, weight, bias, repeats, eps)
        mean = mean.lerp(batch_mean.to(mean), momentum)
        variance = variance.lerp((batch_variance * count / (count - 1)).to(variance), momentum)
    _keep_statistics(norms, mean, variance)
    return x


def is_plain(norm: nn.Module) -> bool:
    """Whether a layer's statistics are those of this process's batch alone."""
    return type(norm) in (nn.BatchNorm1d, nn.BatchNorm2d)


def _joined(modules: Sequence[nn.Module], name: str) -> Tensor:
    return torch.cat([getattr(module, name) for module in modules])


@torch.no_grad()
def _keep_statistics(norms: Sequence[nn.Module], mean: Tensor, variance: Tensor) -> None:
    sizes = [norm.num_features for norm in norms]
    for norm, m, v in zip(norms, mean.split(sizes), variance.split(sizes), strict=True):
        norm.running_mean.copy_(m)
        norm.running_var.copy_(v)
        norm.num_batches_tracked += 1


class _BatchNorm(torch.autograd.Function):
    """Training-mode BatchNorm of rows that count several times, in passes that vectorise.

    With count = sum of repeats r_n times V*T, and g the gradients of y = gamma x^ + beta summed
    over the rows that row n stands for, the gradient of x is

        gamma / sigma * (g - r_n / count * (sum of g + x^ * sum of g x^))

    which is the usual one for r = 1. torch's CPU kernel takes three times as long.
    """

    @staticmethod
    def forward(
        ctx: FunctionCtx, x: Tensor, weight: Tensor, bias: Tensor, repeats: Tensor, eps: float
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        flat = x.flatten(2).float() if x.dtype in (torch.float16, torch.bfloat16) else x.flatten(2)
        share = (repeats / repeats.sum()).to(flat)  # (N,)
        mean = share @ flat.mean(2)  # (C,)
        squares = torch.linalg.vector_norm(flat - mean[:, None], dim=2).square()  # (N, C)
        variance = share @ squares / flat.shape[2]
        y = F.batch_norm(x, mean, variance, weight, bias, False, 0.0, eps)
        count = repeats.sum() * flat.shape[2]
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
        rows = repeats.to(dx)[:, None]  # (N, 1)
        dx.addcmul_(x, -(rows * slope)[..., None, None].to(dx))
        dx.sub_((rows * (scale * dbias - slope * mean))[..., None, None].to(dx))
        return dx, dweight, dbias, None, None
