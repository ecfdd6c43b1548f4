"""Scores of several streams -> one: weighted sums, the search for weights, and tables of both."""
# Shapes: S streams, N samples, K classes.

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from utils.metrics import confusion_counts, mcnemar, top_k_accuracy, wilson, worst_pairs

MIN_STEPS, MAX_STREAMS = 10, 6  # of the search, which tries up to 6,188 weights


def fuse(scores: np.ndarray, weights: Sequence[float]) -> np.ndarray:
    """Scores (S, N, K), weights (S,) -> their sum (N, K)."""
    return np.tensordot(np.asarray(weights), scores, axes=1)


def search_weights(scores: np.ndarray, labels: Sequence[int]) -> list[float]:
    """The weights (S,) with the highest top-1 accuracy, the largest being 1.

    Tries all weights that are multiples of a tenth of their sum, or of a little less, so that equal
    weights are among them. Ties, which are frequent with few samples, go to the most even weights,
    then to more weight on earlier streams.

    Args:
        scores: (S, N, K) of samples other than those that the fusion is evaluated on.

    Raises:
        ValueError: there are too many streams.
    """
    streams = len(scores)
    if streams > MAX_STREAMS:
        raise ValueError(f"the search is for up to {MAX_STREAMS} streams. Got {streams}.")
    # A multiple of the number of streams, so that equal weights are among those tried.
    num_steps = math.ceil(MIN_STEPS / streams) * streams
    grid = np.array(list(_sums(num_steps, streams)))
    unevenness = np.square(grid).sum(axis=1)
    # Rounded before they are tried: scores in bfloat16 tie, and any change breaks ties.
    grid = (grid / grid.max(axis=1, keepdims=True)).round(3)
    right = [(fuse(scores, weights).argmax(axis=1) == labels).sum() for weights in grid]
    # First the most right samples; of equals the most even weights; of equals the earlier in the
    # grid, which has more weight on earlier streams.
    best = min(range(len(grid)), key=lambda i: (-right[i], unevenness[i], i))
    return grid[best].tolist()


def _sums(total: int, parts: int) -> Iterator[tuple[int, ...]]:
    """All ways to write `total` as an ordered sum of non-negative integers."""
    if parts == 1:
        yield (total,)
        return
    for first in range(total, -1, -1):
        yield from ((first, *rest) for rest in _sums(total - first, parts - 1))


def stream_table(
    paths: Sequence[Path],
    weights: Sequence[float],
    scores: np.ndarray,
    fused: np.ndarray,
    labels: Sequence[int],
) -> str:
    """Weight and accuracies of S streams, (S, N, K), and of their fusion, (N, K); one line each.

    Each line also has the 95 % interval of the top-1 accuracy (Wilson), the numbers of samples that
    only the fusion or only the stream has right, and the p-value of that difference (McNemar's
    exact test).
    """
    titles = [*map(str, paths), "fused"]
    cells = [*(f"{weight:6.2f}" for weight in weights), " " * 6]
    first = f"{len(labels)} samples"
    width = max(map(len, [first, *titles]))
    lines = [
        f"{first:<{width}} | weight | Top1 in % | Top5 in % | Top1, 95 % CI    | fused against it"
    ]
    fused_right = _right(fused, labels)
    for title, cell, one in zip(titles, cells, [*scores, fused], strict=True):
        top1, top5 = (100 * top_k_accuracy(one, labels, k) for k in (1, 5))
        right = _right(one, labels)
        low, high = (100 * end for end in wilson(int(right.sum()), len(labels)))
        line = f"{title:<{width}} | {cell} | {top1:9.4f} | {top5:9.4f} | {low:6.2f} to {high:6.2f}"
        if one is not fused:
            test = mcnemar(fused_right, right)
            line += f" | +{test.only_first} -{test.only_second}, p = {test.p_value:.2g}"
        lines.append(line)
    return "\n".join([*lines, ""])


def _right(scores: np.ndarray, labels: Sequence[int]) -> np.ndarray:
    """(N,) bool."""
    return scores.argmax(axis=1) == np.asarray(labels)


def class_table(
    scores: np.ndarray,
    fused: np.ndarray,
    labels: Sequence[int],
    shown: int,
    titles: Sequence[str] = (),
) -> str:
    """Accuracy of the fused scores (N, K) by class, the worst first, and the top confusions.

    Args:
        scores: (S, N, K) of the streams, whose accuracy on these classes is shown as well.
        shown: how many classes, and how many pairs of them, at most. Classes without clips are
            left out.
        titles: of the classes, such as `8 throw`; by default their numbers.
    """
    titles = titles or [str(label) for label in range(fused.shape[1])]
    counts = np.stack([confusion_counts(one, labels) for one in [*scores, fused]])
    clips = counts[-1].sum(axis=1)
    right = np.diagonal(counts, axis1=1, axis2=2)  # (S + 1, K)
    percent = 100 * right / np.maximum(clips, 1)
    present = np.flatnonzero(clips)
    worst = present[np.argsort(percent[-1, present], kind="stable")][:shown]
    width = max([len("class"), *(len(titles[label]) for label in worst)])
    lines = [f"{len(worst)} of {len(present)} classes, counted from 0, the worst first:"]
    lines.append(f"{'class':<{width}} | clips | fused in % | each stream in %")
    for label in worst:
        each = " ".join(f"{share:6.2f}" for share in percent[:-1, label])
        head = f"{titles[label]:<{width}} | {clips[label]:5d}"
        lines.append(f"{head} | {percent[-1, label]:10.2f} | {each}")
    lines.append("")
    for pair in worst_pairs(counts[-1], shown):
        pair_of = f"class {titles[pair.true]} taken for {titles[pair.predicted]}"
        lines.append(f"{pair_of}: {pair.samples} of {pair.of} clips")
    return "\n".join([*lines, ""])
