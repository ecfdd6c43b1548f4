"""Frames that arrive one after the other, as lines of JSON or from a camera."""
# Shapes: P persons of a frame, M persons, T frames, V joints, C channels.

import select
from collections import deque
from collections.abc import Iterator
from typing import IO, NamedTuple

import numpy as np
import orjson

from data_gen.readers.bad_files import OTHER_FORM, BadFile
from data_gen.readers.sample import Sample, seen_only
from tools.predicting.spans import Span
from utils.text import one_line

MAX_LINE, MAX_PERSONS = 10**6, 10  # of a line of JSON: characters, persons
MAX_FRAMES = 100_000  # of a clip that comes in lines


def frames_of_lines(stream: IO[bytes], num_joints: int, channels: int) -> Iterator[np.ndarray]:
    """Parse lines of JSON into frames (P, V, C): joints of a person, [[x, y, z], ...], or a list of
    persons.

    `{"bodies": ...}` around them is accepted, too. Empty lists are frames without anybody.

    Raises:
        ValueError: a line holds something else.
    """
    number = 0
    while line := stream.readline(MAX_LINE + 1):
        number += 1
        if not line.strip():
            continue
        what = f"line {number} of the standard input"
        if len(line) > MAX_LINE:
            raise BadFile(OTHER_FORM, f"{what} is longer than {MAX_LINE:,} characters.")
        try:
            content = orjson.loads(line)
            content = content["bodies"] if isinstance(content, dict) else content
            bodies = np.array(content, dtype=np.float64)
        except (ValueError, TypeError, KeyError, OverflowError) as error:
            reason = one_line(error, 200)
            raise BadFile(OTHER_FORM, f"{what} holds no frame of joints: {reason}.") from error
        bodies = bodies[None] if bodies.ndim == 2 else bodies
        bodies = bodies.reshape(0, num_joints, channels) if not bodies.size else bodies
        if bodies.ndim != 3 or bodies.shape[1:] != (num_joints, channels):
            raise BadFile(
                OTHER_FORM,
                f"{what} has shape {bodies.shape}, not (persons, {num_joints}, {channels}).",
            )
        yield seen_only(bodies[None], what)[0][:MAX_PERSONS]


class LiveSource(NamedTuple):
    """The properties of a stream of frames (P, V, C).

    Args:
        has_score: whether their last channel is a confidence.
        rate: frames per second.
        image: width and height, if places become shares of it.
    """

    name: str
    has_score: bool
    rate: float | None
    image: tuple[int, int] | None = None

    def sample(self, frames: list[np.ndarray] | deque[np.ndarray]) -> Sample:
        """Frames as a clip."""
        clip = _stacked(frames)
        return Sample(self.name, clip, self.has_score, self.rate, image=self.image)


def joined(frames: Iterator[np.ndarray], source: LiveSource) -> Sample:
    """All frames (P, V, C) as a clip.

    Raises:
        ValueError: there are none, or too many.
    """
    found = []
    for frame in frames:
        found.append(frame)
        if len(found) > MAX_FRAMES:
            raise ValueError(f"{source.name} has more than {MAX_FRAMES:,} frames. Use --window.")
    if not found:
        raise ValueError(f"{source.name} holds no frame.")
    return source.sample(found)


def live_windows(
    frames: Iterator[np.ndarray], source: LiveSource, size: int, stride: int
) -> Iterator[Span]:
    """Yield windows as soon as their last frame (P, V, C) arrives; at most one is kept.

    A stream shorter than a window is one window.
    """
    kept: deque[np.ndarray] = deque(maxlen=size)
    count, shown = 0, False
    for frame in frames:
        kept.append(frame)
        count += 1
        if count >= size and (count - size) % stride == 0:
            shown = True
            yield Span(source.sample(kept), count - size, count, False)
    if not count:
        raise ValueError(f"{source.name} holds no frame.")
    if not shown:
        yield Span(source.sample(kept), 0, count, False)


def waits(stream: IO[bytes]) -> bool:
    """Whether a stream has nothing to read at the moment."""
    try:
        return not select.select([stream], [], [], 0)[0]
    except (OSError, ValueError):  # not a pipe; Windows
        return False


def _stacked(frames: list[np.ndarray] | deque[np.ndarray]) -> np.ndarray:
    """Frames (P, V, C) -> (M, T, V, C), persons by their place in the frame."""
    persons = max(1, *(len(frame) for frame in frames)) if len(frames) > 1 else len(frames[0])
    clip = np.zeros((max(persons, 1), len(frames), *frames[0].shape[1:]), np.float64)
    for t, frame in enumerate(frames):
        clip[: len(frame), t] = frame
    return clip
