"""A clip of the arrays -> the input of the network. Needs no torch."""
# Shapes: C channels, T frames, V joints, M persons.

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from feeders import tools
from feeders.augmentation import OPTIONS, Augmentation
from feeders.streams import BodyPlan, Needs, body_plan, resulting_stream
from graph.streams import derive_stream
from utils.config import coerced


@dataclass
class ClipTransform:
    """The processing of a Feeder: derive the stream, then augment.

    Args:
        stream: joint, bone, joint_motion or bone_motion, as in `feeders.feeder.Feeder`.
        augment: the augmentation.
        body: bones and mirror pairs of the skeleton, where they are needed.
        from_file: the stream of the file that training read, which is derived first; joint where
            training derived its stream itself.
        mean_map: (C, 1, V, 1), subtracted from the stream.
        std_map: (C, 1, V, 1), which the rest is divided by.
        has_score: whether the last channel is a confidence.
    """

    stream: str
    augment: Augmentation
    body: BodyPlan = field(default_factory=BodyPlan)
    from_file: str = "joint"
    mean_map: np.ndarray | None = None
    std_map: np.ndarray | None = None
    has_score: bool = False

    @property
    def needs(self) -> Needs:
        """What it needs of the skeleton."""
        bones = self.stream.startswith("bone") or self.from_file.startswith("bone")
        return Needs(bones, self.augment.random_mirror)

    def __call__(
        self, joints: np.ndarray, rng: np.random.Generator, crop: tuple[int, int] = (0, 1)
    ) -> np.ndarray:
        """Joints (C, T, V, M) -> (C, T', V, M), float32.

        Args:
            crop: number and count of the crop, as in `Augmentation`.
        """
        clip = self.in_stream(joints)
        if self.mean_map is not None:
            clip = (clip - self.mean_map) / self.std_map
        late = {"derive": self._derive} if self.augment.fit_axes else {}
        about = {"mirror_images": self.body.mirror_images, "has_score": self.has_score}
        clip = self.augment(clip, rng, crop=crop, **about, **late)
        return np.ascontiguousarray(clip)

    def in_stream(self, joints: np.ndarray) -> np.ndarray:
        """Joints (C, T, V, M) -> the clip as the stream's own file would hold it, float32.

        With `resize` it is the recorded frames only, with `fit_axes` still the joints.
        """
        joints = np.array(joints, dtype=np.float32)
        if self.from_file != "joint":
            joints = derive_stream(joints, self.from_file, self.body.bones)
        if self.augment.resize:
            joints = tools.recorded_frames(joints)
        if self.augment.fit_axes:
            return joints
        clip = self._derive(joints)
        steps = clip.shape[1] - (self.augment.resize and self.stream.endswith("motion"))
        return clip[:, : max(steps, 1)]

    def _derive(self, joints: np.ndarray) -> np.ndarray:
        return derive_stream(joints, self.stream, self.body.bones)


def transform_of(
    feeder_args: Mapping[str, Any], graph: str | None, num_joints: int, has_score: bool = False
) -> ClipTransform:
    """The transform of a Feeder with these arguments, for joints that come from elsewhere.

    Args:
        feeder_args: as in a YAML file.
        graph: the skeleton, where the arguments name none.
        has_score: whether the last channel is a confidence.

    Raises:
        ValueError: it needs the data set itself (`normalization`), or a skeleton that is unknown.
    """
    if feeder_args.get("normalization"):
        raise ValueError(
            "normalization: true takes its mean from all clips of the data set, so that a single "
            "clip cannot be predicted. Train without it."
        )
    options = {name: value for name, value in feeder_args.items() if name in OPTIONS}
    augment = Augmentation(**coerced(Augmentation, options, name="feeders.feeder.Feeder"))
    stream = feeder_args.get("stream", "joint")
    path = Path(str(feeder_args.get("data_path", "")))
    result = resulting_stream(stream, path)
    in_file = "joint" if stream != "joint" else {"motion": "joint_motion"}.get(result, result)
    transform = ClipTransform(stream, augment, from_file=in_file, has_score=has_score)
    if transform.needs:
        graph = feeder_args.get("graph") or graph
        if not graph:
            raise ValueError("the stream requires a skeleton. Give model_args or feeder a graph.")
        transform.body = body_plan(graph, transform.needs, num_joints)
    return transform
