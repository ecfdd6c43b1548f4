"""A feeder's data set as the engine uses it, with defaults for what it does not define."""
# Shapes: N clips, C channels, T frames, V joints, M persons.

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset, get_worker_info

from engine.contracts import (
    ClipDataset,
    Cropped,
    Derived,
    FromFiles,
    Grouped,
    KnowsClasses,
    KnowsSubjects,
    KnowsTraits,
    Repeated,
    Seeded,
)
from formats.chunks import mean_by_name
from formats.clip_names import subjects_of


class Clips(Dataset):
    """The clips of a data set, or some of them, with their names and labels.

    In worker processes global random state is set for each clip, from seed, epoch and clip, so that
    also a data set that draws from it gives the same clips whatever the number of workers.

    Args:
        indices: which clips; by default all. Numbers from the data set's length on are repetitions.

    Attributes:
        label, sample_name: one for each clip.
        data_path, label_path, split: their files; None if the data set does not say.
        stream: joint, bone, joint_motion or bone_motion; None if the data set does not say.
        class_names: in the order of labels; may be empty.
        training_mean: (5,) traits, or (N, 5) of each clip; None for other data sets.
    """

    def __init__(self, dataset: ClipDataset, indices: Sequence[int] | None = None) -> None:
        self.dataset = dataset
        self.indices = range(len(dataset)) if indices is None else list(indices)
        self._own = [i % len(dataset) for i in self.indices]
        self.label = [dataset.label[i] for i in self._own]
        self.sample_name = [dataset.sample_name[i] for i in self._own]
        located = isinstance(dataset, FromFiles)
        self.data_path: Path | None = Path(dataset.data_path) if located else None
        self.label_path: Path | None = Path(dataset.label_path) if located else None
        self.split: str | None = dataset.split if located else None
        self.stream = dataset.resulting_stream if isinstance(dataset, Derived) else None
        known = isinstance(dataset, KnowsClasses)
        self.class_names: list[str] = list(dataset.class_names) if known else []
        traits = isinstance(dataset, KnowsTraits)
        self.training_mean: np.ndarray | None = dataset.training_mean if traits else None
        self._key = torch.zeros(2, dtype=torch.int64).share_memory_()  # seed, epoch

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int) -> tuple[Any, Any, int]:
        """The clip (C, T, V, M) float32, its label and its number here."""
        number = self.indices[index]
        if get_worker_info():
            _seed_globally(*self._key.tolist(), number)
        clip, label, _ = self.dataset[number]
        return clip, label, index

    def set_epoch(self, seed: int, epoch: int) -> None:
        """Seed the draws of the next epoch, also in running workers; call it between epochs."""
        self._key[0], self._key[1] = seed, epoch
        if isinstance(self.dataset, Seeded):
            self.dataset.set_epoch(seed, epoch)

    def set_crop(self, number: int, count: int) -> None:
        """Let each clip be the crop `number` of `count`.

        Raises:
            ValueError: the data set has no crops, or they would all be the same.
        """
        if isinstance(self.dataset, Cropped):
            self.dataset.set_crop(number, count)
        elif count > 1:
            raise ValueError(
                f"--num-clips {count} requires a feeder with set_crop, such as "
                "feeders.feeder.Feeder."
            )

    def repeated(self) -> "Clips":
        """These clips as often as the data set says (`engine.contracts.Repeated`)."""
        times = self.dataset.repeat if isinstance(self.dataset, Repeated) else 1
        if times == 1:
            return self
        size = len(self.dataset)
        return Clips(self.dataset, [i + k * size for k in range(times) for i in self.indices])

    @property
    def subjects(self) -> list[str] | None:
        """Who was recorded, one subject per clip; None if neither data set nor names tell."""
        if isinstance(self.dataset, KnowsSubjects) and self.dataset.subjects is not None:
            return [self.dataset.subjects[i] for i in self._own]
        return subjects_of(self.sample_name)

    @property
    def groups(self) -> list[str]:
        """The units that cross-validation keeps whole, one per clip: those of the data set, else
        subjects, else the clips themselves.
        """
        if isinstance(self.dataset, Grouped):
            return [self.dataset.groups[i] for i in self._own]
        return self.subjects or self.sample_name

    def mean_label(self, numbers: Sequence[int]) -> np.ndarray | None:
        """(K,) the mean over subjects of some of these clips; None where labels are classes."""
        if not np.shape(self.label[0]):
            return None
        values, names = np.stack(self.label)[list(numbers)], self.subjects or self.sample_name
        by_subject = mean_by_name(values, [names[i] for i in numbers])
        return np.mean([*by_subject.values()], axis=0)

    def efforts(self) -> dict[str, Any]:
        """As `engine.contracts.KnowsTraits`; empty for other data sets."""
        return self.dataset.efforts() if isinstance(self.dataset, KnowsTraits) else {}


def _seed_globally(*numbers: int) -> None:
    key = int(np.random.SeedSequence(numbers).generate_state(1)[0])
    random.seed(key)
    np.random.seed(key)  # noqa: NPY002 - for feeders of users that draw from numpy's global state
    torch.manual_seed(key)
