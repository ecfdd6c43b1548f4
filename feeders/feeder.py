"""Arrays on disk -> clips for the network."""
# Shapes: N clips, C channels, T frames, V joints, M persons.

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import Dataset

from feeders import tools
from feeders.augmentation import Augmentation
from feeders.sources import names_and_labels, open_source
from feeders.streams import bones_of, mirror_images_of, resulting_stream
from graph.streams import derive_stream

DEBUG_CLIPS = 100

logger = logging.getLogger(__name__)


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
        resize: resample the recorded frames of every clip to `window_size`: without the zeros
            around them, and without the repetitions that fill NTU RGB+D's clips.
        random_crop: with `resize`, keep a random stretch of at least this share of the frames.
        uniform_crop: with `resize`, keep this share of the frames: the middle or, where every clip
            is tested several times (main.py --num-clips), from the first frames to the last.
        random_resize: with `resize`, resample at random moments: uneven speed.
        random_frames: with `resize`, take window_size frames at random, in their order, some twice.
        random_rotation: largest turns about y, x and z, in degrees. Vertical is y in NW-UCLA, z in
            NTU RGB+D's arrays.
        random_scale: range of a random factor on all coordinates.
        random_mirror: exchange left and right in every second clip.
        joint_dropout: probability of each joint to be 0 in all frames.
        noise: standard deviation of normal noise on every coordinate.
        fit_axes: bring each axis of a clip to [-1, 1] after rotation and scale. `stream` is then
            derived from the joints as they are after that, a motion between the chosen frames.
        axis_dropout: share of clips in which one axis is 0.
        joint_blackout: share of clips in which some joints are 0 for a stretch of frames.
        split: for a store: which clips, such as `xsub/train`.
        stream: joint, bone, joint_motion or bone_motion, derived from the joints of `data_path`
            before anything else, so that it is what its own file would hold. NOTE: hence motions
            are steps between recorded frames, also where `resize` keeps fewer or more of them. With
            `resize` they end with the last recorded step; a motion file has one more, to the zeros
            that follow (Kinetics, NW-UCLA) or of 0.
        graph: dotted name of the skeleton that knows bones and left and right; by default the
            number of joints tells.

    Random draws depend on seed, epoch, clip and crop alone, not on the worker that makes them.

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
        uniform_crop: float = 1.0,
        random_resize: bool = False,
        random_frames: bool = False,
        random_rotation: Sequence[float] = (0.0, 0.0, 0.0),
        random_scale: tuple[float, float] = (1.0, 1.0),
        random_mirror: bool = False,
        joint_dropout: float = 0.0,
        noise: float = 0.0,
        fit_axes: bool = False,
        axis_dropout: float = 0.0,
        joint_blackout: float = 0.0,
        split: str | None = None,
        stream: str = "joint",
        graph: str | None = None,
    ) -> None:
        self.resulting_stream = resulting_stream(stream, Path(data_path))
        self.augment = Augmentation(
            window_size=window_size,
            random_choose=random_choose,
            random_shift=random_shift,
            random_move=random_move,
            resize=resize,
            random_crop=random_crop,
            uniform_crop=uniform_crop,
            random_resize=random_resize,
            random_frames=random_frames,
            random_rotation=random_rotation,
            random_scale=random_scale,
            random_mirror=random_mirror,
            joint_dropout=joint_dropout,
            noise=noise,
            fit_axes=fit_axes,
            axis_dropout=axis_dropout,
            joint_blackout=joint_blackout,
        )
        # Shared with the workers: seed, epoch; number and count of the crop.
        self._rng_key = torch.zeros(2, dtype=torch.int64).share_memory_()
        self._crop = torch.tensor([0, 1]).share_memory_()
        self.data_path, self.split, self.use_mmap = Path(data_path), split, use_mmap
        self.data = open_source(self.data_path, split, in_memory=not use_mmap)
        self.sample_name, self.label = names_and_labels(
            self.data, self.data_path, Path(label_path) if label_path else None
        )
        self.label_path = Path(label_path or data_path)
        if debug:
            self.label, self.sample_name = self.label[:DEBUG_CLIPS], self.sample_name[:DEBUG_CLIPS]
        _, num_channels, _, num_joints, _ = self.data.shape
        if any(random_rotation) and num_channels != 3:
            raise ValueError(
                f"random_rotation needs coordinates x, y, z, but {data_path} has {num_channels} "
                "channels."
            )
        self.stream, self.graph, self.bones, self.mirror_images = stream, graph, (), []
        if stream.startswith("bone"):
            self.bones = bones_of(graph, num_joints)
        if random_mirror:
            self.mirror_images = mirror_images_of(graph, num_joints)
            self.augment = replace(self.augment, mirror_images=self.mirror_images)
        if graph and not (self.bones or random_mirror):
            logger.warning(
                "graph: %s has no effect on stream: %s without random_mirror.", graph, stream
            )
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

    def set_crop(self, number: int, count: int) -> None:
        """Let every clip be the crop `number` of `count`, with random draws of its own.

        Raises:
            ValueError: the crops would all be the same.
        """
        if count > 1 and not self.augment.varies:
            raise ValueError(
                f"--num-clips {count} needs crops that differ: give the test feeder resize: true "
                "and uniform_crop below 1, or random augmentations."
            )
        self._crop[0], self._crop[1] = number, count

    def __len__(self) -> int:
        return len(self.label)

    def __getitem__(self, index: int) -> tuple[np.ndarray, int, int]:
        """The clip (C, T, V, M) float32, its label and its index."""
        number, count = self._crop.tolist()
        rng = np.random.default_rng((*self._rng_key.tolist(), index, number))
        clip = self._clip(index)
        if self.mean_map is not None:
            clip = (clip - self.mean_map) / self.std_map
        if self.augment.fit_axes:
            clip = self.augment(clip, rng, (number, count), self._derive)
        else:
            clip = self.augment(clip, rng, (number, count))
        return np.ascontiguousarray(clip), self.label[index], index

    def _clip(self, index: int) -> np.ndarray:
        """Clip (C, T, V, M) float32 of the stream, as its own file would hold it; a new array.

        With `resize` it is the recorded frames only, with `fit_axes` still the joints.
        """
        joints = np.array(self.data[index], dtype=np.float32)
        if self.augment.resize:
            joints = tools.recorded_frames(joints)
        if self.augment.fit_axes:
            return joints
        clip = self._derive(joints)
        steps = clip.shape[1] - (self.augment.resize and self.stream.endswith("motion"))
        return clip[:, : max(steps, 1)]

    def _derive(self, joints: np.ndarray) -> np.ndarray:
        return derive_stream(joints, self.stream, self.bones)


def mean_and_std_map(
    clip_of: Callable[[int], np.ndarray], num_clips: int
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and std of every channel and joint over clips, frames and persons: two (C, 1, V, 1).

    Reads one clip (C, T, V, M) at a time. A joint that never moves has std 1, so that it stays
    finite.
    """
    total, count, axes = 0.0, 0, (1, 3)
    for clip in map(clip_of, range(num_clips)):
        total += clip.sum(axes, dtype=np.float64, keepdims=True)
        count += clip.shape[1] * clip.shape[3]
    mean = total / count
    clips = map(clip_of, range(num_clips))
    variance = sum(np.square(clip - mean).sum(axes, keepdims=True) for clip in clips) / count
    std = np.sqrt(variance)
    std[std == 0] = 1.0
    return mean.astype(np.float32), std.astype(np.float32)
