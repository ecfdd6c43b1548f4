"""Streams derived from joints: what their own files would hold."""

import json

import numpy as np
import pytest
import small_data
from hypothesis import given
from hypothesis import strategies as st

from data_gen import gen_bone_data
from feeders.feeder import Feeder
from graph.streams import STREAMS, derive_stream
from graph.ucla import AdjMatrixGraph


@pytest.fixture
def folder(tmp_path):
    return small_data.learnable(tmp_path)


GRAPH = "graph.ucla.AdjMatrixGraph"


def feeder(folder, **more):
    """With the skeleton that a network has."""
    dataset = Feeder(**small_data.feeder_args(folder, "train", **more))
    dataset.use_skeleton(GRAPH)
    return dataset


def write_stream(path, stream):
    return gen_bone_data.write_stream(path, stream, AdjMatrixGraph.bones)


def clips_of(dataset):
    return np.stack([dataset[index][0] for index in range(len(dataset))])


@pytest.mark.parametrize("stream", STREAMS[1:])
def test_a_stream_equals_its_file_bit_for_bit(folder, stream):
    joints = folder / "train_data_joint.npy"
    expected = np.load(write_stream(joints, stream))
    assert clips_of(feeder(folder, stream=stream)).tobytes() == expected.tobytes()
    assert not np.array_equal(expected, np.load(joints))


def test_motions_are_steps_to_the_next_frame_and_end_with_0():
    joints, bones = small_data.clips(1)[0], AdjMatrixGraph.bones
    for still, moving in (("joint", "joint_motion"), ("bone", "bone_motion")):
        clip, motion = (derive_stream(joints, stream, bones) for stream in (still, moving))
        np.testing.assert_array_equal(motion[:, :-1], clip[:, 1:] - clip[:, :-1])
        assert not motion[:, -1].any()


@given(st.sampled_from(STREAMS), st.integers(0, 2**32))
def test_streams_keep_shape_type_and_input(stream, seed):
    joints = small_data.clips(1, seed)[0]
    before = joints.copy()
    derived = derive_stream(joints, stream, AdjMatrixGraph.bones)
    assert (derived.shape, derived.dtype) == (joints.shape, joints.dtype)
    np.testing.assert_array_equal(joints, before)


@given(st.sampled_from(STREAMS[1:]), st.integers(0, 2**32))
def test_all_streams_but_joints_forget_where_the_body_stands(stream, seed):
    joints = small_data.clips(1, seed)[0].astype(np.float64)
    moved = joints + np.array([3.0, -2.0, 1.0])[:, None, None, None]
    bones = AdjMatrixGraph.bones
    np.testing.assert_allclose(
        derive_stream(moved, stream, bones), derive_stream(joints, stream, bones), 0, 1e-12
    )


def test_the_stream_comes_before_augmentation_and_the_mean_map(folder):
    write_stream(folder / "train_data_joint.npy", "bone")
    more = {"normalization": True, "window_size": 6, "random_choose": True, "random_scale": [1, 2]}
    file = {**small_data.feeder_args(folder, "train"), "data_path": folder / "train_data_bone.npy"}
    assert (
        clips_of(Feeder(**file, **more)).tobytes()
        == clips_of(feeder(folder, stream="bone", **more)).tobytes()
    )


def test_resizing_leaves_out_the_step_to_the_zeros_at_the_end(folder, tmp_path):
    clips = small_data.clips(2)
    clips[:, :, 5:] = 0
    small_data.write(tmp_path, "train", clips, [0, 1])
    motion = feeder(tmp_path, stream="joint_motion", resize=True, window_size=4)[0][0]
    np.testing.assert_allclose(motion, clips[0, :, 1:5] - clips[0, :, :4], atol=1e-6)
    file = write_stream(tmp_path / "train_data_joint.npy", "joint_motion")
    arguments = {**small_data.feeder_args(tmp_path, "train"), "data_path": str(file)}
    from_file = Feeder(**arguments, resize=True, window_size=5)[0][0]
    np.testing.assert_allclose(from_file[:, :4], motion, atol=1e-6)
    np.testing.assert_allclose(from_file[:, 4], -clips[0, :, 4], atol=1e-6)


def test_a_stream_equals_its_file_also_where_it_is_resized(folder):
    file = write_stream(folder / "train_data_joint.npy", "bone")
    more = {"resize": True, "window_size": 5, "uniform_crop": 0.7}
    arguments = {**small_data.feeder_args(folder, "train"), "data_path": str(file)}
    assert (
        clips_of(Feeder(**arguments, **more)).tobytes()
        == clips_of(feeder(folder, stream="bone", **more)).tobytes()
    )


