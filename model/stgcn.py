"""ST-GCN, the network of "Spatial Temporal Graph Convolutional Networks for Skeleton-Based Action
Recognition" (Yan et al., AAAI 2018, arXiv 1801.07455)."""
# Shapes: N clips, C channels, T frames, V joints, M persons, R rows: bodies that are computed.

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from graph.named import skeleton_class
from graph.subsets import distance_subsets
from model.batch_norm import batch_norm, convolve_and_normalize
from model.layers import TemporalConv2d, pointwise
from model.subset_conv import aggregated
from model.ten_units import KERNEL_SIZE, TenUnitNetwork, make_units

LAYOUTS = {"ntu-rgb+d": "ntu_rgb_d", "openpose": "openpose_coco"}  # published names
CENTRES = {"ntu_rgb_d": "spine_shoulder", "openpose_coco": "neck"}  # of others: the root


class Model(TenUnitNetwork):
    """Ten units of a graph convolution with learned importances of edges and one along time.

    Args:
        in_channels: C, values per joint.
        num_class: number of actions.
        graph_args: `layout`, ntu-rgb+d, openpose, or a skeleton as `graph` of other networks;
            `strategy`, spatial.
        edge_importance_weighting: whether every entry of A has a learned factor in every unit.
        dropout: at the end of every unit's convolution along time.
        graph: the skeleton, where `graph_args` names no layout.
        num_point: V, must be the skeleton's; None: not checked.
        num_person: accepted as in the other networks; persons share all weights.

    Raises:
        ValueError: the skeleton or the strategy is unknown.
    """

    def __init__(
        self,
        in_channels: int,
        num_class: int,
        graph_args: dict[str, Any] | None = None,
        edge_importance_weighting: bool = True,
        dropout: float = 0.0,
        graph: str | None = None,
        num_point: int | None = None,
        num_person: int | None = None,
    ) -> None:
        subsets = _subsets(graph_args or {}, graph)
        joints = subsets.shape[1]
        super().__init__(joints, shares_norm=True)
        if num_point not in (None, joints):
            raise ValueError(f"num_point is {num_point}, but the skeleton has {joints} joints.")
        self.register_buffer("A", subsets)  # stored, as in the released files
        self.data_bn = nn.BatchNorm1d(in_channels * joints)
        units = make_units(lambda *size: _Unit(*size, dropout=dropout), in_channels)
        self.st_gcn_networks = nn.ModuleList(units)
        if edge_importance_weighting:
            factors = [nn.Parameter(torch.ones_like(subsets)) for _ in units]
            self.edge_importance = nn.ParameterList(factors)
        else:
            self.edge_importance = [1.0] * len(units)
        self.fcn = nn.Conv2d(units[-1].out_channels, num_class, kernel_size=1)
        self.apply(_init)

    def units(self) -> Sequence[Callable[[Tensor, Tensor | None], Tensor]]:
        units, importance = self.st_gcn_networks, self.edge_importance
        return [partial(unit, self.A * importance[i]) for i, unit in enumerate(units)]

    def head(self, features: Tensor) -> Tensor:
        return pointwise(features[..., None, None], self.fcn.weight, self.fcn.bias).flatten(1)


class _Unit(nn.Module):
    """relu(dropout(BN(conv along time(relu(BN(graph convolution))))) + residual)."""

    def __init__(
        self, in_channels: int, out_channels: int, stride: int, has_residual: bool, dropout: float
    ) -> None:
        super().__init__()
        self.in_channels, self.out_channels = in_channels, out_channels
        self.has_residual = has_residual
        self.gcn = nn.Module()
        self.gcn.conv = nn.Conv2d(in_channels, 3 * out_channels, kernel_size=1)
        self.tcn = nn.Sequential(
            nn.BatchNorm2d(out_channels),
            nn.ReLU(inplace=True),
            TemporalConv2d(out_channels, out_channels, KERNEL_SIZE, stride, dilation=1),
            nn.BatchNorm2d(out_channels),
            nn.Dropout(dropout),
        )
        self.residual = None
        if has_residual and (in_channels != out_channels or stride != 1):
            self.residual = nn.Sequential(
                nn.Conv2d(in_channels, out_channels, 1, stride=(1, stride)),
                nn.BatchNorm2d(out_channels),
            )

    def forward(self, adjacency: Tensor, x: Tensor, repeats: Tensor | None) -> Tensor:
        """A (3, V, V), (R, C, V, T) -> (R, C', V, T')."""
        before, _, conv, after, dropout = self.tcn
        y = torch.relu_(batch_norm(self._graph_conv(x, adjacency), [before], repeats))
        y = dropout(convolve_and_normalize(conv.convolve, y, [conv], [after], repeats))
        if self.residual is not None:
            conv, norm = self.residual
            shorten = partial(pointwise, stride=conv.stride[1])
            y = y + convolve_and_normalize(shorten, x, [conv], [norm], repeats)
        elif self.has_residual:
            y = y + x
        return torch.relu_(y)

    def _graph_conv(self, x: Tensor, adjacency: Tensor) -> Tensor:
        weight, bias = self.gcn.conv.weight, self.gcn.conv.bias.view(3, -1)
        weight = weight.view(3, self.out_channels, self.in_channels)
        # A bias that is added before the aggregation passes through it.
        bias = torch.einsum("ko,kvw->ow", bias, adjacency.to(bias))
        together = weight.permute(1, 2, 0).reshape(self.out_channels, -1)
        return pointwise(aggregated(x, adjacency), together) + bias[..., None].to(x)


def _subsets(graph_args: dict[str, Any], graph: str | None) -> Tensor:
    if unknown := sorted(set(graph_args) - {"layout", "strategy"}):
        raise ValueError(f"graph_args takes layout and strategy. Got {unknown[0]!r}.")
    if graph_args.get("strategy", "spatial") != "spatial":
        raise ValueError(f"strategy must be spatial. Got {graph_args['strategy']!r}.")
    layout = graph_args.get("layout") or graph
    if not layout:
        raise ValueError("graph_args requires layout: ntu-rgb+d, openpose or a skeleton's name.")
    name = LAYOUTS.get(layout, layout)
    skeleton = skeleton_class(name)
    names = list(skeleton.joint_names)
    roots = [child for child, parent in skeleton.bones if child == parent]
    known = next((CENTRES[key] for key in CENTRES if key in name), None)
    centre = names.index(known) if known in names else roots[0]
    return torch.from_numpy(distance_subsets(len(names), skeleton.edges, centre))


def _init(module: nn.Module) -> None:
    """As the published training starts: small normal weights, BatchNorm about 1."""
    if isinstance(module, nn.Conv2d):
        nn.init.normal_(module.weight, 0, 0.02)
        nn.init.zeros_(module.bias)
    elif isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1, 0.02)
        nn.init.zeros_(module.bias)
