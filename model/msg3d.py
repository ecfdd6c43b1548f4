"""MS-G3D, the network of "Disentangling and Unifying Graph Convolutions for Skeleton-Based Action
Recognition" (Liu et al., CVPR 2020, arXiv 2003.14111)."""
# Shapes: N clips, C channels, T frames, V joints, M persons.

import torch
from torch import Tensor, nn

from model.ms_g3d import MultiWindowMSG3D
from model.ms_gcn import MultiScaleGraphConv
from model.ms_tcn import MultiScaleTemporalConv
from utils.config import import_class

NUM_BLOCKS = 3
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
        ValueError: `num_point` differs from the graph's joints, or `width` is not a multiple of 6.
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
        skeleton = import_class(graph)()
        if num_point != skeleton.num_nodes:
            raise ValueError(
                f"num_point is {num_point}, but {graph} has {skeleton.num_nodes} joints. "
                "Make model_args agree with the data."
            )
        adjacency = skeleton.A_binary_with_I
        self.data_bn = nn.BatchNorm1d(num_person * in_channels * num_point)

        # Blocks 2 and 3 halve the frames. The names are the keys of the released checkpoints.
        in_widths = (in_channels, width, 2 * width)
        out_widths = (width, 2 * width, 4 * width)
        for i, (c_in, c_out) in enumerate(zip(in_widths, out_widths, strict=True), start=1):
            stride = 1 if i == 1 else 2
            c_mid = max(c_in, width)
            sgcn = nn.Sequential(
                MultiScaleGraphConv(c_in, c_mid, adjacency, num_gcn_scales),
                MultiScaleTemporalConv(c_mid, c_out, stride=stride),
                MultiScaleTemporalConv(c_out, c_out, activation=False),
            )
            gcn3d = MultiWindowMSG3D(c_in, c_mid, c_out, adjacency, num_g3d_scales, stride)
            self.add_module(f"sgcn{i}", sgcn)
            self.add_module(f"gcn3d{i}", gcn3d)
            self.add_module(f"tcn{i}", MultiScaleTemporalConv(c_out, c_out))

        self.fc = nn.Linear(4 * width, num_class)

    def forward(self, x: Tensor) -> Tensor:
        """Clips (N, C, T, V, M) -> class scores (N, num_class) before the softmax."""
        clips, _, _, _, persons = x.shape
        x = self._persons_as_clips(x)
        for i in range(1, NUM_BLOCKS + 1):
            x = self._block(i, x)
        x = x.mean(dim=(2, 3))  # (N*M, C)
        return self.fc(x.view(clips, persons, -1).mean(dim=1))

    def _persons_as_clips(self, x: Tensor) -> Tensor:
        """Normalise each (person, joint, channel); (N, C, T, V, M) -> (N*M, C, V, T)."""
        clips, channels, frames, joints, persons = x.shape
        x = x.permute(0, 4, 3, 1, 2).reshape(clips, persons * joints * channels, frames)
        x = self.data_bn(x).view(clips * persons, joints, channels, frames)
        return x.transpose(1, 2).contiguous()

    def _block(self, i: int, x: Tensor) -> Tensor:
        """STGC block i (paper, Fig. 3(a)): (N*M, C_in, V, T) -> (N*M, C_out, V, T')."""
        factorised = self.get_submodule(f"sgcn{i}")(x)
        unified = self.get_submodule(f"gcn3d{i}")(x)
        return self.get_submodule(f"tcn{i}")(torch.relu_(factorised + unified))
