"""The skeleton tables against the data sets' own counts, as SPEC and papers give them."""

import numpy as np
import pytest

from graph import kinetics, ntu_rgb_d, ucla, udiva
from graph.adjacency import hop_distance
from graph.skeleton import SkeletonGraph

GRAPHS = {
    "ntu": (ntu_rgb_d.AdjMatrixGraph, 25, 24, 12),
    "kinetics": (kinetics.AdjMatrixGraph, 18, 17, 8),
    "ucla": (ucla.AdjMatrixGraph, 20, 19, 10),
    "udiva": (udiva.AdjMatrixGraph, 24, 23, 12),
}


@pytest.mark.parametrize("name", GRAPHS)
def test_joints_edges_and_diameter(name):
    graph, joints, edges, diameter = GRAPHS[name]
    skeleton = graph()
    assert skeleton.num_nodes == len(set(skeleton.joint_names)) == joints
    assert len(skeleton.edges) == edges
    assert hop_distance(skeleton.A_binary).max() == diameter  # finite: the body hangs together


@pytest.mark.parametrize("name", GRAPHS)
def test_adjacency_is_symmetric_with_a_zero_diagonal(name):
    skeleton = GRAPHS[name][0]()
    assert skeleton.A_binary.dtype == np.float32
    np.testing.assert_array_equal(skeleton.A_binary, skeleton.A_binary.T)
    assert not skeleton.A_binary.diagonal().any()
    np.testing.assert_array_equal(
        skeleton.A_binary_with_I, skeleton.A_binary + np.eye(skeleton.num_nodes)
    )
    assert list(skeleton.self_loops) == [(i, i) for i in range(skeleton.num_nodes)]


@pytest.mark.parametrize("name", GRAPHS)
def test_every_joint_has_one_bone_and_one_joint_is_the_root(name):
    graph, joints, _, _ = GRAPHS[name]
    assert sorted(child for child, _ in graph.bones) == list(range(joints))
    assert sum(child == parent for child, parent in graph.bones) == 1


@pytest.mark.parametrize("name", GRAPHS)
def test_left_and_right_are_mirror_images(name):
    skeleton = GRAPHS[name][0]()
    images = skeleton.mirror_images()
    sides = [name.partition("_")[0] for name in skeleton.joint_names]
    assert [images[image] for image in images] == list(range(skeleton.num_nodes))
    assert all((sides[j] in ("left", "right")) == (j != image) for j, image in enumerate(images))
    np.testing.assert_array_equal(skeleton.A_binary[np.ix_(images, images)], skeleton.A_binary)
    assert {(images[child], images[parent]) for child, parent in skeleton.bones} == {
        *skeleton.bones
    }


def test_a_joint_without_a_partner_is_named():
    class OneArm(SkeletonGraph):
        joint_names = ("chest", "left_hand")

    with pytest.raises(ValueError, match="OneArm has a joint left_hand, but no right_hand"):
        OneArm.mirror_images()


def test_joint_21_is_the_root_of_the_ntu_bones():
    assert (20, 20) in ntu_rgb_d.AdjMatrixGraph.bones


def test_kinetics_bones_differ_from_its_edges():
    assert (8, 2) in kinetics.AdjMatrixGraph.bones
    assert (17, 15) in kinetics.AdjMatrixGraph.bones
    assert (0, 1) not in kinetics.AdjMatrixGraph.bones
