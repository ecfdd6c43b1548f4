"""MS-TCN in few passes: one product for all heads, one kernel for all branches, one for the sum."""
# Shapes: N bodies, T frames, V joints, C channels, D channels of a branch; rows (N, T, V, C).

from typing import NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import FunctionCtx

from model.gpu.launch import ceil_div, dot_precision, power_of_two
from model.gpu.normalize import Norm, Row, batch_statistics, gradients_of_sum

try:
    from model.gpu import temporal_kernels as kernels
except ImportError:  # no Triton, as model.gpu.launch.applies knows
    kernels = None

PROGRAMS = 256  # that share out the rows where weights' gradients are summed


class Shape(NamedTuple):
    """Of branches: how rows of the hidden features and of the output lie."""

    bodies: int
    frames: int
    joints: int
    width: int  # D
    dilated: int  # branches with a dilated convolution
    stride: int

    @property
    def out_frames(self) -> int:
        return -(-self.frames // self.stride)

    @property
    def channels(self) -> int:
        return (self.dilated + 2) * self.width

    @property
    def hidden(self) -> int:
        """Channels that are normalised before the branches read them."""
        return (self.dilated + 1) * self.width

    @property
    def block_d(self) -> int:
        return max(16, power_of_two(self.width))

    @property
    def block_r(self) -> int:
        """Rows of a tile, of about 2,048 values."""
        return 128 if self.block_d <= 16 else 64

    def blocks(self, out: bool) -> tuple[int, int]:
        """Grid of a kernel over output rows or hidden rows."""
        frames = self.out_frames if out else self.frames
        return self.dilated + 2, ceil_div(self.bodies * frames * self.joints, self.block_r)

    def numbers(self, out: bool) -> tuple[int, ...]:
        """What kernels ask for: rows, frames, output frames, stride, joints."""
        frames = self.out_frames if out else self.frames
        rows = self.bodies * frames * self.joints
        return rows, self.frames, self.out_frames, self.stride, self.joints

    def constants(self) -> dict[str, object]:
        return {
            "D": self.width,
            "DILATED": self.dilated,
            "PRECISION": dot_precision(),
            "BLOCK_R": self.block_r,
            "BLOCK_D": self.block_d,
            "num_warps": 8 if self.block_d > 32 else 4,
        }


def run_branches(
    hidden: Tensor,
    affine: Tensor,
    kernel: Tensor,
    sixth: Tensor,
    shape: Shape,
    out_affine: Tensor | None = None,
    residual: Tensor | None = None,
    residual_affine: Tensor | None = None,
    relu: bool = False,
) -> Tensor:
    """Hidden rows (N, T, V, 5*D or more) -> outputs (N, T', V, 6*D) of the six branches.

    Args:
        affine: (2, 5*D), scale and shift that normalise hidden features before ReLU.
        kernel: of the dilated convolutions, (4, 3, D in, D out).
        sixth: (N, T', V, D), what the last branch copies; a slice of wider rows will do.
        out_affine: of the last BatchNorm; with it, residual and ReLU follow.
    """
    out = hidden.new_empty(shape.bodies, shape.out_frames, shape.joints, shape.channels)
    finish, has = out_affine is not None, residual is not None
    kernels.branches[shape.blocks(out=True)](
        hidden,
        affine,
        kernel,
        sixth,
        out,
        out_affine if finish else affine,
        residual if has else out,
        residual_affine if residual_affine is not None else affine,
        *shape.numbers(out=True),
        hidden.shape[-1],
        sixth.stride(2),
        FINISH=finish,
        RESIDUAL=0 if not has else 1 if residual_affine is None else 2,
        RELU=relu,
        **shape.constants(),
    )
    return out


class Branches(torch.autograd.Function):
    """Training: normalise hidden features, ReLU, and all branches up to their last BatchNorm."""

    @staticmethod
    def forward(
        ctx: FunctionCtx,
        hidden: Tensor,
        gamma: Tensor,
        beta: Tensor,
        kernel: Tensor,
        sixth: Tensor | None,
        weights: Tensor | None,
        eps: float,
        shape: Shape,
    ) -> tuple[Tensor, Tensor]:
        """-> outputs (N, T', V, 6*D); statistics (6, 5*D) of the hidden features.

        Args:
            sixth: None: the last D channels of `hidden`.
        """
        statistics = batch_statistics(hidden, Norm(gamma, beta, eps), weights, shape.hidden)
        source = hidden[..., shape.hidden :] if sixth is None else sixth
        out = run_branches(hidden, statistics[Row.SCALE :], kernel, source, shape)
        ctx.save_for_backward(hidden, kernel, weights, statistics)
        ctx.options = eps, shape, sixth is None, gamma.dtype
        ctx.mark_non_differentiable(statistics)
        ctx.set_materialize_grads(False)
        return out, statistics

    @staticmethod
    def backward(ctx: FunctionCtx, grad: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        hidden, kernel, weights, statistics = ctx.saved_tensors
        eps, shape, sixth_inside, kind = ctx.options
        grad, affine = grad.contiguous(), statistics[Row.SCALE :]
        grad_hidden = torch.empty_like(hidden)
        kernels.branches_input_gradient[shape.blocks(out=False)](
            grad,
            hidden,
            affine,
            kernel,
            grad_hidden,
            *shape.numbers(out=False),
            hidden.shape[-1],
            SIXTH=sixth_inside,
            **shape.constants(),
        )
        numbers = shape.numbers(out=True)
        programs = min(PROGRAMS, ceil_div(numbers[0], shape.block_r))
        sums = grad.new_empty(programs, *kernel.shape, dtype=torch.float32)
        kernels.branches_weight_gradient[shape.dilated, programs](
            grad,
            hidden,
            affine,
            sums,
            *numbers,
            hidden.shape[-1],
            **shape.constants(),
        )
        totals, _, _ = gradients_of_sum(
            grad_hidden,
            None,
            [hidden],
            [statistics],
            weights,
            eps,
            relu=False,
            plain=False,
            channels=shape.hidden,
            in_place=True,
        )
        grad_sixth = None if sixth_inside else grad[..., shape.hidden :].contiguous()
        return (
            grad_hidden,
            totals[1].to(kind),
            totals[0].to(kind),
            sums.sum(0).to(kernel.dtype),
            grad_sixth,
            None,
            None,
            None,
        )
