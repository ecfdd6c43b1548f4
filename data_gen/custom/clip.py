"""A user's clip as its file has it -> the clip of the arrays."""
# Shapes: M persons, T frames, V joints, C channels.

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from data_gen.custom.settings import CustomSettings
from data_gen.readers.ntu import body_energy
from data_gen.readers.sample import Sample
from formats.normalization import normalize_clip
from graph.named import skeleton_class
from graph.skeleton import SkeletonGraph

BOTTOM = ("spine_base", "hip_center", "mid_hip", "pelvis", "hip", "torso")
TOP = ("spine_mid", "spine", "spine_middle", "spine_navel", "thorax", "neck")


class Preparation(NamedTuple):
    """The processing of a clip after reading."""

    skeleton: str  # its name: classes made of YAML files do not go to other processes
    normalise: str
    centre: int
    scale: str
    image: tuple[float, float] | None
    keep_score: bool
    frames: int | None  # longer clips are resampled to
    max_frames: int | None  # longer clips are cut to
    rate: float | None
    persons: int


def preparation_of(settings: CustomSettings, skeleton: type[SkeletonGraph]) -> Preparation:
    """The processing of all clips.

    Raises:
        ValueError: the skeleton lacks joints that the normalisation names.
    """
    normalise = settings.normalise
    normalise = normalise if isinstance(normalise, Mapping) else {"mode": normalise}
    centre = normalise.get("centre")
    if centre is not None and centre not in skeleton.joint_names:
        raise ValueError(f"normalise: the skeleton has no joint {centre!r}.")
    own = skeleton.centre if skeleton.centre is not None else 0
    if normalise["mode"] == "ntu":
        _upright_joints(skeleton)
    frames = settings.frames
    is_cut = isinstance(frames, Mapping)
    image = settings.reader.get("image") or ()
    image = () if any(isinstance(size, str) for size in image) else image  # fields of each file
    return Preparation(
        settings.skeleton,
        normalise["mode"],
        own if centre is None else skeleton.joint_names.index(centre),
        normalise.get("scale", "box"),
        tuple(map(float, image)) or None,
        settings.reader.get("score", "keep") == "keep",
        None if is_cut else frames,
        frames["max"] if is_cut else None,
        settings.rate,
        settings.persons,
    )


def prepare(sample: Sample, preparation: Preparation) -> tuple[np.ndarray, bool]:
    """A clip as its file has it -> (M, T, V, C) float32 for the arrays, and whether it was cut."""
    clip = sample.clip.astype(np.float64)
    if image := sample.image or preparation.image:
        clip = in_image(clip, image)
    if sample.has_score and not preparation.keep_score:
        clip = clip[..., :-1]
    places = slice(0, clip.shape[3] - (sample.has_score and preparation.keep_score))
    if preparation.rate and sample.rate:
        length = max(1, round(clip.shape[1] * preparation.rate / sample.rate))
        clip = resampled(clip, length)
    if preparation.frames and clip.shape[1] > preparation.frames:
        clip = resampled(clip, preparation.frames)
    is_cut = bool(preparation.max_frames) and clip.shape[1] > preparation.max_frames
    clip = clip[:, : preparation.max_frames] if is_cut else clip
    clip = most_active(clip, preparation.persons)
    clip[..., places] = normalised(clip[..., places], preparation)
    return clip.astype(np.float32), is_cut


def in_image(clip: np.ndarray, size: tuple[float, float]) -> np.ndarray:
    """Pixels -> fractions of the image's width, from its middle; unseen joints stay 0."""
    seen = clip[..., :2].any(axis=3)
    places = (clip[..., :2] - np.array(size) / 2) / size[0]
    clip = clip.copy()
    clip[..., :2] = np.where(seen[..., None], places, 0)
    return clip


def resampled(clip: np.ndarray, length: int) -> np.ndarray:
    """(M, T, V, C) -> (M, length, V, C), by linear interpolation; a joint missing in one of two
    frames is taken from the nearer one.
    """
    if clip.shape[1] in (0, length):
        return clip
    moments = np.linspace(0, clip.shape[1] - 1, length) if length > 1 else np.zeros(1)
    before = np.floor(moments).astype(int)
    after = np.minimum(before + 1, clip.shape[1] - 1)
    share = (moments - before)[:, None, None]
    one, other = clip[:, before], clip[:, after]
    both = one.any(axis=3, keepdims=True) & other.any(axis=3, keepdims=True)
    nearer = np.where(share < 0.5, one, other)
    return np.where(both, one + share * (other - one), nearer)


def most_active(clip: np.ndarray, persons: int) -> np.ndarray:
    """Of more persons (of M) those that move and extend most, the most active first."""
    if len(clip) > persons:
        energy = np.array([body_energy(body[..., :3]) for body in clip])
        clip = clip[energy.argsort(kind="stable")[::-1][:persons]]
    return clip


def normalised(places: np.ndarray, preparation: Preparation) -> np.ndarray:
    """Coordinates (M, T, V, C); unseen joints stay 0."""
    if preparation.normalise == "none" or not places.any():
        return places
    if preparation.normalise == "ntu":
        bottom, top, shoulders = _upright_joints(skeleton_class(preparation.skeleton))
        clip = places.transpose(3, 1, 2, 0)
        turned = normalize_clip(
            clip, z_axis=(bottom, top), x_axis=shoulders, centre=preparation.centre, pad=False
        )
        return turned.transpose(3, 1, 2, 0)
    seen = places.any(axis=3, keepdims=True)
    first = places[0, :, preparation.centre]
    shown = np.flatnonzero(first.any(axis=1))
    origin = first[shown[0]] if len(shown) else places[seen[..., 0]].mean(axis=0)
    centred = np.where(seen, places - origin, 0)
    if preparation.normalise == "centre":
        return centred
    size = np.abs(centred).max() if preparation.scale == "box" else _torso(centred, preparation)
    return centred / size if size > 0 else centred


def _torso(places: np.ndarray, preparation: Preparation) -> float:
    """The median distance of the middle of the hips from that of the shoulders, or the box."""
    names = skeleton_class(preparation.skeleton).joint_names
    pairs = [("left_hip", "right_hip"), ("left_shoulder", "right_shoulder")]
    if not all(name in names for pair in pairs for name in pair):
        return float(np.abs(places).max())
    one, other = (places[0][:, [names.index(n) for n in pair]].mean(axis=1) for pair in pairs)
    lengths = np.linalg.norm(one - other, axis=1)
    return float(np.median(lengths[lengths > 0])) if (lengths > 0).any() else 0.0


def _upright_joints(skeleton: type[SkeletonGraph]) -> tuple[int, int, tuple[int, int]]:
    names = list(skeleton.joint_names)
    bottom = next((names.index(name) for name in BOTTOM if name in names), None)
    top = next((names.index(n) for n in TOP if n in names and names.index(n) != bottom), None)
    if bottom is None or top is None or not {"left_shoulder", "right_shoulder"} <= set(names):
        raise ValueError("normalise: ntu requires joints named hips, spine and shoulders.")
    return bottom, top, (names.index("right_shoulder"), names.index("left_shoulder"))
