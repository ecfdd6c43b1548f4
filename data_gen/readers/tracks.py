"""Persons over the frames of a clip: linked, put in their places, within bounds."""
# Shapes: P persons of a frame, M persons, T frames, V joints, C channels.

from collections.abc import Collection, Sequence
from itertools import pairwise
from math import gcd

import numpy as np

from data_gen.readers.bad_files import TOO_LARGE, BadFile

MAX_TRACKS = 64  # of a clip; a tracker that loses people begins thousands in a long video
MAX_VALUES = 10**8  # of a clip
MOST_MISSING = 100  # frames in all for a frame in which somebody was seen

Track = dict[int, np.ndarray]  # the joints (V, C) of a person, by frame


def clip_of(
    tracks: Sequence[Track], num_frames: int, num_joints: int, channels: int, what: str
) -> np.ndarray:
    """Tracks -> (M, T, V, C) float64; of more than MAX_TRACKS the longest.

    Raises:
        BadFile: the clip would be too large for the memory; the message begins with `what`.
    """
    longest = sorted(range(len(tracks)), key=lambda m: len(tracks[m]), reverse=True)[:MAX_TRACKS]
    kept = [tracks[m] for m in sorted(longest)]
    shape = (len(kept), num_frames, num_joints, channels)
    if np.prod(shape, dtype=np.float64) > MAX_VALUES:
        raise BadFile(
            TOO_LARGE, f"{what}: {num_frames:,} frames x {len(kept)} persons are too many."
        )
    clip = np.zeros(shape)
    for m, track in enumerate(kept):
        for t, joints in track.items():
            clip[m, t] = joints
    return clip


def by_place(frames: Sequence[Sequence[np.ndarray]]) -> list[Track]:
    """A track of each place in the lists of persons (V, C)."""
    most = max(map(len, frames), default=0)
    return [{t: p[place] for t, p in enumerate(frames) if len(p) > place} for place in range(most)]


def by_nearest(frames: Sequence[Sequence[np.ndarray]]) -> list[Track]:
    """Link persons (V, C) without ids by the nearest neighbour.

    From frame to frame persons are paired in the order of the distance between the means of their
    visible joints; persons left over begin new tracks.
    """
    tracks: list[Track] = []
    ends: dict[int, np.ndarray] = {}  # places in the frame before, by track
    for t, persons in enumerate(frames):
        places = [_place(person) for person in persons]
        pairs = sorted(
            (float(np.linalg.norm(place - end)), track, number)
            for track, end in ends.items()
            for number, place in enumerate(places)
        )
        taken: dict[int, int] = {}
        for _, track, number in pairs:
            if number not in taken and track not in taken.values():
                taken[number] = track
        ends = {}
        for number, person in enumerate(persons):
            track = taken.get(number, len(tracks))
            if track == len(tracks):
                tracks.append({})
            tracks[track][t] = person
            ends[track] = places[number]
    return tracks


def _place(person: np.ndarray) -> np.ndarray:
    """The mean (2,) of the joints (V, C) that were seen."""
    seen = person[person.any(axis=1), :2]
    return seen.mean(axis=0) if len(seen) else np.zeros(2)


def moments_of(numbers: Collection[int], step: int = 1) -> list[int]:
    """The numbers of all frames of a clip, of which some were seen: those between them as well,
    unless nearly all would be.

    Args:
        step: from one frame to the next.
    """
    order = sorted(numbers)
    if not order or (order[-1] - order[0]) // step >= MOST_MISSING * len(order):
        return order
    return list(range(order[0], order[-1] + 1, step))


def step_of(numbers: Collection[int]) -> int:
    """From one frame to the next, where only every second or tenth may have been kept."""
    return gcd(*(after - before for before, after in pairwise(sorted(numbers)))) or 1
