"""Chunks -> normalised skeletons and sets of effort features, as values and as files."""
# Shapes: N chunks, T frames, V joints, C channels.

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import numpy as np

from data_gen.laban import Anatomy, descriptors, laban_features, normalize_chunk
from data_gen.pipeline.dense_writer import write_row
from data_gen.pipeline.workers import map_in_order
from data_gen.readers.udiva import SPLITS
from formats.arrays import create_clips, open_array
from formats.chunks import ALL, NUM_CHANNELS
from utils.files import atomic_write

COMPUTE: dict[str, Callable[[np.ndarray, Anatomy, float], np.ndarray]] = {
    "laban": lambda skeleton, anatomy, rate: laban_features(skeleton, anatomy=anatomy),
    "laban_released": lambda skeleton, anatomy, rate: laban_features(skeleton, "released", anatomy),
    "descriptors": lambda skeleton, anatomy, rate: descriptors(skeleton, window_of(rate)),
}


def window_of(rate: float) -> int:
    """The frames of a second, which are odd."""
    return max(3, 2 * round((rate - 1) / 2) + 1)


def compute(
    names: Sequence[str], skeleton: np.ndarray, anatomy: Anatomy, rate: float
) -> list[np.ndarray]:
    """Feature sets of a normalised chunk (T, V, 3): (T, V, C) each, float32.

    Args:
        rate: frames per second.
    """
    return [COMPUTE[name](skeleton, anatomy, rate).astype(np.float32) for name in names]


class ArrayRow(NamedTuple):
    """A chunk of a file, and the files that take what becomes of it."""

    source: Path
    row: int
    skeletons: Path
    features: dict[str, Path]


def convert(job: ArrayRow, anatomy: Anatomy, rate: float) -> None:
    """Write the row of a chunk into every file; computed in float64."""
    chunk = np.load(job.source, mmap_mode="r")[job.row].astype(np.float64)
    skeleton = normalize_chunk(chunk, anatomy)
    write_row(job.skeletons, job.row, skeleton.astype(np.float32))
    found = compute([*job.features], skeleton, anatomy, rate)
    for path, features in zip(job.features.values(), found, strict=True):
        write_row(path, job.row, features)


def find_chunks(folder: Path, num_joints: int) -> dict[str, tuple[int, ...]]:
    """The shape of the chunks of every split there is.

    Raises:
        FileNotFoundError: there is none.
        ValueError: a file holds something else.
    """
    paths = {split: folder / f"X_{split}.npy" for split in (*SPLITS, ALL)}
    shapes = {
        split: open_array(path, 4, f"chunks (N, T, {num_joints}, 3)").shape
        for split, path in paths.items()
        if path.is_file()
    }
    if not shapes:
        raise FileNotFoundError(
            f"no X_{{{','.join(paths)}}}.npy in {folder}. Make them with udiva_gendata.py or "
            "animation_gendata.py."
        )
    for split, shape in shapes.items():
        if shape[2:] != (num_joints, 3):
            raise ValueError(
                f"{paths[split]} must hold chunks (N, T, {num_joints}, 3). Got shape {shape}. "
                "Make it again."
            )
    return shapes


def write_split(
    folder: Path,
    split: str,
    shape: tuple[int, ...],
    features: Sequence[str],
    work: Callable[[ArrayRow], None],
    num_workers: int,
) -> None:
    """Write the skeletons and feature sets of a split; they get their names together."""
    channels = {"skeleton": 3} | {name: NUM_CHANNELS[name] for name in features}
    with ExitStack() as stack:
        files = {
            name: stack.enter_context(atomic_write(folder / f"{name}_{split}.npy"))
            for name in channels
        }
        for name, path in files.items():
            create_clips(path, (*shape[:3], channels[name]), np.dtype("<f4"))
        skeletons, source = files.pop("skeleton"), folder / f"X_{split}.npy"
        jobs = [ArrayRow(source, row, skeletons, files) for row in range(shape[0])]
        for _ in map_in_order(work, jobs, num_workers, split):
            pass
    print(f"{split}: {shape[0]} chunks of {shape[1]} frames; {', '.join(channels)}")
