"""A clip that can be drawn, and which ones are to be."""
# Shapes: C channels, T frames, V joints, M persons.

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from graph.named import skeleton_class


@dataclass(frozen=True)
class Drawable:
    """A clip that can be drawn.

    Args:
        number: its place in its file, array or store.
        clip: (M, T, V, C).
        up: the axis that points up.
        array_of: returns the clip of the arrays, (C, T, V, M); None: unknown.
        array_up: the axis of the arrays that points up.
        is_array: whether `clip` comes from arrays.
    """

    name: str
    number: int
    clip: np.ndarray
    skeleton: str
    up: str
    rate: float | None = None
    has_score: bool = False
    label: int | None = None
    classes: Sequence[str] = ()  # their names
    array_of: Callable[[], np.ndarray] | None = None
    array_up: str | None = None
    is_array: bool = False

    @property
    def centre(self) -> int | None:
        """The joint that normalisation put at 0."""
        return getattr(skeleton_class(self.skeleton), "centre", None) if self.is_array else None

    @property
    def in_arrays(self) -> "Drawable":
        """The same clip as in the arrays, without padding."""
        clip = without_replay(self.array_of()).transpose(3, 1, 2, 0)
        return replace(self, clip=clip, up=self.array_up, is_array=True)


class Choice(NamedTuple):
    """Which clips to draw, and how they are read."""

    pick: Sequence[str] = ()  # names or numbers; empty: the first
    format: str | None = None
    skeleton: str | None = None
    split: str | None = None
    limit: int = 4  # clips without --pick


def without_replay(clip: np.ndarray) -> np.ndarray:
    """(C, T, V, M) -> without the repetitions that fill the arrays of NTU RGB+D, and empty ends."""
    filled = np.flatnonzero(clip.any(axis=(0, 2, 3)))
    clip = clip[:, : filled[-1] + 1] if len(filled) else clip[:, :1]
    first = clip[:, 0]
    for period in range(1, clip.shape[1] // 2 + 1):
        again = clip[:, period:]
        if (again[:, 0] == first).all() and (again == clip[:, : again.shape[1]]).all():
            return clip[:, :period] if period > 1 else clip
    return clip
