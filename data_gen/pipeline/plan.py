"""The plan of a command: which clips go where, and the disk space needed."""
# Shapes: N clips, C channels, T frames, V joints, M persons.

import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from data_gen.pipeline.workers import are_forked
from data_gen.readers.bad_files import MAX_FILE_MB, TWICE, BadClip
from formats.clip_store import PARTS, split_name
from utils.text import as_unicode, one_line

FORMATS = ("dense", "compact")
NEITHER = -1
GB = 1e9

# (file, label) -> (M, T, V, C) float32, and whether frames beyond the last allowed one were cut.
# Raises ValueError or OSError if the file is bad.
Reader = Callable[[Path, int], tuple[np.ndarray, bool]]


class Clip(NamedTuple):
    """A raw file; `parts` has 0 train, 1 val or -1 for each benchmark of the plan."""

    name: str
    folder: Path
    label: int
    parts: tuple[int, ...]
    numbers: tuple[int, ...] = (0, 0, 0, 0)  # setup, camera, subject, replication

    @property
    def sample_name(self) -> str:
        """The name in arrays and stores."""
        return as_unicode(self.name)


@dataclass(frozen=True)
class Plan:
    """Everything a command needs to know before it starts.

    Args:
        dataset: its name in the manifest.
        sources: the raw folders.
        out_folder: where everything goes.
        benchmarks: their names; ("",) for a data set that has one without a name.
        clips: sorted by name; each belongs to a benchmark.
        bad: files that are known to be unusable before they are read.
        read: the reader of a raw file.
        clip_shape: (C, T, V, M) of a row of the dense arrays.
        normalize: whether these rows are normalised.
        num_classes: of each benchmark.
        typical_rows: persons times frames of a usual clip.
        skeleton: dotted name of the skeleton class.
        classes: their names in the order of labels; empty if unknown.
        published_counts: clips of the full data set by split.
        max_file_mb: of a raw file, larger ones are bad; None: clips are no single files.
        holds_clips: whether the reader has them, in memory or an open file.
        has_score: whether the last channel is a confidence.
        settings: those of the user's YAML file, if there is one.
        remark: a remark on an unusual clip (M, T, V, C) that is kept anyway; None: none.
    """

    dataset: str
    sources: list[Path]
    out_folder: Path
    benchmarks: tuple[str, ...]
    clips: list[Clip]
    read: Reader
    clip_shape: tuple[int, int, int, int]
    normalize: bool
    num_classes: dict[str, int]
    typical_rows: int
    skeleton: str
    classes: Sequence[str] = ()
    bad: list[BadClip] = field(default_factory=list)
    published_counts: dict[str, int] = field(default_factory=dict)
    max_file_mb: float | None = MAX_FILE_MB
    holds_clips: bool = False
    has_score: bool = False
    settings: dict[str, Any] | None = None
    remark: Callable[[np.ndarray], str | None] | None = None

    @cached_property
    def members(self) -> dict[str, list[int]]:
        """The clips, as positions, of every split that has some: `xsub/train` -> [0, 3, ...]."""
        found = {}
        for b, benchmark in enumerate(self.benchmarks):
            for p, part in enumerate(PARTS):
                rows = [row for row, clip in enumerate(self.clips) if clip.parts[b] == p]
                if rows:
                    found[split_name(benchmark, part)] = rows
        return found

    @property
    def store(self) -> Path:
        """Where the compact store goes."""
        return self.out_folder / "clips"

    def workers(self, wanted: int) -> int:
        """How many workers read the clips: spawned ones cannot be sent those that it holds."""
        return wanted if are_forked() or not self.holds_clips else 1

    @property
    def num_files(self) -> int:
        """Number of files to be used, including bad ones."""
        return len(self.clips) + len(self.bad)

    def expected_bytes(self, format_: str) -> int:
        """The size on disk; for the compact store, whose clips are not known yet, about."""
        channels, _, num_joints, _ = self.clip_shape
        if format_ == "compact":
            return 4 * channels * num_joints * self.typical_rows * len(self.clips)
        return 4 * prod(self.clip_shape) * sum(map(len, self.members.values()))


