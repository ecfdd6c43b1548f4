"""Whole clips of a data set of rated chunks, with features and traits."""
# Shapes: N clips, T frames, V joints, C channels, 5 traits.

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.data.folds import Fold, split_by
from feeders.traits import labels_and_names
from formats.arrays import open_array
from formats.chunks import (
    ALL,
    FEATURE_SETS,
    NO_FEATURES,
    TRAITS,
    chunk_starts,
    feature_sets,
)
from formats.manifest import NAME, read_manifest, skeleton_of
from graph.named import skeleton_class

POSITIONS, TOGETHER = "positions", "together"
# The parts of an array's channels, by name.
PARTS = {POSITIONS: ("Position",), **FEATURE_SETS}
FILES = {POSITIONS: "skeleton"}  # others are named as they are


@dataclass(frozen=True)
class RatedClips:
    """A data set of data_gen/animation_gendata.py and laban_gendata.py, clip by clip.

    Args:
        names: of the clips, in the order of the arrays.
        participants: their names in `predictions.csv` of a run.
        sources: the recording that each is from.
        chunk_sources: that of each chunk.
        counts: chunks of each clip.
        traits: (N, 5) mean ratings.
        features: by set, (T, V, C) of each clip.
        about: dataset.json.
    """

    names: list[str]
    participants: list[str]
    sources: list[str]
    chunk_sources: list[str]
    counts: list[int]
    traits: np.ndarray
    features: dict[str, list[np.ndarray]]
    about: dict[str, Any]

    def split(self, fold: Fold) -> tuple[np.ndarray, np.ndarray]:
        """Indices of the clips that main.py --folds trains on and scores in a fold."""
        owner = np.repeat(np.arange(len(self.names)), self.counts)
        stay, held_out = split_by(self.chunk_sources, fold)
        return np.unique(owner[stay]), np.unique(owner[held_out])

    def joined(self, sets: Sequence[str]) -> list[np.ndarray]:
        """(T, V, C) of each clip, with the channels of several sets one after the other."""
        of_clips = zip(*(self.features[name] for name in sets), strict=True)
        return [np.concatenate(parts, axis=-1) for parts in of_clips]

    def title(self, sets: Sequence[str]) -> str:
        """Name of a combination of sets."""
        return TOGETHER if len(sets) > 1 and {*sets} == {*self.features} else "+".join(sets)

    @property
    def skeleton(self) -> str:
        return skeleton_of(self.about)

    @property
    def rate(self) -> float:
        return float(self.about.get("rate") or 25)

    @property
    def joint_names(self) -> tuple[str, ...]:
        return tuple(skeleton_class(self.skeleton).joint_names)

    @property
    def centre(self) -> int:
        """The joint that normalisation puts at 0."""
        return skeleton_class(self.skeleton).centre

    def bounds(self) -> dict[str, np.ndarray]:
        """The bounds set by raters' agreement, (5,) each: largest `pearson`, lowest `mse`."""
        reliability, disagreement = (
            np.array([self.about[key][trait] for trait in TRAITS], float)
            for key in ("reliability", "disagreement")
        )
        return {"pearson": np.sqrt(np.maximum(reliability, 0)), "mse": disagreement}


def sets_of(feeder_args: Mapping[str, Any]) -> list[str]:
    """The sets of features that a TraitFeeder with these arguments gives, in their order."""
    positions = [POSITIONS] if feeder_args.get("positions", True) else []
    return positions + feature_sets(feeder_args.get("features", NO_FEATURES))


def read_rated(folder: Path) -> RatedClips:
    """The clips of a folder, with all its feature sets.

    Raises:
        FileNotFoundError: the folder, or its skeletons, are missing.
        ValueError: its files do not belong together.
    """
    table, about = folder / "ratings.csv", read_manifest(folder)
    if not table.is_file() or not about or "reliability" not in about:
        raise FileNotFoundError(
            f"{folder} has no ratings.csv and {NAME} of data_gen/animation_gendata.py."
        )
    rows = _rows(table)
    paths = {name: folder / f"{FILES.get(name, name)}_{ALL}.npy" for name in PARTS}
    if not paths[POSITIONS].is_file():
        raise FileNotFoundError(
            f"{paths[POSITIONS]} is missing. Make it with data_gen/laban_gendata.py."
        )
    features = {
        name: _clips(open_array(path, 4, "chunks (N, T, V, C)"), rows, path)
        for name, path in paths.items()
        if path.is_file()
    }
    labels, samples = labels_and_names(folder, ALL)
    counts = [int(row["chunks"]) for row in rows]
    firsts = np.cumsum([0, *counts[:-1]])
    parts = [sample.split("_") for sample in samples]  # participant, session, recording, chunk
    chunk_sources = [part[1] for part in parts]
    return RatedClips(
        names=[row["clip"] for row in rows],
        participants=[parts[first][0].removeprefix("participant") for first in firsts],
        sources=[chunk_sources[first] for first in firsts],
        chunk_sources=chunk_sources,
        counts=counts,
        traits=labels[firsts].astype(np.float64),
        features=features,
        about=about,
    )


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8", errors="replace") as file:
        rows = list(csv.DictReader(file))
    whole = (row.get(name) or "" for row in rows for name in ("frames", "chunks"))
    if not rows or not all(number.isdigit() for number in whole) or "clip" not in rows[0]:
        raise ValueError(f"{path} is damaged. Make it again with data_gen/animation_gendata.py.")
    return rows


def _clips(chunks: np.ndarray, rows: list[dict[str, str]], path: Path) -> list[np.ndarray]:
    """Whole clips (T, V, C): chunks laid over each other."""
    counts = [int(row["chunks"]) for row in rows]
    if sum(counts) != len(chunks):
        raise ValueError(f"{path} has {len(chunks)} chunks, ratings.csv {sum(counts)}. Make both.")
    clips, at, size = [], 0, chunks.shape[1]
    for row, count in zip(rows, counts, strict=True):
        frames = int(row["frames"])
        clip = np.empty((frames, *chunks.shape[2:]), np.float64)
        for start, chunk in zip(chunk_starts(frames, size), chunks[at : at + count], strict=True):
            clip[start : start + size] = chunk
        clips.append(clip)
        at += count
    return clips
