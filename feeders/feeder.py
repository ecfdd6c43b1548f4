"""Arrays on disk -> clips for the network."""
# Shapes: N clips, C channels, T frames, V joints, M persons.

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import Dataset

from feeders import tools
from feeders.sources import names_and_labels, open_source
from feeders.streams import check_stream, choose_bones
from graph.streams import derive_stream

DEBUG_CLIPS = 100


class Feeder(Dataset):
    """Clips of an .npy file with the labels of a .pkl file, or of one split of a compact store.

    A store gives bit for bit the clips of the .npy file.

    Args:
        data_path: .npy, float32 (N, C, T, V, M), or the folder of a store.
        label_path: for .npy: .pkl, (sample_names, labels), both of length N.
        random_choose: crop a random `window_size` frames (zeros around shorter clips).
        random_shift: move the valid frames to a random start.
        random_move: drifting rotation, scale and offset in the x, y plane.
        window_size: frames of a clip handed to the network; -1 keeps the file's.
        normalization: subtract the data's mean map and divide by its std map.
        debug: only the first 100 clips.
        use_mmap: read clips from disk as they are needed instead of loading the file.
        resize: resample the valid frames of every clip to `window_size`.
        random_crop: with `resize`, keep a random stretch of at least this share of the frames.
        random_rotation: largest turn about the vertical axis and tilt about x, in degrees.
        random_scale: range of a random factor on all coordinates.
        split: for a store: which clips, such as `xsub/train`.
        stream: joint, bone, joint_motion or bone_motion, derived from the joints of `data_path`
            before anything else, so that it is what its own file would hold. NOTE: hence motions
            are steps between recorded frames, also where `resize` keeps fewer or more of them; and
            where clips end with zeros (Kinetics, NW-UCLA), the last step leads there.
        graph: dotted name of the skeleton whose bones to take; by default the number of joints
            tells.

    Random draws depend on seed, epoch and clip alone, not on the worker that makes them.

    Raises:
        FileNotFoundError: a file is missing.
        ValueError: a file is not what is described here, or the files disagree.
    """

    shares_epoch = True  # with workers that live on from one epoch to the next

    def __init__(
        self,
        data_path: str,
        label_path: str | None = None,
        random_choose: bool = False,
        random_shift: bool = False,
        random_move: bool = False,
        window_size: int = -1,
        normalization: bool = False,
        debug: bool = False,
        use_mmap: bool = True,
        resize: bool = False,
        random_crop: float = 1.0,
        random_rotation: tuple[float, float] = (0.0, 0.0),
        random_scale: tuple[float, float] = (1.0, 1.0),
        split: str | None = None,
        stream: str = "joint",
        graph: str | None = None,
    ) -> None:
        if (random_choose or resize) and window_size <= 0:
            raise ValueError("random_choose and resize need window_size, the number of frames.")
        if not 0 < random_crop <= 1:
            raise ValueError(f"random_crop must be above 0 and at most 1. Got {random_crop}.")
        check_stream(stream, Path(data_path))
        self.random_choose = random_choose
        self.random_shift = random_shift
        self.random_move = random_move
        self.window_size = window_size
        self.resize = resize
        self.random_crop = random_crop
        self.random_rotation = tuple(random_rotation)
        self.random_scale = tuple(random_scale)
        self._rng_key = torch.zeros(2, dtype=torch.int64).share_memory_()  # seed, epoch

        self.data_path, self.split, self.use_mmap = Path(data_path), split, use_mmap
        self.data = open_source(self.data_path, split, in_memory=not use_mmap)
        self.sample_name, self.label = names_and_labels(
            self.data, self.data_path, Path(label_path) if label_path else None
        )
        self.label_path = Path(label_path or data_path)
        if debug:
            self.label, self.sample_name = self.label[:DEBUG_CLIPS], self.sample_name[:DEBUG_CLIPS]
        self.stream, self.bones = stream, choose_bones(stream, self.data.shape[3], graph)
        self.mean_map, self.std_map = None, None
        if normalization:
            self.mean_map, self.std_map = mean_and_std_map(self._clip, len(self))

    def __getstate__(self) -> dict:
        """What a worker process gets: it opens memory-mapped files itself."""
        return {**self.__dict__, "data": None} if self.use_mmap else self.__dict__

    def __setstate__(self, state: dict) -> None:
        self.__dict__.update(state)
        if self.use_mmap:
            self.data = open_source(self.data_path, self.split)

    def set_epoch(self, seed: int, epoch: int) -> None:
        """Choose the random draws, also of workers that have started; call it between epochs."""
        self._rng_key[0], self._rng_key[1] = seed, epoch

    def __len__(self) -> int:
        return len(self.label)

    def __getitem__(self, index: int) -> tuple[np.ndarray, int, int]:
        """The clip (C, T, V, M) float32, its label and its index."""
        rng = np.random.default_rng((*self._rng_key.tolist(), index))
        clip = self._clip(index)
        if self.mean_map is not None:
            clip = (clip - self.mean_map) / self.std_map
        return np.ascontiguousarray(self._augment(clip, rng)), self.label[index], index

    def _clip(self, index: int) -> np.ndarray:
        """Clip (C, T, V, M) float32 of the stream, as its own file would hold it; a new array."""
        joints = np.array(self.data[index], dtype=np.float32)
        return derive_stream(joints, self.stream, self.bones)

    def _augment(self, clip: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        if self.random_shift:
            clip = tools.random_shift(clip, rng)
        if self.resize:
            clip = tools.resize(tools.random_crop(clip, self.random_crop, rng), self.window_size)
        elif self.random_choose:
            clip = tools.random_choose(clip, self.window_size, rng)
        elif self.window_size > 0:
            clip = tools.pad(clip, self.window_size)
        if self.random_move:
            clip = tools.random_move(clip, rng)
        if any(self.random_rotation):
            clip = tools.random_rotation(clip, *self.random_rotation, rng)
        if self.random_scale != (1.0, 1.0):
            clip = tools.random_scale(clip, *self.random_scale, rng)
        return clip


def mean_and_std_map(
    clip_of: Callable[[int], np.ndarray], num_clips: int
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and std of every channel and joint over clips, frames and persons: two (C, 1, V, 1).

    Reads one clip (C, T, V, M) at a time. A joint that never moves has std 1, so that it stays
    finite.
    """
    _, frames, _, persons = clip_of(0).shape
    count, axes = num_clips * frames * persons, (1, 3)
    clips = map(clip_of, range(num_clips))
    mean = sum(clip.sum(axes, dtype=np.float64, keepdims=True) for clip in clips) / count
    clips = map(clip_of, range(num_clips))
    variance = sum(np.square(clip - mean).sum(axes, keepdims=True) for clip in clips) / count
    std = np.sqrt(variance)
    std[std == 0] = 1.0
    return mean.astype(np.float32), std.astype(np.float32)
