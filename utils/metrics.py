"""Accuracy, confusions, confidence intervals and tests of scores; numpy only."""

import math
from typing import NamedTuple

import numpy as np

Z_95 = 1.959963984540054  # of the normal distribution, for 95 %


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
    """How often one class is confused with another."""

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


def wilson(right: int, total: int, z: float = Z_95) -> tuple[float, float]:
    """The interval (low, high) of a share, 95 % by default (Wilson, JASA 1927)."""
    if not total:
        return 0.0, 1.0
    share, spread = right / total, z * z / total
    middle = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * math.sqrt(share * (1 - share) / total + spread / (4 * total))
    return max(0.0, middle - half), min(1.0, middle + half)


class McNemar(NamedTuple):
    """Of two networks on the same samples (McNemar, Psychometrika 1947)."""

    only_first: int  # right by the first only
    only_second: int
    p_value: float  # exact, two-sided


def mcnemar(first: np.ndarray, second: np.ndarray) -> McNemar:
    """Of which samples each has right, (N,) bool, by the binomial distribution."""
    only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
    number, fewer = only_first + only_second, min(only_first, only_second)
    if not number:
        return McNemar(0, 0, 1.0)
    logs = [_log_choose(number, k) - number * math.log(2) for k in range(fewer + 1)]
    tail = sum(math.exp(value) for value in logs)
    return McNemar(only_first, only_second, min(1.0, 2 * tail))


def _log_choose(number: int, k: int) -> float:
    return math.lgamma(number + 1) - math.lgamma(k + 1) - math.lgamma(number - k + 1)
