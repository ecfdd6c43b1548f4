"""Read data sets of other toolboxes, whole data sets in one file.

- `pyskl`: annotation pickles of PYSKL and MMAction2 (Duan et al., ACM MM 2022): a dict of `split`
  (name -> list of frame_dir) and `annotations`, each with `frame_dir`, `label`, `total_frames`,
  `keypoint` (M, T, V, C) and, in 2-D, `keypoint_score` (M, T, V), `img_shape`, `original_shape`
  (height, width).
- `ctrgcn`: arrays of CTR-GCN (Chen et al., ICCV 2021): `x_train` (N, T, M*V*C), of NTU M = 2, V =
  25, C = 3, `y_train` one-hot (N, K), and `x_test`, `y_test`. Frames of zeros at a clip's end are
  padding.
"""
# Shapes: N clips, M persons, T frames, V joints, C channels, K classes.

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from data_gen.readers.bad_files import OTHER_FORM, WRONG_JOINTS, WRONG_LABEL, BadFile, attempted
from data_gen.readers.numpy_files import opened_npz
from data_gen.readers.sample import Options, Raw, Sample, entries_of, seen_only
from formats.arrays import NpzFile
from formats.pickles import loads

PARTS = {"train": "train", "test": "val"}


def read_pyskl(raw: Raw, options: Options) -> Iterator[Sample | BadFile]:
    """All annotations; the field `split` has the names of the splits that each belongs to."""
    content = raw.decoded(loads)
    annotations = content.get("annotations") if isinstance(content, dict) else content
    if not isinstance(annotations, list):
        raise BadFile(OTHER_FORM, f"{raw.name} has no list of annotations.")
    splits: dict[str, list[str]] = {}
    found = content.get("split", {}) if isinstance(content, dict) else {}
    for split, names in found.items() if isinstance(found, Mapping) else ():
        if not isinstance(names, (list, tuple)):
            raise BadFile(OTHER_FORM, f"{raw.name}: split {split} is not a list of names.")
        for name in names:
            splits.setdefault(str(name), []).append(str(split))
    for item in annotations:
        yield attempted(_annotation, item, raw, splits, options)


def _annotation(item: Any, raw: Raw, splits: Mapping[str, list[str]], options: Options) -> Sample:
    try:
        name, keypoint = str(item["frame_dir"]), np.asarray(item["keypoint"], np.float32)
        label, score = item.get("label"), item.get("keypoint_score")
        score = None if score is None else np.asarray(score, np.float32)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise BadFile(OTHER_FORM, f"{raw.name}: an annotation lacks {error}.") from error
    if keypoint.ndim != 4 or keypoint.shape[2] != options.num_joints:
        raise BadFile(
            WRONG_JOINTS,
            f"{raw.name}: keypoint of {name} must be (M, T, {options.num_joints}, C). Got "
            f"{keypoint.shape}.",
        )
    if label is not None and not isinstance(label, (int, np.integer)):
        raise BadFile(WRONG_LABEL, f"{raw.name}: label of {name} is {label!r}.")
    if score is not None:
        if score.shape != keypoint.shape[:3]:
            raise BadFile(OTHER_FORM, f"{raw.name}: keypoint_score of {name} is {score.shape}.")
        keypoint = np.concatenate([keypoint, score[..., None]], axis=3)
    fields = {"split": splits.get(name, []), "label": None if label is None else int(label)}
    sizes = [key for key in ("img_shape", "original_shape") if item.get(key) is not None]
    return Sample(
        name,
        seen_only(keypoint, f"{raw.name}, {name},"),
        score is not None,
        options.rate,
        fields,
        _image_size(raw, item[sizes[0]], f"{sizes[0]} of {name}") if sizes else None,
    )


def _image_size(raw: Raw, value: Any, what: str) -> tuple[int, int]:
    """(height, width) -> (width, height)."""
    try:
        height, width = (int(size) for size in value)
    except (TypeError, ValueError, OverflowError) as error:
        raise BadFile(OTHER_FORM, f"{raw.name}: {what} must be height and width.") from error
    return width, height


def read_ctrgcn(raw: Raw, options: Options) -> Iterator[Sample | BadFile]:
    """One clip after the other: the files of NTU RGB+D have 10 GB and more."""
    with opened_npz(raw) as arrays:
        found = [e for e in PARTS if {f"x_{e}", f"y_{e}"} & arrays.shapes.keys()]
        if not found:
            raise BadFile(OTHER_FORM, f"{raw.name} has neither x_train nor x_test.")
        for ending in found:
            yield from _ctrgcn_part(raw, options, arrays, ending)


def _ctrgcn_part(
    raw: Raw, options: Options, arrays: NpzFile, ending: str
) -> Iterator[Sample | BadFile]:
    persons, channels, part = options.persons or 2, options.channels or 3, PARTS[ending]
    width = persons * options.num_joints * channels
    x, y = (arrays.shapes.get(f"{letter}_{ending}", ()) for letter in "xy")
    if len(x) != 3 or x[2] != width or x[:1] != y[:1]:
        raise BadFile(
            OTHER_FORM,
            f"{raw.name}: x_{ending} must be (N, T, {width}), y (N, K). Got {x} and {y}.",
        )
    labels = entries_of(arrays.array(f"y_{ending}"), x[0])
    if labels is None or labels.dtype.kind not in "fiu" or (labels % 1).any():
        raise BadFile(OTHER_FORM, f"{raw.name}: y_{ending} must be numbers or one-hot rows.")
    for number, (clip, label) in enumerate(zip(arrays.rows(f"x_{ending}"), labels, strict=True)):
        fields = {"split": [part], "label": int(label)}
        sample = Sample(f"{part}_{number:06d}", clip, rate=options.rate, fields=fields)
        yield attempted(_bodies, sample, raw, (persons, options.num_joints, channels))


def _bodies(sample: Sample, raw: Raw, sizes: tuple[int, int, int]) -> Sample:
    """A clip (T, M*V*C) of CTR-GCN, without the zeros at its end -> (M, T, V, C)."""
    clip = sample.clip
    if clip.dtype.kind not in "fiu":
        raise BadFile(OTHER_FORM, f"{raw.name}: {sample.name} holds {clip.dtype}, no numbers.")
    frames = np.flatnonzero(clip.any(axis=1))
    clip = clip[: frames[-1] + 1 if len(frames) else 1]
    bodies = clip.reshape(len(clip), *sizes).transpose(1, 0, 2, 3)
    return replace(sample, clip=seen_only(bodies, f"{raw.name}, {sample.name},"))
