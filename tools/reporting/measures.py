"""Calibration and per-class measures of scores; numpy only."""
# Shapes: N samples, K classes, B bins.

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from utils.metrics import confusion_counts, softmax

BINS = 15


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
    """A class: number of samples, recall and precision."""

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


def counts_of(scores: np.ndarray, labels: Sequence[int]) -> np.ndarray:
    """Confusion counts (K', K'), K' classes being those of the scores and of the labels."""
    size = max(scores.shape[1], max(labels, default=0) + 1)
    padded = np.full((len(scores), size), -np.inf)
    padded[:, : scores.shape[1]] = scores
    return confusion_counts(padded, np.asarray(labels))
