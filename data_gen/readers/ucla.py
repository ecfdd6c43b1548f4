"""Reads NW-UCLA clips: one JSON file per clip, in a folder or their archive.

Source: Wang et al., "Cross-view action modeling, learning and recognition", CVPR 2014. The files
are `a{action}_s{subject}_e{episode}_v{view}.json` with `skeletons` [T][20][3], metres in the
camera's coordinates, and `label` 1..10. The action numbers in the names have gaps: only the label
counts.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import orjson

from data_gen.readers.archives import members_of
from data_gen.readers.bad_files import (
    MAX_FILE_MB,
    MISNAMED,
    OUT_OF_RANGE,
    TWICE,
    WRONG_JOINTS,
    WRONG_LABEL,
    BadClip,
    BadFile,
    check_file,
    kind_of,
)
from data_gen.readers.ntu_text import MAX_METRES
from graph.ucla import AdjMatrixGraph
from utils.text import one_line

NUM_CLASSES = 10
VIEWS = (1, 2, 3)
NUM_JOINTS = len(AdjMatrixGraph.joint_names)
CENTRE = AdjMatrixGraph.joint_names.index("spine")
CLIP_NAME = re.compile(r"a\d+_s(?P<subject>\d+)_e\d+_v(?P<view>\d+)\.json")
ADVICE = "Fetch the file again."


class UclaClip(NamedTuple):
    """One clip: `name` is the file's, `label` 0..9, `skeleton` (T, 20, 3) float64 in metres."""

    name: str
    subject: int
    view: int
    label: int
    skeleton: np.ndarray


def read_clips(path: Path, max_mb: float = MAX_FILE_MB) -> tuple[list[UclaClip], list[BadClip]]:
    """All clips below a folder or in a .zip or .tar(.gz, .xz) archive, sorted by name; bad ones.

    Files with other names are ignored. Of clips with the same name the first counts.

    Args:
        max_mb: of a clip's file; larger ones are bad.

    Raises:
        FileNotFoundError: `path` does not exist.
        ValueError: no file with a clip's name there, or the archive is damaged.
    """
    clips: dict[str, UclaClip] = {}
    bad: list[BadClip] = []
    for file, content in _contents(path, max_mb):
        try:
            if file.name in clips:
                advice = "Point to a folder with one of them."
                raise BadFile(TWICE, f"{path} holds {file.name} twice. {advice}")
            if isinstance(content, Exception):
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
    skeleton, label = parse_skeleton(name, content)
    if type(label) is not int or not 1 <= label <= NUM_CLASSES:
        found = repr(label)[:20]
        message = f"{name}: label must be 1 to {NUM_CLASSES}. Got {found}. {ADVICE}"
        raise BadFile(WRONG_LABEL, message)
    match = CLIP_NAME.fullmatch(name)
    if int(match["view"]) not in VIEWS:
        raise BadFile(MISNAMED, f"{name}: the view must be 1, 2 or 3. Got {int(match['view'])}.")
    return UclaClip(name, int(match["subject"]), int(match["view"]), int(label) - 1, skeleton)


def parse_skeleton(name: str, content: bytes) -> tuple[np.ndarray, Any]:
    """The joints (T, 20, 3) float64, metres, and the label of a file's content, None without one.

    Raises:
        ValueError: as `parse_clip`, but for the label.
    """
    try:
        fields = orjson.loads(content)
        label, skeleton = fields.get("label"), _numbers(fields["skeletons"])
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        reason = one_line(repr(error), 200)
        message = f"{name} is not a clip (label, skeletons): {reason}. {ADVICE}"
        raise BadFile(kind_of(error), message) from error
    if skeleton.ndim != 3 or not len(skeleton) or skeleton.shape[1:] != (NUM_JOINTS, 3):
        shape = f"(frames, {NUM_JOINTS}, 3)"
        message = f"{name}: skeletons must be {shape}. Got {skeleton.shape}. {ADVICE}"
        raise BadFile(WRONG_JOINTS, message)
    if not np.abs(skeleton).max() <= MAX_METRES:
        raise BadFile(OUT_OF_RANGE, f"{name}: skeletons hold places beyond 10^6 m. {ADVICE}")
    return skeleton, label


def _numbers(skeletons: Any) -> np.ndarray:
    """Nested lists of numbers -> float64."""
    array = np.array(skeletons)
    if array.dtype.kind not in "iuf" or not array.size:
        raise ValueError("skeletons must be lists of numbers, all of one length")
    return array.astype(np.float64)


def _contents(path: Path, max_mb: float) -> Iterator[tuple[Path, bytes | Exception]]:
    """(file, bytes) of every clip below `path`, which is a folder or an archive."""
    if path.is_dir():
        for file in sorted(path.rglob("*.json")):
            if CLIP_NAME.fullmatch(file.name):
                yield file, _read(file, max_mb)
    elif not path.exists():
        raise FileNotFoundError(f"{path} is missing. Name the folder of clips or their archive.")
    else:
        yield from _archived(path, max_mb)


def _read(file: Path, max_mb: float) -> bytes | Exception:
    try:
        return check_file(file, max_mb).read_bytes()
    except (OSError, BadFile) as error:
        return error


def _archived(path: Path, max_mb: float) -> Iterator[tuple[Path, bytes | Exception]]:
    for raw in members_of(path, max_mb):
        name = Path(raw.name)
        if CLIP_NAME.fullmatch(name.name):
            try:
                yield name, raw.content()
            except BadFile as error:
                yield name, error


def normalise(skeleton: np.ndarray) -> np.ndarray:
    """(T, 20, 3) metres -> (T, 20, 3) in [-1, 1], the first frame's spine at 0; a new array."""
    seen = skeleton.any(axis=2, keepdims=True)
    centred = np.where(seen, skeleton - skeleton[0, CENTRE], 0)
    largest = np.abs(centred).max()
    return centred / largest if largest > 0 else centred
