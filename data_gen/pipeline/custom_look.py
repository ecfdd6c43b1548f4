"""A look at a recording of one's own: its format, and the axes and joints of its array."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import orjson

from data_gen.readers.bad_files import BadFile
from data_gen.readers.formats import format_of
from data_gen.readers.hdf5 import is_hdf5, opened, shapes_of
from data_gen.readers.matlab import arrays_of
from data_gen.readers.sample import Raw
from data_gen.readers.tables import rows_of
from formats.arrays import npy_of, npz_of
from graph.named import shipped, skeleton_class
from utils.files import regular_file
from utils.text import one_line

OPENPOSE_JOINTS = 25  # of BODY_25, where no frame shows anybody
NOTE_CHARACTERS = 200


class Look(NamedTuple):
    """What a recording seems to be.

    Args:
        format: name of its reader.
        axes: the letters of an array's axes, such as TVC; empty where it is none.
        joints: V; 0 where it is not known.
        note: what was seen, in one line.
    """

    format: str
    axes: str
    joints: int
    note: str


def look_at(path: Path) -> Look:
    """A file, or for OpenPose a folder.

    Raises:
        ValueError: no reader takes files of this ending, or this one is damaged.
    """
    format_ = "openpose" if path.is_dir() else format_of(path)
    if format_ is None:
        raise ValueError(f"no reader for {path.suffix} files. Name the format in the YAML file.")
    try:
        found = _openpose(path) if path.is_dir() else _file(path, format_)
    except BadFile:  # whose words name the file
        raise
    except ValueError as error:
        reason = one_line(error, NOTE_CHARACTERS)
        raise ValueError(
            f"{path} is no usable sample of {format_}: {reason}. Name another one."
        ) from error
    return found._replace(note=one_line(found.note, NOTE_CHARACTERS))


def _openpose(path: Path) -> Look:
    files = sorted(path.glob("*.json"))
    if not files:
        raise ValueError("it holds no .json file")
    content = orjson.loads(files[0].read_bytes())
    try:
        people = content["people"]
        joints = len(people[0]["pose_keypoints_2d"]) // 3 if people else OPENPOSE_JOINTS
    except (TypeError, LookupError) as error:
        raise ValueError(f"{files[0].name} is no frame of OpenPose") from error
    return Look("openpose", "", joints, f"a folder of {len(files)} frames")


def _file(path: Path, format_: str) -> Look:
    raw = Raw(str(path), [(path.name, regular_file(path).read_bytes)])
    raw = raw.held() if format_ == "mat" else raw  # whose kind and arrays are both looked for
    if format_ in ("npy", "npz", "mat", "hdf5"):
        shapes = _shapes(raw, format_)
        if {"x_train", "y_train"} <= shapes.keys():
            return Look("ctrgcn", "", 0, "arrays of CTR-GCN")
        if not shapes:
            raise ValueError("it holds no array")
        shape = max(shapes.values(), key=np.prod)
        return Look(format_, *likely_axes(shape), f"an array of shape {shape}")
    if format_ in ("csv", "tsv"):
        rows = rows_of(raw, "\t" if format_ == "tsv" else ",")
        columns = max(map(len, rows), default=0)
        if not columns:
            raise ValueError("it is empty")
        return Look(format_, "", 0, f"a table of {len(rows)} rows and {columns} columns")
    if format_ == "json":
        content = orjson.loads(raw.content())
        keys = ", ".join(content) if isinstance(content, dict) else "a list"
        return Look(format_, "", 0, f"JSON with {keys}")
    return Look(format_, "", 0, f"a file of {format_}")


def _shapes(raw: Raw, format_: str) -> dict[str, tuple[int, ...]]:
    """The shape of every array by name."""
    if format_ == "npy":
        return {"": raw.decoded(npy_of).shape}
    if format_ == "npz":
        return {name: array.shape for name, array in raw.decoded(npz_of).items()}
    if format_ == "mat" and not is_hdf5(raw.content()):
        return {name: array.shape for name, array in raw.decoded(arrays_of).items()}
    with opened(raw) as file:
        return {name: shape for name, shape in shapes_of(file).items() if shape is not None}


def likely_axes(shape: tuple[int, ...]) -> tuple[str, int]:
    """The likely letters of an array's axes, and its joints."""
    known = {len(skeleton_class(name).joint_names) for name in shipped()}
    if len(shape) == 2:
        for channels in (3, 2, 4):
            if shape[1] % channels == 0 and shape[1] // channels in known:
                return "TV*C", shape[1] // channels
        return "TV*C", shape[1] // 3
    channels = next((i for i, size in enumerate(shape) if size in (2, 3, 4)), None)
    joints = next((i for i, size in enumerate(shape) if size in known and i != channels), None)
    if len(shape) not in (3, 4) or channels is None or joints is None:
        return ("MTVC" if len(shape) == 4 else "TVC") if shape else "", 0
    letters = ["?"] * len(shape)
    letters[channels], letters[joints] = "C", "V"
    rest = [i for i, letter in enumerate(letters) if letter == "?"]
    longest = max(rest, key=lambda i: shape[i])
    for i in rest:
        letters[i] = "T" if i == longest else "M"
    return "".join(letters), shape[joints]
