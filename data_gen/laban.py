"""Laban's efforts as features of joints: how a body moves, not where to.

Rudolf Laban (Effort, 1947) names four efforts: Time (sudden or sustained), Weight (strong or
light), Space (direct or indirect) and Flow (free or bound). "Skeleton-based Personality Recognition
using Laban Movement Analysis" (PMLR 173:74-87, 2022) gives each joint three numbers for each of
them. Its text and its released code differ. Both are here, p being positions and a bone angles:

- Time. `corrected`, what the text names: velocity, p[t] - p[t-1], in m/frame. `released`, what the
  code computes: differences between JOINTS, p[v] - p[v-1], in m; joint 0 has its position.
- Flow. `corrected`: how the angles' rate changes, a[t] - 2 a[t-1] + a[t-2], in rad/frame^2.
  `released`: the same, but angles before frame 0 count as 0: a jump in frames 0 and 1.
- Space, both: a, the angles between a bone and the x, y and z axes, in rad.
- Weight. `corrected`: acceleration, p[t] - 2 p[t-1] + p[t-2], in m/frame^2. `released`: Space.

Channels are in this order, three each: x, y, z. Where a corrected difference lacks earlier frames,
it repeats the first one that has them, so that no chunk begins with a jump; a chunk too short for
one has 0. Positions are relative to the chest (UDIVA: joint 6), frame by frame, hence so are
velocities. A bone is a joint minus its neighbour nearer to the trunk (UDIVA: joint 9); the root's
has no length and therefore no direction, which counts as a right angle to every axis (pi / 2).

Nothing here changes its input or needs more than numpy.
"""
# Shapes: ... any axes, T frames, V joints, 3 coordinates in metres.

from typing import NamedTuple

import numpy as np

from formats.normalization import normalize_clip
from graph.bone import parents_towards
from graph.skeleton import SkeletonGraph
from graph.udiva import AdjMatrixGraph

VARIANTS = ("corrected", "released")
RATE = 25.0  # frames per second of UDIVA
WINDOW = 25  # frames of a descriptor: a second of UDIVA
STILL = 0.01  # metres; shorter ways are the tracker's noise


class Anatomy(NamedTuple):
    """The joints of a skeleton that features need, by number.

    Args:
        parents: of each joint its neighbour nearer to the trunk; the root's is itself.
        centre: the chest, which is put at 0.
        up: two joints whose line points up.
        across: the line between the sides of the body, which is turned to +x.
    """

    parents: tuple[int, ...]
    centre: int
    up: tuple[int, int]
    across: tuple[int, int]


def _udiva() -> Anatomy:
    number = AdjMatrixGraph.joint_names.index
    return Anatomy(
        parents=tuple(parents_towards(number("spine_upper"), AdjMatrixGraph.edges)),
        centre=number("spine_middle"),
        up=(number("pelvis"), number("spine_middle")),
        across=(number("left_collar"), number("right_collar")),
    )


UDIVA = _udiva()


def anatomy_of(skeleton: type[SkeletonGraph]) -> Anatomy:
    """The anatomy of a skeleton that has a centre and joints named shoulders.

    Raises:
        ValueError: it has not.
    """
    if issubclass(skeleton, AdjMatrixGraph):
        return UDIVA
    parents = dict(skeleton.bones)
    root = next(joint for joint, parent in skeleton.bones if joint == parent)
    names = [name.lower() for name in skeleton.joint_names]
    shoulders = [i for i, name in enumerate(names) if "shoulder" in name]
    left, right = ([i for i in shoulders if side in names[i]] for side in ("left", "right"))
    if not left or not right or skeleton.centre in (None, root):
        raise ValueError(
            f"{skeleton.__name__}: features of efforts require a skeleton with joints named left "
            "and right shoulder and a centre that is not its root."
        )
    return Anatomy(
        parents=tuple(parents[joint] for joint in range(len(names))),
        centre=skeleton.centre,
        up=(root, skeleton.centre),
        across=(left[0], right[0]),
    )


def normalize_chunk(chunk: np.ndarray, anatomy: Anatomy = UDIVA) -> np.ndarray:
    """(T, V, 3) -> the same shape and dtype: the chest at 0 in every frame; in frame 0 the line
    from pelvis to chest is turned to +z, then that between the shoulders (UDIVA: collars) to +x. No
    frame is made up.
    """
    clip = chunk.transpose(2, 0, 1)[..., None]
    turned = normalize_clip(
        clip, z_axis=anatomy.up, x_axis=anatomy.across, centre=anatomy.centre, pad=False
    )
    return np.ascontiguousarray(turned[..., 0].transpose(1, 2, 0))


