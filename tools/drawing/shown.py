"""A clip prepared for drawing: joints in screen coordinates, bones and vectors."""
# Shapes: M persons, T frames, V joints, C channels.

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from graph.named import skeleton_class
from graph.streams import derive_stream
from tools.drawing.limbs import LIMBS, limb_of_bone

DEFAULT_RATE = 30.0
MOTION_FRAMES = 4  # of the way that a motion is drawn for, as that of one frame is short


@dataclass(frozen=True)
class ShownClip:
    """A clip in screen coordinates.

    Args:
        title: text above it.
        joints: (M, T, V, 3) to the right, up, and towards the viewer; NaN where not seen.
        names: of the joints.
        bones: (child, parent) pairs.
        rate: frames per second.
        flat: whether it has no depth.
        vectors: (M, T, V, 3) to draw at each joint, such as its motion; None: none.
        curves: (T,) by name, drawn below the clip by the player.
    """

    title: str
    joints: np.ndarray
    names: tuple[str, ...]
    bones: tuple[tuple[int, int], ...]
    rate: float = DEFAULT_RATE
    flat: bool = False
    vectors: np.ndarray | None = None
    curves: Mapping[str, np.ndarray] = field(default_factory=dict)
    limbs: tuple[int, ...] = field(init=False)  # of each bone, as a number in LIMBS

    def __post_init__(self) -> None:
        found = (LIMBS.index(limb_of_bone(self.names[c], self.names[p])) for c, p in self.bones)
        object.__setattr__(self, "limbs", tuple(found))

    @property
    def num_frames(self) -> int:
        return self.joints.shape[1]

    def box(self) -> tuple[np.ndarray, float]:
        """Centre (3,) and half the largest side of the box around all joints of all frames.

        Outliers, such as tracking errors, are ignored.
        """
        places = self.joints[np.isfinite(self.joints).all(axis=3)]
        if not len(places):
            return np.zeros(3), 1.0
        low, high = np.percentile(places, (0.2, 99.8), axis=0)
        return (low + high) / 2, max(float((high - low).max()) / 2, 1e-6)


def shown_clip(
    title: str,
    clip: np.ndarray,
    skeleton: str,
    up: str,
    rate: float | None = None,
    has_score: bool = False,
    stream: str | None = None,
    centre: int | None = None,
) -> ShownClip:
    """Prepare a clip (M, T, V, C) for drawing.

    Args:
        skeleton: its name.
        up: the axis that points up: y, -y or z. With y and z, x points to the right of a person
            who faces the viewer, as Kinects and normalised clips have it; with -y, and where there
            is no depth, to the viewer's right.
        has_score: whether the last channel is a confidence.
        centre: the joint that normalisation put at 0, where others are seen; elsewhere 0 means that
            a joint was not seen.
        stream: whose vectors are drawn at the joints: bone, joint_motion or bone_motion.

    Raises:
        ValueError: the clip has other joints than the skeleton.
    """
    body = skeleton_class(skeleton)
    names, bones = tuple(body.joint_names), tuple(body.bones)
    if clip.shape[2] != len(names):
        raise ValueError(f"{title} has {clip.shape[2]} joints, but {skeleton} {len(names)}.")
    seen = clip.any(axis=3)
    if centre is not None:
        seen[0, :, centre] = seen[0].any(axis=1)
    places = clip[..., : clip.shape[3] - has_score].astype(np.float64)
    flat = places.shape[3] < 3
    vectors = None
    if stream and stream != "joint":
        derived = derive_stream(places.transpose(3, 1, 2, 0), stream, bones)
        vectors = on_screen(derived.transpose(3, 1, 2, 0), up)
        # A bone comes from its parent: it is drawn back to it.
        vectors = vectors * (MOTION_FRAMES if stream.endswith("motion") else -1)
    joints = np.where(seen[..., None], on_screen(places, up), np.nan)
    present = np.flatnonzero(seen.any(axis=(1, 2)))
    length = np.flatnonzero(seen.any(axis=(0, 2)))
    stop = length[-1] + 1 if len(length) else 1
    joints = joints[present, :stop] if len(present) else joints[:1, :1]
    if vectors is not None:
        vectors = vectors[present, :stop] if len(present) else vectors[:1, :1]
    edges = tuple(bone for bone in bones if bone[0] != bone[1])
    return ShownClip(title, joints, names, edges, rate or DEFAULT_RATE, flat, vectors)


def on_screen(places: np.ndarray, up: str) -> np.ndarray:
    """(..., 2 or 3) -> (..., 3): to the right, up, towards the viewer."""
    if places.shape[-1] < 3:
        x, y = places[..., 0], places[..., 1]
        return np.stack([x, -y if up == "-y" else y, np.zeros_like(x)], axis=-1)
    x, y, z = places[..., 0], places[..., 1], places[..., 2]
    if up == "-y":
        return np.stack([x, -y, -z], axis=-1)
    return np.stack([-x, z, y] if up == "z" else [-x, y, -z], axis=-1)


def turned(joints: np.ndarray, azimuth: float, elevation: float) -> np.ndarray:
    """(..., 3) -> (..., 3) seen from an angle, in degrees: around the vertical, and from above."""
    a, e = np.deg2rad(azimuth), np.deg2rad(elevation)
    x, y, z = joints[..., 0], joints[..., 1], joints[..., 2]
    right, near = x * np.cos(a) + z * np.sin(a), z * np.cos(a) - x * np.sin(a)
    return np.stack(
        [right, y * np.cos(e) - near * np.sin(e), near * np.cos(e) + y * np.sin(e)], axis=-1
    )
