"""What scores say of a network, and how sure that is; numpy only."""
# Shapes: N samples, K classes, B bins.

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from utils.metrics import confusion_counts, softmax

Z_95 = 1.959963984540054  # of the normal distribution, for 95 %
BINS = 15


def wilson(right: int, total: int, z: float = Z_95) -> tuple[float, float]:
    """The interval (low, high) of a share, 95 % by default (Wilson, JASA 1927)."""
    if not total:
        return 0.0, 1.0
    share, spread = right / total, z * z / total
    middle = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * math.sqrt(share * (1 - share) / total + spread / (4 * total))
    return max(0.0, middle - half), min(1.0, middle + half)


class Reliability(NamedTuple):
    """How often predictions of each confidence are right (Guo et al., ICML 2017)."""

    edges: np.ndarray  # (B + 1,) of equal bins of confidence
    counts: np.ndarray  # (B,) samples
    confidence: np.ndarray  # (B,) mean; 0 where there is no sample
    accuracy: np.ndarray  # (B,)
    ece: float  # the mean difference of both, weighted by samples


def reliability(scores: np.ndarray, labels: Sequence[int], bins: int = BINS) -> Reliability:
    """Of scores (N, K) before the softmax."""
    chances = softmax(scores)
    confident, right = chances.max(axis=1), chances.argmax(axis=1) == np.asarray(labels)
    edges = np.linspace(0, 1, bins + 1)
    number = np.minimum((confident * bins).astype(int), bins - 1)
    counts = np.bincount(number, minlength=bins)
    safe = np.maximum(counts, 1)
    mean = np.bincount(number, weights=confident, minlength=bins) / safe
    accuracy = np.bincount(number, weights=right, minlength=bins) / safe
    ece = float((counts * np.abs(accuracy - mean)).sum() / max(len(scores), 1))
    return Reliability(edges, counts, mean, accuracy, ece)


class ClassRow(NamedTuple):
    """A class: how many samples, and how many of them, and of those called so, are right."""

    label: int
    samples: int
    right: int
    predicted: int

    @property
    def recall(self) -> float:
        return self.right / self.samples if self.samples else 0.0

    @property
    def precision(self) -> float:
        return self.right / self.predicted if self.predicted else 0.0


def class_rows(counts: np.ndarray) -> list[ClassRow]:
    """Of confusion counts (K, K), row true, column predicted; classes that occur."""
    rows = [
        ClassRow(label, int(counts[label].sum()), int(counts[label, label]), int(c))
        for label, c in enumerate(counts.sum(axis=0))
    ]
    return [row for row in rows if row.samples or row.predicted]


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


def counts_of(scores: np.ndarray, labels: Sequence[int]) -> np.ndarray:
    """Confusion counts (K', K'), K' classes being those of the scores and of the labels."""
    size = max(scores.shape[1], max(labels, default=0) + 1)
    padded = np.full((len(scores), size), -np.inf)
    padded[:, : scores.shape[1]] = scores
    return confusion_counts(padded, np.asarray(labels))
