"""Read plain containers: .npy, .npz, .mat, HDF5, JSON and tables, in the layout of the options.

- `npy`, `npz`, `mat`, `hdf5`: one array of numbers; `key` names it (by default the only one),
  `axes` its axes. With `score`, here and in JSON and txt, the last channel is a confidence. Other
  arrays of one value are fields, such as `label`, and so are attributes of HDF5.
- `json`: nested lists at `path` (names joined by dots, from the top), with `axes` as well; other
  entries of the top mapping that are plain values are fields.
- `csv`, `tsv`: wide, one row per frame, the columns of joint and axis named by the pattern
  `columns`, such as `{joint}_{axis}` (axis: x, y, z or score), by default all columns joint by
  joint, after `skip_columns` and with `score` as above; or long, with columns frame, joint, x, y
  and perhaps z, score and person (a joint is a name or a number from 0). A table may hold many
  clips, which the column `clip` tells apart. Other columns with the same value in all rows of a
  clip are fields.
- `txt`: rows of numbers between blanks or commas, without a header, with `axes` of two letters or
  groups: TV*C is one row per frame, T*VC one per joint (MSR-Action3D), TM*V*C one per frame with
  all persons (SBU: after one of `skip_columns`). Lines that begin with # are comments.
"""
# Shapes: M persons, T frames, V joints, C channels.

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np
import orjson

from data_gen.readers.bad_files import CUT, NO_NUMBER, OTHER_FORM, WRONG_JOINTS, BadFile
from data_gen.readers.hdf5 import is_array, is_hdf5, opened, shapes_of
from data_gen.readers.matlab import arrays_of
from data_gen.readers.sample import Options, Raw, Sample, arranged, is_number, seen_only, stem_of
from data_gen.readers.tables import rows_of
from data_gen.readers.tracks import Track, clip_of, moments_of, step_of
from formats.arrays import npy_of, npz_of
from utils.text import one_line

AXES = ("x", "y", "z", "score")
MAX_VALUES = 10**8  # of an array


def read_npy(raw: Raw, options: Options) -> list[Sample]:
    return [_sample(raw, raw.decoded(npy_of), options)]


def read_npz(raw: Raw, options: Options) -> list[Sample]:
    arrays = raw.decoded(npz_of)
    found = {name: a for name, a in arrays.items() if a.ndim > 1 and a.dtype.kind in "fiu"}
    array = _chosen(raw, arrays, found, options.key)
    return [_sample(raw, array, options, _single_values(arrays))]


def read_mat(raw: Raw, options: Options) -> list[Sample]:
    """MATLAB's format up to version 7.2; 7.3 is HDF5."""
    raw = raw.held()
    if is_hdf5(raw.content()):
        return read_hdf5(raw, options)
    arrays = raw.decoded(arrays_of)
    found = {name: array for name, array in arrays.items() if array.size > 1}
    array = _chosen(raw, arrays, found, options.key)
    return [_sample(raw, array, options, _single_values(arrays))]


def read_hdf5(raw: Raw, options: Options) -> list[Sample]:
    with opened(raw) as file:
        shapes = shapes_of(file)
        single = [name for name, shape in shapes.items() if shape is not None and prod(shape) == 1]
        found = {name: name for name in shapes if name not in single}
        data = file[_chosen(raw, {name: name for name in shapes}, found, options.key)]
        if not is_array(data) or data.size > MAX_VALUES:
            raise BadFile(OTHER_FORM, f"{raw.name}: {data.name} is not an array of this file.")
        array = data[()]
        told = {**data.attrs, **file.attrs} | {name: file[name][()] for name in single}
    return [_sample(raw, array, options, _single_values(told))]


def read_json(raw: Raw, options: Options) -> list[Sample]:
    try:
        content = orjson.loads(raw.content())
        value = content
        for name in (options.path or options.key or "").split("."):
            if name:
                value = value[int(name)] if isinstance(value, list) else value[name]
        array = np.array(value)
    except (ValueError, LookupError, TypeError, OverflowError) as error:
        reason = one_line(error, 200)
        raise BadFile(OTHER_FORM, f"{raw.name} has no numbers there: {reason}") from error
    fields = {}
    if isinstance(content, dict):
        fields = {
            name: _plain(item)
            for name, item in content.items()
            if not isinstance(item, (list, dict))
        }
    return [_sample(raw, array, options, fields)]


