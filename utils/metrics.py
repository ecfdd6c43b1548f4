"""How good scores are; numpy only."""

import numpy as np


def top_k_accuracy(scores: np.ndarray, labels: np.ndarray, k: int) -> float:
    """Share of samples, in [0, 1], whose label is among the k highest of (N, classes) scores."""
    best = np.argsort(scores, axis=1, kind="stable")[:, ::-1][:, :k]
    return float((best == np.asarray(labels)[:, None]).any(axis=1).mean())
