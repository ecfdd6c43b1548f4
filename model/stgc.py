"""The backbone: three spatial-temporal graph convolutional (STGC) blocks (paper, Fig. 3(a))."""
# Shapes: N clips, C channels, T frames, V joints, M persons, R rows: bodies that are computed.

from contextlib import AbstractContextManager, nullcontext
from typing import NamedTuple

import numpy as np
from torch import Tensor, nn

from graph.named import skeleton_class
from model import gpu
from model.absent import Merged
from model.bodies import mean_over_persons
from model.constants import Kept, fixed_weights
from model.ms_g3d import MultiWindowMSG3D
from model.ms_gcn import MultiScaleGraphConv
from model.ms_tcn import MultiScaleTemporalConv
from utils.config import build_class


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
        skeleton = build_class(skeleton_class(graph), graph, has=("A_binary_with_I",))
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

    # What engine.contracts.Recordable asks of a network.

    def rows_needed(self, clips: Tensor) -> int:
        return len(clips) * clips.shape[-1]

    def fixed_rows(self, count: int) -> AbstractContextManager[None]:
        return nullcontext()

    def fixed_weights(self, kept: Kept | None = None) -> AbstractContextManager[None]:
        return fixed_weights(kept)

    def _blocks_and_head(self, x: Tensor, clips: int, merged: Merged | None = None) -> Tensor:
        """Normalised bodies (N*M, C, V, T) -> (N, num_outputs), by the mean over persons."""
        rows, repeats = (merged.rows, merged.repeats) if merged else (slice(None), None)
        x = x[rows]
        with gpu.statistics_move_together():
            x = self._blocks(x, repeats)
        return self.fc(mean_over_persons(x, clips, merged))

    def _blocks(self, x: Tensor, repeats: Tensor | None) -> Tensor:
        """(R, C, V, T) -> (R, C', V, T'); `repeats` as in `batch_norm`."""
        x = self.tcn1(self.gcn3d1.add_to(self.sgcn1(x, repeats), x, repeats), repeats)
        x = self.tcn2(self.gcn3d2.add_to(self.sgcn2(x, repeats), x, repeats), repeats)
        return self.tcn3(self.gcn3d3.add_to(self.sgcn3(x, repeats), x, repeats), repeats)


class Factorised(nn.Sequential):
    """The pathway of space and time in turn: MS-GCN, then two MS-TCN."""

    def forward(self, x: Tensor, repeats: Tensor | None = None) -> Tensor:
        """(R, C_in, V, T) -> (R, C_out, V, ceil(T / stride)); `repeats` as in `batch_norm`."""
        for layer in self:
            x = layer(x, repeats)
        return x


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
    factorised = Factorised(
        MultiScaleGraphConv(
            in_channels, gcn_channels, adjacency_with_self, num_gcn_scales, dropout=dropout.gcn
        ),
        MultiScaleTemporalConv(gcn_channels, out_channels, stride, dropout=dropout.tcn),
        MultiScaleTemporalConv(out_channels, out_channels, activation=False, dropout=dropout.tcn),
    )
    unified = MultiWindowMSG3D(
        in_channels,
        mid_channels,
        out_channels,
        adjacency_with_self,
        num_g3d_scales,
        stride,
        dropout.g3d,
    )
    return (
        factorised,
        unified,
        MultiScaleTemporalConv(out_channels, out_channels, dropout=dropout.tcn),
    )
