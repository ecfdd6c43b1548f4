"""Accuracies and confusions; intervals and tests against scipy."""

import numpy as np
import pytest
from scipy import stats

from utils.metrics import confusion_counts, confusion_matrix, mcnemar, top_k_accuracy, wilson


def test_top_k_counts_labels_among_the_k_highest():
    scores = np.array([[0.1, 0.7, 0.2], [0.5, 0.3, 0.2], [0.2, 0.3, 0.5]])
    labels = [1, 2, 1]
    assert top_k_accuracy(scores, labels, 1) == pytest.approx(1 / 3)
    assert top_k_accuracy(scores, labels, 2) == pytest.approx(2 / 3)
    assert top_k_accuracy(scores, labels, 5) == 1


def test_constant_scores_are_not_all_right():
    assert top_k_accuracy(np.zeros((4, 4)), [0, 1, 2, 3], 1) == 0.25


def test_accuracy_and_confusions_agree_also_on_ties():
    scores, labels = np.array([[1, 1, 0], [0, 2, 2], [0, 0, 0]]), [1, 1, 0]
    counts = confusion_counts(scores, labels)
    assert counts.tolist() == [[1, 0, 0], [1, 1, 0], [0, 0, 0]]
    assert np.trace(counts) / 3 == top_k_accuracy(scores, labels, 1)
    assert confusion_matrix(scores, labels).tolist() == [[1, 0, 0], [0.5, 0.5, 0], [0, 0, 0]]


@pytest.mark.parametrize(("right", "total"), [(0, 10), (8, 10), (10, 10), (477, 504), (1, 1)])
def test_wilsons_interval_is_scipys(right, total):
    expected = stats.binomtest(right, total).proportion_ci(0.95, method="wilson")
    assert wilson(right, total) == pytest.approx((expected.low, expected.high))


@pytest.mark.parametrize(("one", "other"), [(0, 0), (5, 1), (36, 40), (900, 1100), (1, 0)])
def test_mcnemars_test_is_the_binomial_one(one, other):
    first = np.array([True] * one + [False] * other + [True] * 7)
    second = np.array([False] * one + [True] * other + [True] * 7)
    found = mcnemar(first, second)
    assert found[:2] == (one, other)
    p_value = stats.binomtest(one, one + other).pvalue if one + other else 1.0
    assert found.p_value == pytest.approx(p_value, rel=1e-9)
