"""Read files of pose estimators and sensors, except for key points in images (keypoints.py).

- `ntu`: `.skeleton` files in the text format of NTU RGB+D (ntu.py), as of a Kinect v2, with any
  skeleton's joints.
- `mediapipe`: JSON, a list of frames of landmarks (or of `landmarks` / `worldLandmarks`), 33 of a
  body or 21 of a hand, with x, y, z and perhaps visibility; or CSV, one row per frame. With `image`
  they are `landmarks`, fractions of its width, height and width, which become pixels.
- `kinect`: JSON of Azure Kinect recordings, `frames[].bodies[]` with `body_id` and
  `joint_positions` (V, 3) in millimetres, and perhaps `frames_info`... `timestamp_usec`.
- `deeplabcut`: CSV with the three header rows scorer, bodyparts, coords (x, y, likelihood), and for
  several animals individuals; SLEAP's analysis HDF5 with `tracks` (M, C, V, T) and `node_names`.
"""
# Shapes: M persons, T frames, V joints, C channels.

from pathlib import Path
from typing import Any

import numpy as np

from data_gen.readers.bad_files import CUT, EMPTY, NO_NUMBER, OTHER_FORM, WRONG_JOINTS, BadFile
from data_gen.readers.hdf5 import is_array, opened
from data_gen.readers.json_text import entry_of, json_of
from data_gen.readers.ntu import parse_skeleton
from data_gen.readers.sample import Options, Raw, Sample, seen_only, stem_of
from data_gen.readers.tables import rows_of
from data_gen.readers.tracks import Track, by_nearest, by_place, clip_of

# What frames of MediaPipe call them, of bodies and of hands.
WORLD_LANDMARKS = ("worldLandmarks", "world_landmarks", "pose_world_landmarks",
                   "hand_world_landmarks", "multi_hand_world_landmarks")  # fmt: skip
LANDMARKS = ("landmarks", "pose_landmarks", "hand_landmarks", "multi_hand_landmarks", "landmark")
DEEPLABCUT_AXES = ("x", "y", "likelihood")


def read_mediapipe(raw: Raw, options: Options) -> list[Sample]:
    if raw.name.lower().endswith(".csv"):
        return _mediapipe_csv(raw, options)
    frames = json_of(raw.name, raw.content())
    if isinstance(frames, dict):
        frames = next((frames[k] for k in ("frames", "results", "poses") if k in frames), frames)
    if not isinstance(frames, list):
        raise BadFile(OTHER_FORM, f"{raw.name} is not a list of frames.")
    persons = [
        [_landmarks(raw.name, pose, options) for pose in _poses(raw.name, f, options)]
        for f in frames
    ]
    tracks = by_nearest(persons) if options.track else by_place(persons)
    clip = clip_of(tracks, len(persons), options.num_joints, 4, raw.name)
    clip = _in_pixels(clip, options)
    return [Sample(stem_of(raw.name), seen_only(clip, raw.name), True, options.rate)]


def read_ntu(raw: Raw, options: Options) -> list[Sample]:
    """Persons are told apart by their place in the frame, or with `track` by distance."""
    bodies = parse_skeleton(raw.content(), Path(raw.name), options.num_joints)
    frames = [[body for body in frame if body.any()] for frame in bodies.swapaxes(0, 1)]
    if not any(frames):
        raise BadFile(EMPTY, f"{raw.name} has nobody in any frame.")
    tracks = by_nearest(frames) if options.track else by_place(frames)
    clip = clip_of(tracks, len(frames), options.num_joints, 3, raw.name)
    return [Sample(stem_of(raw.name), seen_only(clip, raw.name), rate=options.rate)]


def _in_pixels(clip: np.ndarray, options: Options) -> np.ndarray:
    """Fractions of the image (M, T, V, C) -> pixels, if its size is given."""
    if options.image is not None:
        width, height = options.image
        clip[..., :3] *= width, height, width
    return clip


def _poses(name: str, frame: Any, options: Options) -> list:
    """The poses of a frame, which is one, several, or none."""
    world = options.world and options.image is None
    keys = WORLD_LANDMARKS if world else ()
    if isinstance(frame, dict):
        keys = (*keys, *LANDMARKS)
        frame = next((frame[key] for key in keys if frame.get(key)), [])
    if isinstance(frame, dict):
        frame = frame.get("landmark", [])
    if not frame:
        return []
    if not isinstance(frame, list):
        raise BadFile(OTHER_FORM, f"{name}: a frame must be a list of landmarks.")
    of_first = frame[0][0] if isinstance(frame[0], list) and frame[0] else None
    return frame if isinstance(of_first, (list, dict)) else [frame]


def _landmarks(name: str, pose: Any, options: Options) -> np.ndarray:
    try:
        rows = [
            [p["x"], p["y"], p.get("z", 0.0), p.get("visibility", 1.0)]
            if isinstance(p, dict)
            else [*p[:3], p[3] if len(p) > 3 else 1.0]
            for p in pose
        ]
        points = np.array(rows, np.float64)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise BadFile(OTHER_FORM, f"{name}: a landmark lacks {error}.") from error
    if points.shape != (options.num_joints, 4):
        raise BadFile(WRONG_JOINTS, f"{name}: {len(points)} landmarks, not {options.num_joints}.")
    return points


