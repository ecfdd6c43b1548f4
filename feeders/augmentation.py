"""Augmentation of a clip: the options of the Feeder, and the order in which they apply.

To add an augmentation: a function here or in feeders/tools.py, a field, its range in
`__post_init__`, and a line in `__call__`. The Feeder takes the fields as its arguments.
"""
# Shapes: C channels, T frames, V joints, M persons. A clip is (C, T, V, M).

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from feeders import tools

logger = logging.getLogger(__name__)

NEEDS_PLACES = ("random_rotation", "random_mirror", "fit_axes", "axis_dropout")


@dataclass(frozen=True)
class Augmentation:
    """Choice of frames, then geometry, then occlusion and noise; all off by default.

    Raises:
        ValueError: an option is out of range, or requires another one.
    """

    window_size: int = -1
    """Frames of a clip handed to the network; -1 keeps the file's."""
    random_choose: bool = False
    """Crop a random `window_size` frames (zeros around shorter clips)."""
    random_shift: bool = False
    """Move the valid frames to a random start."""
    random_move: bool = False
    """Drifting rotation, scale and offset in the x, y plane."""
    resize: bool = False
    """Resample the recorded frames of each clip to `window_size`, without zeros or repetitions."""
    random_crop: float = 1.0
    """With `resize`, keep a random stretch of at least this share of the frames."""
    uniform_crop: float = 1.0
    """With `resize`, keep this share of the frames: the middle, or spread by --num-clips."""
    random_resize: bool = False
    """With `resize`, resample at random moments: uneven speed."""
    random_frames: bool = False
    """With `resize`, draw `window_size` frames at random, in order, with repetition."""
    random_rotation: Sequence[float] = (0.0, 0.0, 0.0)
    """Largest rotations about y, x, z, degrees; of places in an image [0, 0, z]. Vertical: y in
    NW-UCLA, z in NTU RGB+D's arrays."""
    random_scale: tuple[float, float] = (1.0, 1.0)
    """Range of a random factor on all coordinates."""
    random_mirror: bool = False
    """Swap left and right with probability 0.5."""
    fit_axes: bool = False
    """Bring each axis to [-1, 1] after rotation and scale; the stream is derived after that."""
    joint_dropout: float = 0.0
    """Probability of each joint to be 0 in all frames."""
    joint_blackout: float = 0.0
    """Share of clips in which some joints are 0 for a stretch of frames."""
    axis_dropout: float = 0.0
    """Share of clips in which one axis is 0."""
    noise: float = 0.0
    """Standard deviation of normal noise on every coordinate."""

    def __post_init__(self) -> None:
        if (self.random_choose or self.resize) and self.window_size <= 0:
            raise ValueError("random_choose and resize require window_size, the number of frames.")
        for name, share in (("random_crop", self.random_crop), ("uniform_crop", self.uniform_crop)):
            if not 0 < share <= 1:
                raise ValueError(f"{name} must be above 0 and at most 1. Got {share}.")
        crops = self.random_crop < 1 or self.uniform_crop < 1
        if not self.resize and (self.random_resize or self.random_frames or crops):
            raise ValueError(
                "random_crop, uniform_crop, random_resize and random_frames require resize: true, "
                "which brings what they choose to window_size frames."
            )
        if self.random_resize and self.random_frames:
            raise ValueError("random_resize and random_frames both choose the frames. Give one.")
        if self.random_crop < 1 and self.uniform_crop < 1:
            raise ValueError("random_crop is for training, uniform_crop for testing. Give one.")
        if not 1 <= len(self.random_rotation) <= 3:
            raise ValueError(
                f"random_rotation must be a list of 1 to 3 degrees. Got {self.random_rotation}."
            )
        low, high = self.random_scale
        if not 0 < low <= high:
            raise ValueError(f"random_scale must be [low, high], above 0. Got {[low, high]}.")
        if not 0 <= self.joint_dropout < 1:
            raise ValueError(f"joint_dropout must be in [0, 1). Got {self.joint_dropout}.")
        shares = {"axis_dropout": self.axis_dropout, "joint_blackout": self.joint_blackout}
        for name, share in shares.items():
            if not 0 <= share <= 1:
                raise ValueError(f"{name} must be in [0, 1]. Got {share}.")
        if self.noise < 0:
            raise ValueError(f"noise must be 0 or more. Got {self.noise}.")
        unused = {"random_choose": self.random_choose, "random_shift": self.random_shift}
        for name, is_on in unused.items():
            if self.resize and is_on:
                logger.warning("%s has no effect with resize.", name)

    def check_channels(self, channels: int, has_score: bool, data_path: object) -> None:
        """Check that options which need coordinates get them.

        Args:
            has_score: whether the last channel is a confidence.

        Raises:
            ValueError: the channels are others.
        """
        changed = [name for name in NEEDS_PLACES if vars(self)[name] != vars(Augmentation)[name]]
        active = [name for name in changed if name != "random_rotation" or self._rotates]
        places = channels - has_score
        tilts = any([*self.random_rotation][:2])
        last = ", of which the last is a confidence" if has_score else ""
        found = f"{data_path} has {channels} channels{last}"
        if active and places not in (2, 3):
            raise ValueError(f"{active[0]} requires coordinates x, y, z or x, y, but {found}.")
        if tilts and places == 2:
            raise ValueError(
                f"random_rotation about y and x requires coordinates x, y, z, but {found}. Within "
                "the image: [0, 0, DEGREES]."
            )

    @property
    def varies(self) -> bool:
        """Whether a clip comes out differently for another crop or other random draws."""
        frames = (
            (self.random_crop < 1, self.uniform_crop < 1, self.random_resize, self.random_frames)
            if self.resize
            else (self.random_choose, self.random_shift)
        )
        places = self.random_move, self.random_mirror, self._rotates
        hidden = self.joint_dropout, self.axis_dropout, self.joint_blackout, self.noise
        return any((*frames, *places, *hidden)) or (self._scales and not self.fit_axes)

    @property
    def _rotates(self) -> bool:
        return any(self.random_rotation)

    @property
    def _scales(self) -> bool:
        return tuple(self.random_scale) != (1.0, 1.0)

    def __call__(
        self,
        clip: np.ndarray,
        rng: np.random.Generator,
        crop: tuple[int, int] = (0, 1),
        mirror_images: Sequence[int] = (),
        derive: Callable[[np.ndarray], np.ndarray] = lambda clip: clip,
        has_score: bool = False,
    ) -> np.ndarray:
        """The clip for the network: (C, window_size, V, M) with `resize`; of the clip's dtype.

        Args:
            crop: number and count of `feeders.tools.uniform_crop`.
            mirror_images: as in `feeders.tools.random_mirror`, needed by `random_mirror`.
            derive: makes the stream of the joints after the geometric options, before occlusion
                and noise.
            has_score: whether the last channel is a confidence, not a coordinate.
        """

        def of_places(function: Callable, clip: np.ndarray, *args: Any) -> np.ndarray:
            places = function(clip[:-1] if has_score else clip, *args)
            return np.concatenate([places, clip[-1:]]) if has_score else places

        clip = self._choose_frames(clip, rng, crop)
        if self.random_move:
            clip = tools.random_move(clip, rng)
        if self._rotates:
            clip = of_places(tools.random_rotation, clip, self.random_rotation, rng)
        if self._scales:
            clip = of_places(tools.random_scale, clip, *self.random_scale, rng)
        if self.random_mirror:
            clip = tools.random_mirror(clip, mirror_images, rng)
        if self.fit_axes:
            clip = of_places(tools.fit_axes, clip)
        clip = derive(clip)
        if self.joint_dropout:
            clip = tools.joint_dropout(clip, self.joint_dropout, rng)
        if self.joint_blackout:
            clip = tools.joint_blackout(clip, self.joint_blackout, rng)
        if self.axis_dropout:
            clip = of_places(tools.axis_dropout, clip, self.axis_dropout, rng)
        if self.noise:
            clip = of_places(tools.noise, clip, self.noise, rng)
        return clip

    def _choose_frames(
        self, clip: np.ndarray, rng: np.random.Generator, crop: tuple[int, int]
    ) -> np.ndarray:
        if self.resize:
            if self.random_crop < 1:
                clip = tools.random_crop(clip, self.random_crop, rng)
            else:
                clip = tools.uniform_crop(clip, self.uniform_crop, *crop)
            if self.random_frames:
                return tools.random_frames(clip, self.window_size, rng)
            if self.random_resize:
                return tools.random_resize(clip, self.window_size, rng)
            return tools.resize(clip, self.window_size)
        if self.random_shift:
            clip = tools.random_shift(clip, rng)
        if self.random_choose:
            return tools.random_choose(clip, self.window_size, rng)
        return tools.pad(clip, self.window_size)


OPTIONS = tuple(field.name for field in fields(Augmentation))
