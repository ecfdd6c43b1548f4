"""The stream that a Feeder derives, and what it needs of the skeleton for that.

A stream is what its file on disk would hold: bones are joints minus their parents, motions the next
frame minus this one. So it is derived before any augmentation (graph/streams.py), but for the zeros
around a clip, which the Feeder's `resize` leaves out first.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from formats.clip_names import stream_of_file
from graph.bone import bones_from_joints
from graph.named import skeleton_class
from graph.skeleton import Skeleton
from graph.streams import STREAMS, Bones


def resulting_stream(stream: str, data_path: Path) -> str:
    """The stream of a Feeder's clips: `stream`, or the one that the file already holds by its name.

    Raises:
        ValueError: there is no such stream, or the data are a file of another one already.
    """
    if stream not in STREAMS:
        raise ValueError(f"stream must be one of {', '.join(STREAMS)}. Got {stream!r}.")
    in_name = stream_of_file(data_path)
    if stream != "joint" and in_name:
        raise ValueError(
            f"stream: {stream} is derived from joints, but {data_path} is another stream already. "
            "Name the joints' file, or leave stream out."
        )
    return in_name or stream


class Needs(NamedTuple):
    """What a Feeder's options need of the skeleton."""

    bones: bool  # of a bone stream
    mirror_images: bool  # of clips that are mirrored

    def __bool__(self) -> bool:
        return self.bones or self.mirror_images


class BodyPlan(NamedTuple):
    """Bones and mirror pairs of a skeleton; empty where they are not needed."""

    bones: Bones = ()
    mirror_images: tuple[int, ...] = ()


def body_plan(graph: str, needs: Needs, num_joints: int) -> BodyPlan:
    """Bones and mirror pairs of a skeleton class.

    Args:
        graph: dotted name, such as "graph.ntu_rgb_d.AdjMatrixGraph".

    Raises:
        ValueError: there is no such class, it does not say what is needed, or has other joints.
    """
    skeleton = skeleton_class(graph)
    if not isinstance(skeleton, Skeleton):
        raise ValueError(
            f"graph: {graph} has no joint_names, bones and mirror_images(), as graph.skeleton "
            "describes them, which bone streams and random_mirror require."
        )
    plan = BodyPlan()
    if needs.bones:
        try:
            bones_from_joints(np.zeros((num_joints, 1)), skeleton.bones)
        except ValueError as error:
            raise ValueError(f"graph: {graph} does not fit the clips. {error}") from error
        plan = plan._replace(bones=tuple(skeleton.bones))
    if needs.mirror_images:
        images = skeleton.mirror_images()
        if len(images) != num_joints:
            raise ValueError(
                f"graph: {graph} does not fit the clips. random_mirror requires the names of the "
                f"{num_joints} joints, of which it has {len(images)}."
            )
        plan = plan._replace(mirror_images=tuple(images))
    return plan
