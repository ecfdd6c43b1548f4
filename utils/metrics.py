"""How good scores are; numpy only."""

from typing import NamedTuple

import numpy as np


def top_k_accuracy(scores: np.ndarray, labels: np.ndarray, k: int) -> float:
    """Share of samples, in [0, 1], whose label is among the k highest of (N, classes) scores.

    Of equal scores the first counts as higher, as `argmax` has it.
    """
    best = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return float((best == np.asarray(labels)[:, None]).any(axis=1).mean())


def softmax(scores: np.ndarray) -> np.ndarray:
    """(..., K) scores -> (..., K) probabilities, float64."""
    shifted = np.exp(scores.astype(np.float64) - scores.max(axis=-1, keepdims=True))
    return shifted / shifted.sum(axis=-1, keepdims=True)


def confusion_counts(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(K, K) numbers of samples of (N, K) scores: row true class, column predicted class."""
    counts = np.zeros((scores.shape[1],) * 2, np.int64)
    np.add.at(counts, (np.asarray(labels), scores.argmax(axis=1)), 1)
    return counts


def confusion_matrix(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(K, K) shares of (N, K) scores: row i says how clips of class i were classified.

    A row sums to 1, or to 0 where no clip is of its class.
    """
    counts = confusion_counts(scores, labels)
    return counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)


class Mistaken(NamedTuple):
    """How often a class is taken for another."""

    true: int
    predicted: int
    samples: int
    of: int  # all of the true class


def worst_pairs(counts: np.ndarray, most: int) -> list[Mistaken]:
    """The pairs of classes that are mistaken most often, of confusion counts (K, K)."""
    wrong = counts * (1 - np.eye(len(counts), dtype=int))
    order = np.argsort(-wrong, axis=None, kind="stable")[: min(most, np.count_nonzero(wrong))]
    pairs = (divmod(int(i), len(counts)) for i in order)
    return [Mistaken(t, p, int(wrong[t, p]), int(counts[t].sum())) for t, p in pairs]
