"""Score files."""

import pickle

import numpy as np
import pytest

from formats.scores import load_scores, save_scores


def test_scores_come_back_by_name(tmp_path):
    path = tmp_path / "epoch1_test_score.pkl"
    save_scores(path, ["a", "b"], np.eye(2, dtype=np.float32))
    scores = load_scores(path)
    np.testing.assert_array_equal(scores["b"], [0, 1])
    scores = load_scores(path.with_suffix(".npz"))
    np.testing.assert_array_equal(scores["b"], [0, 1])


def test_an_npz_of_something_else_is_named(tmp_path):
    np.savez(tmp_path / "a.npz", names=np.array(["a"]))
    with pytest.raises(ValueError, match=r"a\.npz must hold the arrays names and scores"):
        load_scores(tmp_path / "a.npz")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"a": np.zeros(2), "b": np.zeros(3)}, "one score vector per sample"),
        ({}, "one score vector per sample"),
        ({"a": np.array([0, np.nan])}, "the scores of 1 samples are not finite, e.g. a"),
        ([1, 2], "must hold a pickled dict"),
    ],
)
def test_unusable_scores_are_named(tmp_path, content, message):
    path = tmp_path / "scores.pkl"
    path.write_bytes(pickle.dumps(content))
    with pytest.raises(ValueError, match=message):
        load_scores(path)
