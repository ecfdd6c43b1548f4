"""Inspect recordings: their format, and what it leaves open."""
# Shapes: M persons, T frames, V joints, C channels.

import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from data_gen.custom.axes import CHANNELS, Look, known_joints, look_at_array
from data_gen.custom.look_at_json import look_at_json
from data_gen.custom.look_at_tables import look_at_table, look_at_text
from data_gen.readers.bad_files import BadFile, good_ones
from data_gen.readers.formats import FORMATS, format_of, read_samples
from data_gen.readers.found import single_file
from data_gen.readers.hdf5 import is_hdf5, opened, shapes_of
from data_gen.readers.keypoints import BOX
from data_gen.readers.matlab import arrays_of
from data_gen.readers.numpy_files import npy_in, opened_npz
from data_gen.readers.plain import MAX_VALUES, table_of_numbers
from data_gen.readers.sample import Options, Raw
from data_gen.readers.tables import rows_in
from formats.arrays import NpzFile
from formats.pickles import loads
from utils.files import regular_file
from utils.text import one_line

OPENPOSE_JOINTS = 25  # of BODY_25, where no frame shows anybody
KINECT_RATE = 30  # frames per second of a Kinect v2
NOTE_CHARACTERS = 200
MAX_ANNOTATIONS = 1000  # of a file, that are inspected
MAX_PEOPLE = 20  # of a frame, that make rows of a label
HEAD, MAX_ROWS = 100, 50_000  # rows of an array and of a table that are inspected


def look_at(samples: Sequence[Path]) -> Look:
    """Inspect files of one kind, or folders of frames: the first, and others only to tell joints
    from frames.

    Raises:
        ValueError: no reader takes files of this ending, or the first is damaged.
    """
    first = samples[0]
    format_ = "openpose" if first.is_dir() else format_of(first)
    if format_ is None:
        raise ValueError(f"no reader for {first.suffix} files. Name the format in the YAML file.")
    try:
        found = _frames(first) if first.is_dir() else _file(first, format_, samples[1:])
    except BadFile:  # whose words name the file
        raise
    except ValueError as error:
        reason = one_line(error, NOTE_CHARACTERS)
        raise ValueError(
            f"{first} is not a usable sample of {format_}: {reason}. Name another one."
        ) from error
    has_fields = found.joints and FORMATS[found.reader["format"]].has_fields and not found.lines
    fields = _fields(_raw(first), found) if has_fields else {}
    return found._replace(note=one_line(found.note, NOTE_CHARACTERS), fields=fields)


def _fields(raw: Raw, look: Look) -> dict[str, Any]:
    """The fields of a file, read as it was understood; none if that fails."""
    given = {name: value for name, value in look.reader.items() if name in Options._fields}
    options = Options(num_joints=look.joints, joint_names=look.names, **given)
    try:
        first = next(good_ones(read_samples(raw, look.reader["format"], options)), None)
    except ValueError:
        return {}
    return first.fields if first else {}


def format_of_frames(path: Path) -> str | None:
    """The format whose clips are folders of frames like this file; None: a file is a clip."""
    try:
        if path.suffix.lower() == ".txt":
            return "yolo" if _joints_of_label(path) else None
        content = orjson.loads(regular_file(path).read_bytes())
    except ValueError:
        return None
    return "openpose" if isinstance(content, dict) and "people" in content else None


def _joints_of_label(path: Path) -> int:
    """The number of joints in a label of YOLO; 0: it is not one.

    Raises:
        BadFile: it is not a table of numbers.
    """
    table = table_of_numbers(_raw(path))
    numbered = path.stem.rpartition("_")[2].isdecimal() and len(table) <= MAX_PEOPLE
    if not numbered or (table[:, 0] % 1).any() or not ((table[:, 1:BOX] >= 0) & (
        table[:, 1:BOX] <= 1)).all():  # fmt: skip
        return 0
    rest = table.shape[1] - BOX
    sizes = (divmod(rest - more, channels) for channels in (3, 2) for more in range(3))
    return next((joints for joints, left in sizes if not left and joints in known_joints()), 0)


def _frames(path: Path) -> Look:
    """A folder of frames of OpenPose, or of labels of YOLO."""
    if (labels := sorted(path.glob("*.txt"))) and not any(path.glob("*.json")):
        reader = {"format": "yolo", "image": [1920, 1080]}
        note = f"labels of YOLO, {len(labels)} frames (image: the video's size, not known here)"
        return Look(reader, _joints_of_label(labels[0]), note)
    files = sorted(path.glob("*.json"))
    if not files:
        raise ValueError("it holds no .json file and no label of YOLO")
    content = orjson.loads(files[0].read_bytes())
    try:
        people = content["people"]
        joints = len(people[0]["pose_keypoints_2d"]) // 3 if people else OPENPOSE_JOINTS
    except (TypeError, LookupError) as error:
        raise ValueError(f"{files[0].name} is not a frame of OpenPose") from error
    return Look({"format": "openpose"}, joints, f"a folder of {len(files)} frames")


