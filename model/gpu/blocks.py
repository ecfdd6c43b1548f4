"""The blocks of model/ on a GPU: same weights, same numbers, channels innermost, few passes.

Every function here takes and gives rows (N, T, V, C). In training it moves the running statistics;
in evaluation what follows from the weights only is computed once (model/constants.py).
"""
# Shapes: N bodies, T frames, V joints, C channels, K scales, W window, D channels of a branch.

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx

from model.constants import constants_of
from model.gpu import aggregation, normalize, temporal
from model.gpu.launch import compute_dtype
from model.gpu.normalize import Norm, Row, fixed_affine, normalized_sum

if TYPE_CHECKING:
    from model.ms_g3d import MSG3DPathway
    from model.ms_gcn import MultiScaleGraphConv
    from model.ms_tcn import MultiScaleTemporalConv, Parts


class _WithoutEffect(torch.autograd.Function):
    """Biases before a BatchNorm in training: they change nothing, so their gradients are 0."""

    @staticmethod
    def forward(ctx: FunctionCtx, rows: Tensor, *biases: Tensor) -> Tensor:
        ctx.shapes = [bias.shape for bias in biases]
        return rows.view_as(rows)

    @staticmethod
    def backward(ctx: FunctionCtx, grad: Tensor) -> tuple[Tensor, ...]:
        sizes = [shape.numel() for shape in ctx.shapes]
        zeros = torch.zeros(sum(sizes), device=grad.device).split(sizes)
        return grad, *(zero.view(shape) for zero, shape in zip(zeros, ctx.shapes, strict=True))


# ---- MS-GCN ------------------------------------------------------------------------------------


def graph_conv_weights(block: "MultiScaleGraphConv") -> tuple[Tensor, Tensor]:
    """Theta (C_out, K, C_in) and A (K, W*V, W, V)."""
    scales = block.shape[0]
    weight = block.convolution.weight
    return weight.view(len(weight), scales, -1), block.adjacency()


def ms_gcn(block: "MultiScaleGraphConv", rows: Tensor, weights: Tensor | None) -> Tensor:
    """(N, T, V, C_in) -> (N, T, V, C_out)."""
    if not block.norm.training:
        return aggregated_and_normalized(block, rows)
    out, bias = graph_conv(block, rows), block.convolution.bias
    return normalized_sum([out], [[block.norm]], [[bias]], None, relu=True, weights=weights)


def graph_conv(block: "MultiScaleGraphConv", rows: Tensor) -> Tensor:
    """Training: (N, T, V, C_in) -> (N, T', V*W, C_out), before BatchNorm."""
    theta, adjacency = graph_conv_weights(block)
    window, dtype = block.shape[2], compute_dtype(rows)
    out = aggregation.graph_conv(rows, theta, adjacency, window, block.stride, dtype)
    return _WithoutEffect.apply(out, block.convolution.bias)


class GraphConvConstants(NamedTuple):
    joined: bool  # whether Theta and A are one matrix
    theta: Tensor
    matrix: Tensor
    affine: Tensor


def aggregated_and_normalized(block: "MultiScaleGraphConv", rows: Tensor) -> Tensor:
    """Evaluation: (N, T, V, C_in) -> (N, T', V*W, C_out), after BatchNorm and ReLU."""
    dtype, window = compute_dtype(rows), block.shape[2]

    def make() -> GraphConvConstants:
        theta, adjacency = graph_conv_weights(block)
        affine = fixed_affine([block.norm], block.convolution.bias)
        if joined := theta.shape[2] < aggregation.FEW_CHANNELS:
            with torch.autocast(rows.device.type, enabled=False):
                matrix = aggregation.joint_matrix(theta.float(), adjacency.float()).to(dtype)
        else:
            matrix = aggregation.window_matrix(adjacency, dtype)
        return GraphConvConstants(joined, theta.to(dtype), matrix, affine)

    fixed = constants_of(block, dtype, make)
    if fixed.joined:
        windows = aggregation.unfolded(rows, window, block.stride).to(dtype)
        out = F.linear(windows, fixed.matrix).view(*windows.shape[:2], -1, len(fixed.theta))
        return normalize.add_normalized([out], [fixed.affine], None, relu=True)
    return aggregation.theta_then_windows(
        rows.to(dtype), fixed.theta, fixed.matrix, window, block.stride, fixed.affine
    )


# ---- MS-G3D ------------------------------------------------------------------------------------


