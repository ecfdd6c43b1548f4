"""Order, workers, and where in an epoch loading begins."""

import os
import signal
import time
from contextlib import closing

import torch
from small_feeder import NoisyFeeder
from torch import multiprocessing

from engine.data import loading
from feeders.feeder import Feeder


class Slow(torch.utils.data.Dataset):
    def __len__(self):
        return 8

    def __getitem__(self, index):
        time.sleep(0.05)
        return index, os.getpid(), index


def test_workers_leave_signals_to_the_run_and_end_with_it():
    with closing(loading.evaluation_loader(Slow(), 2, num_worker=2)) as loader:
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


def test_workers_live_on_only_for_a_class_that_shares_its_epoch(data):
    files = str(data / "train_data_joint.npy"), str(data / "train_label.pkl")
    for feeder, lives_on in ((Feeder, True), (NoisyFeeder, False)):
        with closing(loading.training_loader(feeder(*files), 8, 1, seed=0)) as loader:
            assert loader.persistent_workers == lives_on


def test_workers_that_live_on_see_each_epoch(data):
    feeder = Feeder(str(data / "train_data_joint.npy"), str(data / "train_label.pkl"),
                    random_scale=(0.5, 1.5))  # fmt: skip
    seen = []
    with closing(loading.training_loader(feeder, 8, 1, seed=0)) as loader:
        assert loader.persistent_workers
        for epoch in range(2):
            loading.start_epoch(loader, 0, epoch)
            for clips, _, indices in loader:
                seen += [(epoch, i, clip) for i, clip in zip(indices.tolist(), clips, strict=True)]
    for epoch, i, clip in seen[::7]:
        feeder.set_epoch(0, epoch)
        assert torch.equal(clip, torch.from_numpy(feeder[i][0]))


def test_loading_begins_anywhere_in_an_epoch(data):
    feeder = Feeder(str(data / "train_data_joint.npy"), str(data / "train_label.pkl"))
    loader = loading.training_loader(feeder, 4, 0, seed=1)
    orders = []
    for epoch, skip in ((3, 0), (3, 2), (4, 0)):
        loading.start_epoch(loader, 1, epoch, skip)
        orders.append([batch[2].tolist() for batch in loader])
    assert orders[1] == orders[0][2:] and orders[2] != orders[0]
    assert sorted(i for batch in orders[0] for i in batch) == list(range(24))