def read_txt(raw: Raw, options: Options) -> list[Sample]:
    return [_sample(raw, table_of_numbers(raw)[:, options.skip_columns :], options)]


def table_of_numbers(raw: Raw) -> np.ndarray:
    """Text without a header -> (rows, columns) float64.

    Raises:
        BadFile: it is empty, has words, or rows of different length.
    """
    rows = raw.decoded(lambda content: _rows_of_numbers(content.decode("utf-8-sig")))
    if not rows:
        raise BadFile(CUT, f"{raw.name} is empty.")
    first = len(rows[0])
    if other := next((n for n, row in enumerate(rows, start=1) if len(row) != first), None):
        raise BadFile(
            CUT,
            f"{raw.name} has {len(rows[other - 1])} numbers in row {other}, {first} in the first.",
        )
    return np.array(rows)


def _rows_of_numbers(text: str) -> list[list[float]]:
    lines = (line.replace(",", " ").replace(";", " ").split() for line in text.splitlines())
    return [[float(word) for word in words] for words in lines if words and words[0][0] != "#"]


def read_csv(raw: Raw, options: Options) -> list[Sample]:
    return _table(raw, options, ",")


def read_tsv(raw: Raw, options: Options) -> list[Sample]:
    return _table(raw, options, "\t")


def _chosen(raw: Raw, all_: dict[str, Any], found: dict[str, Any], key: str | None) -> Any:
    if key is not None:
        if key not in all_:
            known = ", ".join(list(all_)[:8])
            raise BadFile(OTHER_FORM, f"{raw.name} has no array {key!r}, but {known or 'none'}.")
        return all_[key]
    if len(found) != 1:
        known = ", ".join(list(found)[:8])
        raise BadFile(OTHER_FORM, f"{raw.name} has the arrays {known or 'none'}: name one by key.")
    return next(iter(found.values()))


def _single_values(arrays: Mapping[str, Any]) -> dict[str, Any]:
    """Of arrays, or plain values, those that hold one value: facts about the clip."""
    values = {name: np.asarray(array) for name, array in arrays.items()}
    return {name: _plain(value.item()) for name, value in values.items() if value.size == 1}


def _plain(value: Any) -> Any:
    """MATLAB writes 3 as 3.0, HDF5 text as bytes."""
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _sample(
    raw: Raw, array: np.ndarray, options: Options, fields: dict[str, Any] | None = None
) -> Sample:
    clip = arranged(np.asarray(array), options, raw.name)
    has_score = _has_score(raw, clip, options)
    return Sample(stem_of(raw.name), clip, has_score, options.rate, fields or {})


def _has_score(raw: Raw, clip: np.ndarray, options: Options) -> bool:
    """Whether the last channel of (M, T, V, C) is a confidence, which only the options know."""
    if options.score is not None and clip.shape[3] < 3:
        raise BadFile(OTHER_FORM, f"{raw.name} has {clip.shape[3]} channels, too few for a score.")
    return options.score is not None


def _table(raw: Raw, options: Options, delimiter: str) -> list[Sample]:
    rows = [row for row in rows_of(raw, delimiter) if any(cell.strip() for cell in row)]
    if len(rows) < 2:
        raise BadFile(CUT, f"{raw.name} has no row below its header.")
    header = [cell.strip() for cell in rows[0]]
    lower = [name.lower() for name in header]
    is_long = {"frame", "joint", "x", "y"} <= set(lower)
    samples = []
    for name, of_clip in _clips(raw, options, header, rows[1:]).items():
        if is_long:
            clip, has_score = _long(raw, options, lower, of_clip)
        else:
            clip, has_score = _wide(raw, options, header, [rows[0], *of_clip])
        fields = _constant_columns(header, of_clip)
        samples.append(Sample(name, clip, has_score, options.rate, fields))
    return samples


def _clips(
    raw: Raw, options: Options, header: list[str], rows: list[list[str]]
) -> dict[str, list[list[str]]]:
    """The rows of every clip by its name, in the order of the file."""
    if options.clip is None:
        return {stem_of(raw.name): rows}
    if options.clip not in header:
        raise BadFile(OTHER_FORM, f"{raw.name} has no column {options.clip!r}.")
    column = header.index(options.clip)
    found: dict[str, list[list[str]]] = {}
    for row in rows:
        if len(row) != len(header):
            raise BadFile(CUT, f"{raw.name} has rows of another length than its header.")
        found.setdefault(row[column].strip(), []).append(row)
    return found


