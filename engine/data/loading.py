"""Data sets -> batches: samplers, loaders and their worker processes."""
# Shapes: N clips, C channels, T frames, V joints, M persons.

import math
import signal
from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple

import torch
from torch.utils.data import DataLoader, Dataset, DistributedSampler, SequentialSampler

from engine.data.clips import Clips
from engine.data.datasets import DataSets
from engine.device import processes
from engine.interrupts import SIGNALS
from engine.seed import set_seed
from engine.settings.table import DataSettings

SEED_STRIDE = 1_000_003  # DistributedSampler adds the epoch: seeds must lie further apart


class TrainingSampler(DistributedSampler):
    """A random order for each epoch, given by the seed, divided among the processes.

    Process r of R takes every R-th clip from r on, so that the batches of all processes together
    are those of a single one. The first `start` clips of a process can be left out, to resume
    within an epoch.
    """

    def __init__(self, dataset: Dataset, seed: int) -> None:
        super().__init__(
            dataset,
            processes.num_processes(),
            processes.rank(),
            seed=seed * SEED_STRIDE,
            drop_last=True,
        )
        self.start = 0

    def __iter__(self) -> Iterator[int]:
        return islice(super().__iter__(), self.start, None)


class EvaluationSampler(SequentialSampler):
    """Every clip once, over all processes: process r of R takes every R-th from r on."""

    def __iter__(self) -> Iterator[int]:
        return iter(self._indices())

    def __len__(self) -> int:
        return len(self._indices())

    def _indices(self) -> range:
        return range(processes.rank(), len(self.data_source), processes.num_processes())


class Loader(DataLoader):
    """A DataLoader whose workers can be ended; use it in `contextlib.closing`."""

    def check_worker_number_rationality(self) -> None:
        """Instead of torch's warning where there are more workers than cores: they wait for disks,
        too, and configs name a number for all machines.
        """

    def close(self) -> None:
        if self._iterator is not None:  # where workers live on from one epoch to the next
            self._iterator._shutdown_workers()


def training_loader(
    clips: Clips, batch_size: int, num_worker: int, seed: int, flag: str = "--batch-size"
) -> Loader:
    """Shuffled batches: clips (N, C, T, V, M), labels (N,), indices (N,).

    Args:
        batch_size: of all processes together; the clips left over at an epoch's end are dropped.
        num_worker: loading processes per machine.
        flag: name of the batch size in errors.

    Raises:
        ValueError: there are too few clips for one batch, or the processes cannot share it.
    """
    if len(clips) < batch_size:
        raise ValueError(
            f"{flag} ({batch_size}) is larger than the training set ({len(clips)} clips)."
        )
    return _loader(
        clips,
        _share(batch_size, flag),
        num_worker,
        sampler=TrainingSampler(clips, seed),
        drop_last=True,
    )


def evaluation_loader(clips: Clips, batch_size: int, num_worker: int) -> Loader:
    """Batches as of `training_loader` with every clip once, in order."""
    batch_size = max(1, batch_size // processes.num_processes())
    return _loader(clips, batch_size, num_worker, sampler=EvaluationSampler(clips))


def _loader(clips: Clips, batch_size: int, num_worker: int, **options: Any) -> Loader:
    num_worker = math.ceil(num_worker / processes.num_local_processes())
    return Loader(
        clips,
        batch_size,
        num_workers=num_worker,
        generator=torch.Generator(),  # its own, so that nothing else moves it
        pin_memory=torch.cuda.is_available(),
        persistent_workers=num_worker > 0,
        worker_init_fn=_ignore_signals,
        **options,
    )


class Loaders(NamedTuple):
    """Batches to train on, the same clips unaugmented (if needed), and batches to evaluate on."""

    train: Loader
    plain: Loader | None
    val: Loader

    def close(self) -> None:
        """End all worker processes."""
        for loader in filter(None, self):
            loader.close()


def build_loaders(clips: DataSets, settings: DataSettings, seed: int) -> Loaders:
    """The batches of a training run.

    Raises:
        ValueError: as `training_loader`.
    """
    plain = None
    if clips.plain:
        size, flag = settings.forward_batch_size, "--forward-batch-size"
        plain = training_loader(clips.plain, size, settings.num_worker, seed, flag=flag)
    return Loaders(
        train=training_loader(clips.train, settings.batch_size, settings.num_worker, seed),
        plain=plain,
        val=evaluation_loader(clips.val, settings.test_batch_size, settings.num_worker),
    )


def slice_size(forward_batch_size: int) -> int:
    """Clips that one process has in memory at once.

    Raises:
        ValueError: the processes cannot share the forward batch.
    """
    return _share(forward_batch_size, "--forward-batch-size")


def _share(size: int, flag: str) -> int:
    count = processes.num_processes()
    if size % count:
        raise ValueError(
            f"the number of processes must divide {flag}, which is of all of them together. "
            f"Got {size} for {count}."
        )
    return size // count


def _ignore_signals(worker: int) -> None:
    """Leave signals, which often go to all processes, to the one that trains.

    It may still need clips for its last step. NOTE: hence its workers end only by `Loader.close`.
    """
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def start_epoch(loader: Loader, seed: int, epoch: int, steps_done: int = 0) -> None:
    """Derive order and augmentation from seed and epoch, so that a resumed run repeats them."""
    set_seed(seed, epoch, processes.rank())
    loader.generator.manual_seed(torch.initial_seed())
    loader.sampler.set_epoch(epoch)
    loader.sampler.start = steps_done * loader.batch_size
    loader.dataset.set_epoch(seed, epoch)
