"""The challenge's metric by hand, and the measures beside it."""

import numpy as np
import pytest

from engine.tasks import trait_measures as traits
from formats.chunks import mean_by_name


def test_a_participant_is_the_mean_of_their_chunks():
    found = mean_by_name(np.array([[1.0], [4.0], [3.0]]), ["b", "a", "b"])
    assert list(found) == ["a", "b"]
    assert found["a"] == 4 and found["b"] == 2


def test_the_error_by_hand():
    """Two participants: (0 - 1)^2 = 1 and (2 - 0)^2 = 4 make 2.5 in the first trait."""
    predicted = np.array([[0, 0, 0, 0, 0], [2, 1, 0, 0, 0.0]])
    true = np.array([[1, 0, 0, 0, 0], [0, 0, 0, 0, 0.0]])
    np.testing.assert_allclose(traits.squared_error(predicted, true), [2.5, 0.5, 0, 0, 0])
    assert traits.with_mean(traits.squared_error(predicted, true))[-1] == pytest.approx(0.6)


def test_correlations():
    rng = np.random.default_rng(0)
    true, predicted = rng.normal(size=(2, 20, 5))
    r = [np.corrcoef(p, t)[0, 1] for p, t in zip(predicted.T, true.T, strict=True)]
    np.testing.assert_allclose(traits.pearson(predicted, true), r)
    np.testing.assert_allclose(traits.concordance(true, true), 1)
    np.testing.assert_allclose(traits.pearson(2 * true + 1, true), 1)
    # Lin (1989): a shift by d of values with variance v leaves 2 v / (2 v + d^2).
    v = true.var(axis=0)
    np.testing.assert_allclose(traits.concordance(true + 3, true), 2 * v / (2 * v + 9))
    assert not traits.pearson(np.zeros((20, 5)), true).any()
    assert not traits.concordance(np.zeros((1, 5)), np.zeros((1, 5))).any()


def test_intervals_hold_the_value_and_repeat_themselves():
    rng = np.random.default_rng(0)
    true = rng.normal(size=(30, 5))
    predicted = 0.7 * true + 0.3 * rng.normal(size=(30, 5))
    intervals = traits.confidence_intervals(predicted, true)
    for name, measure in traits.MEASURES.items():
        value, (low, high) = traits.with_mean(measure(predicted, true)), intervals[name]
        assert (low < value).all() and (value < high).all()
    again = traits.confidence_intervals(predicted, true)
    np.testing.assert_array_equal(again["mse"], intervals["mse"])
    more = np.tile(true, (9, 1)), np.tile(predicted, (9, 1))
    narrower = traits.confidence_intervals(more[1], more[0])["mse"]
    width = np.subtract(*intervals["mse"][::-1]), np.subtract(*narrower[::-1])
    assert (width[1] < 0.6 * width[0]).all()  # a third, for nine times as many
