"""What a Feeder does with a clip before the network gets it, in which order."""
# Shapes: C channels, T frames, V joints, M persons. A clip is (C, T, V, M).

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from feeders import tools


@dataclass(frozen=True)
class Augmentation:
    """First which frames, then where the joints are; the fields are the Feeder's arguments.

    `mirror_images` (feeders/tools.py: random_mirror) is empty for clips that are not mirrored.

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
    random_rotation: Sequence[float]
    random_scale: tuple[float, float]
    mirror_images: Sequence[int]
    joint_dropout: float
    noise: float

    def __post_init__(self) -> None:
        if (self.random_choose or self.resize) and self.window_size <= 0:
            raise ValueError("random_choose and resize need window_size, the number of frames.")
        for name in ("random_crop", "uniform_crop"):
            if not 0 < getattr(self, name) <= 1:
                raise ValueError(
                    f"{name} must be above 0 and at most 1. Got {getattr(self, name)}."
                )
        crops = self.random_crop < 1 or self.uniform_crop < 1
        if not self.resize and (self.random_resize or crops):
            raise ValueError(
                "random_crop, uniform_crop and random_resize need resize: true, which brings "
                "what they choose to window_size frames."
            )
        if self.random_crop < 1 and self.uniform_crop < 1:
            raise ValueError("random_crop is for training, uniform_crop for testing. Give one.")
        if not 1 <= len(self.random_rotation) <= 3:
            raise ValueError(
                f"random_rotation must be a list of 1 to 3 degrees. Got {self.random_rotation}."
            )
        if not 0 <= self.joint_dropout < 1:
            raise ValueError(f"joint_dropout must be in [0, 1). Got {self.joint_dropout}.")
        if self.noise < 0:
            raise ValueError(f"noise must be 0 or more. Got {self.noise}.")

    @property
    def varies(self) -> bool:
        """Whether a clip comes out differently for another crop or other random draws."""
        choices = self.random_choose, self.random_shift, self.random_move, self.random_resize
        shares = self.random_crop < 1 or self.uniform_crop < 1 or tuple(self.random_scale) != (1, 1)
        more = any(self.random_rotation), len(self.mirror_images), self.joint_dropout, self.noise
        return any((*choices, shares, *more))

    def __call__(
        self, clip: np.ndarray, rng: np.random.Generator, crop: tuple[int, int] = (0, 1)
    ) -> np.ndarray:
        """The clip for the network: (C, window_size, V, M) with `resize`; of the clip's dtype.

        Args:
            crop: number and count of `tools.uniform_crop`.
        """
        clip = self._choose_frames(clip, rng, crop)
        if self.random_move:
            clip = tools.random_move(clip, rng)
        if any(self.random_rotation):
            clip = tools.random_rotation(clip, self.random_rotation, rng)
        if tuple(self.random_scale) != (1.0, 1.0):
            clip = tools.random_scale(clip, *self.random_scale, rng)
        if len(self.mirror_images):
            clip = tools.random_mirror(clip, self.mirror_images, rng)
        if self.joint_dropout:
            clip = tools.joint_dropout(clip, self.joint_dropout, rng)
        if self.noise:
            clip = tools.noise(clip, self.noise, rng)
        return clip

    def _choose_frames(
        self, clip: np.ndarray, rng: np.random.Generator, crop: tuple[int, int]
    ) -> np.ndarray:
        if self.random_shift:
            clip = tools.random_shift(clip, rng)
        if self.resize:
            if self.random_crop < 1:
                clip = tools.random_crop(clip, self.random_crop, rng)
            else:
                clip = tools.uniform_crop(clip, self.uniform_crop, *crop)
            if self.random_resize:
                return tools.random_resize(clip, self.window_size, rng)
            return tools.resize(clip, self.window_size)
        if self.random_choose:
            return tools.random_choose(clip, self.window_size, rng)
        return tools.pad(clip, self.window_size)
