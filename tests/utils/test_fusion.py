"""Fusion: the weighted sum, and the search for weights."""

import itertools

import numpy as np
import pytest
import torch

from utils.fusion import fuse, search_weights

LABELS = [0, 0, 1, 2]
RIGHT, WRONG = np.eye(3)[LABELS], np.eye(3)[[1, 2, 0, 1]]


def test_fusion_is_the_weighted_sum():
    scores = np.random.default_rng(0).normal(size=(3, 5, 4))
    np.testing.assert_allclose(
        fuse(scores, [1, 0.5, 2]), scores[0] + 0.5 * scores[1] + 2 * scores[2]
    )


@pytest.mark.parametrize("streams", [1, 2, 3, 4, 5, 6])
def test_equal_streams_get_equal_weights(streams):
    assert search_weights(np.stack([RIGHT] * streams), LABELS) == [1.0] * streams


@pytest.mark.parametrize("place", [0, 1, 2, 3])
def test_the_search_finds_the_stream_that_knows(place):
    scores = np.stack([2 * WRONG] * 4)
    scores[place] = RIGHT
    weights = search_weights(scores, LABELS)
    assert weights[place] == 1.0
    assert 2 * (sum(weights) - 1) < 1  # the others cannot outvote it
    assert (fuse(scores, weights).argmax(axis=1) == LABELS).all()


def test_the_weights_are_judged_as_they_are_given():
    """Scores in bfloat16 tie, and weights that differ in the fourth decimal break ties."""
    rng = np.random.default_rng(0)
    sums = [w for w in itertools.product(range(13), repeat=3) if sum(w) == 12]
    grid = [np.round(np.array(w) / max(w), 3) for w in sums]
    for _ in range(20):
        scores = torch.from_numpy(rng.normal(size=(3, 60, 3))).bfloat16().double().numpy()
        labels = rng.integers(3, size=60)
        right = [(fuse(scores, w).argmax(axis=1) == labels).sum() for w in grid]
        weights = search_weights(scores, labels)
        assert (fuse(scores, weights).argmax(axis=1) == labels).sum() == max(right)


def test_too_many_streams_are_refused():
    with pytest.raises(ValueError, match=r"up to 6 streams\. Got 7"):
        search_weights(np.stack([RIGHT] * 7), LABELS)
