"""The results of a command: report of bad clips, manifest, summary."""

import json
import logging
import platform
import zlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from data_gen.pipeline.dense_writer import summarise
from data_gen.pipeline.plan import Plan
from data_gen.pipeline.store_writer import Entry
from data_gen.readers.bad_files import BadClip
from formats.manifest import write_manifest
from utils.files import atomic_write
from utils.text import first_of, one_line

REPORT = "gendata_report.json"
MAX_BAD_SHARE = 0.01
SHOWN = 10

logger = logging.getLogger(__name__)


class TooManyBad(ValueError):
    """1 % of the clips or more are bad; what could be used is complete."""


def bad_clips(plan: Plan, entries: Sequence[Entry]) -> list[BadClip]:
    """All unusable files: those known before reading, then those found by it."""
    found = [
        BadClip(str(clip.folder / clip.name), entry.kind, entry.reason)
        for clip, entry in zip(plan.clips, entries, strict=True)
        if entry.reason is not None
    ]
    return [*plan.bad, *found]


def write_report(plan: Plan, format_: str, entries: Sequence[Entry]) -> None:
    """Write `gendata_report.json`: number of files, the bad ones and why, those cut, and those with
    remarks.

    `num_bad_by_kind` counts the bad ones by what is wrong with them, the most frequent first.
    """
    bad = bad_clips(plan, entries)
    report = {
        "dataset": plan.dataset,
        "format": format_,
        "num_files": plan.num_files,
        "num_usable": plan.num_files - len(bad),
        "num_bad": len(bad),
        "num_bad_by_kind": _by_kind(bad),
        "bad": [clip._asdict() for clip in bad],
        "cut": [entry.name for entry in entries if entry.is_cut],
        "remarks": _by_remark(entries),
    }
    with atomic_write(plan.out_folder / REPORT) as temporary:
        temporary.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


def finish(plan: Plan, format_: str, entries: Sequence[Entry]) -> None:
    """Write the manifest, print one line per split, and warn of problems.

    Raises:
        TooManyBad: of the clips.
    """
    splits = {
        split: [row for row in rows if entries[row].reason is None]
        for split, rows in plan.members.items()
    }
    manifest = write_manifest(plan.out_folder, make_manifest(plan, format_, entries, splits))
    for split, rows in splits.items():
        benchmark, _, part = split.rpartition("/")
        clips = [plan.clips[row] for row in rows]
        subjects = [clip.numbers[2] for clip in clips]
        labels = [clip.label for clip in clips]
        subjects = subjects if any(subjects) else None
        folder = plan.out_folder / benchmark
        print(f"{summarise(folder, part, labels, subjects)}, {_place(plan, split, format_)}")
    if manifest["note"]:
        print(manifest["note"])
    _warn(plan, bad_clips(plan, entries), sum(entry.is_cut for entry in entries))
    for remark, names in _by_remark(entries).items():
        logger.warning("clips kept with %s: %d (%s).", remark, len(names), first_of(names))


def _by_remark(entries: Sequence[Entry]) -> dict[str, list[str]]:
    """The names of clips that are kept with a remark."""
    found: dict[str, list[str]] = {}
    for entry in entries:
        if entry.remark and entry.reason is None:
            found.setdefault(entry.remark, []).append(entry.name)
    return found


def _place(plan: Plan, split: str, format_: str) -> Path:
    """The file or folder that holds a split."""
    return plan.store if format_ == "compact" else plan.out_folder / f"{split}_data_joint.npy"


def make_manifest(
    plan: Plan, format_: str, entries: Sequence[Entry], splits: dict[str, list[int]]
) -> dict[str, Any]:
    """The manifest (formats/manifest.py) of finished splits, given as positions in the plan."""
    channels, _, num_joints, num_persons = plan.clip_shape
    files = {f"{split}_data_joint.npy": rows for split, rows in splits.items()}
    if format_ == "compact":
        good = [row for row, entry in enumerate(entries) if entry.reason is None]
        files = {f"{plan.store.name}/joints.npy": good}
    return {
        "dataset": plan.dataset,
        "format": format_,
        "skeleton": plan.skeleton,
        "classes": list(plan.classes),
        "num_joints": num_joints,
        "num_persons": num_persons,
        "channels": channels,
        "clip_shape": list(plan.clip_shape),
        "has_score": plan.has_score,
        "counts": {split: len(rows) for split, rows in splits.items()},
        "class_counts": {split: _per_class(plan, split, rows) for split, rows in splits.items()},
        **({"settings": plan.settings} if plan.settings else {}),
        "published_counts": plan.published_counts,
        "sources": [str(folder) for folder in plan.sources],
        "versions": {"python": platform.python_version(), "numpy": np.__version__},
        # crc32 of the little-endian crc32s of the clips, in their order
        "checksums": {file: combined(entries, rows) for file, rows in files.items()},
    }


def combined(entries: Sequence[Entry], rows: Sequence[int]) -> int:
    """The checksum of a file from those of its clips."""
    return zlib.crc32(np.array([entries[row].crc for row in rows], dtype="<u4").tobytes())


def _per_class(plan: Plan, split: str, rows: Sequence[int]) -> list[int]:
    counts = Counter(plan.clips[row].label for row in rows)
    return [counts[label] for label in range(plan.num_classes[split.rpartition("/")[0]])]


def _by_kind(bad: Sequence[BadClip]) -> dict[str, int]:
    return dict(Counter(clip.kind for clip in bad).most_common())


def _warn(plan: Plan, bad: Sequence[BadClip], num_cut: int) -> None:
    if num_cut:
        max_frames = plan.clip_shape[1]
        logger.warning("%d clips have more than %d frames; the rest is cut.", num_cut, max_frames)
    for clip in bad[:SHOWN]:
        named = clip.reason if clip.file in clip.reason else f"{clip.file}: {clip.reason}"
        logger.warning("left out: %s", one_line(named))
    if not bad:
        return
    kinds = ", ".join(f"{count} {kind}" for kind, count in _by_kind(bad).items())
    summary = (
        f"{len(bad)} of {plan.num_files} clips are bad and left out ({kinds}); "
        f"{plan.out_folder / REPORT} names them all"
    )
    if len(bad) >= MAX_BAD_SHARE * plan.num_files:
        raise TooManyBad(
            f"{summary}. That is 1 % or more: mend them, or take them away. The arrays of the "
            f"others are complete. The first: {bad[0].reason}"
        )
    logger.warning("%s.", summary)
