"""Videos -> skeletons, in the coordinates and joints of a data set."""
# Shapes: M persons, T frames, V joints, C channels, P persons of a frame.

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from data_gen.raw_formats import Kinetics, Ntu, RawFormat, Ucla
from data_gen.readers.sample import Sample
from data_gen.readers.tracks import by_nearest, clip_of
from graph.joint_matching import converted
from graph.named import skeleton_class
from tools.video.estimators import PoseEstimator, Poses
from tools.video.frames import Video
from utils.files import atomic_write

METRES, PIXELS = "metres", "pixels"


class Seen(NamedTuple):
    """The skeletons of a video."""

    name: str
    skeleton: str
    clip: np.ndarray  # (M, T, V, 3), metres (y down) or pixels and confidence
    coordinates: str  # METRES or PIXELS
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
    clip = clip_of(by_nearest(found), len(found), joints, 3, video.name)
    name, size = video.name, (video.width, video.height)
    return Seen(name, estimate.skeleton, clip, coordinates, size, video.rate)


def of(poses: Poses, coordinates: str) -> np.ndarray:
    """(P, V, 3) of a frame."""
    return poses.world if coordinates == METRES else poses.image


def _check(estimate: PoseEstimator, coordinates: str) -> None:
    if coordinates == METRES and not estimate.has_world:
        raise ValueError(
            f"{type(estimate).__name__} knows pixels only, but metres are needed. Use --pose "
            "mediapipe, or a network that was trained on places in images."
        )


def coordinates_for(raw: RawFormat) -> str:
    """The unit of a data set's clips."""
    if isinstance(raw, (Ntu, Ucla)):
        return METRES
    return PIXELS if isinstance(raw, Kinetics) or _has_image(raw) else METRES


def _has_image(raw: RawFormat) -> bool:
    preparation = getattr(raw, "preparation", None)
    return preparation is not None and preparation.image is not None


def in_dataset(
    clip: np.ndarray, skeleton: str, size: tuple[int, int], raw: RawFormat
) -> np.ndarray:
    """(M, T, V, 3) as seen -> joints and coordinates of a data set's raw clips.

    A Kinect's x points to its own left, its y up: both against mediapipe's. Kinetics-Skeleton has
    shares of the image from its middle, y up.
    """
    pixels = coordinates_for(raw) == PIXELS
    wanted = skeleton_class(raw.skeleton).joint_names
    clip = converted(clip, skeleton_class(skeleton).joint_names, wanted, has_score=pixels)
    seen = clip.any(axis=3, keepdims=True)
    if isinstance(raw, (Ntu, Ucla)):
        return np.where(seen, clip * (-1, -1, 1), 0)
    if isinstance(raw, Kinetics):
        shares = clip[..., :2] / size
        places = np.stack([shares[..., 0] - 0.5, 0.5 - shares[..., 1], clip[..., 2]], axis=-1)
        return np.where(seen, places, 0)
    return clip


def as_dataset(seen: Seen, raw: RawFormat) -> Sample:
    """Skeletons of a video as a raw clip of a data set."""
    clip = in_dataset(seen.clip, seen.skeleton, seen.size, raw)
    return Sample(seen.name, clip, coordinates_for(raw) == PIXELS, rate=seen.rate)


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
