"""Bones: the published numbers, and what must hold for any skeleton."""

import numpy as np
import pytest
from golden_arrays import golden_arrays
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from graph import kinetics, ntu_rgb_d, ucla
from graph.bone import bones_from_joints

GRAPHS = {"ntu": ntu_rgb_d, "kinetics": kinetics, "ucla": ucla}
NTU = ntu_rgb_d.AdjMatrixGraph.bones


@pytest.mark.parametrize(("key", "name"), [("ntu/xsub", "ntu"), ("kinetics", "kinetics")])
def test_bones_are_the_published_ones_to_the_byte(key, name):
    golden = golden_arrays("bone")
    bones = bones_from_joints(golden[f"{key}/joint"], GRAPHS[name].AdjMatrixGraph.bones)
    assert bones.dtype == np.float32
    assert np.array_equal(bones, golden[f"{key}/bone"])


whole = st.integers(-1000, 1000).map(float)  # sums of these are exact


@given(arrays(np.float64, (3, 1, 25, 1), elements=whole), arrays(np.float64, 3, elements=whole))
@settings(max_examples=25, deadline=None)
def test_bones_ignore_translation_and_leave_the_joints_alone(joints, offset):
    before = joints.copy()
    bones = bones_from_joints(joints, NTU)
    assert np.array_equal(bones, bones_from_joints(joints + offset[:, None, None, None], NTU))
    assert np.array_equal(joints, before)


@pytest.mark.parametrize("name", GRAPHS)
def test_the_bones_from_the_root_to_a_joint_add_up_to_the_joint(name):
    graph = GRAPHS[name].AdjMatrixGraph
    parents = dict(graph.bones)
    joints = np.random.default_rng(0).integers(-99, 99, (len(parents), 1)).astype(float)
    bones = bones_from_joints(joints, graph.bones)
    for joint in parents:
        total, at = 0.0, joint
        while parents[at] != at:
            total, at = total + bones[at], parents[at]
        assert bones[at] == 0
        assert total + joints[at] == joints[joint]


def test_the_dtype_is_kept():
    assert bones_from_joints(np.zeros((25, 1), np.float16), NTU).dtype == np.float16


@pytest.mark.parametrize("pairs", [NTU[:-1], (*NTU[:-1], (0, 1)), (*NTU, (0, 1))])
def test_pairs_that_do_not_name_each_joint_once_are_refused(pairs):
    with pytest.raises(ValueError, match="each of the 25 joints"):
        bones_from_joints(np.zeros((3, 25, 1)), pairs)
