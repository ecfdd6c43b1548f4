"""AAGCN, the network of "Skeleton-Based Action Recognition with Multi-Stream Adaptive Graph
Convolutional Networks" (Shi et al., TIP 2020, arXiv 1912.06971): AGCN with attention."""
# Shapes: N clips, C channels, T frames, V joints, M persons, R rows: bodies that are computed.

from typing import Any

import torch
from torch import Tensor, nn

from model import agcn
from model.agcn import AdaptiveGraphConv
from model.ten_units import KERNEL_SIZE

RATIO = 2  # of the channels between the two layers of channel attention


class Model(agcn.Model):
    """As `model.agcn.Model`; PA is the whole graph, and joints, frames and channels are weighted.

    Args:
        adaptive: whether the graph is learned; published networks do.
        attention: whether joints, frames and channels are weighted.

    Raises:
        ValueError: `adaptive` is off.
    """

    def __init__(
        self,
        num_class: int = 60,
        num_point: int = 25,
        num_person: int = 2,
        graph: str | None = None,
        graph_args: dict[str, Any] | None = None,
        in_channels: int = 3,
        drop_out: float = 0.0,
        adaptive: bool = True,
        attention: bool = True,
    ) -> None:
        if not adaptive:
            raise ValueError("adaptive: false is not supported. Use model.stgcn for a fixed graph.")
        self._attends = attention
        super().__init__(num_class, num_point, num_person, graph, graph_args, in_channels, drop_out)

    def make_gcn(self, in_channels: int, out_channels: int, subsets: Tensor) -> nn.Module:
        return AttentiveGraphConv(in_channels, out_channels, subsets, self._attends)


class AttentiveGraphConv(AdaptiveGraphConv):
    """AGCN's with a graph PA + alpha * tanh(theta^T phi / (C_e * T)), then three attentions."""

    def __init__(
        self, in_channels: int, out_channels: int, subsets: Tensor, attends: bool = True
    ) -> None:
        super().__init__(in_channels, out_channels, subsets)
        self.alpha = nn.Parameter(torch.zeros(1))
        self.attends = attends
        if not attends:
            return
        joints = subsets.shape[-1]
        kernel = joints if joints % 2 else joints - 1
        self.conv_ta = nn.Conv1d(out_channels, 1, KERNEL_SIZE, padding=KERNEL_SIZE // 2)
        self.conv_sa = nn.Conv1d(out_channels, 1, kernel, padding=kernel // 2)
        self.fc1c = nn.Linear(out_channels, out_channels // RATIO)
        self.fc2c = nn.Linear(out_channels // RATIO, out_channels)
        nn.init.xavier_normal_(self.conv_sa.weight)
        nn.init.zeros_(self.conv_sa.bias)
        nn.init.zeros_(self.conv_ta.weight)
        nn.init.zeros_(self.conv_ta.bias)
        nn.init.kaiming_normal_(self.fc1c.weight)
        nn.init.zeros_(self.fc1c.bias)
        nn.init.zeros_(self.fc2c.weight)
        nn.init.zeros_(self.fc2c.bias)

    def first_mask(self, subsets: Tensor) -> Tensor:
        return subsets.clone()

    def adjacency(self, x: Tensor) -> Tensor:
        return self.PA + self.alpha * torch.tanh(self.similarity(x))

    def forward(self, x: Tensor, repeats: Tensor | None = None) -> Tensor:
        """(R, C, V, T) -> (R, C', V, T)."""
        y = super().forward(x, repeats)
        if not self.attends:
            return y
        # Each adds what it weights: y * (1 + weight).
        y = y * (1 + torch.sigmoid(self.conv_sa(y.mean(3)))[..., None])  # (R, 1, V, 1)
        y = y * (1 + torch.sigmoid(self.conv_ta(y.mean(2)))[:, :, None])  # (R, 1, 1, T)
        channels = torch.sigmoid(self.fc2c(torch.relu(self.fc1c(y.mean(dim=(2, 3))))))
        return y * (1 + channels[..., None, None])
