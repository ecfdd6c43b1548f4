"""What ensemble.py prints of several streams and their fusion."""
# Shapes: S streams, N samples, K classes.

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from utils.metrics import confusion_counts, top_k_accuracy


def stream_table(
    paths: Sequence[Path],
    weights: Sequence[float],
    scores: np.ndarray,
    fused: np.ndarray,
    labels: Sequence[int],
) -> str:
    """Weight and accuracies of S streams, (S, N, K), and of their fusion, (N, K); a line each."""
    titles = [*map(str, paths), "fused"]
    cells = [*(f"{weight:6.2f}" for weight in weights), " " * 6]
    first = f"{len(labels)} samples"
    width = max(map(len, [first, *titles]))
    lines = [f"{first:<{width}} | weight | Top1 in % | Top5 in %"]
    for title, cell, one in zip(titles, cells, [*scores, fused], strict=True):
        top1, top5 = (100 * top_k_accuracy(one, labels, k) for k in (1, 5))
        lines.append(f"{title:<{width}} | {cell} | {top1:9.4f} | {top5:9.4f}")
    return "\n".join([*lines, ""])


def class_table(scores: np.ndarray, fused: np.ndarray, labels: Sequence[int], shown: int) -> str:
    """Accuracy of the fused scores (N, K) by class, the worst first, and what is taken for what.

    Args:
        scores: (S, N, K) of the streams, whose accuracy on these classes is shown as well.
        shown: how many classes, and how many pairs of them, at most. Classes without clips are
            left out.
    """
    counts = np.stack([confusion_counts(one, labels) for one in [*scores, fused]])
    clips = counts[-1].sum(axis=1)
    right = np.diagonal(counts, axis1=1, axis2=2)  # (S + 1, K)
    percent = 100 * right / np.maximum(clips, 1)
    present = np.flatnonzero(clips)
    worst = present[np.argsort(percent[-1, present], kind="stable")][:shown]
    lines = [f"{len(worst)} of {len(present)} classes, counted from 0, the worst first:"]
    lines.append("class | clips | fused in % | each stream in %")
    for label in worst:
        each = " ".join(f"{share:6.2f}" for share in percent[:-1, label])
        lines.append(f"{label:5d} | {clips[label]:5d} | {percent[-1, label]:10.2f} | {each}")
    lines.append("")
    wrong = counts[-1] * (1 - np.eye(len(clips), dtype=int))
    for pair in np.argsort(-wrong, axis=None, kind="stable")[: min(shown, np.count_nonzero(wrong))]:
        true, guess = divmod(int(pair), len(clips))
        lines.append(f"class {true} taken for {guess}: {wrong[true, guess]} of {clips[true]} clips")
    return "\n".join([*lines, ""])
