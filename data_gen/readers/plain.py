"""Read plain containers: .npy, .npz, .mat, HDF5, JSON and text, in the layout of the options.

- `npy`, `npz`, `mat`, `hdf5`: one array of numbers; `key` names it (by default the only one),
  `axes` its axes; along N there are many clips. With `score`, here and in JSON and txt, the last
  channel is a confidence. Other arrays of one value, or of one for each clip, are fields, such as
  `label`, and so are attributes of HDF5.
- `json`: nested lists at `path` (names joined by dots, from the top), with `axes` as well; other
  entries of the top mapping that are plain values are fields.
- `txt`: rows of numbers between blanks or commas, without a header, with `axes` of two letters or
  groups: TV*C is one row per frame, T*VC one per joint (MSR-Action3D), TM*V*C one per frame with
  all persons (SBU: after one of `skip_columns`). With `clip`, the number of a column from 1, a file
  holds many clips, which that column tells apart (Florence 3D). Columns before the joints with one
  value a clip are fields, such as `column 3`. Lines that begin with # or % are comments.
"""
# Shapes: M persons, T frames, V joints, C channels.

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import prod
from typing import Any

import numpy as np
import orjson

from data_gen.readers.bad_files import CUT, OTHER_FORM, BadFile, attempted
from data_gen.readers.hdf5 import is_hdf5, opened, shapes_of
from data_gen.readers.matlab import arrays_of
from data_gen.readers.numpy_files import npy_in, opened_npz
from data_gen.readers.sample import (
    Options,
    Raw,
    Sample,
    arranged,
    axis_groups,
    column_name,
    column_number,
    entries_of,
    groups_of,
    is_scored,
    stem_of,
)
from formats.arrays import npy_of, npz_of
from utils.text import one_line, text_of

MAX_VALUES = 10**8  # of an array
MAX_ENTRIES = 10**7  # of an array of fields


def read_npy(raw: Raw, options: Options) -> Iterable[Sample | BadFile]:
    array = npy_in(raw) if "N" in options.axes else raw.decoded(npy_of)
    return _clips_of(raw, array, options, {})


def read_npz(raw: Raw, options: Options) -> Iterable[Sample | BadFile]:
    if options.axes.startswith("N"):
        return _npz_by_rows(raw, options)
    arrays = raw.decoded(npz_of)
    name = _chosen(raw, {name: array.shape for name, array in arrays.items()}, options)
    return _clips_of(raw, arrays[name], options, arrays)


def _npz_by_rows(raw: Raw, options: Options) -> Iterator[Sample | BadFile]:
    """Without the whole array in memory."""
    with opened_npz(raw) as arrays:
        name = _chosen(raw, arrays.shapes, options)
        sizes = {other: prod(shape) for other, shape in arrays.shapes.items() if other != name}
        told = {other: arrays.array(other) for other, n in sizes.items() if n <= MAX_ENTRIES}
        yield from _along(raw, arrays.shapes[name], arrays.rows(name), options, told)


def read_mat(raw: Raw, options: Options) -> Iterable[Sample | BadFile]:
    """MATLAB's format up to version 7.2; 7.3 is HDF5."""
    raw = raw.held()
    if is_hdf5(raw.content()):
        return read_hdf5(raw, options)
    arrays = raw.decoded(arrays_of)
    name = _chosen(raw, {name: array.shape for name, array in arrays.items()}, options)
    return _clips_of(raw, arrays[name], options, arrays)


def read_hdf5(raw: Raw, options: Options) -> Iterator[Sample | BadFile]:
    with opened(raw) as file:
        shapes = {name: shape for name, shape in shapes_of(file).items() if shape is not None}
        name = _chosen(raw, shapes, options)
        by_rows = options.axes.startswith("N")
        if prod(shapes[name][by_rows:]) > MAX_VALUES:
            raise BadFile(OTHER_FORM, f"{raw.name}: {name}, {shapes[name]}, is too large.")
        most = MAX_ENTRIES if "N" in options.axes else 1
        told = {**file[name].attrs, **file.attrs}
        told |= {n: file[n][()] for n, shape in shapes.items() if n != name and prod(shape) <= most}
        if by_rows:
            yield from _along(raw, shapes[name], file[name], options, told)
        else:
            yield from _clips_of(raw, file[name][()], options, told)


def read_json(raw: Raw, options: Options) -> Iterable[Sample | BadFile]:
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
    entries = content.items() if isinstance(content, dict) else ()
    return _clips_of(raw, array, options, {name: v for name, v in entries if _is_flat(v)})


def _is_flat(value: Any) -> bool:
    """Whether it is a plain value, or a list of such."""
    items = value if isinstance(value, list) else [value]
    return not any(isinstance(item, (list, dict)) for item in items)


