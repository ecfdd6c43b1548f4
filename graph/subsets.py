"""The three subsets of a joint's neighbours that ST-GCN and its successors weight separately.

Rows are where features come from for a (V, V) of AGCN, columns where they go.
"""
# Shapes: V joints.

from collections.abc import Sequence

import numpy as np

from graph.adjacency import edges_to_adjacency
from graph.skeleton import SkeletonGraph


def column_normalized(adjacency: np.ndarray) -> np.ndarray:
    """(V, V) -> the same, each column divided by its sum; empty columns stay 0."""
    sums = adjacency.sum(axis=0)
    return adjacency / np.where(sums > 0, sums, 1)


def directed_subsets(num_nodes: int, edges: Sequence[tuple[int, int]]) -> np.ndarray:
    """(3, V, V) float32 of (child, parent) edges: itself, inward and outward neighbours.

    AGCN's `spatial` labelling (Shi et al., CVPR 2019); each subset is normalised by itself.
    """
    inward = np.zeros((num_nodes, num_nodes))
    for child, parent in edges:
        inward[parent, child] = 1
    normal = (column_normalized(inward), column_normalized(inward.T))
    return np.stack([np.eye(num_nodes), *normal]).astype(np.float32)


def labelled_subsets(skeleton: SkeletonGraph, labeling_mode: str = "spatial") -> np.ndarray:
    """`directed_subsets` of a skeleton.

    Raises:
        ValueError: the labelling is another one than the published networks use.
    """
    if labeling_mode != "spatial":
        raise ValueError(f"labeling_mode must be spatial. Got {labeling_mode!r}.")
    return directed_subsets(len(skeleton.joint_names), skeleton.edges)


class WithSubsets:
    """Gives a skeleton the three subsets of AGCN, `A`, (3, V, V) float32.

    Args:
        labeling_mode: as in published YAML files.
    """

    def __init__(self, labeling_mode: str = "spatial") -> None:
        super().__init__()
        self.A = labelled_subsets(self, labeling_mode)


def distance_subsets(num_nodes: int, edges: Sequence[tuple[int, int]], centre: int) -> np.ndarray:
    """(3, V, V) float32 of undirected edges: itself; neighbours as far from the centre or farther;
    nearer ones. ST-GCN's `spatial` strategy (Yan et al., AAAI 2018), normalised before it is split.

    As published: distances are known only up to one hop, so that all joints beyond the centre's
    neighbours count as equally far.
    """
    adjacency = edges_to_adjacency(num_nodes, edges).astype(np.float64) + np.eye(num_nodes)
    normal = column_normalized(adjacency)
    distance = np.where(adjacency[:, centre] > 0, 1.0, np.inf)
    distance[centre] = 0
    itself = np.eye(num_nodes, dtype=bool)
    not_nearer = (distance[:, None] >= distance[None, :]) & ~itself
    masks = itself, not_nearer, ~itself & ~not_nearer
    return np.stack([np.where(mask, normal, 0) for mask in masks]).astype(np.float32)
