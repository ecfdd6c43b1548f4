"""Arrays on disk -> clips for the network."""
# Shapes: N clips, C channels, T frames, V joints, M persons.

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset

from feeders.augmentation import Augmentation
from feeders.sources import names_and_labels, open_source
from feeders.streams import BodyPlan, body_plan, resulting_stream
from feeders.transform import ClipTransform
from formats.class_names import class_names
from formats.clip_names import subjects_of
from formats.clip_store import StoreSplit
from formats.manifest import has_score, read_manifest, skeleton_of
from utils.config import coerced

DEBUG_CLIPS = 100

logger = logging.getLogger(__name__)


class Feeder(Dataset):
    """Clips of an .npy file with the labels of a .pkl file, or of one split of a compact store.

    A store gives bit for bit the clips of the .npy file.

    Args:
        data_path: .npy, float32 (N, C, T, V, M), or the folder of a store.
        label_path: for .npy: .pkl, (sample_names, labels), both of length N.
        normalization: subtract the data's mean map and divide by its std map.
        debug: only the first 100 clips.
        use_mmap: read clips from disk as they are needed instead of loading the file.
        split: for a store: which clips, such as `xsub/train`.
        stream: joint, bone, joint_motion or bone_motion, derived from the joints of `data_path`
            before anything else, so that it is what its own file would hold. NOTE: hence motions
            are steps between recorded frames, also where `resize` keeps fewer or more of them. With
            `resize` they end with the last recorded step; a motion file has one more, to the zeros
            that follow (Kinetics, NW-UCLA) or of 0. With `fit_axes` it is derived later.
        repeat: how often an epoch sees each training clip, each time with new random draws
            (`engine.contracts.Repeated`).
        graph: dotted name of the skeleton that knows bones and left and right; by default that of
            the data set's dataset.json, else the network's.
        augmentation: options of `feeders.augmentation.Augmentation`, such as `random_choose`,
            `random_move` and `window_size`.

    Random draws depend on seed, epoch, clip and crop only, not on the worker that makes them.

    Raises:
        FileNotFoundError: a file is missing.
        ValueError: a file is not what is described here, the files disagree, or an option is
            unknown or out of range.
    """

    def __init__(
        self,
        data_path: str,
        label_path: str | None = None,
        normalization: bool = False,
        debug: bool = False,
        use_mmap: bool = True,
        split: str | None = None,
        stream: str = "joint",
        repeat: int = 1,
        graph: str | None = None,
        **augmentation: Any,
    ) -> None:
        augmentation = coerced(Augmentation, augmentation, name="feeders.feeder.Feeder")
        if repeat < 1:
            raise ValueError(f"repeat must be at least 1. Got {repeat}.")
        self.repeat = repeat
        self.resulting_stream = resulting_stream(stream, Path(data_path))
        self.transform = ClipTransform(stream, Augmentation(**augmentation))
        # Shared with the workers: seed, epoch; number and count of the crop.
        self._rng_key = torch.zeros(2, dtype=torch.int64).share_memory_()
        self._crop = torch.tensor([0, 1]).share_memory_()
        self.data_path, self.split, self.use_mmap = Path(data_path), split, use_mmap
        self.data = open_source(self.data_path, split, in_memory=not use_mmap)
        self.sample_name, self.label = names_and_labels(
            self.data, self.data_path, Path(label_path) if label_path else None
        )
        self.label_path = Path(label_path or data_path)
        self.subjects = self.data.subjects if isinstance(self.data, StoreSplit) else None
        self.subjects = self.subjects or subjects_of(self.sample_name)
        if debug:
            self.label, self.sample_name = self.label[:DEBUG_CLIPS], self.sample_name[:DEBUG_CLIPS]
        manifest = read_manifest(self.data_path)
        self.class_names = class_names(manifest)
        self.transform.has_score = has_score(manifest)
        augment, channels = self.transform.augment, self.data.shape[1]
        augment.check_channels(channels, self.transform.has_score, data_path)
        self._needs, self._normalizes = self.transform.needs, normalization
        if graph and not self._needs:
            logger.warning(
                "graph: %s has no effect on stream: %s without random_mirror.", graph, stream
            )
        self._given_graph, self._own_graph = graph, graph or skeleton_of(manifest)
        if self._own_graph or not self._needs:
            self._settle(self._own_graph)

    def use_skeleton(self, name: str) -> None:
        """The network's skeleton, where neither `graph` nor dataset.json names one.

        Raises:
            ValueError: it has other bones or mirror pairs than that of dataset.json.
        """
        if not self._needs or self._given_graph:
            return
        if not self._own_graph:
            self._settle(name)
        elif body_plan(name, self._needs, self.data.shape[3]) != self.transform.body:
            raise ValueError(
                f"{self.data_path}: bones, left and right are those of {self._own_graph}, as the "
                f"data set's dataset.json says, but not those of {name}, which model_args names. "
                f"Give the feeder's arguments graph: {name}, or the one that is meant."
            )

    def _settle(self, graph: str | None) -> None:
        """Take what is needed from the skeleton; then clips can be read."""
        if self._needs:
            self.transform.body = body_plan(graph, self._needs, self.data.shape[3])
        if self._normalizes:
            maps = mean_and_std_map(self._clip, len(self))
            self.transform.mean_map, self.transform.std_map = maps

    def __getstate__(self) -> dict:
        """The pickled state: worker processes open memory-mapped files themselves."""
        return {**self.__dict__, "data": None} if self.use_mmap else self.__dict__

    def __setstate__(self, state: dict) -> None:
        self.__dict__.update(state)
        if self.use_mmap:
            self.data = open_source(self.data_path, self.split)

    def set_epoch(self, seed: int, epoch: int) -> None:
        """Seed the draws of the next epoch, also in running workers; call it between epochs."""
        self._rng_key[0], self._rng_key[1] = seed, epoch

    def set_crop(self, number: int, count: int) -> None:
        """Switch to crop `number` of `count` of every clip, with its own random draws.

        Raises:
            ValueError: the crops would all be the same.
        """
        if count > 1 and not self.transform.augment.varies:
            raise ValueError(
                f"--num-clips {count} requires crops that differ: give the test feeder "
                "resize: true and uniform_crop below 1, or random augmentations."
            )
        self._crop[0], self._crop[1] = number, count

    def __len__(self) -> int:
        return len(self.label)

    def __getitem__(self, index: int) -> tuple[np.ndarray, int, int]:
        """The clip (C, T, V, M) float32, its label and its index.

        Indices from `len` on are those of the clips' repetitions.
        """
        if index >= len(self) * self.repeat:
            raise IndexError(f"{self.data_path} has {len(self)} clips, no clip {index}")
        if self._needs and self.transform.body == BodyPlan():
            raise ValueError(
                f"{self.data_path}: stream: {self.transform.stream} and random_mirror require a "
                "skeleton. Give the feeder's arguments graph: graph.ntu_rgb_d.AdjMatrixGraph, for "
                "example."
            )
        number, count = self._crop.tolist()
        rng = np.random.default_rng((*self._rng_key.tolist(), index, number))
        own = index % len(self)
        clip = self.transform(self.data[own], rng, (number, count))
        return clip, self.label[own], index

    def _clip(self, index: int) -> np.ndarray:
        return self.transform.in_stream(self.data[index])


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
