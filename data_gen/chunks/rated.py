"""Rated clips of motion capture: which there are, as chunks, and the files of these."""
# Shapes: T frames, V joints, 5 traits.

import csv
import re
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import numpy as np

from data_gen.custom.clip import resampled
from data_gen.readers.bad_files import OTHER_FORM, TOO_SHORT, TWICE, BadClip, BadFile
from data_gen.readers.found import find_raws
from data_gen.readers.motion_capture import read_bvh
from data_gen.readers.sample import Options, Raw
from formats.chunks import ALL, TRAITS, chunk_starts
from utils.files import atomic_write

METRE = 100  # centimetres, the unit of the files


class RatedDataset(NamedTuple):
    """The defaults of the flags for a data set.

    Args:
        ratings: file name of the raters' table.
        name_pattern: of file names; groups clip (FileName in the table, where - counts as _),
            perhaps source (what folds keep together) and perhaps take, whose number the table
            appends where a clip has several.
    """

    ratings: str
    skeleton: str
    name_pattern: str


DATASETS = {
    "zeroeggs": RatedDataset(
        "ZeroEGGS_Study_Results.csv",
        "zeroeggs",
        r"n_(?P<clip>.+)_o_(?P<source>\d+)_\d+\.bvh",
    ),
    "bandai": RatedDataset(
        "Bandai_Study_Results.csv",
        "bandai_namco",
        r"dataset-1_(?P<clip>(?P<source>[^_]+)_.+)_(?P<take>\d+)\.bvh",
    ),
}


class RatedClip(NamedTuple):
    """A file with ratings: the clip's name, its number and the number of its source recording."""

    raw: Raw
    name: str
    number: int
    source: int


def find_rated(
    path: Path, pattern: re.Pattern, ratings: Mapping[str, np.ndarray]
) -> tuple[list[RatedClip], list[BadClip]]:
    """The rated clips of a folder or archive in the order of their numbers, and duplicates.

    Clips are numbered by their names, or where these are not numbers, in alphabetical order; so are
    sources.

    Raises:
        FileNotFoundError: there is no file.
        ValueError: no file has ratings.
    """
    raws: dict[str, tuple[Raw, str]] = {}
    bad = []
    for raw in find_raws([str(path)], (".bvh",)):
        match = pattern.fullmatch(Path(raw.name).name)
        name = next((n for n in names_of(match) if n in ratings), None) if match else None
        if name is None:
            continue
        if name in raws:
            bad.append(BadClip(raw.name, TWICE, f"clip {name} exists already"))
            continue
        raws[name] = raw, match.groupdict().get("source") or name
    if not raws:
        raise ValueError(
            f"no .bvh file of {path} is named {pattern.pattern} and has ratings. Check "
            "--data-path, --ratings and --name-pattern."
        )
    clip_numbers, source_numbers = _numbered(raws), _numbered({s for _, s in raws.values()})
    clips = [RatedClip(raw, name, clip_numbers[name], source_numbers[source])
             for name, (raw, source) in raws.items()]  # fmt: skip
    return sorted(clips, key=lambda clip: clip.number), bad


def names_of(match: re.Match) -> list[str]:
    """The names that a file may have in a table of ratings."""
    clip, take = match["clip"].replace("-", "_"), match.groupdict().get("take")
    if take is None:
        return [match["clip"], clip]
    return [f"{clip}_{int(take)}", *([clip] if int(take) == 1 else [])]


def _numbered(names: Sequence[str]) -> dict[str, int]:
    if all(re.fullmatch(r"\d{1,9}", name) for name in names):
        return {name: int(name) for name in names}
    return {name: number for number, name in enumerate(sorted(names))}


class ChunkSettings(NamedTuple):
    """How clips become chunks."""

    joint_names: tuple[str, ...]
    rate: float
    chunk_size: int


class Chunks(NamedTuple):
    """The chunks of a clip, (chunks, T, V, 3) float32 in metres, and its number of frames."""

    positions: np.ndarray
    frames: int


def read_chunks(clip: RatedClip, settings: ChunkSettings) -> Chunks | BadClip:
    """The chunks of a clip, or the reason why the file is bad."""
    try:
        positions = read_positions(clip.raw, settings)
    except BadFile as error:
        return BadClip(clip.raw.name, error.kind, str(error))
    starts = chunk_starts(len(positions), settings.chunk_size)
    chunks = [positions[start : start + settings.chunk_size] for start in starts]
    return Chunks(np.stack(chunks).astype(np.float32), len(positions))


def read_positions(raw: Raw, settings: ChunkSettings) -> np.ndarray:
    """(T, V, 3) in metres, at the rate of the settings, at least a chunk.

    Raises:
        BadFile: the file is not a BVH file, lacks a joint, or is too short.
    """
    names = settings.joint_names
    (sample,) = read_bvh(raw, Options(num_joints=len(names), joint_names=names))
    if not sample.rate:
        raise BadFile(OTHER_FORM, f"{raw.name} does not say its frame time.")
    frames = max(1, round(sample.clip.shape[1] / sample.rate * settings.rate))
    if frames < settings.chunk_size:
        text = f"{frames} frames at {settings.rate:g} a second"
        raise BadFile(TOO_SHORT, f"{raw.name} has {text}, fewer than a chunk. Lower --chunk-size.")
    return resampled(sample.clip, frames)[0] / METRE


def write_rated(
    folder: Path,
    clips: Sequence[RatedClip],
    chunks: Sequence[Chunks],
    ratings: Mapping[str, np.ndarray],
) -> None:
    """Write X, y, info and ratings.csv, which appear together."""
    counts = [len(of.positions) for of in chunks]
    traits = np.stack([ratings[clip.name].mean(axis=0) for clip in clips])
    arrays = {
        "X": np.concatenate([of.positions for of in chunks]),
        "y": np.repeat(traits, counts, axis=0).astype(np.float32),
        "info": np.array([(c.source, c.number, n) for c, n in zip(clips, counts, strict=True)]),
    }
    with ExitStack() as stack:
        for name, array in arrays.items():
            path = stack.enter_context(atomic_write(folder / f"{name}_{ALL}.npy"))
            np.save(path, array)
        table = stack.enter_context(atomic_write(folder / "ratings.csv"))
        file = stack.enter_context(table.open("w", newline="", encoding="utf-8"))
        writer = csv.writer(file)
        spreads = [f"{trait} spread" for trait in TRAITS]
        writer.writerow(["clip", "source", "frames", "chunks", "raters", *TRAITS, *spreads])
        for clip, cut in zip(clips, chunks, strict=True):
            of = ratings[clip.name]
            spread = of.std(axis=0, ddof=1) if len(of) > 1 else np.full(len(TRAITS), np.nan)
            numbers = [f"{value:.3f}" for value in (*of.mean(axis=0), *spread)]
            sizes = (cut.frames, len(cut.positions), len(of))
            writer.writerow([clip.name, clip.source, *sizes, *numbers])
