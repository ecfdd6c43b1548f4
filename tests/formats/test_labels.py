"""Label files: those of all ages are read, everything else is refused and never run."""

import os
import pickle

import numpy as np
import pytest

from formats.labels import load_labels, save_labels, save_labels_as_npz


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_labels_of_all_ages_are_read(tmp_path, protocol):
    path = tmp_path / "label.pkl"
    for labels in (np.array([3, 4]), [3, 4], (np.int64(3), 4), np.array([3, 4], ">i2")):
        path.write_bytes(pickle.dumps((["a", "b"], labels), protocol=protocol))
        assert load_labels(path) == (["a", "b"], [3, 4])


def test_labels_of_python_2_are_read(tmp_path):
    """As its cPickle writes (['a', 'b'], [3, 4]) in protocols 0 and 2."""
    path = tmp_path / "label.pkl"
    path.write_bytes(b"((lp1\nS'a'\np2\naS'b'\np3\na(lp4\nI3\naI4\natp5\n.")
    assert load_labels(path) == (["a", "b"], [3, 4])
    path.write_bytes(b"\x80\x02]q\x01(U\x01aq\x02U\x01bq\x03e]q\x04(K\x03K\x04e\x86q\x05.")
    assert load_labels(path) == (["a", "b"], [3, 4])


@pytest.mark.parametrize("content", [b"", b"text", pickle.dumps([1]), pickle.dumps((["a"], ["x"]))])
def test_a_damaged_label_file_is_named(tmp_path, content):
    path = tmp_path / "label.pkl"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"label\.pkl must hold \(sample_names, labels\)"):
        load_labels(path)


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ([1], "2 names but 1 labels"),
        ([0.7, 1.6], "whole number from 0. Got 0.7"),
        ([1.0, 2.0], "whole number from 0. Got 1.0"),
        ([True, False], "whole number from 0. Got True"),
        (["0", "1"], "whole number from 0. Got '0'"),
        ([-1, 0], "whole number from 0. Got -1"),
        (np.eye(2), "whole number"),
        (np.array([[0], [1]]), "whole number"),
    ],
)
def test_what_is_no_class_is_refused(tmp_path, labels, said):
    path = tmp_path / "label.pkl"
    path.write_bytes(pickle.dumps((["a", "b"], labels)))
    with pytest.raises(ValueError, match=said):
        load_labels(path)


def test_samples_that_share_a_name_are_refused(tmp_path):
    path = tmp_path / "label.pkl"
    path.write_bytes(pickle.dumps((["a", "b", "a"], [0, 1, 2])))
    with pytest.raises(ValueError, match="'a' is the name of several samples"):
        load_labels(path)


def test_a_npz_that_is_as_new_is_preferred(tmp_path):
    path = tmp_path / "val_label.pkl"
    save_labels(path, ["a", "b"], [0, 1])
    save_labels_as_npz(path.with_suffix(".npz"), ["a", "c"], [5, 6])
    assert load_labels(path) == load_labels(path.with_suffix(".npz")) == (["a", "c"], [5, 6])
    os.utime(path.with_suffix(".npz"), (1, 1))
    assert load_labels(path) == (["a", "b"], [0, 1])
    path.unlink()
    assert load_labels(path) == (["a", "c"], [5, 6])


@pytest.mark.parametrize("kind", ["folder", "pipe"])
def test_what_is_no_file_is_refused(tmp_path, kind):
    path = tmp_path / "label.pkl"
    path.mkdir() if kind == "folder" else os.mkfifo(path)
    with pytest.raises(ValueError, match="is a folder, pipe or device"):
        load_labels(path)
