"""MS-TCN: temporal convolutions with several dilations, side by side (paper, Fig. 3(b))."""
# Shapes: N rows (bodies), C channels, T frames, V joints.

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model import gpu
from model.batch_norm import batch_norm, convolve_and_normalize
from model.layers import TemporalConv, TemporalConv2d, max_of_three, pointwise

KERNEL_SIZE = 3
POOL_SIZE = 3
DILATIONS = (1, 2, 3, 4)


class Parts(NamedTuple):
    """Layers of an MS-TCN. Released checkpoints number them within `branches`; these are names."""

    heads: list[nn.Conv2d]  # the 1x1 convolutions that the first five branches begin with
    head_norms: list[nn.BatchNorm2d]
    dilated: list[TemporalConv2d]  # of the first four branches
    shortcut: nn.Conv2d  # the strided 1x1 convolution that is the last branch
    last_norms: list[nn.BatchNorm2d]  # what every branch ends with


class MultiScaleTemporalConv(nn.Module):
    """Branches of equal width: some dilations (MS-G3D: four), a max-pool and a 1x1 convolution.

    Args:
        stride: temporal stride of the block.
        activation: whether the sum with the residual passes a final ReLU.
        dropout: after each dilated branch, and after the sum with the residual.
        kernel_size: of the dilated branches.
        dilations: one per branch.
        has_residual: whether the input is added; CTR-GCN's units add their own.

    Raises:
        ValueError: `out_channels` does not split evenly over the branches.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        stride: int = 1,
        activation: bool = True,
        dropout: float = 0.0,
        kernel_size: int = KERNEL_SIZE,
        dilations: Sequence[int] = DILATIONS,
        has_residual: bool = True,
    ) -> None:
        super().__init__()
        num_branches = len(dilations) + 2
        self.num_dilated, self.has_residual = len(dilations), has_residual
        # The kernels of the GPU form are those of MS-G3D.
        self.has_gpu_form = (
            kernel_size == KERNEL_SIZE and tuple(dilations) == DILATIONS and has_residual
        )
        self.stride = stride
        if out_channels % num_branches:
            raise ValueError(
                f"the width of a temporal block must be a multiple of its {num_branches} branches. "
                f"Got {out_channels}."
            )
        width = out_channels // num_branches

        def head(stride: int = 1) -> tuple[nn.Module, nn.Module]:
            return nn.Conv2d(in_channels, width, 1, stride=(1, stride)), nn.BatchNorm2d(width)

        self.branches = nn.ModuleList()
        for dilation in dilations:
            convolution = TemporalConv(width, width, kernel_size, stride, dilation)
            self.branches.append(nn.Sequential(*head(), nn.ReLU(inplace=True), convolution))
        pool = nn.MaxPool2d((1, POOL_SIZE), stride=(1, stride), padding=(0, POOL_SIZE // 2))
        self.branches.append(
            nn.Sequential(*head(), nn.ReLU(inplace=True), pool, nn.BatchNorm2d(width))
        )
        self.branches.append(nn.Sequential(*head(stride)))

        if not has_residual or (in_channels == out_channels and stride == 1):
            self.residual = None
        else:
            self.residual = TemporalConv(in_channels, out_channels, kernel_size=1, stride=stride)
        self.dropout = dropout
        self.activation = nn.ReLU(inplace=True) if activation else nn.Identity()
        self.apply(_init_convolution)

    def forward(self, x: Tensor, repeats: Tensor | None = None) -> Tensor:
        """(N, C_in, V, T) -> (N, C_out, V, ceil(T / stride)); `repeats` as in `batch_norm`."""
        parts = self.parts()
        own = self.has_gpu_form and not self.dropout
        if own and gpu.applies(x, [*parts.head_norms, *parts.last_norms]):
            rows = gpu.ms_tcn(self, parts, gpu.rows_of(x), gpu.weights_of(repeats))
            return gpu.features_of(rows)
        # The heads read the same input, and the branches are concatenated: one convolution and one
        # BatchNorm do for all.
        hidden = convolve_and_normalize(pointwise, x, parts.heads, parts.head_norms, repeats)
        *hidden, pooled = torch.relu_(hidden).chunk(len(parts.heads), dim=1)
        outputs = [conv(part) for conv, part in zip(parts.dilated, hidden, strict=True)]
        branches = torch.cat(
            [*outputs, max_of_three(pooled, self.stride), parts.shortcut(x)], dim=1
        )
        branches = self._drop(batch_norm(branches, parts.last_norms, repeats), self.num_dilated)
        if not self.has_residual:
            return self.activation(self._drop(branches))
        residual = x if self.residual is None else self.residual(x, repeats)
        return self.activation(self._drop(branches + residual))

    def parts(self) -> Parts:
        """The layers of the branches by what they do."""
        *dilated, pooling, shortcut = self.branches
        heads = [*dilated, pooling]
        return Parts(
            heads=[branch[0] for branch in heads],
            head_norms=[branch[1] for branch in heads],
            dilated=[branch[3].conv for branch in dilated],
            shortcut=shortcut[0],
            last_norms=[*(branch[3].bn for branch in dilated), pooling[4], shortcut[1]],
        )

    def _drop(self, x: Tensor, branches: int | None = None) -> Tensor:
        """Dropout of the channels of the first branches, or of all."""
        if not (self.dropout and self.training):
            return x
        if branches is None:
            return F.dropout(x, self.dropout)
        channels = branches * x.shape[1] // len(self.branches)
        return torch.cat([F.dropout(x[:, :channels], self.dropout), x[:, channels:]], dim=1)


def _init_convolution(module: nn.Module) -> None:
    """He et al. (ICCV 2015) initialisation, which keeps the variance backward through ReLUs."""
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        nn.init.zeros_(module.bias)
