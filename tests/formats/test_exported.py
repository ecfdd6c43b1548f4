"""What is known of trained weights: the stream of their clips, and which file a work dir means."""

import numpy as np
import pytest

from feeders.transform import transform_of
from formats.exported import NetworkInfo, weights_file


@pytest.mark.parametrize(
    ("args", "stream"),
    [
        ({"data_path": "data/ntu/xsub/val_data_bone.npy"}, "bone"),
        ({"data_path": "data/ntu/xsub/val_data_joint_motion.npy"}, "joint_motion"),
        ({"data_path": "data/ntu/xsub/val_data_joint.npy"}, "joint"),
        ({"data_path": "data/ntu/xsub/val_data_joint.npy", "stream": "bone"}, "bone"),
        ({"data_path": "data/bone/clips", "split": "val"}, "joint"),
        ({}, "joint"),
    ],
)
def test_a_file_s_name_or_the_feeder_tells_the_stream(args, stream):
    assert NetworkInfo({"test_feeder_args": args}).stream == stream


@pytest.mark.parametrize(
    "args",
    [
        {},
        {"window_size": -1},
        {"window_size": 8},
        {"window_size": 30},
        {"window_size": 8, "random_choose": True},
        {"window_size": 8, "resize": True},
        {"window_size": 30, "resize": True},
    ],
)
def test_the_clip_shape_is_that_of_the_clips_that_are_read(args):
    clip = transform_of(args, None, 5)(np.ones((3, 20, 5, 2)), np.random.default_rng(0))
    model_args = {"num_point": 5, "num_person": 2}
    settings = {"test_feeder_args": args, "model_args": model_args}
    assert NetworkInfo(settings, {"clip_shape": [3, 20, 5, 2]}).clip_shape() == clip.shape


def test_the_clip_shape_may_be_unknown_or_that_of_published_arrays():
    sizes = {"num_point": 25, "num_person": 2, "in_channels": 4}
    assert NetworkInfo({"model_args": sizes}).clip_shape() is None
    assert NetworkInfo({"model_args": sizes}).clip_shape(7) == (4, 7, 25, 2)
    assert NetworkInfo({"model_args": sizes}, {"dataset": "ntu"}).clip_shape() == (4, 300, 25, 2)
    assert NetworkInfo({"model_args": sizes}, {"chunk_size": 50}).clip_shape() == (4, 50, 25, 2)
    assert NetworkInfo({}, {"dataset": "ntu"}).clip_shape() is None


def test_a_work_dir_means_its_best_weights(tmp_path):
    (tmp_path / "run" / "weights").mkdir(parents=True)
    assert weights_file(str(tmp_path / "run")) == tmp_path / "run"
    best = tmp_path / "run" / "weights" / "best.pt"
    best.touch()
    assert weights_file(str(tmp_path / "run")) == best
    assert weights_file(str(best)) == best
