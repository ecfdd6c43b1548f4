"""Pose estimators behind one small interface."""
# Shapes: P persons, V joints; H, W of a picture in pixels.

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np

from utils.text import one_line


class Poses(NamedTuple):
    """The persons in one image."""

    image: np.ndarray  # (P, V, 3): x and y in pixels, y down, and the confidence
    world: np.ndarray | None = None  # (P, V, 3) metres: x to the right, y down, z away


class PoseEstimator(Protocol):
    """Images in order -> persons.

    Attributes:
        skeleton: name of the skeleton.
        has_world: whether it estimates metres.
    """

    skeleton: str
    has_world: bool

    def __call__(self, picture: np.ndarray, seconds: float) -> Poses:
        """The persons in an image (H, W, 3) uint8, RGB, at a time since the beginning."""


class MediaPipe:
    """MediaPipe's pose landmarks, of one person; of several with a model file.

    Without a file the legacy solutions are used, whose models come with the package; releases from
    1.0 on have only tasks, which need a file such as pose_landmarker_full.task.

    Raises:
        ValueError: the package or its model is missing.
    """

    skeleton, has_world = "mediapipe33", True

    def __init__(self, model: Path | None = None, persons: int = 2) -> None:
        try:
            import mediapipe
        except ImportError as error:
            raise ValueError(
                "--pose mediapipe requires its package. requirements-video.txt says how to get it."
            ) from error
        self._mediapipe = mediapipe
        self._tasks = self._solution = None
        if model:
            self._tasks = self._landmarker(model, persons)
        elif hasattr(mediapipe, "solutions"):
            self._solution = mediapipe.solutions.pose.Pose(model_complexity=1)
        else:
            raise ValueError(
                "this release of mediapipe has no model of its own. Fetch "
                "pose_landmarker_full.task from its authors and name it with --pose-model."
            )

    def _landmarker(self, model: Path, persons: int) -> object:
        if not model.is_file():
            raise FileNotFoundError(f"no model {model}. Fetch a pose_landmarker .task file.")
        vision, tasks = self._mediapipe.tasks.vision, self._mediapipe.tasks
        options = vision.PoseLandmarkerOptions(
            base_options=tasks.BaseOptions(model_asset_path=str(model)),
            running_mode=vision.RunningMode.VIDEO,
            num_poses=persons,
        )
        try:
            return vision.PoseLandmarker.create_from_options(options)
        except (RuntimeError, ValueError) as error:
            reason = one_line(error, 200)
            raise ValueError(f"{model} is not a model of mediapipe: {reason}") from error

    def __call__(self, picture: np.ndarray, seconds: float) -> Poses:
        height, width = picture.shape[:2]
        picture = np.ascontiguousarray(picture)
        if self._tasks:
            image = self._mediapipe.Image(
                image_format=self._mediapipe.ImageFormat.SRGB, data=picture
            )
            found = self._tasks.detect_for_video(image, round(1000 * seconds))
            places, world = found.pose_landmarks, found.pose_world_landmarks
        else:
            found = self._solution.process(picture)
            seen = found.pose_landmarks is not None
            places = [found.pose_landmarks.landmark] if seen else []
            world = [found.pose_world_landmarks.landmark] if seen else []
        in_image = [
            [(p.x * width, p.y * height, p.visibility) for p in person] for person in places
        ]
        in_metres = [[(p.x, p.y, p.z) for p in person] for person in world]
        return Poses(_table(in_image), _table(in_metres))


class RTMLib:
    """RTMPose's 17 joints of COCO for all persons, by rtmlib, which fetches its models when it
    first runs.

    Raises:
        ValueError: the package or its models are missing.
    """

    skeleton, has_world = "coco17", False

    def __init__(self, model: Path | None = None, persons: int = 2) -> None:
        try:
            from rtmlib import Body
        except ImportError as error:
            raise ValueError(
                "--pose rtmlib requires its package: pip install rtmlib onnxruntime"
            ) from error
        self._persons = persons
        options = {"pose": str(model)} if model else {}
        try:
            self._body = Body(mode="balanced", backend="onnxruntime", device="cpu", **options)
        except Exception as error:  # of urllib, zipfile or onnxruntime
            reason = one_line(error, 200)
            raise ValueError(f"rtmlib has no models, and could not fetch them: {reason}") from error

    def __call__(self, picture: np.ndarray, seconds: float) -> Poses:
        places, scores = self._body(np.ascontiguousarray(picture[..., ::-1]))  # BGR
        if not len(places):
            return Poses(np.zeros((0, 17, 3)))
        poses = np.concatenate([places, np.asarray(scores)[..., None]], axis=-1)
        order = np.argsort(-poses[..., 2].mean(axis=1), kind="stable")
        return Poses(poses[order[: self._persons]])


def _table(persons: list[list[tuple[float, float, float]]]) -> np.ndarray:
    return np.array(persons, np.float64).reshape(len(persons), -1 if persons else 33, 3)


ESTIMATORS: dict[str, Callable[..., PoseEstimator]] = {"mediapipe": MediaPipe, "rtmlib": RTMLib}


def estimator(name: str, model: Path | None, persons: int = 2) -> PoseEstimator:
    """The pose estimator of a name.

    Raises:
        ValueError: it does not exist, or lacks what it requires.
    """
    if name not in ESTIMATORS:
        raise ValueError(f"--pose must be one of {', '.join(ESTIMATORS)}. Got {name!r}.")
    return ESTIMATORS[name](model, persons)
