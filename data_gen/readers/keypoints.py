"""Read key points of people in the images of a video, as estimators write them.

- `openpose`: a folder of one JSON per frame, `people[].pose_keypoints_2d` = x, y, score, ... of
  BODY_25 (75 numbers) or COCO (54) (Cao et al., TPAMI 2019).
- `coco`: keypoint results, a list of `image_id`, `keypoints` (x, y, score of every joint), `score`,
  as AlphaPose and COCO evaluations have them; frames in the order of image_id.
- `mmpose`: predictions of MMPose, a list of frames, or one in `instance_info`, with `frame_id` and
  `instances[]` of `keypoints` (V, 2), or (V, 3) of a network that lifts them, and
  `keypoint_scores` (V,).
- `kinetics`: JSON as of Kinetics-Skeleton (Yan et al., AAAI 2018), `data[]` of `frame_index` and
  `skeleton[]` of `pose` (x, y, ... as fractions of the image) and `score`; `label` and
  `label_index` are fields.
- `yolo`: a folder of labels that Ultralytics' YOLO writes (save_txt), one NAME_FRAME.txt per frame,
  one row per person: class, box (4), then x, y and perhaps a confidence of every joint as fractions
  of the image's width and height, perhaps the box's confidence, perhaps the number of its track.

Persons are linked over frames by the tracks of the file (`track_id`), or by `track: true`, or else
by their place in the list.
"""
# Shapes: P persons of a frame, M persons, T frames, V joints, C channels.

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from data_gen.readers.bad_files import EMPTY, NO_NUMBER, OTHER_FORM, WRONG_JOINTS, BadFile
from data_gen.readers.json_text import entry_of, json_of
from data_gen.readers.sample import Options, Raw, Sample, seen_only, stem_of
from data_gen.readers.tracks import Track, by_nearest, by_place, clip_of, moments_of
from utils.text import first_of

ENDING = re.compile(r"\.(jpe?g|png|bmp|webp|tiff?)$", re.IGNORECASE)  # of an image's name
BOX = 5  # columns of YOLO before the joints: the class and the box


class Person(NamedTuple):
    """A person in a frame."""

    joints: np.ndarray  # (V, C), the last channel a confidence where there is one
    track: int | None = None


def read_openpose(raw: Raw, options: Options) -> list[Sample]:
    frames = []
    for name, content in sorted(raw.parts, key=lambda part: _natural(part[0])):
        people = entry_of(name, json_of(name, content()), "people", list)
        flat = [entry_of(name, person, "pose_keypoints_2d", list) for person in people]
        frames.append(_triplets(name, flat, options.num_joints))
    clip = _clip(frames, options, 3, raw.name)
    return [Sample(Path(raw.name).name, clip, True, options.rate)]


def read_coco(raw: Raw, options: Options) -> list[Sample]:
    """One clip: a file of a video; images without anybody count where ids end with numbers."""
    results = json_of(raw.name, raw.content())
    if not isinstance(results, list):
        raise BadFile(OTHER_FORM, f"{raw.name} is not a list of keypoint results.")
    images: dict[tuple, list] = {}
    for result in results:
        image = _natural(ENDING.sub("", str(entry_of(raw.name, result, "image_id", (int, str)))))
        images.setdefault(image, []).append(entry_of(raw.name, result, "keypoints", list))
    frames = [_triplets(raw.name, flat, options.num_joints) for flat in _in_time(images)]
    clip = _clip(frames, options, 3, raw.name)
    return [Sample(stem_of(raw.name), clip, True, options.rate)]


