"""The spans of recordings that are predicted: whole clips, windows of long ones, chunks."""
# Shapes: M persons, T frames, V joints, C channels.

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

from data_gen.readers.sample import Sample


class Span(NamedTuple):
    """Frames of a clip that are predicted together."""

    sample: Sample
    start: int
    stop: int
    whole: bool  # whether these are all


def whole(sample: Sample) -> Span:
    return Span(sample, 0, sample.clip.shape[1], True)


def windows(sample: Sample, size: int, stride: int) -> Iterator[Span]:
    """Windows of `size` frames, one every `stride`; the last one ends with the clip.

    A shorter clip is one window.
    """
    length = sample.clip.shape[1]
    starts = list(range(0, max(length - size, 0) + 1, stride))
    if starts[-1] + size < length:
        starts.append(length - size)
    for start in starts:
        yield _part(sample, start, min(start + size, length))


def chunks(sample: Sample, size: int) -> Iterator[Span]:
    """Chunks of `size` frames, one after the other; the remainder is dropped, as in training."""
    for start in range(0, sample.clip.shape[1] - size + 1, size):
        yield _part(sample, start, start + size)


def _part(sample: Sample, start: int, stop: int) -> Span:
    return Span(replace(sample, clip=sample.clip[:, start:stop]), start, stop, False)


class Cut(NamedTuple):
    """How recordings are cut into spans.

    Args:
        window: frames of a window; None: recordings are predicted whole.
        stride: frames from one window to the next.
        chunk: frames of the chunks of a whole recording; None: it is one span.
        rate: frames per second of recordings that do not tell theirs.
    """

    window: int | None
    stride: int
    chunk: int | None
    rate: float | None

    def __call__(self, samples: Iterable[Sample]) -> Iterator[Span]:
        for sample in samples:
            if self.rate and not sample.rate:
                sample = replace(sample, rate=self.rate)
            if self.window:
                yield from windows(sample, self.window, self.stride)
            elif self.chunk:
                yield from chunks(sample, self.chunk)
            else:
                yield whole(sample)
