"""A part of the training clips to choose epochs and settings on; test clips stay unseen.

Clips of one subject are alike; where both parts hold some of them, the validation accuracy is too
good. Hence whole subjects are carved out unless asked otherwise.
"""

import re
from collections.abc import Sequence

import numpy as np

# How data sets write the subject into a clip's name.
SUBJECTS = (
    re.compile(r"S\d{3}C\d{3}P(\d{3})R\d{3}A\d{3}"),  # NTU RGB+D
    re.compile(r"a\d+_s(\d+)_e\d+_v\d+"),  # NW-UCLA
    re.compile(r"participant(\d+)_session\d+_"),  # UDIVA, as feeders/traits.py names chunks
)


def validation_split(
    names: Sequence[str], share: float, by: str, seed: int
) -> tuple[list[int], list[int]]:
    """Indices of the clips that stay for training, and of those to validate on; both rise.

    Args:
        share: of the clips, above 0 and below 1; at least this many are carved out.
        by: "subject": clips of a subject stay together; "clip": each for itself.

    Raises:
        ValueError: names tell no subject, or nothing is left to train on.
    """
    groups = [subject_of(name) for name in names] if by == "subject" else list(range(len(names)))
    kinds, sizes = np.unique(np.array(groups), return_counts=True)
    order = np.random.default_rng(seed).permutation(len(kinds))
    carved = int(np.searchsorted(np.cumsum(sizes[order]), share * len(names))) + 1
    if carved >= len(kinds):
        raise ValueError(
            f"--val-split {share} of {len(kinds)} {by}s leaves none to train on. Choose a smaller "
            "share, or --val-by clip."
        )
    chosen = set(kinds[order[:carved]].tolist())
    inside = [group in chosen for group in groups]
    validation = [i for i, is_in in enumerate(inside) if is_in]
    return [i for i, is_in in enumerate(inside) if not is_in], validation


def subject_of(name: str) -> str:
    """The subject in a clip's name.

    Raises:
        ValueError: it follows no pattern that is known here.
    """
    for pattern in SUBJECTS:
        if match := pattern.search(name):
            return match[1]
    raise ValueError(
        f"--val-by subject: the name {name!r} tells no subject (known are those of NTU RGB+D, "
        "NW-UCLA and UDIVA). Use --val-by clip."
    )
