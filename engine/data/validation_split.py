"""Hold out training clips to choose epochs and settings on; test clips stay unseen.

Clips of one subject are alike; with some of them on both sides, validation accuracy is too high.
Hence whole subjects are held out by default.
"""

import numpy as np

from engine.data.clips import Clips


def validation_split(clips: Clips, share: float, by: str, seed: int) -> tuple[list[int], list[int]]:
    """Numbers of the clips to train on and of those to validate on, ascending.

    Args:
        share: share of the clips, in (0, 1), that is held out at least.
        by: "subject" or "clip": the unit that is kept whole.
        seed: draws which are held out.

    Raises:
        ValueError: the subjects are unknown, or nothing is left to train on.
    """
    if by == "clip":
        groups: list = list(range(len(clips)))
    else:
        groups = clips.subjects
        if groups is None:
            raise ValueError(
                f"--val-by subject: neither {clips.data_path} nor names such as "
                f"{clips.sample_name[0]!r} tell who was recorded. Use --val-by clip."
            )
    kinds, sizes = np.unique(np.array(groups), return_counts=True)
    order = np.random.default_rng(seed).permutation(len(kinds))
    held_out = int(np.searchsorted(np.cumsum(sizes[order]), share * len(clips))) + 1
    if held_out >= len(kinds):
        raise ValueError(
            f"--val-split {share} of {len(kinds)} {by}s leaves none to train on. Choose a smaller "
            "share, or --val-by clip."
        )
    chosen = set(kinds[order[:held_out]].tolist())
    inside = [group in chosen for group in groups]
    validation = [i for i, is_in in enumerate(inside) if is_in]
    return [i for i, is_in in enumerate(inside) if not is_in], validation