class _Collapse(torch.autograd.Function):
    """Training: BatchNorm and ReLU of windows, then the product that makes a frame of each.

    Normalised windows are the widest features of the network. They are recomputed in the backward
    pass.
    """

    @staticmethod
    def forward(
        ctx: FunctionCtx,
        windows: Tensor,
        gamma: Tensor,
        beta: Tensor,
        kernel: Tensor,
        weights: Tensor | None,
        eps: float,
    ) -> tuple[Tensor, Tensor]:
        """windows (N, T', V*W, C), kernel (C_out, W*C) -> (N, T', V, C_out), statistics (6, C)."""
        statistics = normalize.batch_statistics(
            windows, Norm(gamma, beta, eps), weights, windows.shape[3]
        )
        ctx.save_for_backward(windows, kernel, weights, statistics)
        ctx.options = eps, gamma.dtype
        ctx.mark_non_differentiable(statistics)
        ctx.set_materialize_grads(False)
        return F.linear(_normalized(windows, statistics, kernel), kernel), statistics

    @staticmethod
    def backward(ctx: FunctionCtx, grad: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        windows, kernel, weights, statistics = ctx.saved_tensors
        eps, kind = ctx.options
        normalized = _normalized(windows, statistics, kernel).flatten(0, 2)
        grad = grad.flatten(0, 2)
        grad_kernel = grad.t() @ normalized
        of_windows = torch.mm(grad, kernel, out=normalized).view_as(windows)
        sums, (grad_windows,), _ = normalize.gradients_of_sum(
            of_windows,
            None,
            [windows],
            [statistics],
            weights,
            eps,
            relu=True,
            plain=False,
            channels=windows.shape[3],
            in_place=True,
        )
        return grad_windows, sums[1].to(kind), sums[0].to(kind), grad_kernel, None, None


def _normalized(windows: Tensor, statistics: Tensor, kernel: Tensor) -> Tensor:
    """(N, T', V*W, C) -> (N, T', V, W*C), normalised, after ReLU."""
    out = normalize.add_normalized([windows], [statistics[Row.SCALE :]], None, relu=True)
    return out.view(*windows.shape[:2], -1, kernel.shape[1])


def _collapse_kernel(pathway: "MSG3DPathway", dtype: torch.dtype) -> Tensor:
    """(C_out, C_mid, 1, W, 1) -> (C_out, W*C_mid)."""
    return pathway.out_conv.weight.flatten(2).transpose(1, 2).flatten(1).to(dtype)


def pathways(
    paths: Sequence["MSG3DPathway"], rows: Tensor, weights: Tensor | None, plain: Tensor
) -> Tensor:
    """relu(plain + the sum of MS-G3D pathways of rows): (N, T, V, C_in) -> (N, T', V, C_out)."""
    dtype = compute_dtype(rows)
    norms, biases = [path.out_bn for path in paths], [path.out_conv.bias for path in paths]
    parts = []
    if norms[0].training:
        for path in paths:
            block = path.graph_conv
            kernel = _collapse_kernel(path, dtype)
            norm = block.norm
            out, statistics = _Collapse.apply(
                graph_conv(block, rows), norm.weight, norm.bias, kernel, weights, norm.eps
            )
            normalize.keep_statistics([norm], statistics, [block.convolution.bias])
            parts.append(out)
        out = normalized_sum(
            parts,
            [[norm] for norm in norms],
            [[bias] for bias in biases],
            plain.to(dtype),
            relu=True,
            weights=weights,
        )
        return _WithoutEffect.apply(out, *biases)
    affines = []
    for path in paths:

        def make(path: "MSG3DPathway" = path) -> tuple[Tensor, Tensor]:
            affine = fixed_affine([path.out_bn], path.out_conv.bias)
            return _collapse_kernel(path, dtype), affine

        kernel, affine = constants_of(path, dtype, make)
        windows = aggregated_and_normalized(path.graph_conv, rows)
        parts.append(F.linear(windows.view(*windows.shape[:2], -1, kernel.shape[1]), kernel))
        affines.append(affine)
    return normalize.add_normalized(parts, affines, plain, relu=True)


# ---- MS-TCN ------------------------------------------------------------------------------------


class TemporalWeights(NamedTuple):
    heads: Tensor  # (5*D, C_in), and D more for the shortcut where it has the heads' stride
    kernel: Tensor  # (4, 3, D in, D out)
    shortcut: Tensor | None  # (D, C_in)
    residual: Tensor | None  # (C_out, C_in)


def temporal_weights(
    block: "MultiScaleTemporalConv", parts: "Parts", dtype: torch.dtype
) -> TemporalWeights:
    heads = [head.weight.flatten(1) for head in parts.heads]
    shortcut = parts.shortcut.weight.flatten(1)
    beside = block.stride == 1
    kernels = torch.stack([conv.weight.flatten(2) for conv in parts.dilated])  # (4, D out, D in, 3)
    residual = block.residual.conv.weight.flatten(1).to(dtype) if block.residual else None
    return TemporalWeights(
        torch.cat([*heads, shortcut] if beside else heads).to(dtype),
        kernels.permute(0, 3, 2, 1).to(dtype).contiguous(),
        None if beside else shortcut.to(dtype),
        residual,
    )


def _last_biases(parts: "Parts") -> list[Tensor | None]:
    """Of what the last BatchNorm of each branch reads; the max-pool has none."""
    return [*(conv.bias for conv in parts.dilated), None, parts.shortcut.bias]


def ms_tcn(
    block: "MultiScaleTemporalConv", parts: "Parts", rows: Tensor, weights: Tensor | None
) -> Tensor:
    """(N, T, V, C_in) -> (N, T', V, C_out)."""
    dtype = compute_dtype(rows)
    rows = rows.to(dtype)
    bodies, frames, joints, _ = rows.shape
    width, dilated = parts.shortcut.out_channels, len(parts.dilated)
    shape = temporal.Shape(bodies, frames, joints, width, dilated, block.stride)
    relu = isinstance(block.activation, nn.ReLU)
    strided = rows if block.stride == 1 else rows[:, :: block.stride].contiguous()
    if not parts.last_norms[0].training:
        return _ms_tcn_fixed(block, parts, rows, strided, shape, relu)

    used = temporal_weights(block, parts, dtype)
    first = normalize.joined_norm(parts.head_norms)
    hidden = F.linear(rows, used.heads)
    sixth = None if used.shortcut is None else F.linear(strided, used.shortcut)
    out, statistics = temporal.Branches.apply(
        hidden, first.gamma, first.beta, used.kernel, sixth, weights, first.eps, shape
    )
    head_biases = [head.bias for head in parts.heads]
    normalize.keep_statistics(parts.head_norms, statistics, head_biases)
    terms, norms, biases = [out], [parts.last_norms], [_last_biases(parts)]
    if block.residual:
        terms.append(F.linear(strided, used.residual))
        norms.append([block.residual.bn])
        biases.append([block.residual.conv.bias])
    plain = None if block.residual else rows
    out = normalized_sum(terms, norms, biases, plain, relu, weights)
    unmoved = [bias for of_term in [head_biases, *biases] for bias in of_term if bias is not None]
    return _WithoutEffect.apply(out, *unmoved)


class TemporalConstants(NamedTuple):
    weights: TemporalWeights
    affine: Tensor  # of the hidden features
    out_affine: Tensor
    residual_affine: Tensor | None


def _ms_tcn_fixed(
    block: "MultiScaleTemporalConv",
    parts: "Parts",
    rows: Tensor,
    strided: Tensor,
    shape: temporal.Shape,
    relu: bool,
) -> Tensor:
    """Evaluation: one product, then one kernel for all that follows."""

    def make() -> TemporalConstants:
        residual = block.residual
        biases = [
            parts.heads[0].bias.new_zeros(shape.width) if bias is None else bias
            for bias in _last_biases(parts)
        ]
        return TemporalConstants(
            temporal_weights(block, parts, rows.dtype),
            fixed_affine(parts.head_norms, torch.cat([head.bias for head in parts.heads])),
            fixed_affine(parts.last_norms, torch.cat(biases)),
            fixed_affine([residual.bn], residual.conv.bias) if residual else None,
        )

    fixed = constants_of(block, rows.dtype, make)
    used = fixed.weights
    hidden = F.linear(rows, used.heads)
    sixth = F.linear(strided, used.shortcut) if used.shortcut is not None else None
    residual = rows if used.residual is None else F.linear(strided, used.residual)
    return temporal.run_branches(
        hidden,
        fixed.affine,
        used.kernel,
        hidden[..., shape.hidden :] if sixth is None else sixth,
        shape,
        fixed.out_affine,
        residual,
        fixed.residual_affine,
        relu,
    )
