"""Recordings of UDIVA as chunks: what there is of a split, and its files."""
# Shapes: T frames, V joints (24), 5 traits.

import csv
import shutil
import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from data_gen.pipeline.dense_writer import npy_header
from data_gen.pipeline.workers import map_in_order
from data_gen.readers.udiva import (
    NOT_FINITE,
    NUM_JOINTS,
    TASKS,
    WITHOUT_BODY,
    Counts,
    Recording,
    find_metadata,
    find_recordings,
    read_frames,
    read_sessions,
    read_traits,
)
from utils.files import atomic_write
from utils.text import one_line

PUBLISHED_CHUNK_SIZE = 2000


class RecordingJob(NamedTuple):
    """A recording, and the file for the joints of its chunks."""

    recording: Recording
    file: Path


class Outcome(NamedTuple):
    """The outcome of a recording; `reason` says why it has no chunks."""

    chunks: int
    counts: Counts
    reason: str | None = None


class UdivaSplit(NamedTuple):
    """The recordings of a split, the traits of their participants, and what is known to be bad."""

    name: str
    recordings: list[Recording]
    traits: dict[str, np.ndarray]
    left_out: list[dict[str, str]]


def plan_split(root: Path, name: str, tasks: str) -> UdivaSplit | None:
    """What there is of a split; None if nothing.

    Raises:
        FileNotFoundError, ValueError: its metadata are incomplete or damaged.
    """
    metadata = find_metadata(root, name)
    if metadata is None:
        return None
    sessions, (traits, absent) = read_sessions(metadata[0]), read_traits(metadata[1])
    left_out = []
    if absent:
        reason = f"no trait columns {', '.join(absent)}: the traits of the split are unknown"
        left_out.append({"what": str(metadata[1]), "reason": reason})
    recordings = find_recordings(root, name, sessions, tasks)
    known = {who: values for who, values in traits.items() if values is not None}
    for who in sorted({recording.participant for recording in recordings} - known.keys(), key=int):
        problem = "a trait has no value" if who in traits else "no such participant"
        reason = f"{problem} in {metadata[1].name}: their recordings are left out"
        left_out.append({"what": f"{name}: participant {who}", "reason": reason})
    kept = [recording for recording in recordings if recording.participant in known]
    return UdivaSplit(name, kept, known, left_out)


def write_chunks(job: RecordingJob, chunk_size: int) -> Outcome:
    """Append the chunks of a recording to its file, float32, one after the other."""
    chunk, filled, chunks = np.empty((chunk_size, NUM_JOINTS, 3), "<f4"), 0, 0
    faults: Counter[str | None] = Counter()
    try:
        with job.file.open("wb") as file:
            for frame in read_frames(job.recording.folder):
                faults[frame.fault] += 1
                if frame.body is None:
                    continue
                chunk[filled] = frame.body
                filled += 1
                if filled == chunk_size:
                    file.write(chunk.tobytes())
                    chunks, filled = chunks + 1, 0
    except (ValueError, FileNotFoundError) as error:
        return Outcome(0, Counts(), one_line(error))
    counts = Counts(faults.total(), faults[WITHOUT_BODY], faults[NOT_FINITE])
    reason = None
    if not chunks:
        reason = f"{counts.usable} usable frames, fewer than a chunk of {chunk_size}"
    return Outcome(chunks, counts, reason)


def write_split(
    split: UdivaSplit,
    folder: Path,
    stack: ExitStack,
    *,
    chunk_size: int,
    strict: bool,
    num_workers: int,
) -> list[Outcome]:
    """Write the four files of a split; they get their names when `stack` ends.

    Raises:
        ValueError: no recording gives a chunk, or with `strict` one does not.
    """
    paths = {
        kind: stack.enter_context(atomic_write(folder / f"{kind}_{split.name}.npy"))
        for kind in ("X", "y", "info")
    }
    table = stack.enter_context(atomic_write(folder / f"info_{split.name}.csv"))
    with tempfile.TemporaryDirectory(prefix=".chunks-", dir=folder) as scratch:
        jobs = [RecordingJob(r, Path(scratch) / str(i)) for i, r in enumerate(split.recordings)]
        work = partial(write_chunks, chunk_size=chunk_size)
        outcomes = []
        shape = (chunk_size, NUM_JOINTS, 3)
        with paths["X"].open("wb") as joined:
            joined.write(npy_header(0, shape))
            for job, outcome in zip(
                jobs, map_in_order(work, jobs, num_workers, split.name), strict=True
            ):
                if outcome.reason is not None and strict:
                    raise ValueError(f"{job.recording.folder}: {outcome.reason}")
                if outcome.chunks:
                    with job.file.open("rb") as chunks:
                        shutil.copyfileobj(chunks, joined)
                job.file.unlink(missing_ok=True)
                outcomes.append(outcome)
            joined.seek(0)
            joined.write(npy_header(sum(outcome.chunks for outcome in outcomes), shape))
    kept = [(r, o) for r, o in zip(split.recordings, outcomes, strict=True) if o.chunks]
    if not kept:
        first = outcomes[0].reason if outcomes else "no participant with traits is in a session"
        raise ValueError(f"No recording of {split.name} is usable. The first: {first}.")
    traits = [split.traits[r.participant] for r, outcome in kept for _ in range(outcome.chunks)]
    np.save(paths["y"], np.array(traits, dtype=np.float32))
    info = [(int(r.session), int(r.participant), outcome.chunks) for r, outcome in kept]
    np.save(paths["info"], np.array(info, dtype=np.int64))
    write_info(table, kept)
    return outcomes


def write_info(path: Path, kept: Sequence[tuple[Recording, Outcome]]) -> None:
    """One line per recording, in the order of the rows of `info`."""
    columns = ("session", "participant", "part", "task", "chunks", *Counts._fields)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        for recording, outcome in kept:
            who = (recording.session, recording.participant, f"FC{recording.part}")
            writer.writerow([*who, TASKS[recording.task], outcome.chunks, *outcome.counts])


def summarise(split: UdivaSplit, outcomes: Sequence[Outcome]) -> dict[str, object]:
    """What the report says of a split."""
    pairs = list(zip(split.recordings, outcomes, strict=True))
    return {
        "recordings": sum(outcome.chunks > 0 for outcome in outcomes),
        "participants": len({r.participant for r, outcome in pairs if outcome.chunks}),
        "chunks": sum(outcome.chunks for outcome in outcomes),
        **{name: sum(getattr(o.counts, name) for o in outcomes) for name in Counts._fields},
        "left_out": [
            *split.left_out,
            *({"what": str(r.folder), "reason": o.reason} for r, o in pairs if o.reason),
        ],
    }
