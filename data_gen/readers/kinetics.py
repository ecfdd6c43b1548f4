"""Reads Kinetics-Skeleton: OpenPose's 2-D joints as JSON, one file per clip.

Source: Yan et al., "Spatial temporal graph convolutional networks for skeleton-based action
recognition", AAAI 2018. A file holds `data`, a list of frames with `frame_index` (from 1) and
`skeleton`, a list of persons with `pose` (x0, y0, x1, ... in 0..1 of the image) and `score` (0..1).
"""
# Shapes: C channels (x, y, score), T frames, V joints, M persons.

import math
from itertools import chain
from pathlib import Path

import numpy as np
import orjson

from data_gen.readers.bad_files import (
    FRAME_INDEX,
    NO_NUMBER,
    OUT_OF_RANGE,
    PIXELS,
    WRONG_JOINTS,
    WRONG_LABEL,
    BadFile,
    check_file,
    kind_of,
)
from graph.kinetics import AdjMatrixGraph

NUM_CLASSES = 400
NUM_JOINTS = len(AdjMatrixGraph.joint_names)
MAX_FRAMES = 300
MAX_PERSONS_READ = 5
MAX_PERSONS = 2
MAX_LABELS_MB = 500  # of a label file; that of kinetics_train has 25
MAX_VALUE = 1e5  # of a coordinate, which is a share of the image (pixels are taken, with a warning)
FAR_OUTSIDE = 5.0
CLIP_SHAPE = (3, MAX_FRAMES, NUM_JOINTS, MAX_PERSONS)


def read_bodies(path: Path, label: int | None = None) -> tuple[np.ndarray, bool]:
    """A clip's file -> (2, 300, 18, 3) float32, and whether frames beyond the last row were cut.

    x and y are in -0.5..0.5 from the image's middle, y up; joints of score 0 are at (0, 0). In each
    frame the two persons of the highest total score are kept, the highest first.

    Args:
        label: what the file's own `label_index` must be, if it has one.

    Raises:
        ValueError: if the file is not a clip, a frame_index is not a whole number from 0 or is
            duplicate, or the label differs.
    """
    return parse_bodies(check_file(path, math.inf).read_bytes(), path, label)


def parse_bodies(raw: bytes, path: Path | str, label: int | None = None) -> tuple[np.ndarray, bool]:
    """As `read_bodies`, of a file's content.

    Args:
        path: what to call it in errors.
    """
    try:
        content = orjson.loads(raw)
        frames = _within(content["data"])
        bodies = _two_best(frames)
        own = content.get("label_index", label)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        reason = f"no {error}" if isinstance(error, KeyError) else error
        message = f"{path} is not a clip of Kinetics-Skeleton: {reason}"
        raise BadFile(kind_of(error), message) from error
    if label is not None and (type(own) is not int or own != label):
        message = f"{path} has label_index {own}, but the label file says {label}."
        raise BadFile(WRONG_LABEL, message)
    return bodies, len(frames) < len(content["data"])


def looks_like_pixels(bodies: np.ndarray) -> str | None:
    """PIXELS if a clip (M, T, V, C) has places far outside of the image, which is -0.5 to 0.5."""
    return PIXELS if np.abs(bodies[..., :2]).max(initial=0) > FAR_OUTSIDE else None


def _two_best(frames: list[dict]) -> np.ndarray:
    """The frames of a file -> (2, 300, 18, 3) float32, centred.

    NOTE: a frame's row is its `frame_index`, which counts from 1: row 0 stays empty.
    """
    rows = [frame["frame_index"] for frame in frames]
    persons = [frame["skeleton"][:MAX_PERSONS_READ] for frame in frames]
    everyone = list(chain.from_iterable(persons))
    places = [(row, m) for row, here in zip(rows, persons, strict=True) for m in range(len(here))]
    clip = np.zeros((MAX_PERSONS, MAX_FRAMES, NUM_JOINTS, 3), dtype=np.float32)
    if not everyone:
        return clip
    row, person = np.array(places).T
    joints, total = _centred(everyone)
    totals = np.zeros((MAX_FRAMES, MAX_PERSONS_READ))
    totals[row, person] = total
    number = np.full(totals.shape, len(joints) - 1)  # the last of `joints` is nobody
    number[row, person] = np.arange(len(everyone))
    best = np.argsort(-totals, axis=1, kind="stable")[:, :MAX_PERSONS]
    return joints[np.take_along_axis(number, best, axis=1).T]


