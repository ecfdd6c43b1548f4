"""Bodies that are not there, computed once.

Data sets of one or two persons a clip store a missing one as zeros. All such bodies of the same
place in a clip are equal, and stay equal through every layer that treats bodies alike: one of
them can stand for all. BatchNorm must then count it as often as it stands for others
(model/batch_norm.py), and the result is that of computing each.
"""
# Shapes: N clips, C channels, T frames, V joints, M persons, R rows that are computed.

from typing import NamedTuple

import torch
from torch import Tensor


class Merged(NamedTuple):
    """Which of the N*M bodies of a batch are computed, and for which they stand."""

    rows: Tensor  # (R,) numbers of bodies, rising
    index: Tensor  # (N*M,) the row, in 0 .. R-1, that stands for each body
    repeats: Tensor  # (R,) how many bodies each row stands for


def merge_absent(clips: Tensor) -> Merged | None:
    """Of each place in a clip, keep one of the bodies that are all zero; None if nothing is saved.

    Args:
        clips: (N, C, T, V, M).
    """
    present = clips.any(dim=3).any(dim=2).any(dim=1)  # (N, M)
    if bool((~present).sum(dim=0).le(1).all()):
        return None
    num_clips, num_persons = present.shape
    body = torch.arange(num_clips * num_persons, device=clips.device).view(num_clips, num_persons)
    first_absent = body.gather(0, present.int().argmin(dim=0, keepdim=True))  # (1, M)
    stands_for = torch.where(present, body, first_absent)
    return Merged(*torch.unique(stands_for.flatten(), return_inverse=True, return_counts=True))
