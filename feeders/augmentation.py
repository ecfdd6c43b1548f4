"""What a Feeder does with a clip before the network gets it, in which order."""
# Shapes: C channels, T frames, V joints, M persons. A clip is (C, T, V, M).

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from feeders import tools

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Augmentation:
    """First which frames, then where the joints are; the fields are the Feeder's arguments.

    `mirror_images` (feeders/tools.py: random_mirror) are needed where clips are mirrored.

    Raises:
        ValueError: an argument is out of range, or needs another one.
    """

    window_size: int
    random_choose: bool
    random_shift: bool
    random_move: bool
    resize: bool
    random_crop: float
    uniform_crop: float
    random_resize: bool
    random_frames: bool
    random_rotation: Sequence[float]
    random_scale: tuple[float, float]
    random_mirror: bool
    joint_dropout: float
    noise: float
    fit_axes: bool
    axis_dropout: float
    joint_blackout: float
    mirror_images: Sequence[int] = ()

    def __post_init__(self) -> None:
        if (self.random_choose or self.resize) and self.window_size <= 0:
            raise ValueError("random_choose and resize need window_size, the number of frames.")
        for name in ("random_crop", "uniform_crop"):
            if not 0 < getattr(self, name) <= 1:
                raise ValueError(
                    f"{name} must be above 0 and at most 1. Got {getattr(self, name)}."
                )
        crops = self.random_crop < 1 or self.uniform_crop < 1
        if not self.resize and (self.random_resize or self.random_frames or crops):
            raise ValueError(
                "random_crop, uniform_crop, random_resize and random_frames need resize: true, "
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
        for name in ("axis_dropout", "joint_blackout"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be in [0, 1]. Got {getattr(self, name)}.")
        if self.noise < 0:
            raise ValueError(f"noise must be 0 or more. Got {self.noise}.")
        for name in ("random_choose", "random_shift"):
            if self.resize and getattr(self, name):
                logger.warning("%s has no effect with resize.", name)

    @property
    def varies(self) -> bool:
        """Whether a clip comes out differently for another crop or other random draws."""
        frames = (
            (self.random_crop < 1, self.uniform_crop < 1, self.random_resize, self.random_frames)
            if self.resize
            else (self.random_choose, self.random_shift)
        )
        places = self.random_move, self.random_mirror, *self.random_rotation
        hidden = self.joint_dropout, self.axis_dropout, self.joint_blackout, self.noise
        return any((*frames, *places, *hidden)) or (self._scales and not self.fit_axes)

    @property
    def _scales(self) -> bool:
        return tuple(self.random_scale) != (1.0, 1.0)

    def __call__(
        self,
        clip: np.ndarray,
        rng: np.random.Generator,
        crop: tuple[int, int] = (0, 1),
        derive: Callable[[np.ndarray], np.ndarray] = lambda clip: clip,
    ) -> np.ndarray:
        """The clip for the network: (C, window_size, V, M) with `resize`; of the clip's dtype.

        Args:
            crop: number and count of `tools.uniform_crop`.
            derive: what makes a stream of the joints once they are where they will be; what hides
                or blurs values comes after it.
        """
        clip = self._choose_frames(clip, rng, crop)
        if self.random_move:
            clip = tools.random_move(clip, rng)
        if any(self.random_rotation):
            clip = tools.random_rotation(clip, self.random_rotation, rng)
        if self._scales:
            clip = tools.random_scale(clip, *self.random_scale, rng)
        if self.random_mirror:
            clip = tools.random_mirror(clip, self.mirror_images, rng)
        if self.fit_axes:
            clip = tools.fit_axes(clip)
        clip = derive(clip)
        if self.joint_dropout:
            clip = tools.joint_dropout(clip, self.joint_dropout, rng)
        if self.joint_blackout:
            clip = tools.joint_blackout(clip, self.joint_blackout, rng)
        if self.axis_dropout:
            clip = tools.axis_dropout(clip, self.axis_dropout, rng)
        if self.noise:
            clip = tools.noise(clip, self.noise, rng)
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
