"""Open HDF5 files safely: refuse damage, and data that lies in another file."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import h5py

from data_gen.readers.bad_files import OTHER_FORM, BadFile
from data_gen.readers.sample import Raw
from utils.text import one_line

SIGNATURE = b"\x89HDF"
# What h5py raises on damaged files.
DAMAGED = (
    OSError,
    ValueError,
    LookupError,
    RuntimeError,
    TypeError,
    AttributeError,
    ArithmeticError,
    MemoryError,
    NotImplementedError,
)


@contextmanager
def opened(raw: Raw) -> Iterator[h5py.File]:
    """A file, to read from: what is not asked for stays on the disk.

    Raises:
        BadFile: it is damaged, here or where it is read from within the `with`.
    """
    try:
        with raw.opened() as content, h5py.File(content, "r") as file:
            yield file
    except BadFile:  # what a reader says itself
        raise
    except DAMAGED as error:
        reason = one_line(error, 300)
        raise BadFile(
            OTHER_FORM, f"{raw.name} is not an HDF5 file, or damaged: {reason}"
        ) from error


def is_array(item: Any) -> bool:
    """Whether it is an array whose numbers lie in this very file."""
    return isinstance(item, h5py.Dataset) and not item.external and not item.is_virtual


def shapes_of(file: h5py.File) -> dict[str, tuple[int, ...] | None]:
    """The shape of every array by name; None where it has none."""
    found: dict[str, tuple[int, ...] | None] = {}

    def keep(name: str, item: Any) -> None:
        if is_array(item):
            found[name] = item.shape

    file.visititems(keep)
    return found


def is_hdf5(content: bytes) -> bool:
    """Whether a file's content is HDF5, as MATLAB's files are from version 7.3 on."""
    return SIGNATURE in (content[:4], content[512:516])