def _constant_columns(header: list[str], rows: list[list[str]]) -> dict[str, str]:
    """The columns that have the same value in all rows, by name, such as the clip's label."""
    first, last = rows[0], rows[-1]
    alike = [i for i, cell in enumerate(first) if cell == last[i]]
    return {header[i]: first[i].strip() for i in alike if all(row[i] == first[i] for row in rows)}


def _wide(
    raw: Raw, options: Options, header: list[str], rows: list[list[str]]
) -> tuple[np.ndarray, bool]:
    """One row per frame."""
    if not options.columns:
        rows = [row[options.skip_columns :] for row in rows]
        width = len(rows[0])
        channels = options.channels or width // options.num_joints
        if not width or width != channels * options.num_joints:
            raise BadFile(
                WRONG_JOINTS,
                f"{raw.name} has {width} columns for {options.num_joints} joints. Name those of "
                "the joints by columns, or say how many come before them by skip_columns.",
            )
        has_header = not all(is_number(cell) for cell in rows[0])
        table = _numbers(raw, rows[1:] if has_header else rows, width)
        clip = table.reshape(1, len(table), options.num_joints, channels)
        return seen_only(clip, raw.name), _has_score(raw, clip, options)
    axes = [a for a in AXES if any(_named(options, n, a) in header for n in options.joint_names)]
    wanted = [_named(options, name, axis) for name in options.joint_names for axis in axes]
    if not axes or (missing := [name for name in wanted if name not in header]):
        example = missing[0] if axes else _named(options, options.joint_names[0], "x")
        raise BadFile(WRONG_JOINTS, f"{raw.name} has no column {example!r}.")
    places = [header.index(name) for name in wanted]
    table = _numbers(raw, [[row[p] for p in places] for row in rows[1:] if len(row) == len(header)],
                     len(places))  # fmt: skip
    if len(table) < len(rows) - 1:
        raise BadFile(CUT, f"{raw.name} has rows of another length than its header.")
    clip = table.reshape(1, len(table), options.num_joints, len(axes))
    return seen_only(clip, raw.name), axes[-1] == "score"


def _named(options: Options, joint: str, axis: str) -> str:
    return (options.columns or "").replace("{joint}", joint).replace("{axis}", axis)


def _long(
    raw: Raw, options: Options, header: list[str], rows: list[list[str]]
) -> tuple[np.ndarray, bool]:
    """One row per frame, person and joint. Frames without anybody may be missing."""
    axes = [axis for axis in AXES if axis in header]
    column = {name: header.index(name) for name in header}
    frames: set[int] = set()
    persons: dict[str, Track] = {}
    for row in rows:
        if len(row) != len(header):
            raise BadFile(CUT, f"{raw.name} has rows of another length than its header.")
        values = _numbers(raw, [[row[column[axis]] for axis in axes]], len(axes))[0]
        frame = row[column["frame"]].strip()
        if not frame.isdecimal():
            raise BadFile(NO_NUMBER, f"{raw.name}: a frame must be a whole number. Got {frame!r}.")
        person = row[column["person"]].strip() if "person" in column else ""
        joint = row[column["joint"]].strip()
        number = options.joint_names.index(joint) if joint in options.joint_names else joint
        if isinstance(number, str) and not (
            number.isdecimal() and int(number) < options.num_joints
        ):
            raise BadFile(WRONG_JOINTS, f"{raw.name}: the skeleton has no joint {joint!r}.")
        frames.add(int(frame))
        track = persons.setdefault(person, {})
        empty = np.zeros((options.num_joints, len(axes)))
        track.setdefault(int(frame), empty)[int(number)] = values
    place = {frame: t for t, frame in enumerate(moments_of(frames, step_of(frames)))}
    tracks = [{place[f]: joints for f, joints in track.items()} for track in persons.values()]
    clip = clip_of(tracks, len(place), options.num_joints, len(axes), raw.name)
    return seen_only(clip, raw.name), axes[-1] == "score"


def _numbers(raw: Raw, rows: list[list[str]], width: int) -> np.ndarray:
    """Cells -> (rows, width) float64; empty ones are NaN."""
    if any(len(row) != width for row in rows):
        raise BadFile(CUT, f"{raw.name} has rows of another length than its header.")
    try:
        return np.array(
            [[float(cell) if cell.strip() else np.nan for cell in row] for row in rows]
        ).reshape(-1, width)
    except ValueError as error:
        raise BadFile(NO_NUMBER, f"{raw.name}: {error}.") from error