def test_another_skeleton_is_named_by_its_graph(tmp_path):
    small_data.write(tmp_path, "train", small_data.clips(2, joints=24), [0, 1])
    with pytest.raises(ValueError, match="The bones must name each of the 24 joints"):
        feeder(tmp_path, stream="bone")
    nameless = Feeder(**small_data.feeder_args(tmp_path, "train", stream="bone"))
    with pytest.raises(ValueError, match=r"stream: bone .* require a skeleton\. Give .* graph:"):
        nameless[0]
    bones = feeder(tmp_path, stream="bone", graph="graph.udiva.AdjMatrixGraph")
    assert not bones[0][0][:, :, 0].any()  # the pelvis


BAD = {
    "an unknown stream": ({"stream": "bones"}, "must be one of joint, bone, .* Got 'bones'"),
    "another skeleton": (
        {"stream": "bone", "graph": "graph.kinetics.AdjMatrixGraph"},
        "AdjMatrixGraph does not fit the clips. The bones must name each of the 20 joints",
    ),
    "a module": (
        {"stream": "bone", "graph": "graph.ucla"},
        "graph.ucla is not a class but a module",
    ),
    "a function": (
        {"stream": "bone", "graph": "graph.bone.bones_from_joints"},
        "is not a class but a function",
    ),
    "an absent graph": ({"stream": "bone", "graph": "graph.x.Y"}, "cannot import 'graph.x.Y'"),
}


@pytest.mark.parametrize("case", BAD)
def test_wrong_arguments_are_named(folder, case):
    arguments, message = BAD[case]
    with pytest.raises(ValueError, match=message):
        feeder(folder, **arguments)


def test_a_stream_of_a_stream_is_refused(folder):
    bones = write_stream(folder / "train_data_joint.npy", "bone")
    arguments = {**small_data.feeder_args(folder, "train"), "data_path": str(bones)}
    with pytest.raises(ValueError, match=r"train_data_bone\.npy is another stream already"):
        Feeder(**arguments, stream="joint_motion")
    assert len(Feeder(**arguments)) == 24


def test_a_name_that_only_contains_another_stream_is_of_joints(folder):
    path = folder / "emotion_data_joint.npy"
    (folder / "train_data_joint.npy").rename(path)
    arguments = {**small_data.feeder_args(folder, "train"), "data_path": str(path)}
    assert len(Feeder(**arguments, stream="bone")) == 24


@pytest.mark.parametrize("limits", [[60], [0, 5, 10]])
def test_a_rotation_out_of_the_image_needs_three_coordinates(tmp_path, limits):
    small_data.write(tmp_path, "train", small_data.clips(2)[:, :2], [0, 1])
    with pytest.raises(ValueError, match=r"about y and x requires .* has 2 channels\. Within"):
        feeder(tmp_path, random_rotation=limits)
    assert len(feeder(tmp_path, random_rotation=[0, 0, 10])) == 2


@pytest.mark.parametrize("options", [{"random_mirror": True}, {"fit_axes": True}])
def test_what_turns_or_mirrors_needs_coordinates(tmp_path, options):
    clips = small_data.clips(2)
    small_data.write(tmp_path, "train", np.concatenate([clips, clips[:, :1]], axis=1), [0, 1])
    with pytest.raises(ValueError, match=r"requires coordinates .* but .* has 4 channels\."):
        feeder(tmp_path, **options)


def test_the_manifest_names_the_skeleton_and_another_network_is_refused(folder):
    manifest = folder / "dataset.json"
    manifest.write_text(json.dumps({"dataset": "own", "skeleton": GRAPH}))
    bones = Feeder(**small_data.feeder_args(folder, "train", stream="bone"))
    assert clips_of(bones).tobytes() == clips_of(feeder(folder, stream="bone")).tobytes()
    with pytest.raises(ValueError, match=r"but not those of small_feeder.OtherSkeleton"):
        bones.use_skeleton("small_feeder.OtherSkeleton")
    chosen = small_data.feeder_args(folder, "train", stream="bone", graph=GRAPH)
    Feeder(**chosen).use_skeleton("small_feeder.OtherSkeleton")


def test_a_graph_without_effect_is_said(folder, caplog):
    feeder(folder, graph="graph.ucla.AdjMatrixGraph")
    assert "graph: graph.ucla.AdjMatrixGraph has no effect on stream: joint" in caplog.text
