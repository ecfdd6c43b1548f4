"""Read plain containers: .npy, .npz, .mat, HDF5, JSON and text, in the layout of the options.

- `npy`, `npz`, `mat`, `hdf5`: one array of numbers; `key` names it (by default the only one),
  `axes` its axes; along N there are many clips. With `score`, here and in JSON and txt, the last
  channel is a confidence. Other arrays of one value, or of one for each clip, are fields, such as
  `label`, and so are attributes of HDF5.
- `json`: nested lists at `path` (names joined by dots, from the top), with `axes` as well; other
  entries of the top mapping that are plain values are fields.
- `txt`: rows of numbers between blanks or commas, without a header, with `axes` of two letters or
  groups: TV*C is one row per frame, T*VC one per joint (MSR-Action3D), TM*V*C one per frame with
  all persons (SBU: after one of `skip_columns`). Lines that begin with # are comments.
"""
# Shapes: M persons, T frames, V joints, C channels.

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np
import orjson

from data_gen.readers.bad_files import CUT, OTHER_FORM, BadFile
from data_gen.readers.hdf5 import is_array, is_hdf5, opened, shapes_of
from data_gen.readers.matlab import arrays_of
from data_gen.readers.numpy_files import npy_in, opened_npz
from data_gen.readers.sample import (
    Options,
    Raw,
    Sample,
    arranged,
    axis_groups,
    groups_of,
    is_scored,
    stem_of,
)
from formats.arrays import npy_of, npz_of
from utils.text import one_line

MAX_VALUES = 10**8  # of an array
MAX_ENTRIES = 10**7  # of an array of fields


def read_npy(raw: Raw, options: Options) -> Iterable[Sample]:
    if options.many:
        array = npy_in(raw)
        return _along(raw, array.shape, _rows(array, options), options, {})
    return [_sample(raw, raw.decoded(npy_of), options)]


def read_npz(raw: Raw, options: Options) -> Iterable[Sample]:
    if options.many:
        return _npz_of_many(raw, options)
    arrays = raw.decoded(npz_of)
    found = {name: a for name, a in arrays.items() if a.ndim > 1 and a.dtype.kind in "fiu"}
    array = _chosen(raw, arrays, found, options.key)
    return [_sample(raw, array, options, _single_values(arrays))]


def _npz_of_many(raw: Raw, options: Options) -> Iterator[Sample]:
    num_axes = len(axis_groups(options.axes))
    with opened_npz(raw) as arrays:
        names = {name: name for name in arrays.shapes}
        found = {name: name for name, shape in arrays.shapes.items() if len(shape) == num_axes}
        name = _chosen(raw, names, found, options.key)
        told = {other: arrays.array(other) for other in names if other != name}
        first = options.axes[0] == "N"
        rows = arrays.rows(name) if first else _rows(arrays.array(name), options)
        yield from _along(raw, arrays.shapes[name], rows, options, told)


def read_mat(raw: Raw, options: Options) -> Iterable[Sample]:
    """MATLAB's format up to version 7.2; 7.3 is HDF5."""
    raw = raw.held()
    if is_hdf5(raw.content()):
        return read_hdf5(raw, options)
    arrays = raw.decoded(arrays_of)
    found = {name: array for name, array in arrays.items() if array.size > 1}
    array = _chosen(raw, arrays, found, options.key)
    if options.many:
        return _along(raw, array.shape, _rows(array, options), options, arrays)
    return [_sample(raw, array, options, _single_values(arrays))]


def read_hdf5(raw: Raw, options: Options) -> Iterable[Sample]:
    num_axes = len(axis_groups(options.axes))
    with opened(raw) as file:
        sizes = {n: prod(shape) for n, shape in shapes_of(file).items() if shape is not None}
        found = {name: name for name in sizes if file[name].ndim == num_axes}
        found = found or {name: name for name in sizes if sizes[name] > 1}
        data = file[_chosen(raw, {name: name for name in sizes}, found, options.key)]
        rows_only = options.axes[0] == "N" and data.ndim == num_axes
        size = prod(data.shape[1:] if rows_only else data.shape)
        if not is_array(data) or size > MAX_VALUES:
            raise BadFile(OTHER_FORM, f"{raw.name}: {data.name} is not an array of this file.")
        most = MAX_ENTRIES if options.many else 1
        told = {**data.attrs, **file.attrs}
        told |= {n: file[n][()] for n, size in sizes.items() if size <= most and file[n] != data}
        if not options.many:
            yield _sample(raw, data[()], options, _single_values(told))
            return
        rows = iter(data) if rows_only else _rows(data[()], options)
        yield from _along(raw, data.shape, rows, options, told)


def read_json(raw: Raw, options: Options) -> Iterable[Sample]:
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
    if options.many:
        told = {**fields, **_flat_lists(content)}
        return _along(raw, array.shape, _rows(array, options), options, told)
    return [_sample(raw, array, options, fields)]


def _flat_lists(content: Any) -> dict[str, list]:
    """The entries of a mapping that are lists of plain values."""
    lists = content.items() if isinstance(content, dict) else ()
    return {
        name: items
        for name, items in lists
        if isinstance(items, list) and not any(isinstance(item, (list, dict)) for item in items)
    }


def read_txt(raw: Raw, options: Options) -> Iterable[Sample]:
    array = table_of_numbers(raw)[:, options.skip_columns :]
    if options.many:
        return _along(raw, array.shape, _rows(array, options), options, {})
    return [_sample(raw, array, options)]


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


def _rows(array: np.ndarray, options: Options) -> np.ndarray:
    """An array with its axis N first."""
    groups = axis_groups(options.axes)
    return np.moveaxis(array, groups.index("N"), 0) if array.ndim == len(groups) else array


def _along(
    raw: Raw,
    shape: Sequence[int],
    rows: Iterable[np.ndarray],
    options: Options,
    told: Mapping[str, Any],
) -> Iterator[Sample]:
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
        sample = _sample(raw, clip, of_clip, fields)
        yield replace(sample, name=f"{sample.name}_{number:06d}")


def entries_of(value: Any, count: int) -> np.ndarray | None:
    """An array of one entry a clip -> (count,), of one-hot rows their classes; None: it is none."""
    array = np.asarray(value)
    if (
        array.ndim == 2
        and len(array) == count
        and array.shape[1] > 1
        and array.dtype.kind in "fiub"
    ):
        is_one_hot = ((array == 0) | (array == 1)).all() and (array.sum(axis=1) == 1).all()
        return array.argmax(axis=1) if is_one_hot else None
    return array.reshape(-1) if array.size == count and count in array.shape else None


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
    has_score = is_scored(clip, options, raw.name)
    return Sample(stem_of(raw.name), clip, has_score, options.rate, fields or {})
