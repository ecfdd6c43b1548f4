"""MS-G3D: multi-scale graph convolution over space and time at once (paper, Section 3.3)."""
# Shapes: N rows (bodies), C channels, T frames, V joints, W window.

import numpy as np
import torch
from torch import Tensor, nn

from model import gpu
from model.batch_norm import batch_norm
from model.layers import pointwise
from model.ms_gcn import MultiScaleGraphConv

WINDOW_SIZES = (3, 5)


class MSG3DPathway(nn.Module):
    """One window size: graph convolution over each window, then the window collapses to a frame."""

    def __init__(
        self,
        in_channels: int,
        mid_channels: int,
        out_channels: int,
        adjacency_with_self: np.ndarray,
        num_scales: int,
        window_size: int,
        window_stride: int,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        graph_conv = MultiScaleGraphConv(
            in_channels,
            mid_channels,
            adjacency_with_self,
            num_scales,
            window_size,
            window_stride,
            dropout,
        )
        self.gcn3d = nn.ModuleDict({"1": graph_conv})  # name kept so released checkpoints load
        # Stored as the published Conv3d: (C_out, C_mid, 1, W, 1).
        self.out_conv = nn.Conv3d(mid_channels, out_channels, kernel_size=(1, window_size, 1))
        self.out_bn = nn.BatchNorm2d(out_channels)

    def forward(self, x: Tensor, repeats: Tensor | None = None) -> Tensor:
        """(N, C_in, V, T) -> (N, C_out, V, ceil(T / window_stride)); `repeats`: `batch_norm`."""
        weight, bias = self.out_conv.weight.flatten(1), self.out_conv.bias
        joints = self.graph_conv.num_joints

        def collapse(x: Tensor) -> Tensor:
            """(N, C_mid, W*V, T') -> (N, C_out, V, T')."""
            # (channel, frame of the window) pairs lie side by side: it is a matrix product.
            return pointwise(x.reshape(x.shape[0], -1, joints, x.shape[3]), weight, bias)

        return batch_norm(self.graph_conv(x, repeats, collapse), [self.out_bn], repeats)

    @property
    def graph_conv(self) -> MultiScaleGraphConv:
        return self.gcn3d["1"]


class MultiWindowMSG3D(nn.Module):
    """The sum of MS-G3D pathways with different window sizes (paper, Fig. 3)."""

    def __init__(
        self,
        in_channels: int,
        mid_channels: int,
        out_channels: int,
        adjacency_with_self: np.ndarray,
        num_scales: int,
        window_stride: int,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.gcn3d = nn.ModuleList(  # name kept so released checkpoints load
            MSG3DPathway(
                in_channels,
                mid_channels,
                out_channels,
                adjacency_with_self,
                num_scales,
                window_size,
                window_stride,
                dropout,
            )
            for window_size in WINDOW_SIZES
        )

    def forward(self, x: Tensor, repeats: Tensor | None = None) -> Tensor:
        """(N, C_in, V, T) -> (N, C_out, V, ceil(T / window_stride)); `repeats`: `batch_norm`."""
        small, large = (pathway(x, repeats) for pathway in self.gcn3d)
        return small + large

    def add_to(self, other: Tensor, x: Tensor, repeats: Tensor | None = None) -> Tensor:
        """relu(other + self(x)), which a GPU computes in one pass; may overwrite `other`."""
        graph_convs = [pathway.graph_conv for pathway in self.gcn3d]
        norms = [*(path.out_bn for path in self.gcn3d), *(conv.norm for conv in graph_convs)]
        if any(conv.dropout for conv in graph_convs) or not gpu.applies(x, norms):
            return torch.relu_(other + self(x, repeats))
        rows, plain = gpu.rows_of(x), gpu.rows_of(other)
        return gpu.features_of(gpu.pathways(self.gcn3d, rows, gpu.weights_of(repeats), plain))
