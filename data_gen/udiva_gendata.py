"""UDIVA v0.5 -> arrays: python3 data_gen/udiva_gendata.py --data-path UDIVA --out-folder data/udiva

Raw format: readers/udiva.py. Frames without a body, or with a landmark that is not finite, are
dropped; what is left of a recording is cut into chunks of --chunk-size frames, its remainder
dropped. For every split:

- `X_{split}.npy`, float32 (chunks, T, 24, 3), metres, not normalised (laban_gendata.py does that);
- `y_{split}.npy`, float32 (chunks, 5), the z-scores of O, C, E, A, N; NaN where the split has none;
- `info_{split}.npy`, int64 rows (session, person, number of chunks), one per recording, in the
  order of the chunks; `info_{split}.csv` has the same and more in words.

`gendata_report.json` names what was left out and why. Output appears only when it is complete.
Memory grows with neither the number nor the length of recordings.
"""

if __name__ == "__main__" and not __package__:  # started as a file: start again as a module
    from as_module import run_as_module

    run_as_module(__file__)

import csv
import json
import logging
import platform
import shutil
import tempfile
from argparse import Namespace
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from data_gen.pipeline.dense_writer import npy_header
from data_gen.pipeline.report import REPORT, SHOWN
from data_gen.pipeline.workers import add_num_worker, map_in_order
from data_gen.readers.udiva import (
    NOT_FINITE,
    NUM_JOINTS,
    SPLITS,
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
from formats.chunks import TRAITS
from formats.known import KNOWN
from formats.manifest import NAME as MANIFEST
from utils.cli import ArgumentParser, run
from utils.files import atomic_write
from utils.text import one_line

PUBLISHED_CHUNK_SIZE = 2000

logger = logging.getLogger(__name__)


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


def write_split(split: UdivaSplit, args: Namespace, stack: ExitStack) -> list[Outcome]:
    """Write the four files of a split; they get their names when `stack` ends.

    Raises:
        ValueError: no recording gives a chunk, or one does not while --strict.
    """
    folder = args.out_folder
    paths = {
        kind: stack.enter_context(atomic_write(folder / f"{kind}_{split.name}.npy"))
        for kind in ("X", "y", "info")
    }
    table = stack.enter_context(atomic_write(folder / f"info_{split.name}.csv"))
    with tempfile.TemporaryDirectory(prefix=".chunks-", dir=folder) as scratch:
        jobs = [RecordingJob(r, Path(scratch) / str(i)) for i, r in enumerate(split.recordings)]
        work = partial(write_chunks, chunk_size=args.chunk_size)
        outcomes = []
        shape = (args.chunk_size, NUM_JOINTS, 3)
        with paths["X"].open("wb") as joined:
            joined.write(npy_header(0, shape))
            for job, outcome in zip(
                jobs, map_in_order(work, jobs, args.num_worker, split.name), strict=True
            ):
                if outcome.reason is not None and args.strict:
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


def make_parser() -> ArgumentParser:
    parser = ArgumentParser(description=__doc__)
    parser.add_path("--data-path", "data/udiva_raw", "UDIVA's folder, in either layout")
    parser.add_path("--out-folder", "data/udiva", "where the arrays go")
    parser.add_argument(
        "--chunk-size",
        type=int,
        default=PUBLISHED_CHUNK_SIZE,
        metavar="T",
        help=f"frames per chunk (default: {PUBLISHED_CHUNK_SIZE}, as published)",
    )
    names = ", ".join(f"{letter} {task}" for letter, task in TASKS.items())
    parser.add_argument(
        "--tasks", nargs="+", choices=[*TASKS], default=[*TASKS], help=f"{names} (default: all)"
    )
    text = "stop at the first unusable recording, participant or column (default: report it)"
    parser.add_argument("--strict", action="store_true", help=text)
    add_num_worker(parser)
    return parser


def main(argv: Sequence[str] | None = None) -> None:
    args = make_parser().parse_args(argv)
    logging.basicConfig(format="%(levelname)s: %(message)s")
    if args.chunk_size < 1:
        raise ValueError(f"--chunk-size must be above 0. Got {args.chunk_size}.")
    tasks = "".join(task for task in TASKS if task in args.tasks)
    plans = [plan_split(args.data_path, name, tasks) for name in SPLITS]
    splits = [split for split in plans if split]
    if not splits:
        raise FileNotFoundError(
            f"{args.data_path} holds no split of UDIVA: neither {SPLITS[0]}/metadata nor "
            f"metadata_{SPLITS[0]} with sessions_{SPLITS[0]}.csv. Name its folder with --data-path."
        )
    known = [problem for split in splits for problem in split.left_out]
    if known and args.strict:
        raise ValueError(f"{known[0]['what']}: {known[0]['reason']}")
    args.out_folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        report = {s.name: summarise(s, write_split(s, args, stack)) for s in splits}
        path = stack.enter_context(atomic_write(args.out_folder / REPORT))
        content = {"dataset": "udiva", "chunk_size": args.chunk_size, "splits": report}
        path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        manifest = stack.enter_context(atomic_write(args.out_folder / MANIFEST))
        manifest.write_text(json.dumps(about_chunks(args), indent=1) + "\n", encoding="utf-8")
    say(report, args.out_folder / REPORT)


def about_chunks(args: Namespace) -> dict[str, object]:
    """What dataset.json says (formats/manifest.py)."""
    return {
        "dataset": "udiva",
        "format": "chunks",
        "skeleton": KNOWN["udiva"].skeleton,
        "num_joints": NUM_JOINTS,
        "num_persons": 1,
        "chunk_size": args.chunk_size,
        "classes": list(TRAITS.values()),
        "sources": [str(args.data_path)],
        "versions": {"python": platform.python_version(), "numpy": np.__version__},
    }


def say(report: dict[str, dict], path: Path) -> None:
    """A line for each split, and warnings of what was left out."""
    for name, split in report.items():
        print(
            f"{name}: {split['chunks']} chunks of {split['participants']} participants in "
            f"{split['recordings']} recordings; of {split['frames']:,} frames "
            f"{split['without_body']:,} without a body and {split['not_finite']:,} with NaN dropped"
        )
        for problem in split["left_out"][:SHOWN]:
            logger.warning("%s: %s", problem["what"], problem["reason"])
        if len(split["left_out"]) > SHOWN:
            logger.warning("%d in all; %s names them.", len(split["left_out"]), path)


if __name__ == "__main__":
    run(main)
