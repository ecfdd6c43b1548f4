"""Label files."""

import pickle

import numpy as np
import pytest

from formats.labels import load_labels


def test_labels_of_all_ages_are_read(tmp_path):
    path = tmp_path / "label.pkl"
    path.write_bytes(pickle.dumps((["a", "b"], np.array([3, 4])), protocol=2))
    assert load_labels(path) == (["a", "b"], [3, 4])


@pytest.mark.parametrize("content", [b"", b"text", pickle.dumps([1]), pickle.dumps((["a"], ["x"]))])
def test_a_damaged_label_file_is_named(tmp_path, content):
    path = tmp_path / "label.pkl"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"label\.pkl must hold a pickled"):
        load_labels(path)


def test_names_and_labels_must_be_as_many(tmp_path):
    path = tmp_path / "label.pkl"
    path.write_bytes(pickle.dumps((["a", "b"], [1])))
    with pytest.raises(ValueError, match="2 names but 1 labels"):
        load_labels(path)
