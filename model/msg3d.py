"""MS-G3D, the network of "Disentangling and Unifying Graph Convolutions for Skeleton-Based Action
Recognition" (Liu et al., CVPR 2020, arXiv 2003.14111)."""
# Shapes: N clips, C channels, T frames, V joints, M persons.

from contextlib import AbstractContextManager

from torch import Tensor, nn

from model import absent
from model.bodies import as_rows
from model.stgc import STGCNetwork

PAPER_WIDTH = 96


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
            num_class,
            num_point,
            num_gcn_scales,
            num_g3d_scales,
            graph,
            in_channels=in_channels,
            width=width,
            first_mid_channels=width,
        )
        self.data_bn = nn.BatchNorm1d(num_person * in_channels * num_point)

    def forward(self, x: Tensor) -> Tensor:
        """Clips (N, C, T, V, M) -> class scores (N, num_class) before the softmax."""
        merged = absent.merge_absent(x) if absent.can_merge(x, self.data_bn) else None
        return self._blocks_and_head(as_rows(x, self.data_bn), x.shape[0], merged)

    def rows_needed(self, clips: Tensor) -> int:
        return absent.rows_needed(clips)

    def fixed_rows(self, count: int) -> AbstractContextManager[None]:
        return absent.fixed_rows(count)
