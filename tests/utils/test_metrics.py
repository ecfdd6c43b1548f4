"""Accuracies and confusions."""

import numpy as np
import pytest

from utils.metrics import confusion_counts, confusion_matrix, top_k_accuracy


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