def read_txt(raw: Raw, options: Options) -> Iterable[Sample | BadFile]:
    table = table_of_numbers(raw)
    if options.clip is None:
        return [_of_rows(table, raw, options)]
    column = column_number(raw, options.clip, table.shape[1])
    order = np.argsort(table[:, column], kind="stable")
    ends = np.flatnonzero(np.diff(table[order, column])) + 1
    clips = (table[rows] for rows in sorted(np.split(order, ends), key=lambda rows: rows[0]))
    stem = stem_of(raw.name)
    named = ((rows, f"{stem}_{_plain(float(rows[0, column]))}") for rows in clips)
    return (attempted(_of_rows, rows, raw, options, name) for rows, name in named)


def _of_rows(table: np.ndarray, raw: Raw, options: Options, name: str | None = None) -> Sample:
    """The clip of some rows; what stands before the joints are fields, if it never changes."""
    before = table[:, : options.skip_columns]
    told = {
        column_name(number): _plain(float(values[0]))
        for number, values in enumerate(before.T)
        if (values == values[0]).all()
    }
    return _sample(table[:, options.skip_columns :], raw, options, told, name)


def table_of_numbers(raw: Raw) -> np.ndarray:
    """Text without a header -> (rows, columns) float64.

    Raises:
        BadFile: it is empty, has words, or rows of different length.
    """
    rows = raw.decoded(lambda content: _rows_of_numbers(text_of(content)))
    if not rows:
        raise BadFile(CUT, f"{raw.name} is empty.")
    first = len(rows[0])
    if other := next((n for n, row in enumerate(rows, start=1) if len(row) != first), None):
        raise BadFile(
            CUT,
            f"{raw.name} has {len(rows[other - 1])} numbers in row {other}, {first} in the first.",
        )
    return np.array(rows)


def _rows_of_numbers(text: str) -> list[np.ndarray]:
    lines = (line.replace(",", " ").replace(";", " ").split() for line in text.splitlines())
    return [np.array([*map(float, words)]) for words in lines if words and words[0][0] not in "#%"]


def _chosen(raw: Raw, shapes: Mapping[str, tuple[int, ...]], options: Options) -> str:
    """The name of the array of joints: `key`, or the only one that may be."""
    if (key := options.key) is not None:
        if key not in shapes:
            known = ", ".join(list(shapes)[:8])
            raise BadFile(OTHER_FORM, f"{raw.name} has no array {key!r}, but {known or 'none'}.")
        return key
    num_axes = len(axis_groups(options.axes))
    found = [name for name, shape in shapes.items() if len(shape) == num_axes]
    found = found or [name for name, shape in shapes.items() if prod(shape) > 1]
    if len(found) != 1:
        known = ", ".join(found[:8])
        raise BadFile(OTHER_FORM, f"{raw.name} has the arrays {known or 'none'}: name one by key.")
    return found[0]


def _clips_of(
    raw: Raw, array: np.ndarray, options: Options, told: Mapping[str, Any]
) -> Iterable[Sample | BadFile]:
    """The clip of an array, or those along its axis N.

    Args:
        told: other arrays and values of the file.
    """
    if "N" not in options.axes:
        return [_sample(array, raw, options, _single_values(told))]
    groups = axis_groups(options.axes)
    rows = np.moveaxis(array, groups.index("N"), 0) if array.ndim == len(groups) else array
    return _along(raw, array.shape, rows, options, told)


def _along(
    raw: Raw,
    shape: Sequence[int],
    rows: Iterable[np.ndarray],
    options: Options,
    told: Mapping[str, Any],
) -> Iterator[Sample | BadFile]:
    """The clips along the axis N. Their fields are their entries of other arrays of as many, and
    `number` and `count`.
    """
    count = shape[groups_of(shape, options.axes, raw.name).index("N")]
    single = _single_values(told)
    found = {name: entries_of(value, count) for name, value in told.items()}
    of_each = {name: entries for name, entries in found.items() if entries is not None}
    of_clip = options._replace(axes=options.axes.replace("N", ""))
    for number, clip in enumerate(rows):
        own = {name: _plain(entries[number].item()) for name, entries in of_each.items()}
        fields = {**single, **own, "number": number, "count": count}
        yield attempted(_sample, clip, raw, of_clip, fields, f"{stem_of(raw.name)}_{number:06d}")


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
    array: np.ndarray, raw: Raw, options: Options, fields: dict[str, Any], name: str | None = None
) -> Sample:
    """A clip.

    Args:
        name: of one of many.
    """
    what = f"{raw.name}, {name}," if name else raw.name
    clip = arranged(np.asarray(array), options, what)
    has_score = is_scored(clip, options, what)
    return Sample(name or stem_of(raw.name), clip, has_score, options.rate, fields)
