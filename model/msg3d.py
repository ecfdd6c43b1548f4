"""MS-G3D, the network of "Disentangling and Unifying Graph Convolutions for Skeleton-Based Action
Recognition" (Liu et al., CVPR 2020, arXiv 2003.14111)."""
# Shapes: N clips, C channels, T frames, V joints, M persons.

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from model.ms_g3d import MultiWindowMSG3D
from model.ms_gcn import MultiScaleGraphConv
from model.ms_tcn import MultiScaleTemporalConv
from utils.config import import_class

PAPER_WIDTH = 96


class Dropout(NamedTuple):
    """Shares of values that are dropped in training; MS-G3D has none."""

    gcn: float = 0.0  # of what MS-GCN aggregates
    g3d: float = 0.0  # of what an MS-G3D pathway aggregates
    tcn: float = 0.0  # in MS-TCN


class STGCNetwork(nn.Module):
    """Three STGC blocks and a linear head. A subclass normalises what goes in.

    Args:
        num_outputs: values of the head.
        in_channels: C, values per joint of the first block.
        width: channels of the first block, a multiple of 6; the blocks have 1, 2 and 4 times it.
        first_mid_channels: of the first block's MS-G3D pathways.

    Raises:
        ValueError: `num_point` differs from the graph's joints, or a number is out of range.
    """

    def __init__(
        self,
        num_outputs: int,
        num_point: int,
        num_gcn_scales: int,
        num_g3d_scales: int,
        graph: str,
        in_channels: int,
        width: int,
        first_mid_channels: int,
        dropout: Dropout = Dropout(),  # noqa: B008 - immutable
    ) -> None:
        super().__init__()
        skeleton = import_class(graph)()
        if num_point != skeleton.num_nodes:
            raise ValueError(
                f"num_point is {num_point}, but {graph} has {skeleton.num_nodes} joints. "
                "Make model_args agree with the data."
            )

        def block(
            c_in: int, c_gcn: int, c_g3d: int, c_out: int, stride: int
        ) -> tuple[nn.Module, ...]:
            graph_and_scales = skeleton.A_binary_with_I, num_gcn_scales, num_g3d_scales
            return stgc_block(c_in, c_gcn, c_g3d, c_out, stride, *graph_and_scales, dropout)

        c1, c2, c3 = width, 2 * width, 4 * width
        # A block's three parts are named one by one, as in the released checkpoints.
        self.sgcn1, self.gcn3d1, self.tcn1 = block(
            in_channels, c1, first_mid_channels, c1, stride=1
        )
        self.sgcn2, self.gcn3d2, self.tcn2 = block(c1, c1, c1, c2, stride=2)
        self.sgcn3, self.gcn3d3, self.tcn3 = block(c2, c2, c2, c3, stride=2)
        self.fc = nn.Linear(c3, num_outputs)

    def _blocks_and_head(self, x: Tensor, clips: int) -> Tensor:
        """Normalised (N*M, C, V, T) -> (N, num_outputs), the mean over persons."""
        x = self.tcn1(torch.relu_(self.sgcn1(x) + self.gcn3d1(x)))
        x = self.tcn2(torch.relu_(self.sgcn2(x) + self.gcn3d2(x)))
        x = self.tcn3(torch.relu_(self.sgcn3(x) + self.gcn3d3(x)))
        x = x.mean(dim=(2, 3))  # (N*M, C)
        return self.fc(x.view(clips, -1, x.shape[1]).mean(dim=1))

    def _persons_as_clips(self, x: Tensor, data_bn: nn.BatchNorm1d) -> Tensor:
        """Normalise each (person, joint, channel); (N, C, T, V, M) -> (N*M, C, V, T)."""
        clips, channels, frames, joints, persons = x.shape
        x = x.permute(0, 4, 3, 1, 2).reshape(clips, persons * joints * channels, frames)
        x = data_bn(x).view(clips * persons, joints, channels, frames)
        return x.transpose(1, 2).contiguous()


class Model(STGCNetwork):
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
        if min(num_class, num_person, in_channels, width) < 1:
            raise ValueError(
                "num_class, num_person, in_channels and width must be 1 or more. "
                f"Got {num_class}, {num_person}, {in_channels}, {width}."
            )
        super().__init__(
            *(num_class, num_point, num_gcn_scales, num_g3d_scales, graph),
            in_channels=in_channels,
            width=width,
            first_mid_channels=width,
        )
        self.data_bn = nn.BatchNorm1d(num_person * in_channels * num_point)

    def forward(self, x: Tensor) -> Tensor:
        """Clips (N, C, T, V, M) -> class scores (N, num_class) before the softmax."""
        return self._blocks_and_head(self._persons_as_clips(x, self.data_bn), clips=len(x))


def stgc_block(
    in_channels: int,
    gcn_channels: int,
    mid_channels: int,
    out_channels: int,
    stride: int,
    adjacency_with_self: np.ndarray,
    num_gcn_scales: int,
    num_g3d_scales: int,
    dropout: Dropout,
) -> tuple[nn.Module, nn.Module, nn.Module]:
    """The parts of a block (paper, Fig. 3(a)): tcn(relu(factorised(x) + unified(x)))."""
    factorised = nn.Sequential(
        MultiScaleGraphConv(
            *(in_channels, gcn_channels, adjacency_with_self, num_gcn_scales), dropout=dropout.gcn
        ),
        MultiScaleTemporalConv(gcn_channels, out_channels, stride, dropout=dropout.tcn),
        MultiScaleTemporalConv(out_channels, out_channels, activation=False, dropout=dropout.tcn),
    )
    unified = MultiWindowMSG3D(
        *(in_channels, mid_channels, out_channels),
        *(adjacency_with_self, num_g3d_scales, stride, dropout.g3d),
    )
    return (
        factorised,
        unified,
        MultiScaleTemporalConv(out_channels, out_channels, dropout=dropout.tcn),
    )
