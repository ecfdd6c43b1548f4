"""Disentangled multi-scale graph convolution, over one frame or over a window of frames.

MS-GCN (paper, Eq. (4)) and the graph convolution inside MS-G3D (Eq. (6)) are the same operation:
the window of the first is one frame long.
"""
# Shapes: N clips (persons included), C channels, T frames, V joints, K scales, W window.

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from graph.adjacency import multi_scale_adjacency, window_adjacency
from model.layers import PointwiseMLP, pointwise


class MultiScaleGraphConv(nn.Module):
    """Aggregate every scale k over the window, weight it, sum over k; BatchNorm, ReLU.

    out[n,o,(w,v),t] = b[o] + sum over k, c, d, u of
        Theta[o,k,c] * A[k,(w,v),(d,u)] * x[n, c, u, t*stride + d - W//2]

    with frames outside the clip read as zero. A = normalised k-adjacency + learned mask (A_res).

    Args:
        adjacency_with_self: (V, V) binary adjacency with self-loops of one frame.
        num_scales: K, counting scale 0 (K + 1 in the paper).
        window_size: W, odd; 1 gives MS-GCN.
        dropout: of the aggregated features, before the product with Theta.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        adjacency_with_self: np.ndarray,
        num_scales: int,
        window_size: int = 1,
        stride: int = 1,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.num_scales = num_scales
        self.num_joints = len(adjacency_with_self)
        self.window_size = window_size
        self.stride = stride

        graph = window_adjacency(adjacency_with_self, window_size)
        scales = torch.from_numpy(multi_scale_adjacency(graph, num_scales))  # (K, W*V, W*V)
        self.register_buffer("A_scales", scales.flatten(0, 1), persistent=False)
        self.A_res = nn.Parameter(torch.empty_like(self.A_scales).uniform_(-1e-6, 1e-6))
        self.mlp = PointwiseMLP(in_channels * num_scales, out_channels, dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C_in, V, T) -> (N, C_out, W*V, ceil(T / stride))."""
        # The sums over (k, d, u) and over c commute. Taking first the one that leaves fewer
        # channels makes the tensor between them, K * min(C_in, C_out) wide, the smallest.
        # With time innermost every regrouping of axes below is a view, so nothing is copied.
        in_channels, out_channels = x.shape[1], len(self.mlp.weight)
        # NOTE: only the first order has the aggregated features that dropout acts on.
        aggregate_first = in_channels < out_channels or self.mlp.drops
        x = self._aggregate_first(x) if aggregate_first else self._transform_first(x)
        return self.mlp.normalize(x)

    def _aggregate_first(self, x: Tensor) -> Tensor:
        clips, in_channels, joints, _ = x.shape
        kernel = self._adjacency().permute(0, 1, 3, 2).flatten(0, 1)  # (K*W*V, V, W)
        x = self._over_window(x.reshape(clips * in_channels, joints, -1), kernel)
        x = x.reshape(clips, in_channels * self.num_scales, self.window_size * joints, -1)
        weight = self.mlp.weight.unflatten(1, (self.num_scales, in_channels))
        return pointwise(self.mlp.drop(x), weight.transpose(1, 2).flatten(1), self.mlp.bias)

    def _transform_first(self, x: Tensor) -> Tensor:
        clips, in_channels, joints, _ = x.shape
        x = pointwise(x, self.mlp.weight.reshape(-1, in_channels))  # (N, C_out*K, V, T)
        kernel = self._adjacency().permute(1, 0, 3, 2).flatten(1, 2)  # (W*V, K*V, W)
        x = self._over_window(x.reshape(-1, self.num_scales * joints, x.shape[-1]), kernel)
        x = x.reshape(clips, -1, self.window_size * joints, x.shape[-1])
        return x + self.mlp.bias[:, None, None]

    def _adjacency(self) -> Tensor:
        """A + A_res as (K, W*V, W, V): scale, node (w, v) <- frame d, joint u."""
        shape = (self.num_scales, -1, self.window_size, self.num_joints)
        return (self.A_scales + self.A_res).view(shape)

    def _over_window(self, x: Tensor, kernel: Tensor) -> Tensor:
        """Aggregation as a temporal convolution: joints are its channels, the window its kernel."""
        return F.conv1d(x, kernel, stride=self.stride, padding=self.window_size // 2)