def laban_features(
    positions: np.ndarray, variant: str = "corrected", anatomy: Anatomy = UDIVA
) -> np.ndarray:
    """(..., T, V, 3) -> (..., T, V, 12) of the same dtype: Time, Flow, Space, Weight.

    Raises:
        ValueError: there is no such variant.
    """
    angles = bone_angles(positions, anatomy)
    if variant == "corrected":
        efforts = differences(positions, 1), differences(angles, 2), angles
        return np.concatenate([*efforts, differences(positions, 2)], axis=-1)
    if variant == "released":
        time = np.diff(positions, axis=-2, prepend=0)
        before = np.repeat(np.zeros_like(angles[..., :1, :, :]), 2, axis=-3)
        flow = np.diff(angles, n=2, axis=-3, prepend=before)
        return np.concatenate([time, flow, angles, angles], axis=-1)
    raise ValueError(f"variant must be one of {', '.join(VARIANTS)}. Got {variant!r}.")


def bone_angles(positions: np.ndarray, anatomy: Anatomy = UDIVA) -> np.ndarray:
    """(..., V, 3) -> (..., V, 3): angles in [0, pi] between each bone and the axes.

    arccos(bone / |bone|), its argument kept in [-1, 1] against rounding.
    """
    bones = positions - np.take(positions, anatomy.parents, axis=-2)
    lengths = np.sqrt(np.square(bones).sum(axis=-1, keepdims=True))
    directions = np.divide(bones, lengths, out=np.zeros_like(bones), where=lengths > 0)
    return np.arccos(np.clip(directions, -1, 1))


def differences(values: np.ndarray, order: int) -> np.ndarray:
    """(..., T, V, C) -> (..., T, V, C): differences over frames, per frame^order.

    The first `order` frames repeat the first difference; with too few frames all are 0.
    """
    change = np.diff(values, n=order, axis=-3)
    if not change.shape[-3]:
        return np.zeros_like(values)
    first = np.repeat(change[..., :1, :, :], order, axis=-3)
    return np.concatenate([first, change], axis=-3)


def descriptors(positions: np.ndarray, window: int = WINDOW) -> np.ndarray:
    """(..., T, V, 3) -> (..., T, V, 4): Weight, Time, Space, Flow of every joint, over the `window`
    frames around each frame (the means: at a chunk's ends, its end frames count several times).

    The classical descriptors of Larboulette and Gibet (MOCO 2015), those of a body being sums over
    its joints; a joint's mass counts as 1:
    - Weight: the largest kinetic energy |v|^2 in the window, (m/frame)^2;
    - Time: the mean acceleration |a|, m/frame^2;
    - Space: path length over displacement, 1 for a straight way. NOTE: 1 cm is added to both, since
      somebody who stays in place has no displacement to divide by;
    - Flow: the mean jerk, |third difference|, m/frame^3.

    Raises:
        ValueError: `window` is not odd, or below 3.
    """
    if window < 3 or window % 2 == 0:
        raise ValueError(f"the window of descriptors must be odd and 3 or more. Got {window}.")
    speed, acceleration, jerk = (_norm(differences(positions, order)) for order in (1, 2, 3))
    steps = _norm(np.diff(positions, axis=-3, prepend=positions[..., :1, :, :]))
    path = _across(np.cumsum(steps, axis=-2)[..., None], window)[..., 0]
    space = (path + STILL) / (_norm(_across(positions, window)) + STILL)
    weight = _over_windows(np.square(speed), window).max(axis=-1)
    time = _over_windows(acceleration, window).mean(axis=-1)
    flow = _over_windows(jerk, window).mean(axis=-1)
    return np.stack([weight, time, space, flow], axis=-1).astype(positions.dtype)


def _norm(vectors: np.ndarray) -> np.ndarray:
    return np.sqrt(np.square(vectors).sum(axis=-1))


def _across(values: np.ndarray, window: int) -> np.ndarray:
    """(..., T, V, C): the last value minus the first of the window around every frame."""
    last = values.shape[-3] - 1
    frames, half = np.arange(last + 1), window // 2
    ahead, behind = np.minimum(frames + half, last), np.maximum(frames - half, 0)
    return np.take(values, ahead, axis=-3) - np.take(values, behind, axis=-3)


def _over_windows(values: np.ndarray, window: int) -> np.ndarray:
    """(..., T, V) -> (..., T, V, window), a view: the values around every frame."""
    margins = [(0, 0)] * values.ndim
    margins[-2] = (window // 2, window // 2)
    padded = np.pad(values, margins, mode="edge")
    return np.lib.stride_tricks.sliding_window_view(padded, window, axis=-2)
