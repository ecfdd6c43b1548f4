"""The literal formulation of every block, as the paper writes it: unfold, aggregate, concatenate.

Same parameters and keys as model/, features as (N, C, T, V). Slow and plain on purpose: model/
orders the same contractions differently and must give the same numbers.
"""
# Shapes: N clips (persons included), C channels, T frames, V joints, M persons, K scales, W window.

import torch
from torch import Tensor, nn

from graph.adjacency import k_adjacency, normalize_adjacency
from graph.named import skeleton_class

WINDOW_SIZES = (3, 5)
DILATIONS = (1, 2, 3, 4)


def scales(adjacency, num_scales: int) -> Tensor:
    """Normalised k-adjacencies, one under the other: (K*V, V)."""
    ks = [normalize_adjacency(k_adjacency(adjacency, k, with_self=True)) for k in range(num_scales)]
    return torch.cat([torch.from_numpy(k) for k in ks])


class MLP(nn.Module):
    def __init__(self, c_in: int, c_out: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(c_in, c_out, 1), nn.BatchNorm2d(c_out), nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


class GraphConv(nn.Module):
    """Aggregate each of K scales, concatenate (scale, channel), 1x1 convolution, BN, ReLU."""

    def __init__(self, c_in: int, c_out: int, adjacency, num_scales: int) -> None:
        super().__init__()
        self.num_scales = num_scales
        self.register_buffer("A_scales", scales(adjacency, num_scales), persistent=False)
        self.A_res = nn.Parameter(torch.empty_like(self.A_scales).uniform_(-1e-6, 1e-6))
        self.mlp = MLP(c_in * num_scales, c_out)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C_in, T, V) -> (N, C_out, T, V)."""
        n, c, t, v = x.shape
        support = torch.einsum("vu,nctu->nctv", self.A_scales + self.A_res, x)  # (N, C, T, K*V)
        support = support.view(n, c, t, self.num_scales, v).permute(0, 3, 1, 2, 4)
        return self.mlp(support.reshape(n, self.num_scales * c, t, v))


class Windows(nn.Module):
    """(N, C, T, V) -> (N, C, T', W*V), zero padded at both ends."""

    def __init__(self, size: int, stride: int) -> None:
        super().__init__()
        self.size, self.stride = size, stride
        self.unfold = nn.Unfold((size, 1), padding=(size // 2, 0), stride=(stride, 1))

    def forward(self, x: Tensor) -> Tensor:
        n, c, _, v = x.shape
        x = self.unfold(x).view(n, c, self.size, -1, v)
        return x.permute(0, 1, 3, 2, 4).reshape(n, c, -1, self.size * v)


class Pathway(nn.Module):
    def __init__(self, c_in, c_mid, c_out, adjacency, num_scales, window, stride):
        super().__init__()
        self.window = window
        graph = torch.from_numpy(adjacency).repeat(window, window).numpy()
        self.gcn3d = nn.Sequential(
            Windows(window, stride), GraphConv(c_in, c_mid, graph, num_scales)
        )
        self.out_conv = nn.Conv3d(c_mid, c_out, (1, window, 1))
        self.out_bn = nn.BatchNorm2d(c_out)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C_in, T, V) -> (N, C_out, T', V)."""
        n, _, _, v = x.shape
        x = self.gcn3d(x)
        x = x.view(n, x.shape[1], -1, self.window, v)
        return self.out_bn(self.out_conv(x).squeeze(3))


class MultiWindow(nn.Module):
    def __init__(self, c_in, c_mid, c_out, adjacency, num_scales, stride) -> None:
        super().__init__()
        self.gcn3d = nn.ModuleList(
            Pathway(c_in, c_mid, c_out, adjacency, num_scales, window, stride)
            for window in WINDOW_SIZES
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.gcn3d[0](x) + self.gcn3d[1](x)


class TemporalConv(nn.Module):
    def __init__(self, c_in, c_out, kernel, stride=1, dilation=1) -> None:
        super().__init__()
        padding = (kernel + (kernel - 1) * (dilation - 1) - 1) // 2
        self.conv = nn.Conv2d(c_in, c_out, (kernel, 1), (stride, 1), (padding, 0), (dilation, 1))
        self.bn = nn.BatchNorm2d(c_out)

    def forward(self, x: Tensor) -> Tensor:
        return self.bn(self.conv(x))


class TCN(nn.Module):
    """Six branches, concatenated; residual; ReLU."""

    def __init__(self, c_in, c_out, stride=1, activation=True) -> None:
        super().__init__()
        c = c_out // 6

        def head(stride=1):
            return nn.Conv2d(c_in, c, 1, (stride, 1)), nn.BatchNorm2d(c)

        convolutions = [
            nn.Sequential(*head(), nn.ReLU(), TemporalConv(c, c, 3, stride, dilation))
            for dilation in DILATIONS
        ]
        pool = nn.MaxPool2d((3, 1), (stride, 1), (1, 0))
        pooling = nn.Sequential(*head(), nn.ReLU(), pool, nn.BatchNorm2d(c))
        self.branches = nn.ModuleList([*convolutions, pooling, nn.Sequential(*head(stride))])
        same = c_in == c_out and stride == 1
        self.residual = nn.Identity() if same else TemporalConv(c_in, c_out, 1, stride)
        self.activation = nn.ReLU() if activation else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """(N, C_in, T, V) -> (N, C_out, T', V)."""
        branches = torch.cat([branch(x) for branch in self.branches], dim=1)
        return self.activation(branches + self.residual(x))


class Model(nn.Module):
    """The whole network; takes the arguments of model.msg3d.Model."""

    def __init__(
        self, num_class, num_point, num_person, num_gcn_scales, num_g3d_scales, graph,
        in_channels=3, width=96,
    ) -> None:  # fmt: skip
        super().__init__()
        A = skeleton_class(graph)().A_binary_with_I
        self.data_bn = nn.BatchNorm1d(num_person * in_channels * num_point)
        c1, c2, c3 = width, 2 * width, 4 * width
        self.gcn3d1 = MultiWindow(in_channels, c1, c1, A, num_g3d_scales, 1)
        self.sgcn1 = nn.Sequential(
            GraphConv(in_channels, c1, A, num_gcn_scales), TCN(c1, c1), TCN(c1, c1, 1, False)
        )
        self.tcn1 = TCN(c1, c1)
        self.gcn3d2 = MultiWindow(c1, c1, c2, A, num_g3d_scales, 2)
        self.sgcn2 = nn.Sequential(
            GraphConv(c1, c1, A, num_gcn_scales), TCN(c1, c2, 2), TCN(c2, c2, 1, False)
        )
        self.tcn2 = TCN(c2, c2)
        self.gcn3d3 = MultiWindow(c2, c2, c3, A, num_g3d_scales, 2)
        self.sgcn3 = nn.Sequential(
            GraphConv(c2, c2, A, num_gcn_scales), TCN(c2, c3, 2), TCN(c3, c3, 1, False)
        )
        self.tcn3 = TCN(c3, c3)
        self.fc = nn.Linear(c3, num_class)

    def forward(self, x: Tensor) -> Tensor:
        n, c, t, v, m = x.shape
        x = self.data_bn(x.permute(0, 4, 3, 1, 2).reshape(n, m * v * c, t))
        x = x.view(n * m, v, c, t).permute(0, 2, 3, 1).contiguous()
        x = self.tcn1(torch.relu(self.sgcn1(x) + self.gcn3d1(x)))
        x = self.tcn2(torch.relu(self.sgcn2(x) + self.gcn3d2(x)))
        x = self.tcn3(torch.relu(self.sgcn3(x) + self.gcn3d3(x)))
        x = x.view(n, m, x.shape[1], -1).mean(3).mean(1)
        return self.fc(x)
