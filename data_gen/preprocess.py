"""Normalises skeletons: replay short clips, put the body at the origin, turn it to the axes.

The steps are those of ST-GCN's followers for NTU RGB+D (Shahroudy et al., CVPR 2016); their
oddities are kept where the published numbers depend on them. Nothing here changes its input.
"""
# Shapes: N clips, C channels (x, y, z in metres), T frames, V joints, M persons.
# Inside, one clip is (M, T, V, C). "Empty" means that the sum is exactly 0.

import numpy as np

X_AXIS, Z_AXIS = 0, 2
NEARLY_ZERO = 1e-6


def pre_normalization(
    data: np.ndarray,
    z_axis: tuple[int, int] = (0, 1),
    x_axis: tuple[int, int] = (8, 4),
    centre: int = 1,
    pad: bool = True,
) -> np.ndarray:
    """(N, 3, T, V, M) metres -> the same shape and dtype, each clip normalised by itself.

    Afterwards joint `centre` of person 0 is the origin of every frame, and in frame 0 the vector
    from x_axis[1] to x_axis[0] of person 0 points along +x. NOTE: the turn to x undoes part of the
    turn to z, so that the spine is only roughly upright.

    Args:
        z_axis: joints (from, to) whose vector is turned to +z first.
        x_axis: joints (to, from) whose vector is turned to +x then.
        centre: the joint at the origin.
        pad: replay clips that end before T frames.
    """
    clips = [
        _normalise_clip(clip, z_axis, x_axis, centre, pad) for clip in data.transpose(0, 4, 2, 3, 1)
    ]
    stacked = np.stack(clips) if clips else np.empty_like(data.transpose(0, 4, 2, 3, 1))
    return np.ascontiguousarray(stacked.transpose(0, 4, 2, 3, 1))  # (N, C, T, V, M)


def _normalise_clip(
    clip: np.ndarray, z_axis: tuple[int, int], x_axis: tuple[int, int], centre: int, pad: bool
) -> np.ndarray:
    """(M, T, V, C) -> (M, T, V, C)."""
    if pad:
        clip = np.stack([replay(body) for body in clip])
    clip = centred(clip, centre)
    clip = aligned(clip, z_axis[1], z_axis[0], Z_AXIS)
    return aligned(clip, x_axis[0], x_axis[1], X_AXIS)


def replay(body: np.ndarray) -> np.ndarray:
    """(T, V, C) -> (T, V, C): one body's frames, repeated in order up to the end.

    A body whose first frame is empty loses all its empty frames first; otherwise a gap in the
    middle stays. A body without data stays as it is.
    """
    seen = _has_data(body)
    if not seen.any():
        return body.copy()
    frames = body[: np.flatnonzero(seen)[-1] + 1] if seen[0] else body[seen]
    return frames[np.arange(len(body)) % len(frames)]


def centred(clip: np.ndarray, joint: int) -> np.ndarray:
    """(M, T, V, C) -> (M, T, V, C) relative to body 0's `joint` in each frame.

    Joints whose coordinates sum to 0 are missing, and stay 0.
    """
    present = clip.sum(axis=3, keepdims=True) != 0
    return np.where(present, clip - clip[:1, :, joint : joint + 1], 0)


def aligned(clip: np.ndarray, head: int, tail: int, axis: int) -> np.ndarray:
    """Turn a clip (M, T, V, C) so that body 0's `head` - `tail` in frame 0 points along +`axis`."""
    vector = clip[0, 0, head] - clip[0, 0, tail]
    turned = (clip @ rotation_to_axis(vector, axis).T).astype(clip.dtype)
    return np.where(_has_data(clip)[..., None, None], turned, clip)


def rotation_to_axis(vector: np.ndarray, axis: int) -> np.ndarray:
    """The shortest rotation (3, 3), float64, that turns `vector` (3,) to +`axis` (0, 1 or 2).

    A vector of nearly no length has no direction: the identity.
    """
    vector = np.asarray(vector, dtype=np.float64)
    target = np.eye(3)[axis]
    length = np.linalg.norm(vector)
    if length < NEARLY_ZERO:
        return np.eye(3)
    normal = np.cross(vector, target)
    if np.linalg.norm(normal) < NEARLY_ZERO * length:
        # Published code: identity for the opposite direction too; here half a turn, about an axis
        # that keeps z for a turn to x, because the vector would point to the wrong side.
        return np.eye(3) if vector[axis] > 0 else rotation_matrix(np.eye(3)[axis - 1], np.pi)
    return rotation_matrix(normal, np.arctan2(np.linalg.norm(normal), vector[axis]))


def rotation_matrix(axis: np.ndarray, angle: float) -> np.ndarray:
    """The rotation (3, 3), float64, about `axis` (3,) by `angle` radians, counter-clockwise.

    Rodrigues' formula: R = I + sin(angle) K + (1 - cos(angle)) K^2 with K v = axis x v.
    """
    x, y, z = axis / np.linalg.norm(axis)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * (cross @ cross)


def _has_data(frames: np.ndarray) -> np.ndarray:
    """(..., T, V, C) -> (..., T), whether a frame's sum is not 0."""
    return frames.sum(axis=(-2, -1)) != 0
