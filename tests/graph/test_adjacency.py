"""The k-adjacencies against breadth-first search, and their normalisation."""

from collections import deque

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.adjacency import (
    edges_to_adjacency,
    k_adjacency,
    multi_scale_adjacency,
    normalize_adjacency,
    window_adjacency,
)
from graph.ntu_rgb_d import AdjMatrixGraph


def bfs_distance(num_nodes, edges, start) -> dict[int, int]:
    neighbours = {i: set() for i in range(num_nodes)}
    for i, j in edges:
        neighbours[i].add(j)
        neighbours[j].add(i)
    distance, queue = {start: 0}, deque([start])
    while queue:
        node = queue.popleft()
        for other in neighbours[node] - distance.keys():
            distance[other] = distance[node] + 1
            queue.append(other)
    return distance


@st.composite
def graphs(draw):
    num_nodes = draw(st.integers(1, 9))
    pairs = [(i, j) for i in range(num_nodes) for j in range(i)]
    return num_nodes, draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else []


@settings(max_examples=60, deadline=None)
@given(graphs(), st.integers(0, 9), st.booleans())
def test_k_adjacency_marks_the_pairs_at_bfs_distance_k(graph, k, with_self):
    num_nodes, edges = graph
    actual = k_adjacency(edges_to_adjacency(num_nodes, edges), k, with_self)
    expected = np.zeros((num_nodes, num_nodes), np.float32)
    for i in range(num_nodes):
        for j, distance in bfs_distance(num_nodes, edges, i).items():
            expected[i, j] = distance == k or (with_self and i == j)
    np.testing.assert_array_equal(actual, expected)
    assert actual.dtype == np.float32


def test_thirteen_scales_reach_every_pair_of_ntu_joints_once():
    adjacency = AdjMatrixGraph().A_binary
    total = sum(k_adjacency(adjacency, k) for k in range(13))
    np.testing.assert_array_equal(total, np.ones((25, 25)))
    assert k_adjacency(adjacency, 12).any()


def test_normalisation_divides_by_the_roots_of_both_degrees():
    path = edges_to_adjacency(3, [(0, 1), (1, 2)])
    half = np.sqrt(0.5)
    expected = [[0, half, 0], [half, 0, half], [0, half, 0]]
    np.testing.assert_allclose(normalize_adjacency(path), expected, rtol=1e-6)


def test_an_isolated_node_is_an_error_not_a_nan():
    with pytest.raises(ValueError, match=r"nodes \[2\] have no neighbour"):
        normalize_adjacency(edges_to_adjacency(3, [(0, 1)]))


def test_scales_beyond_the_diameter_are_the_identity():
    scales = multi_scale_adjacency(edges_to_adjacency(2, [(0, 1)]), 4)
    np.testing.assert_array_equal(scales[3], np.eye(2))


@pytest.mark.parametrize("window_size", [1, 3])
def test_a_window_links_neighbours_in_every_frame(window_size):
    adjacency = AdjMatrixGraph().A_binary_with_I
    window = window_adjacency(adjacency, window_size).reshape(window_size, 25, window_size, 25)
    for i in range(window_size):
        for j in range(window_size):
            np.testing.assert_array_equal(window[i, :, j], adjacency)
