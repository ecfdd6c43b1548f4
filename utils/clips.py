"""Arrays of clips on disk."""
# Shapes: N clips, C channels, T frames, V joints, M persons.

from pathlib import Path

import numpy as np


def open_clips(path: Path, in_memory: bool = False) -> np.ndarray:
    """The (N, C, T, V, M) array of a .npy file, left on disk unless `in_memory`.

    Raises:
        FileNotFoundError: no such file.
        ValueError: the file is damaged, or holds something else.
    """
    if not path.is_file():
        raise FileNotFoundError(f"no data file {path}. Make it with the commands of data_gen/.")
    try:
        clips = np.load(path, mmap_mode=None if in_memory else "r")
    except (ValueError, EOFError, OSError) as error:
        raise ValueError(f"{path} is no readable array ({error}). Make it again.") from error
    if clips.ndim != 5 or not len(clips):
        raise ValueError(f"{path} must hold clips (N, C, T, V, M). Got shape {clips.shape}.")
    return clips
