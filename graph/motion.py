"""Motions: how far every joint (or bone) goes from one frame to the next."""

import numpy as np


def motion_from_joints(clips: np.ndarray) -> np.ndarray:
    """(..., T, V, M) -> the same shape and dtype: the next frame minus this one; a new array.

    Nothing follows the last frame, whose motion is 0 (the convention of the field's two-stream
    networks). Takes clips (C, T, V, M) and (N, C, T, V, M), joints and bones alike.
    """
    motions = np.zeros_like(clips)
    np.subtract(clips[..., 1:, :, :], clips[..., :-1, :, :], out=motions[..., :-1, :, :])
    return motions
