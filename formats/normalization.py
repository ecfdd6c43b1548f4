"""Normalises skeletons: replay short clips, put the body at the origin, turn it to the axes.

The steps are those of ST-GCN's followers for NTU RGB+D (Shahroudy et al., CVPR 2016); their
oddities are kept where the published numbers depend on them. Nothing here changes its input.

Joints are turned element by element, without BLAS, whose rounding may depend on the array's shape:
a clip comes out bit for bit the same, alone or among others, for a file or while it is loaded.
Bodies are handled one by one, because their arrays then stay below the size that glibc maps again,
page by page, each time: 0.5 ms instead of 2.5 ms for a clip of 300 frames and 2 persons.
"""
# Shapes: N clips, C channels (x, y, z in metres), T frames, V joints, M persons.
# Inside, a clip is a list of bodies (C, T, V). "Empty" means that the sum is exactly 0.

import math
from collections.abc import Sequence

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
    """(N, 3, T, V, M) metres -> the same shape and dtype: `normalize_clip` of every clip."""
    normalised = np.empty(data.shape, data.dtype)
    for out, clip in zip(normalised, data, strict=True):
        out[:] = normalize_clip(clip, z_axis, x_axis, centre, pad)
    return normalised


def normalize_clip(
    clip: np.ndarray,
    z_axis: tuple[int, int] = (0, 1),
    x_axis: tuple[int, int] = (8, 4),
    centre: int = 1,
    pad: bool = True,
) -> np.ndarray:
    """(3, T, V, M) metres -> the same shape and dtype, normalised; a new array.

    Afterwards joint `centre` of person 0 is the origin of every frame, and in frame 0 the vector
    from x_axis[1] to x_axis[0] of person 0 points along +x. NOTE: the turn to x undoes part of the
    turn to z, so that the spine is only roughly upright.

    Args:
        z_axis: joints (from, to) whose vector is turned to +z first.
        x_axis: joints (to, from) whose vector is turned to +x then.
        centre: the joint at the origin.
        pad: replay clips that end before T frames.
    """
    # A person without data stays 0, so it is left out; but all are measured from person 0.
    present = [m for m in range(clip.shape[3]) if m == 0 or clip[..., m].any()]
    bodies = [np.ascontiguousarray(clip[..., m]) for m in present]
    if pad:
        bodies = [replay(body) for body in bodies]
    bodies = centred(bodies, centre)
    matrix = turn_to_axes(bodies[0][:, 0], z_axis, x_axis)
    normalised = np.zeros(clip.shape, clip.dtype)
    for m, body in zip(present, bodies, strict=True):
        normalised[..., m] = np.where(_has_data(body)[:, None], rotated(body, matrix), body)
    return normalised


def replay(body: np.ndarray) -> np.ndarray:
    """(C, T, V) -> (C, T, V): one body's frames, repeated in order up to the end.

    A body whose first frame is empty loses all its empty frames first; otherwise a gap in the
    middle stays. A body without data stays as it is.
    """
    seen = _has_data(body)
    if not seen.any():
        return body
    frames = np.flatnonzero(seen)
    if seen[0]:
        frames = np.arange(frames[-1] + 1)
    return body[:, np.resize(frames, len(seen))]  # np.resize repeats


def centred(bodies: Sequence[np.ndarray], joint: int) -> list[np.ndarray]:
    """Each (C, T, V) relative to body 0's `joint` in each frame.

    Joints whose coordinates sum to 0 are missing, and stay 0.
    """
    centre = bodies[0][:, :, joint : joint + 1]
    return [np.where(body.sum(axis=0) != 0, body - centre, 0) for body in bodies]


def turn_to_axes(
    joints: np.ndarray, z_axis: tuple[int, int], x_axis: tuple[int, int]
) -> np.ndarray:
    """The rotation (3, 3), float64, for joints (3, V): first z_axis (from, to) to +z, then x_axis
    (to, from) to +x.
    """
    upright = rotation_to_axis(joints[:, z_axis[1]] - joints[:, z_axis[0]], Z_AXIS)
    across = upright @ (joints[:, x_axis[0]] - joints[:, x_axis[1]])
    return rotation_to_axis(across, X_AXIS) @ upright


def rotated(body: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """(3, T, V) -> (3, T, V) of the same dtype: `matrix` (3, 3) times every joint, in float64."""
    turned = np.empty_like(body)
    x, y, z = body.astype(np.float64)
    for out, (along_x, along_y, along_z) in zip(turned, matrix, strict=True):
        out[:] = along_x * x + along_y * y + along_z * z
    return turned


def rotation_to_axis(vector: np.ndarray, axis: int) -> np.ndarray:
    """The shortest rotation (3, 3), float64, that turns `vector` (3,) to +`axis` (0, 1 or 2).

    A vector of nearly no length has no direction: the identity.
    """
    vector = np.asarray(vector, dtype=np.float64)
    target = np.eye(3)[axis]
    length = math.sqrt(vector @ vector)
    if length < NEARLY_ZERO:
        return np.eye(3)
    normal = _cross(vector, target)
    sine = math.sqrt(normal @ normal)
    if sine < NEARLY_ZERO * length:
        # Published code: identity for the opposite direction too; here half a turn, about an axis
        # that keeps z for a turn to x, because the vector would point to the wrong side.
        return np.eye(3) if vector[axis] > 0 else rotation_matrix(np.eye(3)[axis - 1], np.pi)
    return rotation_matrix(normal, math.atan2(sine, vector[axis]))


def _cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The vector product (3,) of two (3,); numpy's own takes longer than all else here."""
    (ax, ay, az), (bx, by, bz) = a.tolist(), b.tolist()
    return np.array([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx])


def rotation_matrix(axis: np.ndarray, angle: float) -> np.ndarray:
    """The rotation (3, 3), float64, about `axis` (3,) by `angle` radians, counter-clockwise.

    Rodrigues' formula: R = I + sin(angle) K + (1 - cos(angle)) K^2 with K v = axis x v.
    """
    x, y, z = (axis / math.sqrt(axis @ axis)).tolist()
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + math.sin(angle) * cross + (1 - math.cos(angle)) * (cross @ cross)


def _has_data(body: np.ndarray) -> np.ndarray:
    """(C, T, V) -> (T,), whether a frame's sum is not 0."""
    return np.einsum("ctv->t", body) != 0