def _mediapipe_csv(raw: Raw, options: Options) -> list[Sample]:
    rows = _even_rows(raw)
    body = [row for row in rows if _all_numbers(row)]
    table = (
        np.array([[float(c or "nan") for c in row] for row in body]) if body else np.zeros((0, 0))
    )
    for channels in (4, 3):
        width = channels * options.num_joints
        if table.ndim == 2 and table.shape[1] in (width, width + 1):  # perhaps a frame's number
            points = table[:, -width:].reshape(1, len(table), options.num_joints, channels)
            clip = seen_only(_in_pixels(points, options), raw.name)
            return [Sample(stem_of(raw.name), clip, channels == 4, options.rate)]
    found = table.shape[1] if table.ndim == 2 and len(table) else 0
    raise BadFile(WRONG_JOINTS, f"{raw.name} has {found} columns, not {options.num_joints} joints.")


def read_kinect(raw: Raw, options: Options) -> list[Sample]:
    frames = entry_of(raw.name, json_of(raw.name, raw.content()), "frames", list)
    tracks: dict[Any, Track] = {}
    for t, frame in enumerate(frames):
        for body in entry_of(raw.name, frame, "bodies", list):
            try:
                track = tracks.setdefault(body.get("body_id", 0), {})
                joints = np.array(body["joint_positions"], np.float64)
            except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
                raise BadFile(OTHER_FORM, f"{raw.name}: a body lacks {error}.") from error
            if joints.shape != (options.num_joints, 3):
                shape = f"({options.num_joints}, 3)"
                raise BadFile(WRONG_JOINTS, f"{raw.name}: joints {joints.shape}, not {shape}.")
            track[t] = joints / 1000  # to metres
    clip = clip_of(list(tracks.values()), len(frames), options.num_joints, 3, raw.name)
    return [Sample(stem_of(raw.name), seen_only(clip, raw.name), rate=options.rate)]


def read_deeplabcut(raw: Raw, options: Options) -> list[Sample]:
    if not raw.name.lower().endswith(".csv"):
        return _sleap(raw, options)
    rows = _even_rows(raw)
    kinds = [row[0].strip().lower() for row in rows[:4] if row]
    if kinds[:1] != ["scorer"] or "bodyparts" not in kinds or "coords" not in kinds:
        raise BadFile(OTHER_FORM, f"{raw.name} lacks the header rows scorer, bodyparts, coords.")
    num_header = kinds.index("coords") + 1
    header = {row[0].strip().lower(): row[1:] for row in rows[:num_header]}
    parts, coords = header["bodyparts"], header["coords"]
    who = header.get("individuals", ["one"] * len(parts))
    people = list(dict.fromkeys(who))
    clip = np.full((len(people), len(rows) - num_header, options.num_joints, 3), np.nan)
    try:
        body = [[float(c) if c.strip() else np.nan for c in row[1:]] for row in rows[num_header:]]
        table = np.array(body, np.float64).reshape(len(body), len(parts))
    except ValueError as error:
        raise BadFile(NO_NUMBER, f"{raw.name}: {error}.") from error
    for column, (person, part, coord) in enumerate(zip(who, parts, coords, strict=True)):
        if part.strip() not in options.joint_names:
            raise BadFile(WRONG_JOINTS, f"{raw.name}: the skeleton has no joint {part!r}.")
        if (axis := coord.strip().lower()) not in DEEPLABCUT_AXES:
            raise BadFile(OTHER_FORM, f"{raw.name}: coords are x, y, likelihood. Got {coord!r}.")
        channel = DEEPLABCUT_AXES.index(axis)
        joint = options.joint_names.index(part.strip())
        clip[people.index(person), :, joint, channel] = table[:, column]
    return [Sample(stem_of(raw.name), seen_only(clip, raw.name), True, options.rate)]


def _sleap(raw: Raw, options: Options) -> list[Sample]:
    with opened(raw) as file:
        data = file["tracks"]
        if not is_array(data) or data.ndim != 4 or data.size > 10**8:
            raise BadFile(OTHER_FORM, f"{raw.name}: tracks must be (M, C, V, T).")
        tracks = data[()].astype(np.float64)
        names = [name.decode() for name in file["node_names"][()]]
    if tracks.shape[2] != len(names):
        counts = f"{tracks.shape[2]} nodes, but {len(names)} names of them"
        raise BadFile(WRONG_JOINTS, f"{raw.name}: tracks have {counts}.")
    if missing := [name for name in options.joint_names if name not in names]:
        raise BadFile(WRONG_JOINTS, f"{raw.name} has no node {missing[0]!r}, but {names}.")
    order = [names.index(name) for name in options.joint_names]
    clip = tracks.transpose(0, 3, 2, 1)[:, :, order]
    return [Sample(stem_of(raw.name), seen_only(clip, raw.name), rate=options.rate)]


def _even_rows(raw: Raw) -> list[list[str]]:
    rows = rows_of(raw)
    if not rows or any(len(row) != len(rows[0]) for row in rows):
        raise BadFile(CUT, f"{raw.name} has rows of different lengths.")
    return rows


def _all_numbers(row: list[str]) -> bool:
    try:
        [float(cell or "nan") for cell in row]
    except ValueError:
        return False
    return True
