"""The streams of two- and four-stream networks, from joints (Shi et al., CVPR 2019, TIP 2020)."""

from collections.abc import Sequence

import numpy as np

from graph.bone import bones_from_joints

STREAMS = ("joint", "bone", "joint_motion", "bone_motion")

Bones = Sequence[tuple[int, int]]  # 0-based (child, parent)


def derive_stream(joints: np.ndarray, stream: str, bones: Bones) -> np.ndarray:
    """(..., T, V, M) joints -> one of STREAMS, of the same shape and dtype; joints as they are."""
    clips = bones_from_joints(joints, bones) if stream.startswith("bone") else joints
    return motion_from_joints(clips) if stream.endswith("motion") else clips


def motion_from_joints(clips: np.ndarray) -> np.ndarray:
    """(..., T, V, M) -> the same shape and dtype: the next frame minus this one; a new array.

    Nothing follows the last frame, whose motion is 0 (the convention of the field's two-stream
    networks). Takes clips (C, T, V, M) and (N, C, T, V, M), joints and bones alike.
    """
    motions = np.zeros_like(clips)
    np.subtract(clips[..., 1:, :, :], clips[..., :-1, :, :], out=motions[..., :-1, :, :])
    return motions
