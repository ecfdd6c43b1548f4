"""How good scores are; numpy only."""

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