def _file(path: Path, format_: str, others: Sequence[Path]) -> Look:
    raw = _raw(path)
    if format_ in ("npy", "npz", "mat", "hdf5"):
        return _of_arrays(raw, format_, others)
    if format_ == "txt":
        return look_at_text(table_of_numbers(raw), others)
    if format_ in ("csv", "tsv"):
        rows = rows_in(raw, "\t" if format_ == "tsv" else ",")
        return look_at_table(list(islice(rows, MAX_ROWS)), format_)
    if format_ == "pyskl":
        return _pyskl(raw.decoded(loads))
    if format_ == "json":
        return look_at_json(orjson.loads(raw.content()))
    if format_ == "ntu":
        return Look({"format": format_, "rate": KINECT_RATE}, *_ntu(raw.content()))
    return Look({"format": format_}, 0, f"a file of {format_}")


def _ntu(content: bytes) -> tuple[int, str]:
    """Joints of the first body of a .skeleton file, and what it is.

    Raises:
        ValueError: it is something else.
    """
    counts = [line.strip() for line in content.split(b"\n", MAX_ROWS)]
    bodies = next((i for i, word in enumerate(counts[1:], 1) if word != b"0"), len(counts))
    if len(counts) < bodies + 3 or not (counts[0] + counts[bodies + 2]).isdigit():
        raise ValueError("it is not in the format of NTU RGB+D, or shows nobody")
    return int(counts[bodies + 2]), f"{int(counts[0])} frames in the format of NTU RGB+D"


def _raw(path: Path) -> Raw:
    return single_file(path, math.inf)


def _of_arrays(raw: Raw, format_: str, others: Sequence[Path]) -> Look:
    with _arrays_in(raw, format_) as (shapes, first_rows):
        name = max(shapes, key=lambda each: math.prod(shapes[each]), default="")
        head = first_rows(name) if _has_small_rows(shapes.get(name, ())) else None
    if {"x_train", "y_train"} <= shapes.keys():
        return _ctrgcn(shapes["x_train"])
    if not shapes:
        raise ValueError("it holds no array")
    alike = (_shape_in(other, format_, name) for other in others)  # read only if needed
    return look_at_array({"format": format_}, shapes[name], head, alike)


def _has_small_rows(shape: tuple[int, ...]) -> bool:
    """Whether an array has rows, of which HEAD are no burden."""
    return 0 < math.prod(shape[1:]) * HEAD <= MAX_VALUES and shape[:1] not in ((), (0,))


def _shape_in(path: Path, format_: str, name: str) -> tuple[int, ...]:
    """The shape of an array of a file; () if it has none, or is damaged."""
    try:
        with _arrays_in(_raw(path), format_) as (shapes, _):
            return shapes.get(name, ())
    except (ValueError, OSError):
        return ()


@contextmanager
def _arrays_in(
    raw: Raw, format_: str
) -> Iterator[tuple[dict[str, tuple[int, ...]], Callable[[str], np.ndarray]]]:
    """The shapes of arrays by name, that of .npy having none, and what reads first rows of one."""
    raw = raw.held() if format_ == "mat" else raw
    if format_ == "hdf5" or (format_ == "mat" and is_hdf5(raw.content())):
        with opened(raw) as file:
            shapes = {name: shape for name, shape in shapes_of(file).items() if shape is not None}
            yield shapes, lambda name: file[name][:HEAD]
    elif format_ == "npz":
        with opened_npz(raw) as file:
            yield file.shapes, partial(_head_of_npz, file)
    else:
        arrays = {"": npy_in(raw)} if format_ == "npy" else raw.decoded(arrays_of)
        shapes = {name: array.shape for name, array in arrays.items()}
        yield shapes, lambda name: arrays[name][:HEAD]


def _head_of_npz(file: NpzFile, name: str) -> np.ndarray:
    if math.prod(file.shapes[name]) <= MAX_VALUES:
        return file.array(name)[:HEAD]
    return np.stack([*islice(file.rows(name), HEAD)])


def _ctrgcn(shape: tuple[int, ...]) -> Look:
    joints = shape[-1] // (2 * CHANNELS[0])  # of two persons
    lines = {
        "label": "{field: label}",
        "split": "{field: split, train: [train], val: [val]}",
        "normalise": "none    # the file's clips are",
        "frames": "{max: 300}",
    }
    return Look({"format": "ctrgcn"}, joints, f"{shape[0]} clips of CTR-GCN", 2, lines=lines)


def _pyskl(content: Any) -> Look:
    """The sizes of a few annotations, and the first pair of splits."""
    found = content.get("annotations") if isinstance(content, dict) else content
    found = found[:MAX_ANNOTATIONS] if isinstance(found, list) else []
    shapes = [np.shape(each.get("keypoint")) for each in found if isinstance(each, dict)]
    shapes = [shape for shape in shapes if len(shape) == 4]
    if not shapes:
        raise ValueError("it has no list of annotations")
    lines = {"label": "{field: label}"}
    splits = content.get("split") if isinstance(content, dict) else None
    if pair := _pair_of_splits(splits if isinstance(splits, dict) else {}):
        train, val = map(json.dumps, pair)
        others = one_line(", ".join(map(str, splits)))
        lines["split"] = f"{{field: split, train: [{train}], val: [{val}]}}    # of {others}"
    persons = max(shape[0] for shape in shapes)
    return Look({"format": "pyskl"}, shapes[0][2], "annotations of PYSKL", persons, lines=lines)


def _pair_of_splits(names: Iterable[Any]) -> tuple[str, str] | None:
    """xsub_train and xsub_val, for example."""
    known = list(map(str, names))
    for train in known:
        if train.endswith("train"):
            beginning = train.removesuffix("train")
            val = next((beginning + e for e in ("val", "test") if beginning + e in known), None)
            if val is not None:
                return train, val
    return None
