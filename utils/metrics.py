"""How good scores are; numpy only."""

import numpy as np


def top_k_accuracy(scores: np.ndarray, labels: np.ndarray, k: int) -> float:
    """Share of samples, in [0, 1], whose label is among the k highest of (N, classes) scores."""
    best = np.argsort(scores, axis=1, kind="stable")[:, ::-1][:, :k]
    return float((best == np.asarray(labels)[:, None]).any(axis=1).mean())


def confusion_matrix(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(K, K) shares of (N, K) scores: row i says how clips of class i were classified.

    A row sums to 1, or to 0 where no clip is of its class.
    """
    counts = np.zeros((scores.shape[1],) * 2)
    np.add.at(counts, (np.asarray(labels), scores.argmax(axis=1)), 1)
    return counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
