"""Reads Kinetics-Skeleton: OpenPose's 2-D joints as JSON, one file a clip.

Source: Yan et al., "Spatial temporal graph convolutional networks for skeleton-based action
recognition", AAAI 2018. A file holds `data`, a list of frames with `frame_index` (from 1) and
`skeleton`, a list of persons with `pose` (x0, y0, x1, ... in 0..1 of the image) and `score` (0..1).
"""
# Shapes: C channels (x, y, score), T frames, V joints, M persons.

import json
from pathlib import Path

import numpy as np

from graph.kinetics import AdjMatrixGraph

NUM_CLASSES = 400
NUM_JOINTS = len(AdjMatrixGraph.joint_names)
MAX_FRAMES = 300
MAX_PERSONS_READ = 5
MAX_PERSONS = 2
CLIP_SHAPE = (3, MAX_FRAMES, NUM_JOINTS, MAX_PERSONS)


def read_clip(path: Path) -> np.ndarray:
    """A clip's file -> (3, 300, 18, 2) float32: x and y in -0.5..0.5 from the middle, y up; score.

    Joints of score 0 are at (0, 0). In each frame the two persons of the highest total score are
    kept, the highest first.

    Raises:
        ValueError: if the file is no clip, or a frame is out of range or given twice.
    """
    try:
        frames = json.loads(path.read_bytes())["data"]
        persons = _persons(frames)
        if not np.isfinite(persons).all():
            raise ValueError("pose or score hold NaN or infinity.")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        reason = f"no {error}" if isinstance(error, KeyError) else error
        raise ValueError(f"{path} is not a clip of Kinetics-Skeleton: {reason}") from error
    return keep_best(centred(persons)).astype(np.float32)


def _persons(frames: list[dict]) -> np.ndarray:
    """The frames of a file -> (3, 300, 18, 5) float64 as they are.

    NOTE: a frame's row is its `frame_index`, which counts from 1: row 0 stays empty.
    """
    persons = np.zeros((3, MAX_FRAMES, NUM_JOINTS, MAX_PERSONS_READ))
    filled: set[int] = set()
    for frame in frames:
        row = frame["frame_index"]
        if row not in range(MAX_FRAMES):
            raise ValueError(f"frame_index must be below {MAX_FRAMES}. Got {row}.")
        if row in filled:
            raise ValueError(f"frame_index {row} is there twice.")
        filled.add(row)
        for person, skeleton in enumerate(frame["skeleton"][:MAX_PERSONS_READ]):
            persons[:2, row, :, person] = np.reshape(skeleton["pose"], (NUM_JOINTS, 2)).T
            persons[2, row, :, person] = skeleton["score"]
    return persons


def centred(persons: np.ndarray) -> np.ndarray:
    """(3, T, V, M) in the image's 0..1, y down -> relative to its middle, y up; unseen joints 0."""
    x, y, score = persons
    seen = score != 0
    return np.stack([np.where(seen, x - 0.5, 0), np.where(seen, 0.5 - y, 0), score])


def keep_best(persons: np.ndarray) -> np.ndarray:
    """(3, T, V, M) -> (3, T, V, 2): per frame the persons of the highest total score, in order."""
    order = np.argsort(-persons[2].sum(axis=1), axis=1, kind="stable")  # (T, M)
    best = order[None, :, None, :MAX_PERSONS]
    return np.take_along_axis(persons, best, axis=3)


def read_labels(path: Path) -> dict[str, dict]:
    """The label file: a clip's name without ending -> `label`, `label_index`, `has_skeleton`.

    Raises:
        FileNotFoundError: if the file is not there; points at the published README's misspelling.
        ValueError: if it is no label file.
    """
    misspelt = path.with_name(path.name.replace("kinetics", "keintics"))
    if not path.is_file() and misspelt.is_file():
        raise FileNotFoundError(
            f"{path} is not there, but {misspelt.name} is, as the published README misspells it. "
            f"Rename it to {path.name}."
        )
    if not path.is_file():
        folder = path.name.removesuffix("_label.json")
        raise FileNotFoundError(f"{path} is not there. It belongs beside the folder {folder}.")
    try:
        labels = json.loads(path.read_bytes())
        bad = [name for name, entry in labels.items() if not _is_label(entry)]
    except (ValueError, AttributeError) as error:
        raise ValueError(f"{path} is no label file: {error}. Fetch it again.") from error
    if bad:
        raise ValueError(
            f"{path}: {len(bad)} entries, such as {bad[0]}, lack has_skeleton or a label_index of "
            f"0 to {NUM_CLASSES - 1}. Fetch it again."
        )
    return labels


def _is_label(entry: dict) -> bool:
    known = type(entry.get("label_index")) is int and 0 <= entry["label_index"] < NUM_CLASSES
    return known and type(entry.get("has_skeleton")) is bool
