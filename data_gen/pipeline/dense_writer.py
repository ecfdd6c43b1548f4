"""The files of one part (train or val) of a benchmark: the joints and the labels.

`{part}_data_joint.npy` is (N, C, T, V, M) float32; `{part}_label.pkl` is the pickled pair
(sample names, labels), in the same order, and `{part}_label.npz` holds the same without a pickle.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from io import BytesIO
from math import prod
from pathlib import Path

import numpy as np

from formats.arrays import create_clips
from formats.labels import save_labels, save_labels_as_npz
from utils.files import atomic_write


class DensePart:
    """A part being written: rows in any order, then `finish`."""

    def __init__(
        self, joint_file: Path, label_file: Path, npz_file: Path, clip_shape: tuple[int, ...]
    ) -> None:
        self.joint_file, self.clip_shape = joint_file, clip_shape
        self.label_file, self.npz_file = label_file, npz_file

    def finish(
        self, names: Sequence[str], labels: Sequence[int], rows: Sequence[int] | None = None
    ) -> None:
        """Write the labels; keep only `rows` (ascending) of the joints, by default all.

        Raises:
            ValueError: no clip is left.
        """
        if not names:
            raise ValueError("No clip of this part is usable.")
        save_labels(self.label_file, names, labels)
        save_labels_as_npz(self.npz_file, names, labels)
        if rows is not None:
            self._keep(rows)

    def _keep(self, rows: Sequence[int]) -> None:
        joints = np.load(self.joint_file, mmap_mode="r+")
        for new, old in enumerate(rows):
            if new != old:
                joints[new] = joints[old]
        del joints
        head = npy_header(len(rows), self.clip_shape)
        with self.joint_file.open("r+b") as file:
            file.write(head)
            file.truncate(len(head) + len(rows) * 4 * prod(self.clip_shape))


@contextmanager
def create_part(
    folder: Path, part: str, num_clips: int, clip_shape: tuple[int, ...]
) -> Iterator[DensePart]:
    """Yield a part of zeros, (N, *clip_shape) float32, for the caller to fill in and finish.

    All files get their names when the body ends; if it raises, none does and older files stay.

    Raises:
        OSError: the disk is too full.
    """
    paths = [
        folder / f"{part}_data_joint.npy",
        folder / f"{part}_label.pkl",
        folder / f"{part}_label.npz",
    ]
    with ExitStack() as stack:
        for path in paths:
            _remove_leftovers(path)
        # Not flushed: the disk takes longer than all the work.
        joint_file, label_file, npz_file = (
            stack.enter_context(atomic_write(path, flush=False)) for path in paths
        )
        create_clips(joint_file, (num_clips, *clip_shape), np.dtype(np.float32))
        yield DensePart(joint_file, label_file, npz_file, clip_shape)


def write_row(joint_file: Path, row: int, clip: np.ndarray) -> None:
    """Put a clip, float32, into its row; any number of processes may do so at once.

    Writing instead of mapping the file spares a page fault for every 4 KB, and memory.
    """
    head = len(npy_header(0, clip.shape))
    with joint_file.open("r+b", buffering=0) as file:
        file.seek(head + row * clip.nbytes)
        file.write(np.ascontiguousarray(clip, dtype="<f4"))


def npy_header(num_rows: int, row_shape: tuple[int, ...]) -> bytes:
    """The head of a float32 .npy file, as long for any number of rows (numpy leaves room)."""
    head = BytesIO()
    fields = {"descr": "<f4", "fortran_order": False, "shape": (num_rows, *row_shape)}
    np.lib.format.write_array_header_1_0(head, fields)
    return head.getvalue()


def _remove_leftovers(path: Path) -> None:
    """Remove temporary files of `path` that a killed run left (named by `atomic_write`)."""
    for leftover in path.parent.glob(f".{path.stem}.*.tmp{path.suffix}"):
        process = leftover.name.split(".")[-3]
        if process.isdecimal() and not _is_running(int(process)):
            leftover.unlink(missing_ok=True)


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def summarise(
    folder: Path, part: str, labels: Sequence[int], subjects: Sequence[int] | None = None
) -> str:
    """One line about a finished part."""
    counts = [f"{len(labels)} samples", f"{len(set(labels))} classes"]
    counts += [] if subjects is None else [f"{len(set(subjects))} subjects"]
    return f"{folder.name}/{part}: {', '.join(counts)}"
