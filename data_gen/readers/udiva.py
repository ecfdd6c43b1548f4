"""UDIVA v0.5 as it is distributed: who met whom, their traits, and the bodies of a recording.

Source: Palmero et al., WACVW 2021, and the DYAD challenge, ICCV 2021. In either of two layouts:

- `<root>/<split>/metadata/{sessions,parts}_<split>.csv`, `<root>/<split>/annotations/...`;
- `<root>/metadata_<split>/...csv`, `<root>/<task>_annotations_<split>/...`.

A session has a folder FC1_T, FC2_T, FC1_A, ... for each of the two participants (FC1 is PART.1) and
each of four tasks. In it lies annotations_raw.hdf5, annotations_cleaned.hdf5 (talk, in val and
test; used if there is no raw one), or a .zip of it: one group per frame, named 00000, 00001, ...,
with `body/landmarks` (24, 3) in metres where a body was found.
"""
# Shapes: T frames, V joints (24).

import csv
import math
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np

from data_gen.readers.bad_files import check_file
from data_gen.readers.hdf5 import DAMAGED, is_array
from data_gen.readers.ntu_text import MAX_METRES
from formats.chunks import TRAITS

SPLITS = ("train", "val", "test")
TASKS = {"T": "talk", "A": "animals", "G": "ghost", "L": "lego"}
PARTS = ("PART.1", "PART.2")
FILES = ("annotations_raw.hdf5", "annotations_cleaned.hdf5")
NUM_JOINTS = 24
COPY_BYTES = 2**20
MAX_UNPACKED = 20 * 2**30  # of a recording; an hour of frames has 1 GB
MAX_CHUNK = 2**20  # values of an HDF5 chunk
WITHOUT_BODY, NOT_FINITE = "without_body", "not_finite"


class Recording(NamedTuple):
    """One participant in one task of one session."""

    session: str
    participant: str
    part: int  # 1 or 2
    task: str  # a letter of TASKS
    folder: Path


class Frame(NamedTuple):
    """A body (24, 3) float32 in metres, or why there is none: WITHOUT_BODY or NOT_FINITE."""

    body: np.ndarray | None = None
    fault: str | None = None


class Counts(NamedTuple):
    """Frames of a recording: all, those without a body, those with a NaN or infinite landmark."""

    frames: int = 0
    without_body: int = 0
    not_finite: int = 0

    @property
    def usable(self) -> int:
        return self.frames - self.without_body - self.not_finite


def find_metadata(root: Path, split: str) -> tuple[Path, Path] | None:
    """The files of sessions and participants of a split; None where there is no such split.

    Raises:
        FileNotFoundError: only one of the two is there.
    """
    names = f"sessions_{split}.csv", f"parts_{split}.csv"
    folders = root / split / "metadata", root / f"metadata_{split}"
    for folder in folders:
        paths = [folder / name for name in names]
        there = [path for path in paths if path.is_file()]
        if len(there) == 1:
            absent = paths[1 - paths.index(there[0])]
            raise FileNotFoundError(f"{there[0]} is there, but {absent} is not. Fetch it too.")
        if there:
            return paths[0], paths[1]
    return None


def read_sessions(path: Path) -> dict[str, tuple[str, str]]:
    """Session: the IDs of its two participants, without the zeros that pad them.

    Raises:
        ValueError: a column is missing, or an ID is not a number.
    """
    rows = _read_table(path, ("ID", *PARTS))
    return {
        _number(path, row["ID"], keep=True): tuple(_number(path, row[part]) for part in PARTS)
        for row in rows
    }


def read_traits(path: Path) -> tuple[dict[str, np.ndarray | None], list[str]]:
    """Participant: traits (5,), None where a value is missing or no number; and the names of trait
    columns that the file lacks, in which case all traits are NaN.

    Raises:
        ValueError: there is no ID column, or an ID is not a number.
    """
    rows = _read_table(path, ("ID",))
    absent = [name for name in TRAITS.values() if rows and name not in rows[0]]
    unknown = np.full(len(TRAITS), np.nan)
    return {_number(path, row["ID"]): unknown if absent else _traits(row) for row in rows}, absent


def _traits(row: dict[str, str]) -> np.ndarray | None:
    try:
        values = np.array([float(row[name] or "nan") for name in TRAITS.values()])
    except ValueError:
        return None
    return values if np.isfinite(values).all() else None


def _read_table(path: Path, columns: tuple[str, ...]) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, skipinitialspace=True, restval="")
            names = [name.strip() for name in reader.fieldnames or []]
            reader.fieldnames = names
            rows = list(reader)
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path} is not a readable CSV file: {error}. Fetch it again.") from error
    if missing := [name for name in columns if name not in names]:
        raise ValueError(
            f"{path} has no column {', '.join(missing)}, but {', '.join(names) or 'none'}. "
            "Fetch it again."
        )
    return rows


