"""The pair of files of a part: both complete, or neither."""

import pickle

import numpy as np
import pytest

from data_gen.part_files import create_part, summarise


def test_a_part_is_an_array_and_its_names_and_labels(tmp_path):
    with create_part(tmp_path, "val", ["a", "b"], [3, 4], (2, 5)) as joints:
        joints[1] = 7
    stored = np.load(tmp_path / "val_data_joint.npy")
    assert stored.dtype == np.float32 and stored[:, 0, 0].tolist() == [0, 7]
    assert pickle.loads((tmp_path / "val_label.pkl").read_bytes()) == (["a", "b"], [3, 4])


def test_a_failure_leaves_the_older_files_and_nothing_half_written(tmp_path):
    with create_part(tmp_path, "val", ["a"], [0], (2,)) as joints:
        joints[:] = 1
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    with pytest.raises(OSError), create_part(tmp_path, "val", ["b", "c"], [1, 1], (2,)) as joints:
        joints[:] = 2
        raise OSError
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_an_empty_part_is_refused(tmp_path):
    with (
        pytest.raises(ValueError, match="No sample belongs to xview/train"),
        create_part(tmp_path / "xview", "train", [], [], (2,)),
    ):
        pass


def test_the_summary_counts_samples_classes_and_subjects(tmp_path):
    line = summarise(tmp_path / "xsub", "val", [0, 5, 5], [2, 2, 9])
    assert line.startswith("xsub/val: 3 samples, 2 classes, 2 subjects, ")
    assert line.endswith("xsub/val_data_joint.npy")
