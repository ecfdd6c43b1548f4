"""Raw clips -> dense arrays or a compact store, on all cores, with a record of each clip.

Each raw file is read once and goes to each split it belongs to. Workers write dense rows straight
into the files and return only the outcome of a clip, so that memory does not grow with the number
of clips; the clips of a store are small, and the parent appends them in the order of their names.
"""
# Shapes: C channels, T frames, V joints, M persons.

import zlib
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from data_gen.pipeline.dense_writer import DensePart, create_part, write_row
from data_gen.pipeline.plan import Clip, Plan, Reader
from data_gen.pipeline.store_writer import ClipStoreWriter, Entry
from data_gen.pipeline.workers import map_in_order
from data_gen.readers.bad_files import NOBODY, OUT_OF_RANGE, BadFile, check_file, kind_of
from formats.clip_store import COLUMNS, dense_clip, trimmed
from utils.text import one_line


class Job(NamedTuple):
    """A clip and the dense rows it fills."""

    clip: Clip
    rows: list[tuple[Path, int]]


class Reading(NamedTuple):
    """How workers read raw files, from the plan."""

    read: Reader
    max_file_mb: float | None
    remark: Callable[[np.ndarray], str | None] | None

    @classmethod
    def of(cls, plan: Plan) -> "Reading":
        return cls(plan.read, plan.max_file_mb, plan.remark)


def read_clip(clip: Clip, reading: Reading) -> tuple[Entry, np.ndarray]:
    """The outcome of a clip, and its (M, T, V, C) float32; without persons if the file is bad."""
    path = clip.folder / clip.name
    try:
        if reading.max_file_mb is not None:
            check_file(path, reading.max_file_mb)
        bodies, is_cut = reading.read(path, clip.label)
        if not np.isfinite(bodies).all():
            raise BadFile(OUT_OF_RANGE, f"{path} holds coordinates beyond float32.")
    except (ValueError, OSError) as error:
        reason = one_line(error)
        bad = Entry(clip.sample_name, reason=reason, kind=kind_of(error))
        return bad, np.zeros((0, 0, 0, 0), np.float32)
    bodies = np.ascontiguousarray(trimmed(bodies))
    remark = NOBODY if not bodies.size else None
    if reading.remark and not remark:
        remark = reading.remark(bodies)
    persons, frames = bodies.shape[:2]
    return Entry(clip.sample_name, persons, frames, is_cut=is_cut, remark=remark), bodies


def fill_rows(job: Job, reading: Reading, shape: tuple[int, ...], normalize: bool) -> Entry:
    """Read a clip and write its rows; the entry's checksum is that of a row."""
    entry, bodies = read_clip(job.clip, reading)
    if entry.reason is not None:
        return entry
    dense = dense_clip(bodies, shape, normalize)
    for file, row in job.rows:
        write_row(file, row, dense)
    return entry._replace(crc=zlib.crc32(dense))


def write_dense(plan: Plan, num_workers: int, strict: bool) -> list[Entry]:
    """Write all parts; returns the outcome of each clip, in the order of the plan.

    Raises:
        ValueError: a part has no usable clip, or one is bad while `strict`; no part changes.
    """
    with ExitStack() as stack:
        parts = {split: stack.enter_context(_new_part(plan, split)) for split in plan.members}
        fill = partial(
            fill_rows,
            reading=Reading.of(plan),
            shape=plan.clip_shape,
            normalize=plan.normalize,
        )
        outcomes = map_in_order(fill, _jobs(plan, parts), plan.workers(num_workers), plan.dataset)
        entries = [_accepted(entry, strict) for entry in outcomes]
        for split, part in parts.items():
            _finish(plan, entries, split, part)
    return entries


def write_compact(plan: Plan, num_workers: int, strict: bool, resume: bool) -> list[Entry]:
    """Write or complete the store `clips`; returns the outcome of each clip, in plan order.

    Raises:
        ValueError: no clip is usable, or one is bad while `strict`; no store changes.
    """
    channels, _, num_joints, _ = plan.clip_shape
    names = [clip.sample_name for clip in plan.clips]
    with ClipStoreWriter(plan.store, names, (num_joints, channels), resume) as writer:
        todo = plan.clips[len(writer.entries) :]
        read = partial(read_clip, reading=Reading.of(plan))
        for entry, bodies in map_in_order(read, todo, plan.workers(num_workers), plan.dataset):
            writer.append(_accepted(entry, strict), bodies)
        writer.checkpoint()
        good = [i for i, entry in enumerate(writer.entries) if entry.reason is None]
        if not good:
            raise ValueError(f"No clip is usable. The first: {writer.entries[0].reason}")
        writer.finish(_index(plan, [plan.clips[i] for i in good]))
    return writer.entries


def _new_part(plan: Plan, split: str) -> AbstractContextManager[DensePart]:
    benchmark, _, part = split.rpartition("/")
    rows = plan.members[split]
    return create_part(plan.out_folder / benchmark, part, len(rows), plan.clip_shape)


def _jobs(plan: Plan, parts: dict[str, DensePart]) -> list[Job]:
    jobs = [Job(clip, []) for clip in plan.clips]
    for split, part in parts.items():
        for row, position in enumerate(plan.members[split]):
            jobs[position].rows.append((part.joint_file, row))
    return jobs


def _accepted(entry: Entry, strict: bool) -> Entry:
    if strict and entry.reason is not None:
        raise ValueError(entry.reason)
    return entry


def _finish(plan: Plan, entries: list[Entry], split: str, part: DensePart) -> None:
    """Drop the rows of bad clips."""
    members = plan.members[split]
    rows = [row for row, i in enumerate(members) if entries[i].reason is None]
    if not rows:
        raise ValueError(f"No clip of {split} is usable. The first: {entries[members[0]].reason}")
    clips = [plan.clips[members[row]] for row in rows]
    part.finish(
        [clip.sample_name for clip in clips],
        [clip.label for clip in clips],
        rows if len(rows) < len(members) else None,
    )


def _index(plan: Plan, clips: list[Clip]) -> dict[str, Any]:
    """The arrays of the store's index that its writer does not know."""
    numbers = np.array([clip.numbers for clip in clips], dtype=np.int16).T
    return {
        "labels": np.array([clip.label for clip in clips], dtype=np.int64),
        "benchmarks": np.array(plan.benchmarks, dtype=np.str_),
        "membership": np.array([clip.parts for clip in clips], dtype=np.int8).T,
        "dense_shape": np.array(plan.clip_shape, dtype=np.int64),
        "normalize": plan.normalize,
        **dict(zip(COLUMNS, numbers, strict=True)),
    }
