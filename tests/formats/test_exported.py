"""What is known of trained weights: the stream of their clips, and which file a work dir means."""

import pytest

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


def test_a_work_dir_means_its_best_weights(tmp_path):
    (tmp_path / "run" / "weights").mkdir(parents=True)
    assert weights_file(str(tmp_path / "run")) == tmp_path / "run"
    best = tmp_path / "run" / "weights" / "best.pt"
    best.touch()
    assert weights_file(str(tmp_path / "run")) == best
    assert weights_file(str(best)) == best