def read_mmpose(raw: Raw, options: Options) -> list[Sample]:
    content = json_of(raw.name, raw.content())
    found = content
    if not isinstance(content, list):
        found = entry_of(raw.name, content, "instance_info", list)
    frames: dict[tuple, list[Person]] = {}
    for frame in found:
        number = entry_of(raw.name, frame, "frame_id", int)
        instances = entry_of(raw.name, frame, "instances", list)
        people = [_instance(raw.name, each, options.num_joints) for each in instances]
        frames.setdefault(_natural(str(number)), []).extend(people)
    sizes = {person.joints.shape[1] for people in frames.values() for person in people}
    if len(sizes) > 1:
        raise BadFile(OTHER_FORM, f"{raw.name} has key points of 2 and of 3 coordinates.")
    clip = _clip(_in_time(frames), options, sizes.pop() if sizes else 3, raw.name)
    return [Sample(stem_of(raw.name), clip, True, options.rate)]


def read_kinetics(raw: Raw, options: Options) -> list[Sample]:
    """In fractions of the image, or with `image` in pixels of it."""
    content = json_of(raw.name, raw.content())
    frames: dict[tuple, list[Person]] = {}
    for frame in entry_of(raw.name, content, "data", list):
        number = entry_of(raw.name, frame, "frame_index", int)
        people = entry_of(raw.name, frame, "skeleton", list)
        frames.setdefault(_natural(str(number)), []).extend(
            Person(_pose(raw.name, person, options)) for person in people
        )
    clip = _clip(_in_time(frames), options, 3, raw.name)
    told = {name: content[name] for name in ("label", "label_index") if name in content}
    fields = {name: value for name, value in told.items() if isinstance(value, (str, int))}
    return [Sample(stem_of(raw.name), clip, True, options.rate, fields)]


def read_yolo(raw: Raw, options: Options) -> list[Sample]:
    """In pixels of `image`."""
    frames: dict[tuple, list[Person]] = {}
    channels = set()
    for name, content in raw.parts:
        rows = _rows(name, content(), options)
        channels |= {row.joints.shape[1] for row in rows}
        frames[_natural(Path(name).stem)] = rows
    _check_one_video(raw, frames)
    if not channels:
        raise BadFile(EMPTY, f"{raw.name} has nobody in any label.")
    if len(channels) > 1:
        raise BadFile(OTHER_FORM, f"{raw.name} has joints with and without a confidence.")
    size = channels.pop()
    clip = _clip(_in_time(frames), options, size, raw.name)
    return [Sample(Path(raw.name).name, clip, size == 3, options.rate)]


def _clip(
    frames: Sequence[Sequence[Person]], options: Options, channels: int, what: str
) -> np.ndarray:
    """(M, T, V, C) of the people of every frame."""
    if options.track or any(person.track is None for people in frames for person in people):
        joints = [[person.joints for person in people] for people in frames]
        tracks = by_nearest(joints) if options.track else by_place(joints)
    else:
        of_person: dict[int, Track] = {}
        for t, people in enumerate(frames):
            for person in people:
                of_person.setdefault(person.track, {})[t] = person.joints
        tracks = list(of_person.values())
    clip = clip_of(tracks, len(frames), options.num_joints, channels, what)
    return seen_only(clip, what)


def _in_time(images: Mapping[tuple, list]) -> list[list]:
    """The contents of images in the order of their ids, sorted by `_natural`.

    If every id ends with its own number, missing images in between are empty, as in `moments_of`.
    """
    numbers = {key[-1].number: key for key in images if key and not key[-1].text}
    if len(numbers) < len(images):
        return [images[key] for key in sorted(images)]
    return [images[numbers[n]] if n in numbers else [] for n in moments_of(numbers)]


