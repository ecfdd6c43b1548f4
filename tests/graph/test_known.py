"""Skeletons by their number of joints."""

import pytest

from graph import kinetics, ntu_rgb_d, ucla
from graph.known import graph_of


@pytest.mark.parametrize("module", [kinetics, ntu_rgb_d, ucla], ids=lambda module: module.__name__)
def test_the_number_of_joints_tells_the_skeleton(module):
    graph = module.AdjMatrixGraph
    assert graph_of(len(graph.joint_names)) is graph


def test_an_unknown_number_of_joints_is_named():
    with pytest.raises(ValueError, match="no skeleton of 24 joints is known, but those of 25, 18"):
        graph_of(24)
