"""Clips that wait on the disk, as all of them may not fit into the memory."""
# Shapes: M persons, T frames, V joints, C channels.

import os
import tempfile
import weakref
from math import prod
from pathlib import Path
from typing import NamedTuple

import numpy as np

ITEM = np.dtype(np.float32)


class Place(NamedTuple):
    """Where a clip is in a spool.

    Args:
        start: its first byte.
        shape: (M, T, V, C).
    """

    start: int
    shape: tuple[int, ...]


class Spool:
    """A nameless file that ends with this object, or with the process, however that ends. Forked
    processes may read it at the same time.

    Args:
        folder: on whose disk it is.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file, name = tempfile.mkstemp(dir=folder)
        Path(name).unlink()
        weakref.finalize(self, os.close, self._file)
        self._end = 0

    def add(self, clip: np.ndarray) -> Place:
        """Keep a clip (M, T, V, C) float32.

        Raises:
            OSError: the disk is full.
        """
        place = Place(self._end, clip.shape)
        content = memoryview(np.ascontiguousarray(clip, ITEM)).cast("B") if clip.size else b""
        try:
            while content:
                content = content[os.write(self._file, content) :]
        except OSError as error:
            raise OSError(
                f"clips that have been read wait on the disk of {self._folder}: {error.strerror}. "
                "Make room, or choose another output folder."
            ) from error
        self._end += prod(clip.shape) * ITEM.itemsize
        return place

    def clip(self, place: Place) -> np.ndarray:
        count = prod(place.shape) * ITEM.itemsize
        content = bytearray()
        while len(content) < count:
            more = os.pread(self._file, count - len(content), place.start + len(content))
            if not more:
                raise OSError("a temporary file was cut")
            content += more
        return np.frombuffer(content, ITEM).reshape(place.shape)
