"""Videos -> skeletons, in the coordinates and joints of a data set."""
# Shapes: M persons, T frames, V joints, C channels, P persons of a frame.

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from data_gen.raw_formats import Custom, Kinetics, RawFormat
from data_gen.readers.sample import Sample
from data_gen.readers.tracks import by_nearest, clip_of
from graph.joint_matching import converted
from graph.named import skeleton_class
from tools.video.estimators import PoseEstimator, Poses
from tools.video.frames import Video
from utils.files import atomic_write

METRES, PIXELS = "metres", "pixels"
SCORED_METRES = "metres and confidence"
# From an estimator's x to the right, y down, z away to the axis that points up in a data set, by
# turning: axes in their new order, and signs.
TURNS = {"-y": ([0, 1, 2], (1, 1, 1)), "y": ([0, 1, 2], (-1, -1, 1)), "z": ([0, 2, 1], (1, 1, -1))}


class Seen(NamedTuple):
    """The skeletons of a video."""

    name: str
    skeleton: str
    clip: np.ndarray  # (M, T, V, C), metres (y down) or pixels and confidence
    coordinates: str  # METRES, SCORED_METRES or PIXELS
    size: tuple[int, int]  # width and height of the pictures
    rate: float


def poses_of(video: Video, estimate: PoseEstimator) -> Iterator[Poses]:
    """The estimated poses, frame by frame."""
    frames = tqdm(video.frames, desc=video.name, unit=" frames", total=video.num_frames,
                  disable=None, leave=False)  # fmt: skip
    for number, picture in enumerate(frames):
        yield estimate(picture, number / video.rate)


def skeletons_of(video: Video, estimate: PoseEstimator, coordinates: str) -> Seen:
    """All skeletons of a video; persons are tracked from frame to frame by distance.

    Raises:
        ValueError: nobody is seen, or the estimator has no metres.
    """
    _check(estimate, coordinates)
    joints = len(skeleton_class(estimate.skeleton).joint_names)
    found = [of(poses, coordinates) for poses in poses_of(video, estimate)]
    if not any(len(persons) for persons in found):
        raise ValueError(f"{video.name}: nobody is seen in {len(found)} frames.")
    channels = found[0].shape[-1]
    clip = clip_of(by_nearest(found), len(found), joints, channels, video.name)
    name, size = video.name, (video.width, video.height)
    return Seen(name, estimate.skeleton, clip, coordinates, size, video.rate)


def of(poses: Poses, coordinates: str) -> np.ndarray:
    """(P, V, C) of a frame."""
    if coordinates == SCORED_METRES:
        return np.concatenate([poses.world, poses.image[..., 2:]], axis=-1)
    return poses.world if coordinates == METRES else poses.image


def _check(estimate: PoseEstimator, coordinates: str) -> None:
    if coordinates != PIXELS and not estimate.has_world:
        raise ValueError(
            f"{type(estimate).__name__} knows pixels only, but metres are needed. Use --pose "
            "mediapipe, or a network that was trained on places in images."
        )


def coordinates_for(raw: RawFormat) -> str:
    """The coordinates of a data set's clips.

    Raises:
        ValueError: a video does not tell them.
    """
    if isinstance(raw, Kinetics):
        return PIXELS
    if not isinstance(raw, Custom):
        return METRES
    if raw.in_image and raw.num_places == 3:
        raise ValueError("the data have a depth in the image, which --video does not estimate.")
    return PIXELS if raw.in_image else SCORED_METRES if raw.has_score else METRES


def has_score(raw: RawFormat) -> bool:
    """Whether the last channel of a data set's clips is a confidence."""
    if isinstance(raw, Custom) and raw.num_places:
        return raw.has_score
    return coordinates_for(raw) != METRES


def image_of(raw: RawFormat, size: tuple[int, int]) -> tuple[int, int] | None:
    """The size of a video's pictures, where places become shares of it."""
    return size if isinstance(raw, Custom) and raw.shares and raw.in_image else None


def in_dataset(
    clip: np.ndarray, skeleton: str, size: tuple[int, int], raw: RawFormat
) -> np.ndarray:
    """(M, T, V, C) as seen -> joints and coordinates of a data set's raw clips.

    Kinetics-Skeleton has shares of the image from its middle, y up.
    """
    coordinates = coordinates_for(raw)
    wanted, names = (skeleton_class(name).joint_names for name in (raw.skeleton, skeleton))
    clip = converted(clip, names, wanted, has_score=coordinates != METRES)
    seen = clip.any(axis=3, keepdims=True)
    if isinstance(raw, Kinetics):
        shares = clip[..., :2] / size
        places = np.stack([shares[..., 0] - 0.5, 0.5 - shares[..., 1], clip[..., 2]], axis=-1)
        return np.where(seen, places, 0)
    if coordinates == PIXELS:
        return clip if has_score(raw) else clip[..., :2]
    axes, signs = TURNS[raw.up]
    return np.concatenate([clip[..., axes] * signs, clip[..., 3:]], axis=-1)


def as_dataset(seen: Seen, raw: RawFormat) -> Sample:
    """Skeletons of a video as a raw clip of a data set."""
    clip = in_dataset(seen.clip, seen.skeleton, seen.size, raw)
    image = image_of(raw, seen.size)
    return Sample(seen.name, clip, has_score(raw), rate=seen.rate, image=image)


def frames_in_dataset(
    video: Video, estimate: PoseEstimator, raw: RawFormat
) -> Iterator[np.ndarray]:
    """Frames (P, V, C) as a data set's raw clips have them, one after the other.

    Raises:
        ValueError: as `skeletons_of`.
    """
    wanted = coordinates_for(raw)
    _check(estimate, wanted)
    for poses in poses_of(video, estimate):
        clip = of(poses, wanted)[:, None]
        yield in_dataset(clip, estimate.skeleton, (video.width, video.height), raw)[:, 0]


def save_skeletons(path: Path, seen: Seen) -> None:
    """An .npz that data_gen/custom_gendata.py reads: joints (M, T, V, C), rate, width, height."""
    if path.suffix != ".npz":
        raise ValueError(f"skeletons are saved as .npz. Got {path}.")
    width, height = seen.size
    with atomic_write(path) as temporary:
        np.savez_compressed(
            temporary, joints=seen.clip.astype(np.float32), rate=seen.rate,
            width=width, height=height,
        )  # fmt: skip
