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
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np

from graph.ucla import AdjMatrixGraph

NUM_CLASSES = 10
NUM_JOINTS = len(AdjMatrixGraph.joint_names)
DAMAGED = (tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError)
CLIP_NAME = re.compile(r"a\d+_s(?P<subject>\d+)_e\d+_v(?P<view>\d+)\.json")


class Clip(NamedTuple):
    """One clip: `name` is the file's, `label` 0..9, `skeleton` (T, 20, 3) float64 in metres."""

    name: str
    subject: int
    view: int
    label: int
    skeleton: np.ndarray


def read_clips(path: Path) -> list[Clip]:
    """All clips below a folder or in a .zip or .tar(.gz, .xz) archive, sorted by name.

    Files with other names are passed over.

    Raises:
        FileNotFoundError: `path` does not exist.
        ValueError: no clip there, two of the same name, or a file that is not a clip.
    """
    clips: dict[str, Clip] = {}
    for name, content in _contents(path):
        if CLIP_NAME.fullmatch(name):
            if name in clips:
                raise ValueError(f"{path} holds {name} twice. Point to a folder with one of them.")
            clips[name] = parse_clip(name, content)
    if not clips:
        raise ValueError(
            f"No clip a*_s*_e*_v*.json in {path}. Expected the folder all_sqe or its archive."
        )
    return [clips[name] for name in sorted(clips)]


def parse_clip(name: str, content: bytes) -> Clip:
    """Turn one file's bytes into a clip.

    Raises:
        ValueError: the file is cut, or its label or skeletons are not as the data set's.
    """
    advice = "Fetch the file again."
    try:
        fields = json.loads(content)
        label, skeleton = fields["label"], np.array(fields["skeletons"], dtype=np.float64)
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{name} is not a clip (label, skeletons): {error!r}. {advice}") from error
    if skeleton.ndim != 3 or not len(skeleton) or skeleton.shape[1:] != (NUM_JOINTS, 3):
        shape = f"(frames, {NUM_JOINTS}, 3)"
        raise ValueError(f"{name}: skeletons must be {shape}. Got {skeleton.shape}. {advice}")
    if not np.isfinite(skeleton).all():
        raise ValueError(f"{name}: skeletons hold NaN or infinity. {advice}")
    if label not in range(1, NUM_CLASSES + 1):
        raise ValueError(f"{name}: label must be 1 to {NUM_CLASSES}. Got {label!r}. {advice}")
    match = CLIP_NAME.fullmatch(name)
    return Clip(name, int(match["subject"]), int(match["view"]), int(label) - 1, skeleton)


def _contents(path: Path) -> Iterator[tuple[str, bytes]]:
    """(file name, bytes) of every JSON file below `path`, which is a folder or an archive."""
    if path.is_dir():
        yield from ((file.name, file.read_bytes()) for file in sorted(path.rglob("*.json")))
    elif not path.exists():
        raise FileNotFoundError(f"{path} is not there. Name the folder of clips or their archive.")
    else:
        try:
            yield from _archived(path)
        except DAMAGED as error:
            raise ValueError(f"{path} cannot be read: {error}. Fetch the archive again.") from error


def _archived(path: Path) -> Iterator[tuple[str, bytes]]:
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for member in archive.namelist():
                yield PurePosixPath(member).name, archive.read(member)
    elif tarfile.is_tarfile(path):
        with tarfile.open(path) as archive:
            for member in archive:
                if member.isfile():
                    yield PurePosixPath(member.name).name, archive.extractfile(member).read()
    else:
        raise ValueError(f"{path} is neither a folder nor a readable .zip or .tar(.gz, .xz) file.")
