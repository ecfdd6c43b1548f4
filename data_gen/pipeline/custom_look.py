"""A look at recordings of one's own: their format, and the axes and joints of their arrays."""
# Shapes: M persons, T frames, V joints, C channels.

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import orjson

from data_gen.readers.bad_files import BadFile
from data_gen.readers.formats import format_of
from data_gen.readers.hdf5 import is_hdf5, opened, shapes_of
from data_gen.readers.matlab import arrays_of
from data_gen.readers.plain import table_of_numbers
from data_gen.readers.sample import Raw
from data_gen.readers.tables import rows_of
from formats.arrays import npy_of, npz_of
from graph.named import shipped, skeleton_class
from utils.files import regular_file
from utils.text import one_line

OPENPOSE_JOINTS = 25  # of BODY_25, where no frame shows anybody
NOTE_CHARACTERS = 200
CHANNELS = (3, 2, 4)  # the likeliest first
PIXELS = 4.0  # places in metres or shares of an image are smaller


class Look(NamedTuple):
    """What a recording seems to be.

    Args:
        reader: the options of its reader, `format` first.
        joints: V; 0 where it is not known.
        note: what was seen, in one line.
        persons: M.
    """

    reader: dict[str, Any]
    joints: int
    note: str
    persons: int = 1


def look_at(samples: Sequence[Path]) -> Look:
    """Files of one kind, or for OpenPose folders; one is looked at, of the others no more than it
    takes to tell joints from frames.

    Raises:
        ValueError: no reader takes files of this ending, or the first is damaged.
    """
    first = samples[0]
    format_ = "openpose" if first.is_dir() else format_of(first)
    if format_ is None:
        raise ValueError(f"no reader for {first.suffix} files. Name the format in the YAML file.")
    try:
        found = _openpose(first) if first.is_dir() else _file(first, format_, samples[1:])
    except BadFile:  # whose words name the file
        raise
    except ValueError as error:
        reason = one_line(error, NOTE_CHARACTERS)
        raise ValueError(
            f"{first} is no usable sample of {format_}: {reason}. Name another one."
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
    return Look({"format": "openpose"}, joints, f"a folder of {len(files)} frames")


def is_frame(path: Path) -> bool:
    """Whether a JSON file is a frame of OpenPose."""
    try:
        content = orjson.loads(regular_file(path).read_bytes())
    except ValueError:
        return False
    return isinstance(content, dict) and "people" in content


def _file(path: Path, format_: str, others: Sequence[Path]) -> Look:
    raw = _raw(path)
    raw = raw.held() if format_ == "mat" else raw  # whose kind and arrays are both looked for
    if format_ in ("npy", "npz", "mat", "hdf5"):
        shapes, arrays = _arrays(raw, format_)
        if {"x_train", "y_train"} <= shapes.keys():
            return Look({"format": "ctrgcn"}, 0, "arrays of CTR-GCN")
        if not shapes:
            raise ValueError("it holds no array")
        name = max(shapes, key=lambda each: math.prod(shapes[each]))
        axes, joints = likely_axes(shapes[name])
        reader = {"format": format_, "axes": axes} if axes else {"format": format_}
        if axes and name in arrays:
            reader |= _last_channel(arrays[name], axes)
        persons = shapes[name][axes.index("M")] if "M" in axes and "*" not in axes else 1
        return Look(reader, joints, f"an array of shape {shapes[name]}", persons)
    if format_ == "txt":
        return _text(table_of_numbers(raw), [table_of_numbers(_raw(each)) for each in others])
    if format_ in ("csv", "tsv"):
        rows = rows_of(raw, "\t" if format_ == "tsv" else ",")
        columns = max(map(len, rows), default=0)
        if not columns:
            raise ValueError("it is empty")
        return Look({"format": format_}, 0, f"a table of {len(rows)} rows and {columns} columns")
    if format_ == "json":
        content = orjson.loads(raw.content())
        keys = ", ".join(content) if isinstance(content, dict) else "a list"
        return Look({"format": format_}, 0, f"JSON with {keys}")
    return Look({"format": format_}, 0, f"a file of {format_}")


def _raw(path: Path) -> Raw:
    return Raw(str(path), [(path.name, regular_file(path).read_bytes)])


def _arrays(raw: Raw, format_: str) -> tuple[dict[str, tuple[int, ...]], dict[str, np.ndarray]]:
    """The shape of every array by name, and those arrays that are in memory anyway."""
    if format_ == "hdf5" or (format_ == "mat" and is_hdf5(raw.content())):
        with opened(raw) as file:
            return {name: s for name, s in shapes_of(file).items() if s is not None}, {}
    if format_ == "npy":
        arrays = {"": raw.decoded(npy_of)}
    else:
        arrays = raw.decoded(npz_of if format_ == "npz" else arrays_of)
    return {name: array.shape for name, array in arrays.items()}, arrays


def _text(table: np.ndarray, others: Sequence[np.ndarray]) -> Look:
    """A table (rows, columns): a row a frame, perhaps after its number, or a row a joint."""
    rows, columns = table.shape
    note = f"a table of {rows} rows and {columns} columns"
    reader: dict[str, Any] = {"format": "txt"}
    if columns in CHANNELS:
        # Every file has a multiple of V rows.
        common = math.gcd(rows, *(len(other) for other in others))
        joints = common if common in known_joints() else 0
        reader |= {"axes": "T*VC"} | ({"score": "keep"} if columns == 4 else {})
        return Look(reader, joints, note)
    counts = rows > 1 and columns % 2 and bool((np.diff(table[:, 0]) == 1).all())
    axes, joints = likely_axes((rows, columns - bool(counts)))
    reader |= {"axes": axes} | ({"channels": CHANNELS[0]} if "M" in axes else {})
    reader |= {"skip_columns": 1} if counts else {}
    return Look(reader, joints, note, 2 if "M" in axes else 1)


def _last_channel(array: np.ndarray, axes: str) -> dict[str, Any]:
    """`score` where the last channel seems to be a confidence: a fourth one, or shares of 1 beside
    places in pixels.
    """
    if array.dtype.kind not in "fiu" or "*" in axes or not array.size:
        return {}
    channels = np.moveaxis(array, axes.index("C"), 0)
    places, last = np.nan_to_num(channels[:2]), np.nan_to_num(channels[-1])
    shares = len(channels) == 3 and last.min() >= 0 and 0 < last.max() <= 1
    is_score = len(channels) == 4 or (shares and np.abs(places).max() > PIXELS)
    return {"score": "keep"} if is_score else {}


def known_joints() -> set[int]:
    """The numbers of joints of shipped skeletons."""
    return {len(skeleton_class(name).joint_names) for name in shipped()}


def likely_axes(shape: tuple[int, ...]) -> tuple[str, int]:
    """The likely letters of an array's axes, and its joints."""
    known = known_joints()
    if len(shape) == 2:
        for persons, axes in ((1, "TV*C"), (2, "TM*V*C")):
            for channels in CHANNELS if persons == 1 else CHANNELS[:1]:
                joints, rest = divmod(shape[1], channels * persons)
                if not rest and joints in known:
                    return axes, joints
        return "TV*C", shape[1] // CHANNELS[0]
    channels = next((i for i, size in enumerate(shape) if size in CHANNELS), None)
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
