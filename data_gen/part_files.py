"""The two files of one part (train or val) of a benchmark: the joints and the labels.

`{part}_data_joint.npy` is (N, C, T, V, M) float32; `{part}_label.pkl` is the pickled pair
(sample names, labels), in the same order.
"""

import pickle
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from utils.clips import create_clips
from utils.files import atomic_write

PARTS = ("train", "val")


@contextmanager
def create_part(
    folder: Path,
    part: str,
    names: Sequence[str],
    labels: Sequence[int],
    clip_shape: tuple[int, ...],
) -> Iterator[np.memmap]:
    """Yield the part's joints, (N, *clip_shape) float32 zeros on disk, for the caller to fill in.

    Both files get their names when the body ends; if it raises, neither does and older files stay.

    Raises:
        ValueError: if the part has no sample.
    """
    if not names:
        raise ValueError(
            f"No sample belongs to {folder.name}/{part}. Check the data folder, or leave this part "
            "out with --part or --benchmark where the command has them."
        )
    joint_path, label_path = folder / f"{part}_data_joint.npy", folder / f"{part}_label.pkl"
    with atomic_write(label_path) as label_file, atomic_write(joint_path) as joint_file:
        label_file.write_bytes(pickle.dumps((list(names), list(labels))))
        joints = create_clips(joint_file, (len(names), *clip_shape), np.float32)
        yield joints
        joints.flush()


def summarise(
    folder: Path, part: str, labels: Sequence[int], subjects: Sequence[int] | None = None
) -> str:
    """One line about a finished part."""
    counts = [f"{len(labels)} samples", f"{len(set(labels))} classes"]
    counts += [] if subjects is None else [f"{len(set(subjects))} subjects"]
    return f"{folder.name}/{part}: {', '.join(counts)}, {folder / part}_data_joint.npy"
