"""Inspect tables: of numbers, or with a header."""
# Shapes: T frames, V joints, C channels.

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from data_gen.custom.axes import CHANNELS, Look, known_joints, likely_axes, likely_score
from data_gen.readers.found import single_file
from data_gen.readers.plain import table_of_numbers
from data_gen.readers.sample import is_number

MEDIAPIPE_JOINTS = 33
MOST_IDS = 4  # columns before the joints
CLIP_WORDS = ("clip", "video", "vid", "sample", "sequence", "seq", "recording", "file", "filename")


def look_at_text(table: np.ndarray, others: Sequence[Path]) -> Look:
    """A table (rows, columns): one row per frame, perhaps after its number, or one per joint."""
    rows, columns = table.shape
    note = f"a table of {rows} rows and {columns} columns"
    reader: dict[str, Any] = {"format": "txt"}
    if columns in CHANNELS:
        # Every file has a multiple of V rows.
        common = math.gcd(rows, *(len(table_of_numbers(single_file(other))) for other in others))
        joints = common if common in known_joints() else 0
        reader |= {"axes": "T*VC"} | ({"score": "keep"} if columns == 4 else {})
        return Look(reader, joints, note)
    if ids := _columns_of_ids(table):
        clip, count, joints = ids
        reader |= {"axes": "TV*C", "skip_columns": count, "clip": clip}
        others = [number for number in range(count, 0, -1) if number != clip]
        lines = {"label": f"{{field: column {others[0]}, first: 1}}"}
        if others[1:]:
            lines["label"] += f"    # or {' or '.join(f'column {n}' for n in others[1:])}"
        return Look(reader, joints, f"many clips in {note}", lines=lines)
    skipped, axes, joints = _row_a_frame(table)
    reader |= {"axes": axes} | ({"channels": CHANNELS[0]} if "M" in axes else {})
    reader |= skipped | _score(table, skipped, axes, joints)
    return Look(reader, joints, note, 2 if "M" in axes else 1)


def _columns_of_ids(table: np.ndarray) -> tuple[int, int, int] | None:
    """Where rows of many clips begin with whole numbers, such as clip, subject and class: which of
    them tells the clips apart, from 1, how many columns come before the joints, and these.
    """
    rows, columns = table.shape
    for count in range(2, MOST_IDS + 1):
        axes, joints = likely_axes((rows, columns - count))
        fits = axes == "TV*C" and joints in known_joints()
        if not fits or (table[:, :count] % 1).any():
            continue
        blocks = {
            number: len(np.unique(table[:, number]))
            for number in range(count)
            if (np.diff(table[:, number]) != 0).sum() == len(np.unique(table[:, number])) - 1
        }
        clip = max(blocks, key=blocks.__getitem__, default=None)
        if clip is not None and 1 < blocks[clip] < rows / 2:
            return clip + 1, count, joints
    return None


def _row_a_frame(table: np.ndarray) -> tuple[dict[str, int], str, int]:
    """Of (rows, columns): `skip_columns` where a row begins with its number or time; the axes of
    the others, and joints.
    """
    rows, columns = table.shape
    steps = np.diff(table[:, 0])
    axes, joints = likely_axes(table.shape)
    even = np.allclose(steps, steps[:1], rtol=0.1)  # of times, which may be rounded
    if len(steps) and (steps > 0).all() and (even or joints not in known_joints()):
        others = likely_axes((rows, columns - 1))
        if others[1] in known_joints():
            return {"skip_columns": 1}, *others
    return {}, axes, joints


def _score(table: np.ndarray, skipped: Mapping[str, int], axes: str, joints: int) -> dict[str, str]:
    """`score` if rows per frame seem to have confidences."""
    joints_only = table[:, skipped.get("skip_columns", 0) :]
    if axes != "TV*C" or not joints or joints_only.shape[1] % joints:
        return {}
    seems = likely_score(joints_only.reshape(len(table), joints, -1), "TVC")
    return {"score": "keep"} if seems else {}


def look_at_table(rows: list[list[str]], format_: str) -> Look:
    """The first rows of a table of text, which perhaps begins with its header.

    Raises:
        ValueError: it is empty.
    """
    columns = max(map(len, rows), default=0)
    if not columns:
        raise ValueError("it is empty")
    note = f"a table of {columns} columns"
    header = [cell.strip() for cell in rows[0]]
    lower = [cell.lower() for cell in header]
    if lower[:1] == ["scorer"]:
        parts = next((row[1:] for row in rows if row and row[0].lower() == "bodyparts"), [])
        names = tuple(dict.fromkeys(part.strip() for part in parts))
        return Look({"format": "deeplabcut"}, len(names), note, names=names)
    if {"frame", "joint", "x", "y"} <= set(lower):
        column = lower.index("joint")
        names = tuple(dict.fromkeys(row[column].strip() for row in rows[1:] if len(row) > column))
        reader = {"format": format_} | _clip_column(header, rows[1:])
        return Look(reader, len(names), note, names=names)
    for pattern in ("{joint}_{axis}", "{joint}.{axis}", "{joint} {axis}", "{axis}_{joint}"):
        before, _, after = pattern.replace("{axis}", "x").partition("{joint}")
        names = tuple(
            name[len(before) : len(name) - len(after)]
            for name in header
            if name.startswith(before) and name.endswith(after) and len(name) > len(before + after)
        )
        if len(names) > 1 and {_y_of(pattern, name) for name in names} <= set(header):
            reader = {"format": format_, "columns": pattern} | _clip_column(header, rows[1:])
            return Look(reader, len(names), note, names=names)
    if columns // MEDIAPIPE_JOINTS in (3, 4) and columns % MEDIAPIPE_JOINTS < 2:
        return Look({"format": "mediapipe"}, MEDIAPIPE_JOINTS, note)
    table = _numbers_of(rows)
    skipped, axes, joints = _row_a_frame(table)
    reader = {"format": format_} | skipped | _score(table, skipped, axes, joints)
    return Look(reader, joints if axes == "TV*C" else 0, note)


def _clip_column(header: list[str], rows: list[list[str]]) -> dict[str, str]:
    """`clip` if a column that is named so tells several clips apart."""
    for number, name in enumerate(header):
        values = [row[number].strip() for row in rows if len(row) == len(header)]
        changes = sum(before != after for before, after in pairwise(values))
        word = name.lower().removesuffix("id").rstrip("_ ")
        if word in CLIP_WORDS and 0 < changes == len(set(values)) - 1 < len(values) - 1:
            return {"clip": name}
    return {}


def _numbers_of(rows: list[list[str]]) -> np.ndarray:
    """The rows as long as the first, as numbers; other cells are NaN."""
    of = lambda cell: float(cell) if cell.strip() and is_number(cell) else np.nan  # noqa: E731
    rows = [row for row in rows if row]
    table = np.array([[of(cell) for cell in row] for row in rows if len(row) == len(rows[0])])
    return table[1:] if len(table) > 1 and np.isnan(table[0]).any() else table


def _y_of(pattern: str, joint: str) -> str:
    return pattern.replace("{joint}", joint).replace("{axis}", "y")
