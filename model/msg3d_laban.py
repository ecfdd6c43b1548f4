"""MS-G3D on joint positions and Laban effort features, the network of "Skeleton-based Personality
Recognition using Laban Movement Analysis" (PMLR 173:74-87, 2022)."""
# Shapes: N chunks, C channels, T frames, V joints, M persons.

import torch
from torch import Tensor, nn

from model.bodies import as_rows
from model.stgc import Dropout, STGCNetwork

NUM_COORDINATES = 3  # x, y, z, the first channels of the input; features follow
PAPER_DROPOUT = (0.6, 0.4, 0.4)


class Model(STGCNetwork):
    """MS-G3D's blocks, eight times narrower and with dropout, on positions beside their features.

    Args:
        num_class: number of traits (the name is the one that MS-G3D has).
        num_point: V, joints per person; must be the graph's.
        num_person: M, persons per chunk.
        num_gcn_scales: scales of MS-GCN, the frame itself included.
        num_g3d_scales: scales of MS-G3D.
        graph: dotted name of the skeleton, "graph.udiva.AdjMatrixGraph".
        in_channels: C, the 3 coordinates and the features of a joint: 15 with 12 Laban features.
        layer_channels: channels of the first block, a multiple of 6; the blocks have 1, 2 and 4
            times it.
        dropout: shares dropped of what MS-GCN aggregates, of what MS-G3D aggregates, and in MS-TCN.
            Where the first two are 0, keys of the state_dict are those of MS-G3D.

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
        in_channels: int = 15,
        layer_channels: int = 12,
        dropout: tuple[float, float, float] = PAPER_DROPOUT,
    ) -> None:
        num_features = in_channels - NUM_COORDINATES
        if min(num_class, num_person, layer_channels, num_features) < 1:
            raise ValueError(
                "num_class, num_person and layer_channels must be 1 or more, in_channels "
                f"{NUM_COORDINATES + 1} or more (without features: model.msg3d.Model). Got "
                f"{num_class}, {num_person}, {layer_channels}, {in_channels}."
            )
        if not all(0 <= share < 1 for share in dropout):
            raise ValueError(f"dropout must be 3 shares of at least 0 and below 1. Got {dropout}.")
        super().__init__(
            num_class,
            num_point,
            num_gcn_scales,
            num_g3d_scales,
            graph,
            in_channels=in_channels,
            width=layer_channels,
            first_mid_channels=in_channels,  # published so; MS-G3D has its width there
            dropout=Dropout(*dropout),
        )
        self.data_bn_x = nn.BatchNorm1d(num_person * NUM_COORDINATES * num_point)
        self.data_bn_laban = nn.BatchNorm1d(num_person * num_features * num_point)

    def forward(self, x: Tensor) -> Tensor:
        """Positions and features (N, C, T, V, M), of any length T -> traits (N, num_class)."""
        positions, features = x[:, :NUM_COORDINATES], x[:, NUM_COORDINATES:]
        positions = as_rows(positions, self.data_bn_x)
        features = as_rows(features, self.data_bn_laban)
        return self._blocks_and_head(torch.cat([positions, features], dim=1), clips=x.shape[0])
