"""The plan for NTU RGB+D 60 and 120: which raw clips go to which split."""
# Shapes: C channels, T frames, V joints, M persons.

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from data_gen.pipeline.ntu_splits import DATASETS, Dataset
from data_gen.pipeline.plan import NEITHER, Clip, Plan
from data_gen.readers.bad_files import TWICE, UNKNOWN_ACTION, BadClip, kind_of
from data_gen.readers.ntu import (
    MAX_BODIES,
    NUM_JOINTS,
    ClipName,
    parse_name,
    read_skeleton,
    select_bodies,
)
from formats.class_names import SHIPPED
from formats.clip_store import PARTS
from formats.known import KNOWN

MAX_FRAMES = 300
CLIP_SHAPE = (3, MAX_FRAMES, NUM_JOINTS, MAX_BODIES)
TYPICAL_ROWS = 90  # persons times frames of a clip: 1.2 * 75

logger = logging.getLogger(__name__)


def read_bodies(path: Path, label: int = 0) -> tuple[np.ndarray, bool]:
    """A raw file -> its two best bodies (2, T, 25, 3) float32 in metres, and whether frames beyond
    300 were cut. The label is only in the name.
    """
    bodies = select_bodies(read_skeleton(path))
    # Published code: fails on more than 300 frames; here the rest is cut and counted in a warning.
    kept = bodies[:, :MAX_FRAMES]
    return kept.astype(np.float32), kept.shape[1] < bodies.shape[1]


def find_clips(folders: Sequence[Path]) -> tuple[dict[str, Path], list[BadClip]]:
    """The `.skeleton` files of all folders, name -> folder, and the unusable ones.

    A name that two folders hold is taken from the first of them.

    Raises:
        FileNotFoundError: if a folder is missing or has no clip.
    """
    found: dict[str, Path] = {}
    bad: list[BadClip] = []
    for folder in dict.fromkeys(folder.resolve() for folder in folders):
        if not folder.is_dir():
            raise FileNotFoundError(f"{folder} is missing. Name the folder of raw skeletons.")
        names = sorted(file.name for file in folder.glob("*.skeleton") if file.name[0] != ".")
        if not names:
            raise FileNotFoundError(f"{folder} has no .skeleton file. Name the folder of them.")
        for name in names:
            if name in found:
                reason = f"{found[name]} and {folder} both hold {name}. Remove one of them."
                bad.append(BadClip(str(folder / name), TWICE, reason))
            else:
                found[name] = folder
    return found, bad


def choose_clips(
    files: dict[str, Path], dataset: Dataset, missing: set[str]
) -> tuple[dict[str, ClipName], list[BadClip]]:
    """The names that belong to the data set, sorted, without the missing samples; and bad ones."""
    chosen: dict[str, ClipName] = {}
    bad: list[BadClip] = []
    num_beyond = 0
    for name in sorted(name for name in files if name.removesuffix(".skeleton") not in missing):
        try:
            numbers = parse_name(name)
        except ValueError as error:
            bad.append(BadClip(str(files[name] / name), kind_of(error), str(error)))
            continue
        if numbers.setup > dataset.num_setups:
            num_beyond += 1
        elif 1 <= numbers.action <= dataset.num_classes:
            chosen[name] = numbers
        else:
            reason = f"{name}: the action must be 1 to {dataset.num_classes}."
            bad.append(BadClip(str(files[name] / name), UNKNOWN_ACTION, reason))
    if num_beyond:
        # Published code: takes them; here not, because their labels are beyond the 60 classes.
        logger.warning(
            "Left out %d clips of setups above %d, which belong to NTU RGB+D 120.",
            num_beyond,
            dataset.num_setups,
        )
    return chosen, bad


def make_plan(
    name: str,
    files: dict[str, Path],
    missing: set[str],
    benchmarks: Sequence[str],
    parts: Sequence[str],
    out_folder: Path,
    bad: Sequence[BadClip] = (),
) -> Plan:
    """The plan for the wanted benchmarks and parts of a data set, `ntu` or `ntu120`.

    Args:
        files: name -> folder of every raw clip.
        missing: clips to leave out, without `.skeleton`.
        bad: unusable files that were found together with `files`.
    """
    dataset = DATASETS[name]
    chosen, misnamed = choose_clips(files, dataset, missing)
    clips = []
    for clip, numbers in chosen.items():
        parts_of = [dataset.benchmarks[benchmark].part(numbers) for benchmark in benchmarks]
        places = tuple(PARTS.index(p) if p in parts else NEITHER for p in parts_of)
        if any(place != NEITHER for place in places):
            clips.append(Clip(clip, files[clip], numbers.action - 1, places, numbers[:4]))
    return Plan(
        dataset=name,
        sources=sorted(set(files.values())),
        out_folder=out_folder,
        benchmarks=tuple(benchmarks),
        clips=clips,
        read=read_bodies,
        clip_shape=CLIP_SHAPE,
        normalize=True,
        num_classes={name: dataset.benchmarks[name].num_classes for name in benchmarks},
        typical_rows=TYPICAL_ROWS,
        skeleton=KNOWN[name].skeleton,
        classes=SHIPPED[name],
        bad=[*bad, *misnamed],
        published_counts=dataset.published_counts,
    )
