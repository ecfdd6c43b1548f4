"""Order, workers, and where in an epoch loading begins."""

import os
import signal
import time
from contextlib import closing

import pytest
import torch
from small_feeder import NoisyFeeder
from torch import multiprocessing

from engine.data import loading
from engine.data.clips import Clips
from feeders.feeder import Feeder


class Slow(torch.utils.data.Dataset):
    sample_name, label = "abcdefgh", [0] * 8

    def __len__(self):
        return 8

    def __getitem__(self, index):
        time.sleep(0.05)
        return index, os.getpid(), index


def test_workers_leave_signals_to_the_run_and_end_with_it():
    with closing(loading.evaluation_loader(Clips(Slow()), 2, num_worker=2)) as loader:
        batches = iter(loader)
        pid = int(next(batches)[1][0])
        outsider = multiprocessing.get_context("fork").Process(
            target=lambda: [os.kill(pid, number) for number in (signal.SIGTERM, signal.SIGINT)]
        )
        outsider.start()
        outsider.join()
        assert len([next(batches), next(batches)]) == 2
        assert pid in {worker.pid for worker in multiprocessing.active_children()}
    assert not multiprocessing.active_children()


@pytest.mark.parametrize("make", [Feeder, NoisyFeeder])
def test_workers_live_on_and_see_each_epoch(data, make):
    """Also of a data set that draws from numpy's global random state."""
    files = str(data / "train_data_joint.npy"), str(data / "train_label.pkl")
    options = {"random_scale": (0.5, 1.5)} if make is Feeder else {}
    seen = []
    for workers in (1, 2, 1):
        clips = Clips(make(*files, **options))
        with closing(loading.training_loader(clips, 8, workers, seed=0)) as loader:
            of_run = {}
            for epoch in range(2):
                loading.start_epoch(loader, 0, epoch)
                for batch, _, indices in loader:
                    of_run |= {(epoch, i): clip for i, clip in zip(indices.tolist(), batch)}  # noqa: B905
            seen.append(of_run)
    assert len(seen[0]) == 48
    for key, clip in seen[0].items():
        assert all(torch.equal(clip, other[key]) for other in seen[1:])
    assert not torch.equal(seen[0][0, 0], seen[0][1, 0])


def test_loading_begins_anywhere_in_an_epoch(data):
    clips = Clips(Feeder(str(data / "train_data_joint.npy"), str(data / "train_label.pkl")))
    loader = loading.training_loader(clips, 4, 0, seed=1)
    orders = []
    for epoch, skip in ((3, 0), (3, 2), (4, 0)):
        loading.start_epoch(loader, 1, epoch, skip)
        orders.append([batch[2].tolist() for batch in loader])
    assert orders[1] == orders[0][2:] and orders[2] != orders[0]
    assert sorted(i for batch in orders[0] for i in batch) == list(range(24))
