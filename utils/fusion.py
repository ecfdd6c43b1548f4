"""Scores of several streams -> one: weighted sums, and the search for weights."""
# Shapes: S streams, N samples, K classes.

from collections.abc import Iterator, Sequence

import numpy as np

MIN_STEPS, MAX_STREAMS = 10, 6  # of the search, which tries up to 6,188 weights


def fuse(scores: np.ndarray, weights: Sequence[float]) -> np.ndarray:
    """Scores (S, N, K), weights (S,) -> their sum (N, K)."""
    return np.tensordot(np.asarray(weights), scores, axes=1)


def search_weights(scores: np.ndarray, labels: Sequence[int]) -> list[float]:
    """The weights (S,) with the highest top-1 accuracy, the largest being 1.

    All weights that are multiples of a tenth of their sum, or of a little less, so that equal
    weights are among them. Of weights that are equally good the most equal ones are taken, since on
    few samples many are; of those, the ones with more weight on earlier streams.

    Args:
        scores: (S, N, K) of samples that the fusion is not to be judged by.

    Raises:
        ValueError: there are too many streams.
    """
    streams = len(scores)
    if streams > MAX_STREAMS:
        raise ValueError(f"the search is for up to {MAX_STREAMS} streams. Got {streams}.")
    grid = np.array([*_sums(-(-MIN_STEPS // streams) * streams, streams)])
    unevenness = np.square(grid).sum(axis=1)
    # Rounded before they are tried: scores in bfloat16 tie, and any change breaks ties.
    grid = (grid / grid.max(axis=1, keepdims=True)).round(3)
    right = [(fuse(scores, weights).argmax(axis=1) == labels).sum() for weights in grid]
    return grid[np.lexsort((unevenness, -np.array(right)))[0]].tolist()


def _sums(total: int, parts: int) -> Iterator[tuple[int, ...]]:
    """All ways to write `total` as an ordered sum of numbers from 0."""
    if parts == 1:
        yield (total,)
        return
    for first in range(total, -1, -1):
        yield from ((first, *rest) for rest in _sums(total - first, parts - 1))
