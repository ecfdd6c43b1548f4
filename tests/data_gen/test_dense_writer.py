"""The pair of files of a part: both complete, or neither."""

import os
import pickle
import subprocess
import sys

import numpy as np
import pytest

from data_gen.pipeline.dense_writer import create_part, summarise, write_row


def test_a_part_is_an_array_and_its_names_and_labels(tmp_path):
    with create_part(tmp_path, "val", 2, (2, 5)) as part:
        write_row(part.joint_file, 1, np.full((2, 5), 7, np.float32))
        part.finish(["a", "b"], [3, 4])
    stored = np.load(tmp_path / "val_data_joint.npy")
    assert stored.dtype == np.float32 and stored[:, 0, 0].tolist() == [0, 7]
    assert pickle.loads((tmp_path / "val_label.pkl").read_bytes()) == (["a", "b"], [3, 4])


@pytest.mark.parametrize("kept", [[0], [1, 3], [0, 1, 2, 3], [3]])
def test_rows_that_are_not_kept_leave_no_trace(tmp_path, kept):
    with create_part(tmp_path, "val", 4, (2, 3)) as part:
        for row in (2, 0, 3, 1):
            write_row(part.joint_file, row, np.full((2, 3), row, np.float32))
        part.finish([str(row) for row in kept], kept, kept)
    expected = np.broadcast_to(np.array(kept, np.float32)[:, None, None], (len(kept), 2, 3))
    np.save(tmp_path / "expected.npy", np.ascontiguousarray(expected))
    expected = (tmp_path / "expected.npy").read_bytes()
    assert (tmp_path / "val_data_joint.npy").read_bytes() == expected


def test_a_failure_leaves_the_older_files_and_nothing_half_written(tmp_path):
    with create_part(tmp_path, "val", 1, (2,)) as part:
        part.finish(["a"], [0])
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    with pytest.raises(OSError), create_part(tmp_path, "val", 2, (2,)) as part:
        part.finish(["b", "c"], [1, 1])
        raise OSError
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_what_a_killed_run_left_is_removed_and_a_running_one_is_let_be(tmp_path):
    done = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"],
                          capture_output=True, text=True)  # fmt: skip
    killed = tmp_path / f".val_data_joint.{done.stdout.strip()}.tmp.npy"
    running = tmp_path / f".val_data_joint.{os.getppid()}.tmp.npy"
    killed.touch()
    running.touch()
    with create_part(tmp_path, "val", 1, (2,)) as part:
        part.finish(["a"], [0])
    assert not killed.exists() and running.exists()


def test_the_summary_counts_samples_classes_and_subjects(tmp_path):
    line = summarise(tmp_path / "xsub", "val", [0, 5, 5], [2, 2, 9])
    assert line == "xsub/val: 3 samples, 2 classes, 2 subjects"
