"""Writes the compact store of formats/clip_store.py, clip by clip; a killed run can be resumed.

Until it is finished a store lies in `.{name}.partial` beside its final place: the joints, and
`journal.jsonl`, whose first line lists the clips to come and whose other lines have the outcome of
each. The journal is written after the joints are safe on disk, so that it never lists rows that are
missing.
"""
# Shapes: N clips, C channels, T frames, V joints, M persons.

import json
import os
import shutil
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from data_gen.pipeline.dense_writer import npy_header
from formats.clip_store import COLUMNS, INDEX, JOINTS, VERSION
from utils.files import atomic_write

CHECKPOINT = 256  # clips between two lines of safety


class Entry(NamedTuple):
    """The outcome of one clip: its size (0 for a bad one), the reason and its kind (bad_files.py)
    if it is bad, whether frames were cut off, the crc32 of its joints, and a remark.
    """

    name: str
    persons: int = 0
    frames: int = 0
    reason: str | None = None
    kind: str | None = None
    is_cut: bool = False
    crc: int = 0
    remark: str | None = None


class ClipStoreWriter:
    """A store being written, a context manager; the clips come in the order of `names`.

    Args:
        folder: where the store will be; an existing one stays until `finish`.
        names: all clips that are to come, sorted.
        joint_shape: (V, C) of every row.
        resume: continue an unfinished store of the same clips, if there is one.

    Attributes:
        entries: outcomes of the clips so far, those of the unfinished store first.

    Raises:
        ValueError: the unfinished store is of other clips.
    """

    def __init__(
        self, folder: Path, names: list[str], joint_shape: tuple[int, int], resume: bool = False
    ) -> None:
        self.folder, self.joint_shape = folder, joint_shape
        self.entries: list[Entry] = []
        self._pending: list[Entry] = []
        self._partial = folder.with_name(f".{folder.name}.partial")
        self._row_bytes = 4 * int(np.prod(joint_shape))
        head = json.dumps({"version": VERSION, "clips": len(names), "names": checksum(names)})
        if not resume:
            shutil.rmtree(self._partial, ignore_errors=True)
        self._partial.mkdir(parents=True, exist_ok=True)
        journal = self._partial / "journal.jsonl"
        if journal.is_file():
            self.entries = self._read_journal(journal, head)
        self._start_journal(journal, head)
        self._open_joints()

    @property
    def num_rows(self) -> int:
        """Rows of all clips so far."""
        return sum(entry.persons * entry.frames for entry in self.entries)

    def append(self, entry: Entry, clip: np.ndarray) -> None:
        """Add the next clip, (M, T, V, C) float32; one without persons for a bad clip."""
        joints = np.ascontiguousarray(clip, dtype="<f4").tobytes()
        self._joints.write(joints)
        self._pending.append(entry._replace(crc=zlib.crc32(joints)))
        if len(self._pending) >= CHECKPOINT:
            self.checkpoint()

    def checkpoint(self) -> None:
        """Flush the joints to the disk, then the journal."""
        _sync(self._joints)
        self._journal.write("".join(json.dumps(entry) + "\n" for entry in self._pending))
        _sync(self._journal)
        self.entries += self._pending
        self._pending = []

    def finish(self, index: dict[str, Any]) -> None:
        """Give the store its name; `index` holds the arrays that the writer does not know itself.

        Those are labels, the numbers of a name, membership, benchmarks, dense_shape and normalize,
        for the good clips.
        """
        self.checkpoint()
        good = [entry for entry in self.entries if entry.reason is None]
        frames = np.array([entry.frames for entry in good], dtype=np.int32)
        persons = np.array([entry.persons for entry in good], dtype=np.int8)
        ends = np.cumsum(frames.astype(np.int64) * persons)
        self._joints.seek(0)
        self._joints.write(npy_header(self.num_rows, self.joint_shape))
        _sync(self._joints)
        self._close()
        none = np.zeros(len(good), dtype=np.int16)
        with (self._partial / INDEX).open("wb") as file:
            np.savez(
                file,
                **dict.fromkeys(COLUMNS, none) | index,
                version=VERSION,
                names=np.array([entry.name for entry in good], dtype=np.str_),
                frames=frames,
                persons=persons,
                offsets=np.concatenate([[0], ends])[: len(good)].astype(np.int64),
            )
            _sync(file)
        (self._partial / "journal.jsonl").unlink()
        self._take_place()

    def _take_place(self) -> None:
        old = self.folder.with_name(f".{self.folder.name}.old")
        shutil.rmtree(old, ignore_errors=True)
        if self.folder.exists():
            self.folder.rename(old)
        self._partial.rename(self.folder)
        shutil.rmtree(old, ignore_errors=True)

    def _read_journal(self, path: Path, head: str) -> list[Entry]:
        """The entries whose line is complete."""
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        if not lines or lines[0] != head + "\n":
            raise ValueError(
                f"{self._partial} is unfinished, but of other clips or another version. Give the "
                "folders and lists of that run, or start again without --resume."
            )
        return [Entry(*json.loads(line)) for line in lines[1:] if line.endswith("\n")]

    def _start_journal(self, path: Path, head: str) -> None:
        with atomic_write(path) as temporary:
            lines = [head, *map(json.dumps, self.entries)]
            temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
        self._journal = path.open("a", encoding="utf-8")

    def _open_joints(self) -> None:
        """Open the joints behind the last row of the journal."""
        path, header = self._partial / JOINTS, npy_header(0, self.joint_shape)
        path.touch()
        size = len(header) + self.num_rows * self._row_bytes
        if self.entries and path.stat().st_size < size:
            raise ValueError(f"{path} lacks rows of its journal. Start again without --resume.")
        self._joints = path.open("r+b")
        self._joints.write(header)
        self._joints.truncate(size)
        self._joints.seek(0, os.SEEK_END)

    def _close(self) -> None:
        self._joints.close()
        self._journal.close()

    def __enter__(self) -> "ClipStoreWriter":
        return self

    def __exit__(self, *error: object) -> None:
        """After an error the unfinished store stays, for `resume`."""
        if not self._joints.closed:
            self.checkpoint()
            self._close()


def checksum(names: Iterable[str]) -> int:
    """The crc32 of a list of names."""
    return zlib.crc32("\n".join(names).encode())


def _sync(file: Any) -> None:
    file.flush()
    os.fsync(file.fileno())
