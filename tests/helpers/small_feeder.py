"""Feeders and a skeleton as users write them."""

import os
import signal

import numpy as np
from torch.utils.data import get_worker_info

from feeders.feeder import Feeder
from graph.skeleton import SkeletonGraph


class NoisyFeeder(Feeder):
    """Its noise comes from numpy's global random state."""

    def __getitem__(self, index):
        clip, label, index = super().__getitem__(index)
        noise = np.random.normal(size=clip.shape)  # noqa: NPY002
        return clip + 0.1 * noise.astype(np.float32), label, index


class FlatFeeder(Feeder):
    """Its clips lack the axis of persons."""

    def __getitem__(self, index):
        clip, label, index = super().__getitem__(index)
        return clip[..., 0], label, index


class EmptyFeeder(Feeder):
    """It has no clips, though its file has."""

    def __len__(self):
        return 0


class DyingFeeder(Feeder):
    """Its process is killed, as by a system that runs out of memory."""

    def __getitem__(self, index):
        if index == 7 and get_worker_info():
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__getitem__(index)


class OtherSkeleton(SkeletonGraph):
    """As many joints as NW-UCLA's, in one chain."""

    joint_names = ("root", *(f"link{i}" for i in range(1, 20)))
    edges = tuple((i, i - 1) for i in range(1, 20))
    bones = ((0, 0), *edges)
