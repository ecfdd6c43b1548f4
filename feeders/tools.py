"""Augmentations of one clip; pure functions that take the random generator they draw from."""
# Shapes: C channels, T frames, V joints, M persons. A clip is (C, T, V, M).

from collections.abc import Sequence

import numpy as np

MOVE_ANGLES = (-10.0, -5.0, 0.0, 5.0, 10.0)  # degrees
MOVE_SCALES = (0.9, 1.0, 1.1)
MOVE_OFFSETS = (-0.2, -0.1, 0.0, 0.1, 0.2)  # in units of the coordinates
REPEAT_TOLERANCE = 1e-6  # in units of the coordinates, far below what a camera can repeat


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
    clip: np.ndarray, max_degrees: Sequence[float], rng: np.random.Generator
) -> np.ndarray:
    """Rotate the whole clip about y, then x, then z, as if seen by another camera.

    Angles are uniform within +- the limits; a missing limit is 0. Of two channels, x and y, those
    about y and x must be 0.
    """
    y, x, z = np.deg2rad(rng.uniform(-1, 1, 3) * [*max_degrees, 0.0, 0.0][:3])
    about_y = [[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]]
    about_x = [[1, 0, 0], [0, np.cos(x), -np.sin(x)], [0, np.sin(x), np.cos(x)]]
    about_z = [[np.cos(z), -np.sin(z), 0], [np.sin(z), np.cos(z), 0], [0, 0, 1]]
    turn = (np.array(about_z) @ about_x @ about_y)[: len(clip), : len(clip)]
    return np.einsum("ij,jtvm->itvm", turn, clip).astype(clip.dtype)


def random_mirror(clip: np.ndarray, images: Sequence[int], rng: np.random.Generator) -> np.ndarray:
    """With probability 0.5 mirror the clip: negate x, swap left and right joints.

    Args:
        images: for each joint its counterpart on the other side of the body.
    """
    if rng.random() < 0.5:
        return clip
    mirrored = clip[:, :, images]
    mirrored[0] *= -1
    return mirrored


def random_scale(clip: np.ndarray, low: float, high: float, rng: np.random.Generator) -> np.ndarray:
    """Multiply every coordinate of the clip by one factor, uniform in [low, high]."""
    return clip * clip.dtype.type(rng.uniform(low, high))


