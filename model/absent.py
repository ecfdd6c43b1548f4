"""Compute missing bodies only once.

Data sets with one or two persons per clip store a missing one as zeros. All such bodies of the same
place in a clip are equal, and stay equal through every layer that treats bodies alike: one of
them can stand for all. BatchNorm must then count it as often as it stands for others
(model/batch_norm.py), and the result is that of computing each.
"""
# Shapes: N clips, C channels, T frames, V joints, M persons, R rows that are computed.

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import Tensor, nn

from model.batch_norm import is_plain

_fixed: int | None = None


class Merged(NamedTuple):
    """Which of the N*M bodies of a batch are computed, and for which they stand."""

    rows: Tensor  # (R,) numbers of bodies
    index: Tensor  # (N*M,) the row, in 0 .. R-1, that stands for each body
    repeats: Tensor  # (R,) how many bodies each row stands for; 0: it is there to fill up


@contextmanager
def fixed_rows(count: int) -> Iterator[None]:
    """A context within which `merge_absent` gives `count` rows, which must suffice (`rows_needed`).

    It then need not count them, for which the host would wait for the GPU.
    """
    global _fixed
    before, _fixed = _fixed, count
    try:
        yield
    finally:
        _fixed = before


def rows_needed(clips: Tensor) -> int:
    """How many rows `merge_absent` finds for clips (N, C, T, V, M)."""
    present = clips.any(dim=3).any(dim=2).any(dim=1)  # (N, M)
    return int(present.sum()) + int((~present).any(dim=0).sum())


def can_merge(clips: Tensor, data_bn: nn.Module) -> bool:
    """Whether one body may stand for its equals: not where each needs a gradient of its own, nor
    where BatchNorm spans processes or shapes are compiled in.
    """
    return is_plain(data_bn) and not (clips.requires_grad or torch.compiler.is_compiling())


def merge_absent(clips: Tensor) -> Merged | None:
    """Of each place in a clip, keep one of the bodies that are all zero; None if nothing is saved.

    Args:
        clips: (N, C, T, V, M).
    """
    num_bodies = len(clips) * clips.shape[-1]
    if _fixed is not None and _fixed >= num_bodies:
        return None
    present = clips.any(dim=3).any(dim=2).any(dim=1)  # (N, M)
    if _fixed is None and bool((~present).sum(dim=0).le(1).all()):
        return None
    body = torch.arange(num_bodies, device=clips.device).view(present.shape)
    first_absent = body.gather(0, present.int().argmin(dim=0, keepdim=True))  # (1, M)
    stands_for = torch.where(present, body, first_absent).flatten()
    if _fixed is None:
        return Merged(*torch.unique(stands_for, return_inverse=True, return_counts=True))
    own = stands_for == body.flatten()
    rows = own.logical_not().int().argsort(stable=True)[:_fixed]
    index = (own.cumsum(0) - 1)[stands_for]
    repeats = torch.zeros_like(rows).index_add_(0, index, torch.ones_like(index))
    return Merged(rows, index, repeats)
