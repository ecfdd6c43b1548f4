"""Read tables of text with cells between commas or tabs.

- `csv`, `tsv`: wide, one row per frame, the columns of joint and axis named by the pattern
  `columns`, such as `{joint}_{axis}` (axis: x, y, z or score), by default all columns joint by
  joint, after `skip_columns` and with `score` as for arrays; or long, with columns frame, joint, x,
  y and perhaps z, score and person (a joint is a name or a number from 0). A table may hold many
  clips, which the column `clip` tells apart: its name, or without a header its number from 1. Other
  columns with the same value in all rows of a clip are fields; without a header they are called
  `column 1` and so on. As spreadsheets write tables in much of Europe, cells may also stand between
  semicolons, with decimal commas.
"""
# Shapes: M persons, T frames, V joints, C channels.

import csv
import io
import re
from collections.abc import Iterable, Iterator
from itertools import chain

import numpy as np

from data_gen.readers.bad_files import CUT, NO_NUMBER, OTHER_FORM, WRONG_JOINTS, BadFile, attempted
from data_gen.readers.sample import (
    Options,
    Raw,
    Sample,
    column_name,
    column_number,
    is_number,
    is_scored,
    seen_only,
    stem_of,
)
from data_gen.readers.tracks import Track, clip_of, moments_of, step_of
from utils.text import SAVE_AS_UTF_8, is_utf_16

AXES = ("x", "y", "z", "score")
MIN_CHANNELS = 2  # of a table that does not say how many it has
DECIMAL_COMMA = re.compile(r"[-+]?\d+,\d+(?:[eE][-+]?\d+)?")
SEPARATOR = "\x1f"  # of the cells of rows that wait: lists take ten times the memory


def read_csv(raw: Raw, options: Options) -> Iterator[Sample | BadFile]:
    return _table(raw, options, ",")


def read_tsv(raw: Raw, options: Options) -> Iterator[Sample | BadFile]:
    return _table(raw, options, "\t")


def rows_of(raw: Raw, delimiter: str = ",") -> list[list[str]]:
    """The cells of every row.

    Raises:
        BadFile: it is not a table in UTF-8.
    """
    return list(rows_in(raw._replace(path=None), delimiter))


def rows_in(raw: Raw, delimiter: str = ",") -> Iterator[list[str]]:
    """The cells of every row, one row after the other, of a file of any size.

    Raises:
        BadFile: it is not a table in UTF-8.
    """
    file = raw.opened()
    encoding = "utf-16" if is_utf_16(file.read(2)) else "utf-8-sig"
    file.seek(0)
    try:
        with io.TextIOWrapper(file, encoding=encoding, newline="") as text:
            first = text.readline()
            lines = chain([first], text)
            if delimiter == "," and ";" in first and "," not in DECIMAL_COMMA.sub("", first):
                yield from map(_with_points, csv.reader(lines, delimiter=";"))
            else:
                yield from csv.reader(lines, delimiter=delimiter)
    except UnicodeDecodeError as error:
        reason = f"is not UTF-8. {SAVE_AS_UTF_8}."
        raise BadFile(OTHER_FORM, f"{raw.name} {reason}") from error
    except csv.Error as error:
        raise BadFile(OTHER_FORM, f"{raw.name} is not a table: {error}") from error


def _with_points(row: list[str]) -> list[str]:
    """A row whose numbers have decimal points instead of commas."""
    return [c.replace(",", ".") if DECIMAL_COMMA.fullmatch(c.strip()) else c for c in row]


def _table(raw: Raw, options: Options, delimiter: str) -> Iterator[Sample | BadFile]:
    if options.clip is None:
        first, *rows = [*_filled(rows_of(raw, delimiter))] or [[]]
        if not rows:
            raise _empty(raw)
        yield _sample(rows, stem_of(raw.name), raw, options, first)
    else:
        yield from _many(raw, options, delimiter)


def _many(raw: Raw, options: Options, delimiter: str) -> Iterator[Sample | BadFile]:
    """The clips of a table, in the order in which they begin."""
    rows = _filled(rows_in(raw, delimiter))
    first = next(rows, [])
    if not first:
        raise _empty(raw)
    if isinstance(options.clip, int):
        column = column_number(raw, options.clip, len(first))
        rows = chain([first], rows)
        first = [column_name(number) for number in range(len(first))]
    else:
        header = [cell.strip() for cell in first]
        if options.clip not in header:
            raise BadFile(OTHER_FORM, f"{raw.name} has no column {options.clip!r}.")
        column = header.index(options.clip)
    waiting: dict[str, list[str]] = {}
    for row in rows:
        if len(row) <= column:
            raise BadFile(CUT, f"{raw.name} has rows of another length than its header.")
        waiting.setdefault(row[column].strip(), []).append(SEPARATOR.join(row))
    if not waiting:
        raise _empty(raw)
    for name in list(waiting):
        of_clip = [line.split(SEPARATOR) for line in waiting.pop(name)]
        named = raw._replace(name=f"{raw.name}, {name},")
        yield attempted(_sample, of_clip, name, named, options, first)


def _filled(rows: Iterable[list[str]]) -> Iterator[list[str]]:
    return (row for row in rows if any(map(str.strip, row)))


def _empty(raw: Raw) -> BadFile:
    return BadFile(CUT, f"{raw.name} has no row below its header.")


def _sample(
    rows: list[list[str]], name: str, raw: Raw, options: Options, first: list[str]
) -> Sample:
    """The clip of some rows.

    Args:
        first: the table's first row, a header or not.
    """
    header = [cell.strip() for cell in first]
    lower = [name.lower() for name in header]
    if {"frame", "joint", "x", "y"} <= set(lower):
        clip, has_score = _long(raw, options, lower, rows)
    else:
        clip, has_score = _wide(raw, options, header, [first, *rows])
    return Sample(name, clip, has_score, options.rate, _constant_columns(header, rows))


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
        too_few = not options.channels and channels < MIN_CHANNELS
        if too_few or width != channels * options.num_joints:
            raise BadFile(
                WRONG_JOINTS,
                f"{raw.name} has {width} columns for {options.num_joints} joints. Name those of "
                "the joints by columns, or say how many come before them by skip_columns.",
            )
        has_header = not all(is_number(cell) for cell in rows[0])
        table = _numbers(raw, rows[1:] if has_header else rows, width)
        clip = table.reshape(1, len(table), options.num_joints, channels)
        return seen_only(clip, raw.name), is_scored(clip, options, raw.name)
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
