"""The Feeder on a compact store: bit for bit the published arrays, fast enough."""

import pickle
import re
import time

import numpy as np
import pytest
import small_data
import store_data
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.data import DataLoader

from feeders.feeder import Feeder
from graph.streams import STREAMS

SPLITS = [f"{benchmark}/{part}" for benchmark in store_data.BENCHMARKS for part in store_data.PARTS]


@pytest.fixture(scope="session")
def ntu(tmp_path_factory):
    return store_data.synthetic_ntu(tmp_path_factory.mktemp("ntu"))


@pytest.fixture(scope="session")
def golden(tmp_path_factory):
    return store_data.golden_ntu(tmp_path_factory.mktemp("golden"))


@pytest.fixture
def ucla(tmp_path):
    """Clips of 1 to 8 frames, of which the arrays have 8."""
    clips = [small_data.clips(1, seed, seed + 1)[0].transpose(3, 1, 2, 0) for seed in range(8)]
    store_data.write_store(tmp_path / "clips", clips, [i % 3 for i in range(8)], (3, 8, 20, 1))
    array = np.zeros((8, 3, 8, 20, 1), np.float32)
    for row, clip in zip(array, clips, strict=True):
        row[:, : clip.shape[1]] = clip.transpose(3, 1, 2, 0)
    small_data.write(tmp_path, "train", array, [i % 3 for i in range(8)])
    return tmp_path


def dense(folder, split="xsub/train", **more):
    benchmark, part = split.split("/")
    return Feeder(**small_data.feeder_args(folder / benchmark, part, **more))


def compact(folder, split="xsub/train", **more):
    return Feeder(str(folder / "clips"), split=split, **more)


def assert_same(one, other):
    """Both feeders give the same bits."""
    assert len(one) == len(other) > 0
    for index in range(len(one)):
        (clip, *rest), (other_clip, *other_rest) = one[index], other[index]
        assert (clip.dtype, clip.shape, rest) == (other_clip.dtype, other_clip.shape, other_rest)
        assert clip.tobytes() == other_clip.tobytes()


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("data_set", ["ntu", "golden"])
def test_a_store_gives_the_published_array_bit_for_bit(data_set, split, request):
    folder = request.getfixturevalue(data_set)
    one, other = dense(folder, split), compact(folder, split)
    assert_same(one, other)
    assert one.sample_name == other.sample_name


@pytest.mark.parametrize("use_mmap", [True, False])
def test_clips_that_end_with_zeros_come_out_too(ucla, use_mmap):
    one = Feeder(**small_data.feeder_args(ucla, "train"))
    assert_same(one, compact(ucla, "train", use_mmap=use_mmap))


@pytest.mark.parametrize("stream", STREAMS)
def test_streams_of_a_store_are_those_of_the_array(ntu, stream):
    assert_same(dense(ntu, stream=stream), compact(ntu, stream=stream))


@given(st.data())
@settings(max_examples=15, deadline=None)
def test_no_setting_tells_a_store_from_the_array(ntu, data):
    switches = ("random_choose", "random_shift", "random_move", "normalization", "debug", "resize")
    more = {name: data.draw(st.booleans(), name) for name in (*switches, "use_mmap")}
    more["window_size"] = data.draw(st.sampled_from([1, 64, 300, 310]))
    more["stream"] = data.draw(st.sampled_from(STREAMS))
    more["random_rotation"] = (data.draw(st.sampled_from([0.0, 30.0])), 0.0)
    assert_same(dense(ntu, "xsub/val", **more), compact(ntu, "xsub/val", **more))


def test_workers_open_the_store_instead_of_getting_it(ntu):
    dataset = compact(ntu, stream="bone")
    content = pickle.dumps(dataset)
    assert len(content) < 4000
    assert_same(pickle.loads(content), dataset)
    batches = [
        torch.cat([clips for clips, *_ in DataLoader(dataset, 5, num_workers=workers)])
        for workers in (0, 2)
    ]
    assert torch.equal(*batches)


BAD = {
    "no split": ({}, r"clips is a clip store. Choose a split of it: xsub/train, xsub/val, xview"),
    "an unknown split": ({"split": "xset/train"}, r"no split 'xset/train', but xsub/train, xsub"),
    "labels besides": (
        {"split": "xsub/train", "label_path": "xsub/train_label.pkl"},
        r"split and label_path \(xsub/train_label.pkl\) are both given",
    ),
    "labels only": ({"label_path": "xsub/train_label.pkl"}, "is a clip store. Choose a split"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_store_needs_one_of_its_splits_and_nothing_else(case, ntu):
    arguments, message = BAD[case]
    with pytest.raises(ValueError, match=message):
        Feeder(str(ntu / "clips"), **arguments)


def test_a_split_without_clips_is_named(ucla):
    with pytest.raises(ValueError, match=r"split val of .*clips has no clip"):
        compact(ucla, "val")


def test_an_array_needs_its_labels_and_takes_no_split(ntu):
    array = ntu / "xsub" / "train_data_joint.npy"
    with pytest.raises(ValueError, match=rf"label_path is missing, .* of {re.escape(str(array))}"):
        Feeder(str(array))
    with pytest.raises(ValueError, match=r"split: xsub/train is for clip stores, but .* is a file"):
        Feeder(str(array), split="xsub/train")


def test_a_store_that_is_not_there_or_damaged_is_named(ntu, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no clip store in .*absent"):
        Feeder(str(tmp_path / "absent"), split="xsub/train")
    for file, missing in (("joints.npy", 100), ("index.npz", 0)):
        content = (ntu / "clips" / file).read_bytes()
        (tmp_path / file).write_bytes(content[: len(content) - missing])
    with pytest.raises(ValueError, match="is not a readable clip store"):
        Feeder(str(tmp_path), split="xsub/train")


@pytest.mark.slow
def test_one_worker_feeds_400_clips_a_second(ntu):
    """Here 36 clips, again and again: what is measured is the work, not the disk."""
    dataset = torch.utils.data.ConcatDataset([compact(ntu, part) for part in SPLITS] * 10)
    seconds = []
    for _ in range(3):
        begun = time.perf_counter()
        for _ in DataLoader(dataset, batch_size=16, num_workers=1):
            pass
        seconds.append(time.perf_counter() - begun)
    assert len(dataset) / min(seconds) >= 400
