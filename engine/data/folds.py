"""Folds of a data set for cross-validation, which keep groups of similar clips whole."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class Fold(NamedTuple):
    """One of the trainings of a cross-validation.

    Args:
        number: the fold that is scored, from 1.
        count: number of folds.
        seed: draws which clips are in which fold.
    """

    number: int
    count: int
    seed: int


def split_by(groups: Sequence[str], fold: Fold) -> tuple[list[int], list[int]]:
    """Numbers of the clips to train on and of those to score, ascending.

    Groups are assigned in random order, the largest first, each to the fold with the fewest clips.

    Raises:
        ValueError: there are fewer groups than folds.
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
