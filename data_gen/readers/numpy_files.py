"""Open numpy's files without reading more of them than is needed."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from data_gen.readers.bad_files import OTHER_FORM, BadFile
from data_gen.readers.sample import Raw
from formats.arrays import NpzFile, npy_at, npy_of
from utils.text import one_line


@contextmanager
def opened_npz(raw: Raw) -> Iterator[NpzFile]:
    """An .npz file, to read from.

    Raises:
        BadFile: it is damaged, here or where it is read from within the `with`.
    """
    try:
        with raw.opened() as file:
            yield NpzFile(file)
    except BadFile:  # what a reader says itself
        raise
    except ValueError as error:
        raise BadFile(OTHER_FORM, f"{raw.name}: {one_line(error, 200)}.") from error


def npy_in(raw: Raw) -> np.ndarray:
    """The array of an .npy file; of a file on the disk it is left there.

    Raises:
        BadFile: it is damaged.
    """
    try:
        return npy_at(raw.path) if raw.path else npy_of(raw.content())
    except ValueError as error:
        raise BadFile(OTHER_FORM, f"{raw.name}: {one_line(error, 200)}.") from error