def joint_dropout(clip: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Set every joint to 0 with probability `share`, in all frames: not seen by the camera.

    Of a bone stream it is the bone that is hidden.
    """
    return clip * (rng.random((clip.shape[2], 1)) >= share).astype(clip.dtype)


def axis_dropout(clip: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Set one axis, drawn at random, to 0 in this share of the clips (SkateFormer, ECCV 2024)."""
    if rng.random() >= share:
        return clip
    flat = clip.copy()
    flat[rng.integers(len(flat))] = 0
    return flat


def joint_blackout(clip: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Set some joints to 0 for a stretch of frames in this share of the clips.

    A fifth to three fifths of the joints, for half of the frames or more (SkateFormer, ECCV 2024:
    4 to 12 of 20 joints, 16 to 32 frames).
    """
    if rng.random() >= share:
        return clip
    _, frames, joints, _ = clip.shape
    number = rng.integers(round(0.2 * joints), round(0.6 * joints) + 1)
    hidden = rng.permutation(joints)[:number]
    length = int(rng.integers(-(-frames // 2), frames + 1))
    start = int(rng.integers(frames - length + 1))
    dark = clip.copy()
    dark[:, start : start + length, hidden] = 0
    return dark


def fit_axes(clip: np.ndarray) -> np.ndarray:
    """Bring each axis to [-1, 1] over all frames and joints of the clip (CTR-GCN, ICCV 2021).

    This removes much of the camera's position. Joints at exactly 0 were not seen: they are ignored
    and stay 0, as does an axis without extent.
    """
    seen = clip.any(axis=0)  # (T, V, M)
    if not seen.any():
        return clip
    low = np.where(seen, clip, np.inf).min(axis=(1, 2, 3), keepdims=True)
    high = np.where(seen, clip, -np.inf).max(axis=(1, 2, 3), keepdims=True)
    extent = high - low
    scale = np.divide(2, extent, out=np.zeros_like(extent), where=extent > 0)
    return ((clip - (low + high) / 2) * scale * seen).astype(clip.dtype)


def noise(clip: np.ndarray, std: float, rng: np.random.Generator) -> np.ndarray:
    """Add normal noise to every coordinate; what is exactly 0, such as absent bodies, stays 0.

    Args:
        std: in units of the coordinates.
    """
    there = clip.any(axis=0)
    return clip + (rng.normal(0, std, clip.shape) * there).astype(clip.dtype)


def recorded_frames(clip: np.ndarray) -> np.ndarray:
    """The valid span, without its repetitions up to the clip's end; one frame of an empty clip.

    NTU RGB+D's arrays repeat each body's frames; the first body shows where they begin again.
    """
    begin, end = valid_span(clip)
    clip = clip[:, begin : max(end, begin + 1)]
    body = clip[..., 0]
    like_first = _equal(body, body[:, :1]).all(axis=(0, 2))  # (T,)
    if like_first.all():  # it stands still, and tells nothing
        return clip
    for period in np.flatnonzero(like_first)[1:]:
        if _equal(body[:, period:], body[:, :-period]).all():
            return clip[:, :period]
    return clip


def _equal(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Element by element, but for rounding."""
    return np.abs(one - other) <= REPEAT_TOLERANCE


def random_crop(clip: np.ndarray, min_share: float, rng: np.random.Generator) -> np.ndarray:
    """A random stretch of the clip, at least `min_share` of it and at least one frame."""
    length = max(1, round(clip.shape[1] * rng.uniform(min_share, 1.0)))
    start = int(rng.integers(clip.shape[1] - length + 1))
    return clip[:, start : start + length]


def uniform_crop(clip: np.ndarray, share: float, number: int = 0, count: int = 1) -> np.ndarray:
    """One of `count` stretches of `share` of the clip, spread evenly over it.

    The first begins where the clip does and the last ends there; a single one is the middle.

    Args:
        number: which of them, from 0.
    """
    length = max(1, round(clip.shape[1] * share))
    place = number / (count - 1) if count > 1 else 0.5
    start = round((clip.shape[1] - length) * place)
    return clip[:, start : start + length]


def resize(clip: np.ndarray, num_frames: int) -> np.ndarray:
    """Resample the frames linearly to `num_frames`; the first and the last frame stay."""
    return _at(clip, np.linspace(0, clip.shape[1] - 1, num_frames))


def random_resize(clip: np.ndarray, num_frames: int, rng: np.random.Generator) -> np.ndarray:
    """Resample the frames linearly at a random moment of each of `num_frames` equal stretches.

    So the clip runs a little faster here and slower there (after PYSKL's uniform sampling, Duan et
    al., ACM MM 2022, which takes whole frames).
    """
    moments = (np.arange(num_frames) + rng.random(num_frames)) / num_frames
    return _at(clip, moments * (clip.shape[1] - 1))


def random_frames(clip: np.ndarray, num_frames: int, rng: np.random.Generator) -> np.ndarray:
    """`num_frames` frames drawn at random, with repetition, in their order (CTR-GCN, ICCV 2021)."""
    return clip[:, np.sort(rng.integers(clip.shape[1], size=num_frames))]


def _at(clip: np.ndarray, position: np.ndarray) -> np.ndarray:
    """The clip at positions (T',) between its first frame, 0, and its last, T - 1."""
    before = position.astype(int)
    after = np.minimum(before + 1, clip.shape[1] - 1)
    weight = (position - before).astype(clip.dtype)[:, None, None]
    return clip[:, before] * (1 - weight) + clip[:, after] * weight
