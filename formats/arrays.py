"""Arrays of clips on disk."""
# Shapes: N clips, C channels, T frames, V joints, M persons.

import os
import tokenize
from pathlib import Path

import numpy as np

from formats.manifest import how_to_make


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
    if not path.is_file():
        raise FileNotFoundError(f"no data file {path}. {how_to_make(path)}")
    try:
        array = np.load(path, mmap_mode=None if in_memory else "r")
    except (ValueError, EOFError, OSError, SyntaxError, tokenize.TokenError) as error:
        raise ValueError(f"{path} is no readable array ({error}). {how_to_make(path)}") from error
    if not isinstance(array, np.ndarray) or array.dtype.kind not in kinds:
        numbers = "floats" if kinds == "f" else "whole numbers"
        raise ValueError(f"{path} must be an .npy file of {numbers}. {how_to_make(path)}")
    if array.ndim != ndim or not array.size:
        raise ValueError(f"{path} must hold {what}. Got shape {array.shape}. {how_to_make(path)}")
    return array


def create_clips(path: Path, shape: tuple[int, ...], dtype: np.dtype) -> np.memmap:
    """A new .npy file of zeros to be filled in, whose room on the disk is taken at once.

    Raises:
        OSError: the disk is too full. (Without the reservation the process would be killed when it
            writes to a page that has no room.)
    """
    clips = np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=shape)
    if hasattr(os, "posix_fallocate"):  # not on macOS and Windows
        with path.open("r+b") as file:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
    return clips
