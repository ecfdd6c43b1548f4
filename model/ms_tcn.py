"""MS-TCN: temporal convolutions with several dilations, side by side (paper, Fig. 3(b))."""
# Shapes: N clips (persons included), C channels, T frames, V joints.

import torch
from torch import Tensor, nn

from model.layers import TemporalConv

KERNEL_SIZE = 3
DILATIONS = (1, 2, 3, 4)


class MultiScaleTemporalConv(nn.Module):
    """Six branches of C_out / 6 channels: four dilations, a max-pool and a 1x1 convolution.

    Args:
        stride: temporal stride of the block.
        activation: whether the sum with the residual passes a final ReLU.
        dropout: after each dilated branch, and after the sum with the residual.

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
    ) -> None:
        super().__init__()
        num_branches = len(DILATIONS) + 2
        if out_channels % num_branches:
            raise ValueError(
                f"the width of a temporal block must be a multiple of its {num_branches} branches. "
                f"Got {out_channels}."
            )
        width = out_channels // num_branches

        def head(stride: int = 1) -> tuple[nn.Module, nn.Module]:
            return nn.Conv2d(in_channels, width, 1, stride=(1, stride)), nn.BatchNorm2d(width)

        self.branches = nn.ModuleList()
        for dilation in DILATIONS:
            convolution = TemporalConv(width, width, KERNEL_SIZE, stride, dilation)
            drop = [nn.Dropout(dropout)] if dropout else []
            self.branches.append(nn.Sequential(*head(), nn.ReLU(inplace=True), convolution, *drop))
        pool = nn.MaxPool2d((1, KERNEL_SIZE), stride=(1, stride), padding=(0, KERNEL_SIZE // 2))
        self.branches.append(
            nn.Sequential(*head(), nn.ReLU(inplace=True), pool, nn.BatchNorm2d(width))
        )
        self.branches.append(nn.Sequential(*head(stride)))

        if in_channels == out_channels and stride == 1:
            self.residual = nn.Identity()
        else:
            self.residual = TemporalConv(in_channels, out_channels, kernel_size=1, stride=stride)
        self.dropout = nn.Dropout(dropout) if dropout else nn.Identity()
        self.activation = nn.ReLU(inplace=True) if activation else nn.Identity()
        self.apply(_init_convolution)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C_in, V, T) -> (N, C_out, V, ceil(T / stride))."""
        branches = torch.cat([branch(x) for branch in self.branches], dim=1)
        return self.activation(self.dropout(branches + self.residual(x)))


def _init_convolution(module: nn.Module) -> None:
    """He et al. (ICCV 2015) initialisation, which keeps the variance backward through ReLUs."""
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        nn.init.zeros_(module.bias)
