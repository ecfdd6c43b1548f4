"""Fusion: the search for weights and the counts of what goes wrong."""

import numpy as np
import pytest

from utils.fusion import confusions, fuse, per_class_accuracy, search_weights

LABELS = [0, 0, 1, 2]


def test_fusion_is_the_weighted_sum():
    scores = np.random.default_rng(0).normal(size=(3, 5, 4))
    np.testing.assert_allclose(
        fuse(scores, [1, 0.5, 2]), scores[0] + 0.5 * scores[1] + 2 * scores[2]
    )


def test_equal_streams_get_equal_weights():
    scores = np.stack([np.eye(3)[LABELS]] * 5)
    assert search_weights(scores, LABELS) == [1.0] * 5
    assert search_weights(scores[:1], LABELS) == [1.0]


def test_the_search_finds_the_stream_that_knows():
    right, wrong = np.eye(3)[LABELS], 3 * np.eye(3)[[1, 2, 0, 1]]
    good, bad, other = search_weights(np.stack([right, wrong, wrong]), LABELS)
    assert good == 1.0
    assert 3 * (bad + other) < 1


def test_accuracies_of_classes_count_their_own_samples():
    counts, shares = per_class_accuracy([np.eye(4)[[0, 1, 1, 1]], np.eye(4)[LABELS]], LABELS)
    assert counts.tolist() == [2, 1, 1, 0]
    np.testing.assert_array_equal(shares, [[0.5, 1, 0, 0], [1, 1, 1, 0]])


@pytest.mark.parametrize(
    ("guesses", "expected"),
    [([0, 0, 1, 2], []), ([1, 1, 2, 2], [(0, 1, 2), (1, 2, 1)]), ([2, 0, 1, 2], [(0, 2, 1)])],
)
def test_confusions_come_most_frequent_first(guesses, expected):
    assert confusions(np.eye(3)[guesses], LABELS) == expected
