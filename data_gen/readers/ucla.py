"""Reads NW-UCLA clips: one JSON file a clip, in a folder or still inside their archive.

Source: Wang et al., "Cross-view action modeling, learning and recognition", CVPR 2014. The files
are `a{action}_s{subject}_e{episode}_v{view}.json` with `skeletons` [T][20][3], metres in the
camera's coordinates, and `label` 1..10. The action numbers in the names have gaps: only the label
counts.
"""

import json
import lzma
import re
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from data_gen.readers.bad_files import (
    MISNAMED,
    NO_NUMBER,
    TWICE,
    WRONG_JOINTS,
    WRONG_LABEL,
    BadClip,
    BadFile,
    kind_of,
)
from graph.ucla import AdjMatrixGraph

NUM_CLASSES = 10
VIEWS = (1, 2, 3)
NUM_JOINTS = len(AdjMatrixGraph.joint_names)
DAMAGED = (tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError)
CLIP_NAME = re.compile(r"a\d+_s(?P<subject>\d+)_e\d+_v(?P<view>\d+)\.json")


class UclaClip(NamedTuple):
    """One clip: `name` is the file's, `label` 0..9, `skeleton` (T, 20, 3) float64 in metres."""

    name: str
    subject: int
    view: int
    label: int
    skeleton: np.ndarray


def read_clips(path: Path) -> tuple[list[UclaClip], list[BadClip]]:
    """All clips below a folder or in a .zip or .tar(.gz, .xz) archive, sorted by name; bad ones.

    Files with other names are passed over. Of clips with the same name the first counts.

    Raises:
        FileNotFoundError: `path` does not exist.
        ValueError: no file with a clip's name there, or the archive is damaged.
    """
    clips: dict[str, UclaClip] = {}
    bad: list[BadClip] = []
    for file, content in _contents(path):
        if not CLIP_NAME.fullmatch(file.name):
            continue
        try:
            if file.name in clips:
                advice = "Point to a folder with one of them."
                raise BadFile(TWICE, f"{path} holds {file.name} twice. {advice}")
            if isinstance(content, OSError):
                raise content
            clips[file.name] = parse_clip(file.name, content)
        except (ValueError, OSError) as error:
            bad.append(BadClip(str(file), kind_of(error), str(error)))
    if not clips and not bad:
        raise ValueError(
            f"No clip a*_s*_e*_v*.json in {path}. Expected the folder all_sqe or its archive."
        )
    return [clips[name] for name in sorted(clips)], bad


def parse_clip(name: str, content: bytes) -> UclaClip:
    """Turn one file's bytes into a clip.

    Raises:
        ValueError: the file is cut, or its label or skeletons are not as the data set's.
    """
    advice = "Fetch the file again."
    try:
        fields = json.loads(content)
        label, skeleton = fields["label"], np.array(fields["skeletons"], dtype=np.float64)
    except (ValueError, KeyError, TypeError) as error:
        message = f"{name} is not a clip (label, skeletons): {error!r}. {advice}"
        raise BadFile(kind_of(error), message) from error
    if skeleton.ndim != 3 or not len(skeleton) or skeleton.shape[1:] != (NUM_JOINTS, 3):
        shape = f"(frames, {NUM_JOINTS}, 3)"
        message = f"{name}: skeletons must be {shape}. Got {skeleton.shape}. {advice}"
        raise BadFile(WRONG_JOINTS, message)
    if not np.isfinite(skeleton).all():
        raise BadFile(NO_NUMBER, f"{name}: skeletons hold NaN or infinity. {advice}")
    if label not in range(1, NUM_CLASSES + 1):
        message = f"{name}: label must be 1 to {NUM_CLASSES}. Got {label!r}. {advice}"
        raise BadFile(WRONG_LABEL, message)
    match = CLIP_NAME.fullmatch(name)
    if int(match["view"]) not in VIEWS:
        raise BadFile(MISNAMED, f"{name}: the view must be 1, 2 or 3. Got {int(match['view'])}.")
    return UclaClip(name, int(match["subject"]), int(match["view"]), int(label) - 1, skeleton)


def _contents(path: Path) -> Iterator[tuple[Path, bytes | OSError]]:
    """(file, bytes) of every JSON file below `path`, which is a folder or an archive."""
    if path.is_dir():
        yield from ((file, _read(file)) for file in sorted(path.rglob("*.json")))
    elif not path.exists():
        raise FileNotFoundError(f"{path} is missing. Name the folder of clips or their archive.")
    else:
        try:
            yield from _archived(path)
        except DAMAGED as error:
            raise ValueError(f"{path} cannot be read: {error}. Fetch the archive again.") from error


def _read(file: Path) -> bytes | OSError:
    try:
        return file.read_bytes()
    except OSError as error:
        return error


def _archived(path: Path) -> Iterator[tuple[Path, bytes]]:
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for member in archive.namelist():
                yield path / member, archive.read(member)
    elif tarfile.is_tarfile(path):
        with tarfile.open(path) as archive:
            for member in archive:
                if member.isfile():
                    yield path / member.name, archive.extractfile(member).read()
    else:
        raise ValueError(f"{path} is neither a folder nor a readable .zip or .tar(.gz, .xz) file.")
