"""What a recording probably is: the meaning of its axes, and of its last channel."""
# Shapes: M persons, T frames, V joints, C channels.

from collections.abc import Iterable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from graph.named import shipped, skeleton_class

CHANNELS = (3, 2, 4)  # the likeliest first
MOST_PERSONS = 10  # a longer axis is not theirs
PIXELS = 4.0  # places in metres or shares of an image are smaller


class Look(NamedTuple):
    """What a recording probably is.

    Args:
        reader: the options of its reader, `format` first.
        joints: V; 0 if unknown.
        note: what was found, in one line.
        persons: M.
        names: joint names, if the file has them.
        lines: lines of the YAML file, by key, that follow from the format.
        fields: single values that the first file holds.
    """

    reader: dict[str, Any]
    joints: int
    note: str
    persons: int = 1
    names: tuple[str, ...] = ()
    lines: Mapping[str, str] = MappingProxyType({})
    fields: Mapping[str, Any] = MappingProxyType({})


@cache
def known_joints() -> frozenset[int]:
    """The numbers of joints of shipped skeletons."""
    return frozenset(len(skeleton_class(name).joint_names) for name in shipped())


def _channel_axis(shape: tuple[int, ...]) -> int | None:
    """The axis with the likeliest number of channels, the last of several; None: there is none."""
    fitting = [i for i, size in enumerate(shape) if size in CHANNELS]
    return min(fitting, key=lambda i: (CHANNELS.index(shape[i]), -i), default=None)


def _joint_axis(
    shape: tuple[int, ...], channels: int | None, others: Iterable[tuple[int, ...]]
) -> int | None:
    """The axis with a known number of joints, the last of several, as in TVC, MTVC and CTVM."""
    fitting = [i for i, size in enumerate(shape) if size in known_joints() and i != channels]
    if len(fitting) > 1:
        alike = [other for other in others if len(other) == len(shape)]
        fixed = [i for i in fitting if all(other[i] == shape[i] for other in alike)]
        fitting = fixed or fitting
    return fitting[-1] if fitting else None


def likely_axes(shape: tuple[int, ...], others: Iterable[tuple[int, ...]] = ()) -> tuple[str, int]:
    """The likely letters of an array's axes, such as TVC, and its joints.

    The letters are empty, and joints 0, if nothing is likely.

    Args:
        others: shapes of other recordings, which have as many joints; read only if needed.
    """
    known = known_joints()
    if len(shape) == 2:
        for persons, axes in ((1, "TV*C"), (2, "TM*V*C")):
            for channels in CHANNELS if persons == 1 else CHANNELS[:1]:
                joints, rest = divmod(shape[1], channels * persons)
                if not rest and joints in known:
                    return axes, joints
        joints, rest = divmod(shape[1], CHANNELS[0])
        return "TV*C", 0 if rest else joints
    channels = _channel_axis(shape)
    joints = _joint_axis(shape, channels, others)
    if len(shape) not in (3, 4, 5) or channels is None or joints is None:
        return {4: "MTVC", 5: "NMTVC"}.get(len(shape), "TVC") if shape else "", 0
    letters = ["?"] * len(shape)
    letters[channels], letters[joints] = "C", "V"
    rest = [i for i, letter in enumerate(letters) if letter == "?"]
    if len(rest) == 3 or (len(rest) == 2 and min(shape[i] for i in rest) > MOST_PERSONS):
        # Of clips the first axis; of two long axes none is of persons.
        letters[rest.pop(0)] = "N"
    persons = min(rest, key=lambda i: shape[i]) if len(rest) > 1 else None
    for i in rest:
        letters[i] = "M" if i == persons else "T"
    return "".join(letters), shape[joints]


def likely_score(array: np.ndarray, axes: str) -> bool:
    """Whether the last channel seems to be a confidence: a fourth one, or shares of 1 beside places
    in pixels.
    """
    if array.dtype.kind not in "fiu" or "*" in axes or not array.size:
        return False
    channels = np.moveaxis(array, axes.index("C"), 0)
    places, last = np.nan_to_num(channels[:2]), np.nan_to_num(channels[-1])
    shares = len(channels) == 3 and last.min() >= 0 and 0 < last.max() <= 1
    return len(channels) == 4 or bool(shares and np.abs(places).max() > PIXELS)


def look_at_array(
    reader: dict[str, Any],
    shape: tuple[int, ...],
    array: np.ndarray | None,
    others: Iterable[tuple[int, ...]] = (),
) -> Look:
    """What an array of this shape probably is.

    Args:
        reader: the options of its reader so far.
        array: its first rows, if they are known.
        others: as in `likely_axes`.
    """
    axes, joints = likely_axes(shape, others)
    if axes:
        reader = reader | {"axes": axes}
    if axes and array is not None and likely_score(array, axes):
        reader = reader | {"score": "keep"}
    persons = shape[axes.index("M")] if "M" in axes and "*" not in axes else 1
    return Look(reader, joints, f"an array of shape {shape}", persons)