def check(plan: Plan, wanted: list[str], strict: bool) -> None:
    """Stop before any work if the plan cannot succeed.

    Args:
        wanted: the splits that must have clips.

    Raises:
        ValueError: a bad file while `strict`; no usable clip; a split without any.
    """
    if plan.bad and (strict or not plan.clips):
        raise ValueError(plan.bad[0].reason)
    if empty := [split for split in wanted if split not in plan.members]:
        twice = [clip for clip in plan.bad if clip.kind == TWICE]
        why = f" {len(twice)} files are duplicates, the first: {twice[0].reason}" if twice else ""
        raise ValueError(
            f"No sample belongs to {empty[0]}.{why} Check the data folder, or leave this part "
            "out with --part or --benchmark where the command has them."
        )


def check_disk(plan: Plan, format_: str) -> None:
    """Raises:
    OSError: there is too little room for the output.
    """
    needed, free = plan.expected_bytes(format_), free_bytes(plan.out_folder)
    if needed > free:
        hint = "" if format_ == "compact" else ", or take --format compact"
        raise OSError(
            f"{plan.out_folder} needs {needed / GB:.2f} GB, but only {free / GB:.2f} GB are free. "
            f"Make room, choose another output folder{hint}."
        )


def free_bytes(folder: Path) -> int:
    """Free disk space at a folder, which need not exist yet."""
    return shutil.disk_usage(nearest_existing(folder)).free


def nearest_existing(folder: Path) -> Path:
    """A folder, or the nearest one around it that exists."""
    folder = folder.absolute()
    while not folder.exists():
        folder = folder.parent
    return folder


def describe(plan: Plan, format_: str) -> str:
    """The plan in three lines: clips, size, free space."""
    counts = ", ".join(f"{split} {len(rows):,}" for split, rows in plan.members.items())
    size, free = plan.expected_bytes(format_) / GB, free_bytes(plan.out_folder) / GB
    bad = f"; {len(plan.bad):,} more cannot be used" if plan.bad else ""
    about = "about " if format_ == "compact" else ""
    return (
        f"{plan.dataset}: {len(plan.clips):,} clips{bad}\n  {counts}\n"
        f"  {format_}, {about}{size:.2f} GB in {plan.out_folder}; {free:.2f} GB are free"
    )


def untaught(plan: Plan) -> dict[str, list[str]]:
    """The classes of each val split of which its train split has no clip, by name or number."""
    labels = {
        split: {plan.clips[row].label for row in rows} for split, rows in plan.members.items()
    }
    train, val = PARTS
    found = {}
    for split in labels:
        benchmark, slash, part = split.rpartition("/")
        if part == val and (taught := labels.get(f"{benchmark}{slash}{train}")):
            missing = sorted(labels[split] - taught)
            found[split] = [_name_of(plan, label) for label in missing]
    return {split: names for split, names in found.items() if names}


def _name_of(plan: Plan, label: int) -> str:
    return str(plan.classes[label]) if label < len(plan.classes) else str(label)


def class_table(plan: Plan) -> str:
    """Clips of every class (rows, from 0) in every split (columns), and the names of classes."""
    counts = {
        split: Counter(plan.clips[row].label for row in rows)
        for split, rows in plan.members.items()
    }
    lines = ["".join(f"{title:>13}" for title in ("class", *counts))]
    for label in sorted({clip.label for clip in plan.clips}):
        cells = (label, *(count[label] for count in counts.values()))
        name = f"  {one_line(_name_of(plan, label), 60)}" if plan.classes else ""
        lines.append("".join(f"{cell:>13}" for cell in cells) + name)
    totals = ("all", *(sum(count.values()) for count in counts.values()))
    return "\n".join([*lines, "".join(f"{cell:>13}" for cell in totals)])