def _within(frames: list[dict]) -> list[dict]:
    """The frames that have a row; those beyond the last are left out.

    Raises:
        ValueError: a frame_index is not a whole number from 0, or is given twice.
    """
    indices = [frame["frame_index"] for frame in frames]
    if out := [index for index in indices if type(index) is not int or index < 0]:
        message = f"frame_index must be a whole number from 0. Got {str(out[0])[:20]}."
        raise BadFile(FRAME_INDEX, message)
    if len(set(indices)) < len(indices):
        twice = next(index for index in indices if indices.count(index) > 1)
        raise BadFile(FRAME_INDEX, f"frame_index {twice} is duplicate.")
    return [frame for frame, i in zip(frames, indices, strict=True) if i < MAX_FRAMES]


def _centred(persons: list[dict]) -> tuple[np.ndarray, np.ndarray]:
    """P persons -> joints (P + 1, 18, 3) float32, relative to the image's middle, y up, unseen ones
    and the last person 0; and the total scores (P,).
    """
    poses = _table([person["pose"] for person in persons], 2 * NUM_JOINTS)
    scores = _table([person["score"] for person in persons], NUM_JOINTS)
    joints = np.zeros((len(persons) + 1, NUM_JOINTS, 3), dtype=np.float32)
    seen = scores != 0
    joints[:-1, :, 0] = np.where(seen, poses[:, ::2] - 0.5, 0)
    joints[:-1, :, 1] = np.where(seen, 0.5 - poses[:, 1::2], 0)
    joints[:-1, :, 2] = scores
    # NOTE: joint after joint, as the published order of equal persons depends on rounding.
    return joints, np.ascontiguousarray(scores.T).sum(axis=0)


def _table(lists: list[list[float]], width: int) -> np.ndarray:
    """Lists of `width` finite numbers -> (len(lists), width) float64."""
    if any(len(numbers) != width for numbers in lists):
        raise BadFile(
            WRONG_JOINTS, f"a pose requires {2 * NUM_JOINTS} numbers and a score {NUM_JOINTS}."
        )
    flat = list(chain.from_iterable(lists))
    if not set(map(type, flat)) <= {int, float}:
        raise BadFile(NO_NUMBER, "pose or score hold something else than numbers.")
    table = np.array(flat, np.float64).reshape(-1, width)
    if not np.abs(table).max(initial=0) <= MAX_VALUE:
        raise BadFile(OUT_OF_RANGE, f"pose or score hold numbers beyond {MAX_VALUE:g}.")
    return table


def read_labels(path: Path) -> dict[str, dict]:
    """The label file: a clip's name without ending -> `label`, `label_index`, `has_skeleton`.

    Raises:
        FileNotFoundError: if the file is missing; points at the published README's misspelling.
        ValueError: if it is not a label file.
    """
    misspelt = path.with_name(path.name.replace("kinetics", "keintics"))
    if not path.is_file() and misspelt.is_file():
        raise FileNotFoundError(
            f"{path} is missing, but {misspelt.name} is, as the published README misspells it. "
            f"Rename it to {path.name}."
        )
    if not path.is_file():
        folder = path.name.removesuffix("_label.json")
        raise FileNotFoundError(f"{path} is missing. It belongs beside the folder {folder}.")
    try:
        labels = orjson.loads(check_file(path, MAX_LABELS_MB).read_bytes())
        bad = [name for name, entry in labels.items() if not _is_label(entry)]
    except (ValueError, AttributeError) as error:
        raise ValueError(f"{path} is not a label file: {error}. Fetch it again.") from error
    if bad:
        raise ValueError(
            f"{path}: {len(bad)} entries, such as {bad[0]}, lack has_skeleton or a label_index of "
            f"0 to {NUM_CLASSES - 1}. Fetch it again."
        )
    return labels


def names_of_classes(labels: dict[str, dict]) -> dict[int, str]:
    """Class names of a label file, by label; classes without clips are missing."""
    return {
        entry["label_index"]: entry["label"]
        for entry in labels.values()
        if isinstance(entry.get("label"), str)
    }


def _is_label(entry: dict) -> bool:
    known = type(entry.get("label_index")) is int and 0 <= entry["label_index"] < NUM_CLASSES
    return known and type(entry.get("has_skeleton")) is bool
