"""Augmentations of one clip; pure functions that take the random generator they draw from."""
# Shapes: C channels, T frames, V joints, M persons. A clip is (C, T, V, M).

import numpy as np

MOVE_ANGLES = (-10.0, -5.0, 0.0, 5.0, 10.0)  # degrees
MOVE_SCALES = (0.9, 1.0, 1.1)
MOVE_OFFSETS = (-0.2, -0.1, 0.0, 0.1, 0.2)  # in units of the coordinates


def valid_span(clip: np.ndarray) -> tuple[int, int]:
    """First and one-past-last frame that is not all zero; (0, 0) for an empty clip."""
    present = np.flatnonzero(clip.any(axis=(0, 2, 3)))
    return (int(present[0]), int(present[-1]) + 1) if len(present) else (0, 0)


def pad(clip: np.ndarray, num_frames: int, start: int = 0) -> np.ndarray:
    """Zeros around the clip up to `num_frames`, the clip beginning at `start`."""
    channels, frames, joints, persons = clip.shape
    if frames >= num_frames:
        return clip
    padded = np.zeros((channels, num_frames, joints, persons), clip.dtype)
    padded[:, start : start + frames] = clip
    return padded


def random_choose(clip: np.ndarray, num_frames: int, rng: np.random.Generator) -> np.ndarray:
    """A random crop of `num_frames`; a shorter clip gets zeros, beginning at a random frame."""
    spare = clip.shape[1] - num_frames
    start = int(rng.integers(abs(spare) + 1))
    if spare <= 0:
        return pad(clip, num_frames, start)
    return clip[:, start : start + num_frames]


def random_shift(clip: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Move the valid span to a random start; the frames around it become zero."""
    begin, end = valid_span(clip)
    shifted = np.zeros_like(clip)
    start = int(rng.integers(clip.shape[1] - (end - begin) + 1))
    shifted[:, start : start + end - begin] = clip[:, begin:end]
    return shifted


def random_move(clip: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Rotate, scale and shift x and y, drifting linearly over the clip (ST-GCN, AAAI 2018).

    Angle, scale and offsets are drawn for the first and the last frame.
    """
    weight = np.linspace(0.0, 1.0, clip.shape[1])

    def drift(values: tuple[float, ...]) -> np.ndarray:  # (T,)
        first, last = rng.choice(values, 2)
        return first + (last - first) * weight

    angle, scale = np.deg2rad(drift(MOVE_ANGLES)), drift(MOVE_SCALES)
    offset = np.stack([drift(MOVE_OFFSETS), drift(MOVE_OFFSETS)])  # (2, T)
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    turn = np.array([[cos, -sin], [sin, cos]])  # (2, 2, T)
    moved = clip.copy()
    moved[:2] = np.einsum("ijt,jtvm->itvm", turn, clip[:2]) + offset[:, :, None, None]
    return moved


def random_rotation(
    clip: np.ndarray, max_degrees: float, max_tilt_degrees: float, rng: np.random.Generator
) -> np.ndarray:
    """Turn the whole clip about the vertical axis (y), then tilt it about x: another camera.

    Angles are uniform within +- the limits. Needs three channels; distances are preserved.
    """
    turn, tilt = np.deg2rad(rng.uniform(-1, 1, 2) * (max_degrees, max_tilt_degrees))
    about_y = np.array(
        [[np.cos(turn), 0, np.sin(turn)], [0, 1, 0], [-np.sin(turn), 0, np.cos(turn)]]
    )
    about_x = np.array(
        [[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]]
    )
    return np.einsum("ij,jtvm->itvm", about_x @ about_y, clip).astype(clip.dtype)


def random_scale(clip: np.ndarray, low: float, high: float, rng: np.random.Generator) -> np.ndarray:
    """Multiply every coordinate of the clip by one factor, uniform in [low, high]."""
    return clip * clip.dtype.type(rng.uniform(low, high))


def random_crop(clip: np.ndarray, min_share: float, rng: np.random.Generator) -> np.ndarray:
    """A random stretch of the valid span, at least `min_share` of it and at least one frame."""
    begin, end = valid_span(clip)
    length = max(1, round((end - begin) * rng.uniform(min_share, 1.0)))
    start = begin + int(rng.integers(max(end - begin - length, 0) + 1))
    return clip[:, start : start + length]


def resize(clip: np.ndarray, num_frames: int) -> np.ndarray:
    """Resample the frames linearly to `num_frames`; the first and the last frame stay."""
    position = np.linspace(0, clip.shape[1] - 1, num_frames)
    before = position.astype(int)
    after = np.minimum(before + 1, clip.shape[1] - 1)
    weight = (position - before).astype(clip.dtype)[:, None, None]
    return clip[:, before] * (1 - weight) + clip[:, after] * weight
