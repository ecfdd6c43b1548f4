"""Arrays on disk: .npy files of clips, and .npz files of several arrays; never pickles."""
# Shapes: N clips, C channels, T frames, V joints, M persons.

import io
import os
import tokenize
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np

from formats.manifest import how_to_make
from utils.files import atomic_write, regular_file

MAX_INDEX_BYTES = 2**30  # of an .npz file when unpacked; the largest benchmark's index has 40 MB
MOST_UNPACKED = 50  # times the size of an .npz file of any size; padded clips have 10
# What numpy and zipfile raise where a file is damaged or foreign.
UNREADABLE = (
    OSError,
    EOFError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    OverflowError,
    MemoryError,
    SyntaxError,
    RecursionError,
    NotImplementedError,  # an encrypted zip
    RuntimeError,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
)


def open_clips(path: Path, in_memory: bool = False) -> np.ndarray:
    """The (N, C, T, V, M) array of a .npy file, left on disk unless `in_memory`.

    Raises:
        FileNotFoundError: no such file.
        ValueError: the file is damaged, or holds something else.
    """
    return open_array(path, 5, "clips (N, C, T, V, M)", in_memory=in_memory)


def open_array(
    path: Path, ndim: int, what: str, kinds: str = "f", in_memory: bool = False
) -> np.ndarray:
    """An .npy file of `what`, left on disk unless `in_memory`.

    Args:
        ndim: number of axes.
        kinds: numpy's letters of the kinds of numbers allowed.

    Raises:
        FileNotFoundError: no such file.
        ValueError: the file is damaged, or holds something else.
    """
    if not path.exists():
        raise FileNotFoundError(f"no data file {path}. {how_to_make(path)}")
    try:
        array = map_npy(path)
        if array.dtype.kind not in kinds:
            numbers = "floats" if kinds == "f" else "whole numbers"
            raise ValueError(f"it must be an .npy file of {numbers}, but is one of {array.dtype}")
        if array.ndim != ndim or not array.size:
            raise ValueError(f"it must hold {what}, but has the shape {array.shape}")
    except UNREADABLE as error:
        reason = error or type(error).__name__
        raise ValueError(
            f"{path} is not a readable array: {reason}. {how_to_make(path)}"
        ) from error
    return np.array(array) if in_memory else array


def map_npy(path: Path) -> np.ndarray:
    """The array of an .npy file, left on disk, whose shape fits the size of the file.

    Raises:
        ValueError: they do not fit, or the file is not an .npy file of plain values.
        Exception: any of UNREADABLE.
    """
    with regular_file(path).open("rb") as file:
        shape, is_fortran, dtype = _read_header(file)
        start = file.tell()
    num_bytes = path.stat().st_size - start
    if dtype.hasobject or _num_bytes(shape, dtype) > num_bytes:
        raise ValueError(f"it has {num_bytes:,} bytes for shape {shape} of {dtype}")
    if not _num_bytes(shape, dtype):
        return np.zeros(shape, dtype)  # nothing can be mapped of an empty file
    return np.memmap(path, dtype, "r", start, shape, "F" if is_fortran else "C")


def create_clips(path: Path, shape: tuple[int, ...], dtype: np.dtype) -> np.memmap:
    """A new .npy file of zeros to be filled in, whose disk space is reserved at once.

    Raises:
        OSError: the disk is too full. (Without the reservation the process would be killed when it
            writes to a page without space.)
    """
    clips = np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=shape)
    if hasattr(os, "posix_fallocate"):  # not on macOS and Windows
        with path.open("r+b") as file:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
    return clips


def npz_beside(path: Path) -> Path | None:
    """The .npz file of the same name, where it is as new as `path` or `path` is missing."""
    npz = path.with_suffix(".npz")
    if npz == path or not npz.is_file():
        return None
    is_older = path.is_file() and npz.stat().st_mtime_ns < path.stat().st_mtime_ns
    return None if is_older else npz


def write_npz(path: Path, **arrays: np.ndarray) -> None:
    """Write an .npz file of plain arrays, whole or not at all."""
    with atomic_write(path) as temporary:
        np.savez(temporary, **arrays)


def read_npz(path: Path, names: Iterable[str]) -> dict[str, np.ndarray]:
    """Arrays of an .npz file, by name; sizes are compared before anything is allocated.

    Raises:
        ValueError: the file is damaged, or lacks an array.
    """
    try:
        with zipfile.ZipFile(regular_file(path)) as archive:
            sizes = {member.filename: member.file_size for member in archive.infolist()}
            if sum(sizes.values()) > MAX_INDEX_BYTES:
                raise ValueError(f"it unpacks to more than {MAX_INDEX_BYTES:,} bytes")
            return {name: _read_member(archive, f"{name}.npy", sizes) for name in names}
    except UNREADABLE as error:
        raise ValueError(f"{path} is damaged: {error or type(error).__name__}") from error


