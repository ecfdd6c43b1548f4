"""Scores of several streams -> one: weighted sums, the search for weights, what goes wrong."""
# Shapes: S streams, N samples, K classes.

from collections.abc import Iterator, Sequence

import numpy as np

from utils.metrics import top_k_accuracy

STEPS = 10  # of the search: weights that sum to 1 in steps of 0.1


def fuse(scores: np.ndarray, weights: Sequence[float]) -> np.ndarray:
    """Scores (S, N, K), weights (S,) -> their sum (N, K)."""
    return np.tensordot(np.asarray(weights), scores, axes=1)


def search_weights(scores: np.ndarray, labels: Sequence[int]) -> list[float]:
    """The weights (S,) with the highest top-1 accuracy, the largest being 1.

    Of weights that are equally good the most equal ones are taken: on few samples many are.

    Args:
        scores: (S, N, K) of samples that the fusion is not to be judged by.
    """
    grid = np.array([*_compositions(STEPS, len(scores))])
    accuracies = [top_k_accuracy(fuse(scores, weights), labels, 1) for weights in grid]
    unevenness = np.square(grid).sum(axis=1)
    best = grid[np.lexsort((unevenness, -np.array(accuracies)))[0]]
    return [round(float(weight), 3) for weight in best / best.max()]


def _compositions(total: int, parts: int) -> Iterator[tuple[int, ...]]:
    """All ways to write `total` as an ordered sum of numbers from 0."""
    if parts == 1:
        yield (total,)
        return
    for first in range(total, -1, -1):
        yield from ((first, *rest) for rest in _compositions(total - first, parts - 1))


def per_class_accuracy(
    scores: Sequence[np.ndarray], labels: Sequence[int]
) -> tuple[np.ndarray, np.ndarray]:
    """Samples of every class (K,), and the share of them that each of S scores has right (S, K).

    A class without samples has 0.
    """
    classes = scores[0].shape[1]
    counts = np.bincount(labels, minlength=classes)
    right = [
        np.bincount(labels, weights=stream.argmax(axis=1) == labels, minlength=classes)
        for stream in scores
    ]
    return counts, np.array(right) / np.maximum(counts, 1)


def confusions(scores: np.ndarray, labels: Sequence[int]) -> list[tuple[int, int, int]]:
    """(true class, predicted class, samples) of every wrong pair, the most frequent first."""
    guesses, labels = scores.argmax(axis=1), np.asarray(labels)
    wrong = guesses != labels
    pairs, counts = np.unique(np.stack([labels[wrong], guesses[wrong]]), axis=1, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return [(*pairs[:, i].tolist(), int(counts[i])) for i in order]
