"""The streams of two- and four-stream networks, from joints (Shi et al., CVPR 2019, TIP 2020)."""

from collections.abc import Sequence

import numpy as np

from graph.bone import bones_from_joints
from graph.motion import motion_from_joints

STREAMS = ("joint", "bone", "joint_motion", "bone_motion")

Bones = Sequence[tuple[int, int]]  # 0-based (child, parent)


def derive_stream(joints: np.ndarray, stream: str, bones: Bones) -> np.ndarray:
    """(..., T, V, M) joints -> one of STREAMS, of the same shape and dtype; joints as they are."""
    clips = bones_from_joints(joints, bones) if stream.startswith("bone") else joints
    return motion_from_joints(clips) if stream.endswith("motion") else clips
