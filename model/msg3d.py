"""MS-G3D, the network of "Disentangling and Unifying Graph Convolutions for Skeleton-Based Action
Recognition" (Liu et al., CVPR 2020, arXiv 2003.14111)."""
# Shapes: N clips, C channels, T frames, V joints, M persons.

import numpy as np
import torch
from torch import Tensor, nn

from model.absent import merge_absent
from model.batch_norm import is_plain
from model.ms_g3d import MultiWindowMSG3D
from model.ms_gcn import MultiScaleGraphConv
from model.ms_tcn import MultiScaleTemporalConv
from utils.config import import_class

PAPER_WIDTH = 96


class Model(nn.Module):
    """Three STGC blocks, each a factorised and a unified space-time pathway, then a classifier.

    Args:
        num_class: number of actions.
        num_point: V, joints per person; must be the graph's.
        num_person: M, persons per clip.
        num_gcn_scales: scales of MS-GCN, the frame itself included (K + 1 in the paper).
        num_g3d_scales: scales of MS-G3D.
        graph: dotted name of the skeleton, such as "graph.ntu_rgb_d.AdjMatrixGraph".
        in_channels: C, values per joint.
        width: channels of the first block, a multiple of 6; the blocks have 1, 2 and 4 times it.

    Raises:
        ValueError: `num_point` differs from the graph's joints, or a number is out of range.
    """

    def __init__(
        self,
        num_class: int,
        num_point: int,
        num_person: int,
        num_gcn_scales: int,
        num_g3d_scales: int,
        graph: str,
        in_channels: int = 3,
        width: int = PAPER_WIDTH,
    ) -> None:
        super().__init__()
        if min(num_class, num_person, in_channels, width) < 1:
            raise ValueError(
                "num_class, num_person, in_channels and width must be 1 or more. "
                f"Got {num_class}, {num_person}, {in_channels}, {width}."
            )
        skeleton = import_class(graph)()
        if num_point != skeleton.num_nodes:
            raise ValueError(
                f"num_point is {num_point}, but {graph} has {skeleton.num_nodes} joints. "
                "Make model_args agree with the data."
            )

        def block(c_in: int, c_mid: int, c_out: int, stride: int) -> tuple[nn.Module, ...]:
            adjacency = skeleton.A_binary_with_I
            return stgc_block(c_in, c_mid, c_out, stride, adjacency, num_gcn_scales, num_g3d_scales)

        c1, c2, c3 = width, 2 * width, 4 * width
        self.data_bn = nn.BatchNorm1d(num_person * in_channels * num_point)
        # A block's three parts are named one by one, as in the released checkpoints.
        self.sgcn1, self.gcn3d1, self.tcn1 = block(in_channels, c1, c1, stride=1)
        self.sgcn2, self.gcn3d2, self.tcn2 = block(c1, c1, c2, stride=2)
        self.sgcn3, self.gcn3d3, self.tcn3 = block(c2, c2, c3, stride=2)
        self.fc = nn.Linear(c3, num_class)

    def forward(self, x: Tensor) -> Tensor:
        """Clips (N, C, T, V, M) -> class scores (N, num_class) before the softmax."""
        clips, _, _, _, persons = x.shape
        merged = merge_absent(x) if self._bodies_are_alike() else None
        rows, repeats = (merged.rows, merged.repeats) if merged else (slice(None), None)
        x = self._persons_as_rows(x)[rows]
        x = self.tcn1(torch.relu_(self.sgcn1(x, repeats) + self.gcn3d1(x, repeats)), repeats)
        x = self.tcn2(torch.relu_(self.sgcn2(x, repeats) + self.gcn3d2(x, repeats)), repeats)
        x = self.tcn3(torch.relu_(self.sgcn3(x, repeats) + self.gcn3d3(x, repeats)), repeats)
        x = x.mean(dim=(2, 3))  # (rows, C)
        x = x[merged.index] if merged else x  # (N*M, C)
        return self.fc(x.view(clips, persons, -1).mean(dim=1))

    def _bodies_are_alike(self) -> bool:
        """Whether equal bodies stay equal, and can be counted, in every layer."""
        return is_plain(self.data_bn) and not torch.compiler.is_compiling()

    def _persons_as_rows(self, x: Tensor) -> Tensor:
        """Normalise each (person, joint, channel); (N, C, T, V, M) -> (N*M, C, V, T)."""
        clips, channels, frames, joints, persons = x.shape
        x = x.permute(0, 4, 3, 1, 2).reshape(clips, persons * joints * channels, frames)
        x = self.data_bn(x).view(clips * persons, joints, channels, frames)
        return x.transpose(1, 2).contiguous()


class Factorised(nn.Sequential):
    """The pathway of space and time in turn: MS-GCN, then two MS-TCN."""

    def forward(self, x: Tensor, repeats: Tensor | None = None) -> Tensor:
        """(N, C_in, V, T) -> (N, C_out, V, ceil(T / stride)); `repeats` as in `batch_norm`."""
        for layer in self:
            x = layer(x, repeats)
        return x


def stgc_block(
    in_channels: int,
    mid_channels: int,
    out_channels: int,
    stride: int,
    adjacency_with_self: np.ndarray,
    num_gcn_scales: int,
    num_g3d_scales: int,
) -> tuple[nn.Module, nn.Module, nn.Module]:
    """The parts of a block (paper, Fig. 3(a)): tcn(relu(factorised(x) + unified(x)))."""
    factorised = Factorised(
        MultiScaleGraphConv(in_channels, mid_channels, adjacency_with_self, num_gcn_scales),
        MultiScaleTemporalConv(mid_channels, out_channels, stride=stride),
        MultiScaleTemporalConv(out_channels, out_channels, activation=False),
    )
    unified = MultiWindowMSG3D(
        in_channels, mid_channels, out_channels, adjacency_with_self, num_g3d_scales, stride
    )
    return factorised, unified, MultiScaleTemporalConv(out_channels, out_channels)
