"""Disentangled multi-scale graph convolution, over one frame or over a window of frames.

MS-GCN (paper, Eq. (4)) and the graph convolution inside MS-G3D (Eq. (6)) are the same operation:
the window of the first is one frame long.
"""
# Shapes: N rows (bodies), C channels, T frames, V joints, K scales, W window.

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from graph.adjacency import multi_scale_adjacency, window_adjacency
from model import gpu
from model.batch_norm import convolve_and_normalize
from model.constants import constants_of
from model.graph_conv import Kernels, graph_conv


class MultiScaleGraphConv(nn.Module):
    """Aggregate every scale k over the window, weight it, sum over k; BatchNorm, ReLU.

    out = ReLU(BN(sum over k of (A_k + A_res_k) x Theta_k)), which `graph_conv` spells out.

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
        self.num_joints = len(adjacency_with_self)
        self.shape = (num_scales, -1, window_size, self.num_joints)
        self.stride = stride

        graph = window_adjacency(adjacency_with_self, window_size)
        scales = torch.from_numpy(multi_scale_adjacency(graph, num_scales))  # (K, W*V, W*V)
        self.register_buffer("A_scales", scales.flatten(0, 1), persistent=False)
        self.A_res = nn.Parameter(torch.empty_like(self.A_scales).uniform_(-1e-6, 1e-6))
        # Keys kept so that released checkpoints load; dropout, where there is one, comes before.
        layers = nn.ModuleList([nn.Dropout(dropout)] if dropout else [])
        layers.append(nn.Conv2d(in_channels * num_scales, out_channels, kernel_size=1))
        layers.append(nn.BatchNorm2d(out_channels))
        self.mlp = nn.ModuleDict({"layers": layers})

    def forward(
        self,
        x: Tensor,
        repeats: Tensor | None = None,
        collapse: Callable[[Tensor], Tensor] | None = None,
    ) -> Tensor:
        """(N, C_in, V, T) -> (N, C_out, W*V, ceil(T / stride)), or `collapse` of it.

        Args:
            repeats: as in `batch_norm`.
            collapse: what becomes of the windows, where their features are only an intermediate
                result: they are then not kept for the backward pass, but computed again.
        """
        if collapse is None and not self.dropout and gpu.applies(x, [self.norm]):
            return gpu.features_of(gpu.ms_gcn(self, gpu.rows_of(x), gpu.weights_of(repeats)))
        active = self.dropout if self.training else None

        def convolve(x: Tensor, theta: Tensor, bias: Tensor) -> Tensor:
            dtype = gpu.compute_dtype(x)

            def make() -> Kernels:
                return Kernels.of(theta, self.adjacency(), dtype, active is not None)

            return graph_conv(x, constants_of(self, dtype, make), bias, self.stride, active)

        def rectify_and_collapse(windows: Tensor) -> Tensor:
            return collapse(torch.relu_(windows))

        convolution, norm = [self.convolution], [self.norm]
        if collapse is None:
            return torch.relu_(convolve_and_normalize(convolve, x, convolution, norm, repeats))
        return convolve_and_normalize(
            convolve, x, convolution, norm, repeats, not_kept=rectify_and_collapse
        )

    def adjacency(self) -> Tensor:
        """The scales with their learned mask, (K, W*V, W, V): node (w, v) <- frame d, joint u."""
        return (self.A_scales + self.A_res).view(self.shape)

    @property
    def convolution(self) -> nn.Conv2d:
        """Theta, (C_out, K*C_in, 1, 1), scale before channel."""
        return self.mlp["layers"][-2]

    @property
    def norm(self) -> nn.BatchNorm2d:
        return self.mlp["layers"][-1]

    @property
    def dropout(self) -> nn.Dropout | None:
        layers = self.mlp["layers"]
        return layers[0] if len(layers) > 2 else None
