"""NTU RGB+D raw text -> the arrays of all its benchmarks, for both sizes of the data set.

Every raw file is read once and goes to each part it belongs to; memory does not grow with the
number of clips.
"""
# Shapes: N clips, C channels, T frames, V joints, M persons.

import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from data_gen.ntu_raw import (
    MAX_BODIES,
    NUM_JOINTS,
    parse_name,
    read_skeleton,
    select_bodies,
)
from data_gen.ntu_splits import Dataset
from data_gen.parallel import map_in_order
from data_gen.part_files import create_part
from data_gen.preprocess import pre_normalization

MAX_FRAMES = 300
CLIP_SHAPE = (3, MAX_FRAMES, NUM_JOINTS, MAX_BODIES)

logger = logging.getLogger(__name__)

Part = tuple[str, str]  # benchmark and part, such as ("xsub", "train")


def load_clip(path: Path) -> tuple[np.ndarray, bool]:
    """A raw file -> normalised (3, 300, 25, 2) float32, and whether frames beyond 300 were cut."""
    bodies = select_bodies(read_skeleton(path))
    # Published code: fails on more than 300 frames; here the rest is cut and counted in a warning.
    kept = bodies[:, :MAX_FRAMES]
    clip = np.zeros(CLIP_SHAPE, dtype=np.float32)
    clip[:, : kept.shape[1]] = kept.transpose(3, 1, 2, 0)  # (C, T, V, M)
    return pre_normalization(clip[None])[0], kept.shape[1] < bodies.shape[1]


def find_clips(folders: Sequence[Path]) -> dict[str, Path]:
    """The `.skeleton` files of all folders, name -> path, sorted by name.

    Raises:
        FileNotFoundError: if a folder is not there or has no clip.
        ValueError: if a file is misnamed, or two folders hold the same name.
    """
    found: dict[str, Path] = {}
    for folder in dict.fromkeys(folder.resolve() for folder in folders):
        if not folder.is_dir():
            raise FileNotFoundError(f"{folder} is not there. Name the folder of raw skeletons.")
        names = [file.name for file in folder.glob("*.skeleton") if file.name[0] != "."]
        if not names:
            raise FileNotFoundError(f"{folder} has no .skeleton file. Name the folder of them.")
        if twice := sorted(found.keys() & names):
            both = f"{found[twice[0]].parent} and {folder}"
            raise ValueError(
                f"{both} both hold {twice[0]} ({len(twice)} such). Remove one of them."
            )
        found.update((name, folder / name) for name in names)
    return {name: found[name] for name in sorted(found, key=parse_name)}


def choose_clips(names: Iterable[str], dataset: Dataset, missing: set[str]) -> list[str]:
    """The names that belong to the data set, without the missing samples, in the order given.

    Raises:
        ValueError: if a name's action is none of the data set's.
    """
    chosen = [name for name in names if Path(name).stem not in missing]
    inside = [name for name in chosen if parse_name(name).setup <= dataset.num_setups]
    if len(inside) < len(chosen):
        # Published code: takes them; here not, because their labels are beyond the 60 classes.
        logger.warning(
            "Left out %d clips of setups above %d, which belong to NTU RGB+D 120.",
            *(len(chosen) - len(inside), dataset.num_setups),
        )
    for name in inside:
        if not 1 <= parse_name(name).action <= dataset.num_classes:
            raise ValueError(f"{name}: the action must be 1 to {dataset.num_classes}.")
    return inside


def assign(
    names: Iterable[str], dataset: Dataset, benchmarks: Sequence[str], parts: Sequence[str]
) -> dict[Part, list[str]]:
    """The names of each wanted (benchmark, part), in the order given."""
    members: dict[Part, list[str]] = {(b, part): [] for b in benchmarks for part in parts}
    for name in names:
        for benchmark in benchmarks:
            part = dataset.benchmarks[benchmark].part(parse_name(name))
            if (benchmark, part) in members:
                members[benchmark, part].append(name)
    return members


def labels_of(names: Iterable[str]) -> list[int]:
    """The classes, counted from 0."""
    return [parse_name(name).action - 1 for name in names]


def write_parts(
    files: dict[str, Path], members: dict[Part, list[str]], out_folder: Path, num_workers: int
) -> None:
    """Read the members' files and write their parts; if one file is bad, no part changes.

    Raises:
        ValueError: if a file is bad or a part has no clip.
    """
    places: dict[str, list[tuple[np.ndarray, int]]] = defaultdict(list)
    with ExitStack() as stack:
        for (benchmark, part), names in members.items():
            new_part = create_part(
                out_folder / benchmark, part, names, labels_of(names), CLIP_SHAPE
            )
            joints = stack.enter_context(new_part)
            for row, name in enumerate(names):
                places[name].append((joints, row))
        needed = sorted(places)
        clips = map_in_order(load_clip, [files[name] for name in needed], num_workers, "reading")
        num_cut = 0
        for name, (clip, is_cut) in zip(needed, clips, strict=True):
            num_cut += is_cut
            for joints, row in places[name]:
                joints[row] = clip
    if num_cut:
        logger.warning("%d clips have more than %d frames; the rest is cut.", num_cut, MAX_FRAMES)
