"""Parts of a data set that take turns as test clips; groups of like clips stay in one part."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class Fold(NamedTuple):
    """One of the trainings of a cross-validation.

    Args:
        number: which part is scored, from 1.
        count: how many parts there are.
        seed: which clips are in which part depends on it.
    """

    number: int
    count: int
    seed: int


def split_by(groups: Sequence[str], fold: Fold) -> tuple[list[int], list[int]]:
    """Numbers of the clips to train on and of those to score, ascending.

    Groups come in random order, the largest first; each joins the part with the fewest clips.

    Raises:
        ValueError: there are fewer groups than parts.
    """
    kinds, members, sizes = np.unique(np.asarray(groups), return_inverse=True, return_counts=True)
    if len(kinds) < fold.count:
        raise ValueError(
            f"--folds {fold.count} requires as many groups of clips (subjects, or recordings). Got "
            f"{len(kinds)}."
        )
    order = np.random.default_rng(fold.seed).permutation(len(kinds))
    order = order[np.argsort(-sizes[order], kind="stable")]
    part, load = np.zeros(len(kinds), int), np.zeros(fold.count)
    for kind in order:
        part[kind] = load.argmin()
        load[part[kind]] += sizes[kind]
    held_out = part[members] == fold.number - 1
    return np.flatnonzero(~held_out).tolist(), np.flatnonzero(held_out).tolist()