def _triplets(name: str, flat: list[list], num_joints: int) -> list[Person]:
    """People of x, y, score, ...; joints of score 0 are 0."""
    try:
        table = np.array(flat, np.float64).reshape(len(flat), -1) if flat else np.zeros((0, 0))
    except (TypeError, ValueError) as error:
        raise BadFile(NO_NUMBER, f"{name}: keypoints are not numbers: {error}") from error
    if flat and table.shape[1] != 3 * num_joints:
        raise _other_joints(name, table.shape[1] // 3, num_joints)
    return [Person(_seen(row.reshape(num_joints, 3))) for row in table]


def _instance(name: str, instance: Any, num_joints: int) -> Person:
    """A person of MMPose."""
    points = entry_of(name, instance, "keypoints", list)
    scores = entry_of(name, instance, "keypoint_scores", list)
    try:
        joints = np.column_stack([np.array(points, np.float64), np.array(scores, np.float64)])
    except (TypeError, ValueError) as error:
        raise BadFile(NO_NUMBER, f"{name}: keypoints are not numbers: {error}") from error
    if joints.ndim != 2 or joints.shape[1] not in (3, 4):
        raise BadFile(OTHER_FORM, f"{name}: key points have {joints.shape[1] - 1} coordinates.")
    if len(joints) != num_joints:
        raise _other_joints(name, len(joints), num_joints)
    track = instance.get("track_id")
    return Person(_seen(joints), track if type(track) is int else None)


def _pose(name: str, person: Any, options: Options) -> np.ndarray:
    """(V, 3) of a person of Kinetics-Skeleton."""
    flat = entry_of(name, person, "pose", list)
    scores = entry_of(name, person, "score", list)
    if len(flat) != 2 * options.num_joints or len(scores) != options.num_joints:
        raise _other_joints(name, len(scores), options.num_joints)
    try:
        places = np.array(flat, np.float64).reshape(-1, 2) * (options.image or (1, 1))
        return _seen(np.column_stack([places, np.array(scores, np.float64)]))
    except (TypeError, ValueError) as error:
        raise BadFile(NO_NUMBER, f"{name}: keypoints are not numbers: {error}") from error


def _rows(name: str, content: bytes, options: Options) -> list[Person]:
    """The persons of a label of YOLO, in pixels."""
    joints = options.num_joints
    try:
        rows = [[float(word) for word in line.split()] for line in content.decode().splitlines()]
    except ValueError as error:
        raise BadFile(NO_NUMBER, f"{name} is not a label of numbers: {error}.") from error
    people = []
    for row in filter(None, rows):
        channels = next((c for c in (3, 2) if 0 <= len(row) - BOX - c * joints <= 2), None)
        if channels is None:
            raise _other_joints(name, (len(row) - BOX) // 3, joints)
        table = np.array(row[BOX : BOX + channels * joints]).reshape(joints, channels)
        table[:, :2] *= options.image or (1, 1)
        rest = row[BOX + channels * joints :]
        # Of one number, the confidence is below 1, and tracks count from 1.
        is_track = len(rest) == 2 or (len(rest) == 1 and rest[0] >= 1 and rest[0] % 1 == 0)
        track = int(rest[-1]) if is_track and np.isfinite(rest[-1]) else None
        people.append(Person(_seen(table) if channels == 3 else table, track))
    return people


def _check_one_video(raw: Raw, frames: Mapping[tuple, list]) -> None:
    """Whether the labels of a folder are of one video, whose name they begin with."""
    videos = {"".join(part.text or str(part.number) for part in key[:-1]) for key in frames}
    numbers = {key[-1] for key in frames if key}
    if len(videos) > 1 and len(numbers) < len(frames):
        shown = first_of(sorted(video.rstrip("_") for video in videos))
        raise BadFile(
            OTHER_FORM,
            f"{raw.name} holds frames of {len(videos)} videos ({shown}). Put those of each into a "
            "folder of its own.",
        )


def _seen(joints: np.ndarray) -> np.ndarray:
    """Joints (V, C) of score 0 are 0."""
    return np.where(joints[:, -1:] > 0, joints, 0)


def _other_joints(name: str, found: int, num_joints: int) -> BadFile:
    message = f"{name} has {found} joints a person, the skeleton {num_joints}."
    return BadFile(WRONG_JOINTS, message)


class NamePart(NamedTuple):
    """A piece of a name: digits as a number, or other text."""

    text: str = ""
    number: int = 0


def _natural(name: str) -> tuple[NamePart, ...]:
    """A key that sorts frame_2 before frame_10."""
    return tuple(
        NamePart(number=int(part)) if part.isdecimal() and len(part) < 19 else NamePart(part)
        for part in re.split(r"(\d+)", name)
        if part
    )
