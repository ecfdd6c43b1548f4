"""Adjacency matrices of a skeleton graph, one per neighbourhood scale.

MS-G3D replaces powers of the adjacency matrix, which favour near joints, by disjoint
k-adjacencies: scale k connects exactly the joints at shortest-path distance k (paper, Eq. (3)).
"""
# Shapes: V joints, K scales, W window.

from collections.abc import Iterable

import numpy as np


def edges_to_adjacency(num_nodes: int, edges: Iterable[tuple[int, int]]) -> np.ndarray:
    """Binary, symmetric (V, V) float32 adjacency of undirected `edges`."""
    adjacency = np.zeros((num_nodes, num_nodes), dtype=np.float32)
    for i, j in edges:
        adjacency[i, j] = adjacency[j, i] = 1.0
    return adjacency


def hop_distance(adjacency: np.ndarray) -> np.ndarray:
    """Shortest-path length between all nodes, (V, V) float; inf where no path exists."""
    linked = adjacency > 0
    distance = np.full(adjacency.shape, np.inf)
    np.fill_diagonal(distance, 0.0)
    frontier = np.eye(len(adjacency), dtype=bool)
    for hops in range(1, len(adjacency)):
        frontier = (frontier.astype(np.int64) @ linked > 0) & np.isinf(distance)
        if not frontier.any():
            break
        distance[frontier] = hops
    return distance


def k_adjacency(adjacency: np.ndarray, k: int, with_self: bool = False) -> np.ndarray:
    """(V, V) float32: 1 where the shortest path is exactly `k` edges long (Eq. (3)).

    k = 0 gives the identity; `with_self` adds it for k > 0, as the paper's definition does.
    """
    return _select_distance(hop_distance(adjacency), k, with_self)


def _select_distance(distance: np.ndarray, k: int, with_self: bool) -> np.ndarray:
    selected = distance == k
    if with_self:
        selected = selected | (distance == 0)
    return selected.astype(np.float32)


def normalize_adjacency(adjacency: np.ndarray) -> np.ndarray:
    """Symmetric normalisation D^-1/2 A D^-1/2 in float32.

    Raises:
        ValueError: a node has no neighbour, so its degree is zero.
    """
    degree = adjacency.sum(axis=-1)
    if not degree.all():
        isolated = np.flatnonzero(degree == 0).tolist()
        raise ValueError(
            f"nodes {isolated} have no neighbour, so the graph cannot be normalised. "
            "Add self-loops or connect them."
        )
    inverse_root = np.power(degree, -0.5)
    return (inverse_root[:, None] * adjacency * inverse_root[None, :]).astype(np.float32)


def multi_scale_adjacency(adjacency: np.ndarray, num_scales: int) -> np.ndarray:
    """Normalised k-adjacencies with self-loops of scales 0 .. K-1, stacked to (K, V, V) float32.

    Raises:
        ValueError: `num_scales` is below 1.
    """
    if num_scales < 1:
        raise ValueError(f"the number of scales must be 1 or more. Got {num_scales}.")
    distance = hop_distance(adjacency)
    scales = [_select_distance(distance, k, with_self=True) for k in range(num_scales)]
    return np.stack([normalize_adjacency(scale) for scale in scales])


def window_adjacency(adjacency_with_self: np.ndarray, window_size: int) -> np.ndarray:
    """Spatial-temporal graph of a window: A + I tiled to (W*V, W*V) (paper, Eq. (5)).

    Nodes are ordered (frame, joint). A joint is linked to itself and to its spatial neighbours in
    every frame of the window.
    """
    return np.tile(adjacency_with_self, (window_size, window_size))