def _number(path: Path, text: str, keep: bool = False) -> str:
    """An ID without padding (`keep`: as it is)."""
    text = text.strip()
    if not text.isdecimal():
        raise ValueError(f"{path}: an ID must be a number. Got {text!r}. Fetch the file again.")
    return text if keep else str(int(text))


def find_recordings(
    root: Path, split: str, sessions: dict[str, tuple[str, str]], tasks: str
) -> list[Recording]:
    """The recordings of a split that should be there, sorted by session, part and task."""
    return [
        Recording(session, participant, part, task, _folder(root, split, session, part, task))
        for session, participants in sorted(sessions.items())
        for part, participant in enumerate(participants, start=1)
        for task in tasks
    ]


def _folder(root: Path, split: str, session: str, part: int, task: str) -> Path:
    sessions = root / f"{TASKS[task]}_annotations_{split}"
    if not sessions.is_dir():
        sessions = root / split / "annotations"
    return sessions / session / f"FC{part}_{task}"


def read_frames(folder: Path) -> Iterator[Frame]:
    """The frames of a recording's folder, in order.

    Raises:
        FileNotFoundError: the recording is missing.
        ValueError: its file is damaged, or holds something else.
    """
    with _annotations(folder) as (path, name):
        try:
            with h5py.File(path, "r") as file:
                for key in sorted(file):
                    landmarks = _landmarks(file, key)
                    if landmarks is None:
                        yield Frame(fault=WITHOUT_BODY)
                        continue
                    body = landmarks[()]
                    if np.abs(body).max() <= MAX_METRES:
                        yield Frame(body.astype(np.float32))
                    else:
                        yield Frame(fault=NOT_FINITE)
        except DAMAGED as error:
            raise ValueError(f"{name} cannot be read: {error}. Fetch it again.") from error


def _landmarks(file: h5py.File, key: str) -> h5py.Dataset | None:
    """The landmarks of a frame, which lie in this file and have the size they should.

    Raises:
        ValueError: a link or a data set leads to another file, or it has another shape or type.
    """
    group = file
    for name in (key, "body", "landmarks"):
        link = group.get(name, getlink=True)
        if link is None:
            return None
        if not isinstance(link, h5py.HardLink):
            raise ValueError(f"{key}/body/landmarks is a link, which is not followed")
        group = group[name]
    if not isinstance(group, h5py.Dataset):
        raise ValueError(f"{key}/body/landmarks is not a data set")
    if not is_array(group):
        raise ValueError(f"{key}/body/landmarks lies in another file, which is not opened")
    if group.shape != (NUM_JOINTS, 3) or group.dtype.kind != "f":
        raise ValueError(
            f"frame {key} has landmarks of shape {group.shape} and {group.dtype}, not "
            f"({NUM_JOINTS}, 3) of floats"
        )
    if group.chunks and prod(group.chunks) > MAX_CHUNK:  # unpacked whole to read a part
        raise ValueError(f"frame {key} has chunks of {group.chunks}")
    return group


@contextmanager
def _annotations(folder: Path) -> Iterator[tuple[Path, Path]]:
    """The HDF5 file of a recording, unpacked where it is zipped; and the name to call it by."""
    for name in FILES:
        if (folder / name).exists():
            check_file(folder / name, math.inf)
            yield folder / name, folder / name
            return
    for archive in sorted(folder.glob("*.zip")):
        # HDF5 is read here and there, which a zipped file does not allow.
        with tempfile.TemporaryDirectory() as unpacked:
            path = Path(unpacked) / FILES[0]
            _unpack(archive, path)
            yield path, archive
        return
    raise FileNotFoundError(f"{folder} has neither {' nor '.join(FILES)} nor a .zip of one.")


def _unpack(archive: Path, path: Path) -> None:
    try:
        with zipfile.ZipFile(archive) as file:
            names = [n for want in FILES for n in sorted(file.namelist()) if Path(n).name == want]
            if not names:
                raise ValueError(f"it holds neither {' nor '.join(FILES)}")
            size = file.getinfo(names[0]).file_size
            if size > MAX_UNPACKED:
                raise ValueError(f"{names[0]} unpacks to {size:,} bytes")
            with file.open(names[0]) as source, path.open("wb") as target:
                shutil.copyfileobj(source, target, COPY_BYTES)
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise ValueError(f"{archive} cannot be unpacked: {error}. Fetch it again.") from error
