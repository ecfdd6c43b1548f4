"""Data sets -> batches: which process sees which clip when, and what the workers do."""
# Shapes: N clips, C channels, T frames, V joints, M persons.

import math
import signal
import weakref
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset, DistributedSampler, SequentialSampler

from engine.device import distributed
from engine.interrupts import SIGNALS
from engine.seed import set_seed

SEED_STRIDE = 1_000_003  # DistributedSampler adds the epoch: seeds must lie further apart


class TrainingSampler(DistributedSampler):
    """An order for each epoch that follows from the seed, shared out over the processes.

    Process r of R takes every R-th clip from r on, so that the batches of all processes together
    are those of a single one. The first `start` clips of a process can be left out, to go on
    within an epoch.
    """

    def __init__(self, dataset: Dataset, seed: int) -> None:
        super().__init__(
            dataset,
            distributed.num_processes(),
            distributed.rank(),
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
        return range(distributed.rank(), len(self.data_source), distributed.num_processes())


class Loader(DataLoader):
    """A DataLoader that can be told to end its workers; use it in `contextlib.closing`."""

    _latest: Callable[[], Any] = staticmethod(lambda: None)

    def __iter__(self) -> Iterator[Any]:
        batches = super().__iter__()
        self._latest = weakref.ref(batches)
        return batches

    def close(self) -> None:
        batches = self._latest()
        if hasattr(batches, "_shutdown_workers"):
            batches._shutdown_workers()


def training_loader(
    dataset: Dataset, batch_size: int, num_worker: int, seed: int, flag: str = "--batch-size"
) -> Loader:
    """Shuffled batches: clips (N, C, T, V, M), labels (N,), indices (N,).

    Args:
        batch_size: of all processes together; the clips left over at an epoch's end are dropped.
        num_worker: loading processes of a machine.
        flag: what the batch size is called in errors.

    Raises:
        ValueError: there are too few clips for one batch, or the processes cannot share it.
    """
    if len(dataset) < batch_size:
        raise ValueError(
            f"{flag} ({batch_size}) is larger than the training set ({len(dataset)} clips)."
        )
    return _loader(
        dataset,
        _share(batch_size, flag),
        num_worker,
        sampler=TrainingSampler(dataset, seed),
        drop_last=True,
    )


def evaluation_loader(dataset: Dataset, batch_size: int, num_worker: int) -> Loader:
    """Batches as of `training_loader` with every clip once, in order."""
    batch_size = max(1, batch_size // distributed.num_processes())
    return _loader(dataset, batch_size, num_worker, sampler=EvaluationSampler(dataset))


def _loader(dataset: Dataset, batch_size: int, num_worker: int, **options: Any) -> Loader:
    num_worker = math.ceil(num_worker / distributed.num_local_processes())
    return Loader(
        dataset,
        batch_size,
        num_workers=num_worker,
        generator=torch.Generator(),  # its own, so that nothing else moves it
        pin_memory=torch.cuda.is_available(),
        # Workers that live on do not notice a new epoch unless the data set tells them.
        persistent_workers=num_worker > 0 and _shares_epoch(dataset),
        worker_init_fn=_ignore_signals,
        **options,
    )


def _shares_epoch(dataset: Dataset) -> bool:
    """Whether a class tells its workers the epoch; a subclass may draw from other state."""
    whole = getattr(dataset, "dataset", dataset)
    return vars(type(whole)).get("shares_epoch", False)


def slice_size(forward_batch_size: int) -> int:
    """Clips that one process has in memory at once.

    Raises:
        ValueError: the processes cannot share the forward batch.
    """
    return _share(forward_batch_size, "--forward-batch-size")


def _share(size: int, flag: str) -> int:
    processes = distributed.num_processes()
    if size % processes:
        raise ValueError(
            f"the number of processes must divide {flag}, which is of all of them together. "
            f"Got {size} for {processes}."
        )
    return size // processes


def _ignore_signals(worker: int) -> None:
    """Leave signals, which often go to all processes, to the one that trains.

    It may still need clips for its last step. NOTE: hence its workers end only by `Loader.close`.
    """
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def start_epoch(loader: Loader, seed: int, epoch: int, steps_done: int = 0) -> None:
    """Order and augmentation follow from seed and epoch, so that a resumed run repeats them."""
    set_seed(seed, epoch, distributed.rank())
    loader.generator.manual_seed(torch.initial_seed())
    loader.sampler.set_epoch(epoch)
    loader.sampler.start = steps_done * loader.batch_size
    if hasattr(loader.dataset, "set_epoch"):
        loader.dataset.set_epoch(seed, epoch)