def npz_of(content: bytes) -> dict[str, np.ndarray]:
    """All arrays of an .npz file's content.

    Raises:
        ValueError: it is damaged, or holds something else than arrays.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            sizes = {member.filename: member.file_size for member in archive.infolist()}
            if sum(sizes.values()) > MAX_INDEX_BYTES:
                raise ValueError(f"it unpacks to more than {MAX_INDEX_BYTES:,} bytes")
            names = [name for name in sizes if name.endswith(".npy")]
            return {n.removesuffix(".npy"): _read_member(archive, n, sizes) for n in names}
    except UNREADABLE as error:
        raise _no_npz(error) from error


class NpzFile:
    """An .npz file of any size, whose arrays are read when they are asked for.

    Args:
        file: open, seekable.

    Attributes:
        shapes: of the arrays, by name.

    Raises:
        ValueError: it is damaged, or holds something else than arrays; so do the methods.
    """

    def __init__(self, file: BinaryIO) -> None:
        size = file.seek(0, io.SEEK_END)
        try:
            self._archive = zipfile.ZipFile(file)
            self._sizes = {m.filename: m.file_size for m in self._archive.infolist()}
            if sum(self._sizes.values()) > MOST_UNPACKED * size:
                raise ValueError(f"it unpacks to more than {MOST_UNPACKED} times its size")
            names = [name.removesuffix(".npy") for name in self._sizes if name.endswith(".npy")]
            self.shapes = {name: self._header(name)[0] for name in names}
        except UNREADABLE as error:
            raise _no_npz(error) from error

    def array(self, name: str) -> np.ndarray:
        """A whole array, of up to MAX_INDEX_BYTES."""
        try:
            if self._sizes.get(f"{name}.npy", 0) > MAX_INDEX_BYTES:
                raise ValueError(f"{name} has more than {MAX_INDEX_BYTES:,} bytes")
            return _read_member(self._archive, f"{name}.npy", self._sizes)
        except UNREADABLE as error:
            raise _no_npz(error) from error

    def rows(self, name: str) -> Iterator[np.ndarray]:
        """An array along its first axis, one entry after the other."""
        try:
            (length, *shape), is_fortran, dtype = self._header(name)
            row = _num_bytes(tuple(shape), dtype)
            if dtype.hasobject or is_fortran or row > MAX_INDEX_BYTES:
                raise ValueError(f"{name} of {dtype} cannot be read row by row")
            with self._archive.open(f"{name}.npy") as file:
                _read_header(file)
                for number in range(length):
                    content = file.read(row)
                    if len(content) < row:
                        raise ValueError(f"{name} has {number} of {length} rows")
                    yield np.frombuffer(content, dtype).reshape(shape)
        except UNREADABLE as error:
            raise _no_npz(error) from error

    def _header(self, name: str) -> tuple[tuple[int, ...], bool, np.dtype]:
        with self._archive.open(f"{name}.npy") as file:
            return _read_header(file)


def _no_npz(error: Exception) -> ValueError:
    return ValueError(f"it is not an .npz file: {error or type(error).__name__}")


def npy_of(content: bytes) -> np.ndarray:
    """The array of an .npy file's content.

    Raises:
        ValueError: it is damaged, or holds objects.
    """
    try:
        with io.BytesIO(content) as file:
            return _array_of(file, len(content), "it")
    except UNREADABLE as error:
        raise ValueError(f"it is not an .npy file: {error or type(error).__name__}") from error


def npy_at(path: Path) -> np.ndarray:
    """The array of an .npy file, left on disk.

    Raises:
        ValueError: it is damaged, or holds objects.
    """
    try:
        return map_npy(path)
    except UNREADABLE as error:
        raise ValueError(f"it is not an .npy file: {error or type(error).__name__}") from error


def _array_of(file: BinaryIO, size: int, name: str) -> np.ndarray:
    """An array whose shape fits the bytes that follow its header."""
    shape, is_fortran, dtype = _read_header(file)
    content = file.read(size + 1)
    if dtype.hasobject or _num_bytes(shape, dtype) != len(content):
        raise ValueError(f"{name} has {len(content)} bytes for shape {shape} of {dtype}")
    return np.frombuffer(content, dtype).reshape(shape, order="F" if is_fortran else "C")


def _read_member(archive: zipfile.ZipFile, name: str, sizes: dict[str, int]) -> np.ndarray:
    if name not in sizes:
        raise ValueError(f"it has no array {name.removesuffix('.npy')}")
    with archive.open(name) as file:
        return _array_of(file, sizes[name], name)


def _num_bytes(shape: tuple[int, ...], dtype: np.dtype) -> int:
    """What an array takes, in Python's numbers, which do not overflow."""
    num_bytes = dtype.itemsize
    for size in shape:
        if size < 0:
            raise ValueError(f"an axis has {size} entries")
        num_bytes *= size
    return num_bytes


def _read_header(file: BinaryIO) -> tuple[tuple[int, ...], bool, np.dtype]:
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        return np.lib.format.read_array_header_1_0(file)
    return np.lib.format.read_array_header_2_0(file)
