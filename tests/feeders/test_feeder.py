"""The Feeder: items, augmentation order, reproducibility, errors."""

import pickle

import numpy as np
import pytest
import small_data
import torch
from torch.utils.data import DataLoader, TensorDataset

from engine.data.clips import Clips
from feeders.feeder import Feeder


@pytest.fixture
def folder(tmp_path):
    return small_data.learnable(tmp_path)


def feeder(folder, **more):
    dataset = Feeder(**small_data.feeder_args(folder, "train", **more))
    dataset.use_skeleton("graph.ucla.AdjMatrixGraph")
    return dataset


def test_an_item_is_the_clip_its_label_and_its_index(folder):
    data = np.load(folder / "train_data_joint.npy")
    clip, label, index = feeder(folder)[4]
    np.testing.assert_array_equal(clip, data[4])
    assert (clip.dtype, label, index) == (np.float32, 1, 4)


@pytest.mark.parametrize("use_mmap", [True, False])
def test_memory_mapping_changes_nothing(folder, use_mmap):
    dataset = feeder(folder, use_mmap=use_mmap)
    assert isinstance(dataset.data, np.memmap) == use_mmap
    np.testing.assert_array_equal(dataset[0][0], np.load(folder / "train_data_joint.npy")[0])


def test_debug_takes_the_first_hundred(tmp_path):
    small_data.write(tmp_path, "train", small_data.clips(103, frames=2), [0] * 103)
    dataset = feeder(tmp_path, debug=True)
    assert len(dataset) == len(dataset.sample_name) == 100


def test_repetitions_are_the_same_clip_drawn_again(folder):
    once, thrice = (feeder(folder, random_rotation=[30, 30], repeat=n) for n in (1, 3))
    size = len(once)
    assert len(thrice) == size
    clip, label, _ = thrice[size + 4]
    assert np.array_equal(once[4][0], thrice[4][0])
    assert not np.array_equal(clip, thrice[4][0])
    assert label == once[4][1]
    np.testing.assert_allclose(  # a rotation: lengths stay
        np.linalg.norm(clip, axis=0), np.linalg.norm(once[4][0], axis=0), atol=1e-5
    )
    with pytest.raises(IndexError):
        once[size]
    with pytest.raises(ValueError, match=r"repeat must be at least 1\. Got 0"):
        feeder(folder, repeat=0)


def test_repetitions_keep_names_and_labels(folder):
    clips = Clips(feeder(folder, repeat=3))
    assert len(clips.repeated()) == 3 * len(clips)
    part = Clips(clips.dataset, [1, 4]).repeated()
    assert part.sample_name == [clips.sample_name[i] for i in (1, 4)] * 3
    assert [part[i][1] for i in range(6)] == [clips.label[1], clips.label[4]] * 3
    assert [clip.shape for clip, *_ in part] == [clips[0][0].shape] * 6


def test_normalization_gives_every_channel_and_joint_mean_0_and_std_1(folder):
    dataset = feeder(folder, normalization=True)
    data = np.stack([dataset[i][0] for i in range(len(dataset))])
    np.testing.assert_allclose(data.mean(axis=(0, 2, 4)), 0, atol=1e-5)
    np.testing.assert_allclose(data.std(axis=(0, 2, 4)), 1, atol=1e-5)


def test_normalization_of_a_joint_that_never_moves_stays_finite(tmp_path):
    data = small_data.clips(4)
    data[:, :, :, 1] = 0
    small_data.write(tmp_path, "train", data, [0] * 4)
    assert np.isfinite(feeder(tmp_path, normalization=True)[0][0]).all()


@pytest.mark.parametrize(
    ("settings", "frames"),
    [
        ({"window_size": 11}, 11),
        ({"window_size": 5}, 8),  # without random_choose a window only pads
        ({"window_size": 5, "random_choose": True}, 5),
        ({"window_size": 6, "resize": True, "random_crop": 0.5}, 6),
        ({"random_shift": True, "random_move": True}, 8),
        ({"random_rotation": [60, 30], "random_scale": [0.5, 1.5]}, 8),
        ({"window_size": 6, "resize": True, "random_resize": True, "uniform_crop": 0.5}, 6),
        ({"random_mirror": True, "joint_dropout": 0.2, "noise": 0.01}, 8),
    ],
)
def test_settings_decide_the_number_of_frames(folder, settings, frames):
    clip, _, _ = feeder(folder, **settings)[0]
    assert clip.shape == (3, frames, 20, 1)
    assert clip.dtype == np.float32
    assert clip.flags.c_contiguous


def test_draws_depend_on_seed_epoch_and_clip_alone(folder):
    dataset = feeder(folder, random_rotation=[60, 30])

    def epoch(seed, number, workers=0):
        dataset.set_epoch(seed, number)
        loader = DataLoader(dataset, batch_size=5, num_workers=workers)
        return torch.cat([clips for clips, _, _ in loader])

    assert torch.equal(epoch(1, 0), epoch(1, 0, workers=2))
    assert not torch.equal(epoch(1, 0), epoch(1, 1))
    assert not torch.equal(epoch(1, 0), epoch(2, 0))


def test_worker_processes_open_the_file_instead_of_getting_it(folder):
    dataset = feeder(folder)
    content = pickle.dumps(dataset)
    assert len(content) < dataset.data.nbytes / 4
    np.testing.assert_array_equal(pickle.loads(content)[5][0], dataset[5][0])


def test_the_random_scale_differs_between_clips(folder):
    dataset = feeder(folder, random_scale=[0.5, 1.5])
    data = np.load(folder / "train_data_joint.npy")
    factors = {round(float(dataset[i][0].sum() / data[i].sum()), 4) for i in range(4)}
    assert len(factors) == 4


def test_labels_of_another_length_are_named(folder):
    names, labels = pickle.loads((folder / "train_label.pkl").read_bytes())
    (folder / "train_label.pkl").write_bytes(pickle.dumps((names[:-1], labels[:-1])))
    with pytest.raises(ValueError, match=r"train_label\.pkl has 23 labels, but .* has 24 clips"):
        feeder(folder)


def test_missing_and_damaged_files_are_named(folder):
    with pytest.raises(FileNotFoundError, match=r"no data file .*absent\.npy"):
        Feeder(str(folder / "absent.npy"), str(folder / "train_label.pkl"))
    with pytest.raises(FileNotFoundError, match=r"no label file .*absent\.pkl"):
        Feeder(str(folder / "train_data_joint.npy"), str(folder / "absent.pkl"))
    data = folder / "train_data_joint.npy"
    data.write_bytes(data.read_bytes()[:-100])
    with pytest.raises(ValueError, match=r"train_data_joint\.npy is not a readable array"):
        feeder(folder)
    with data.open("wb") as file:
        np.savez(file, np.zeros(3))
    with pytest.raises(ValueError, match=r"train_data_joint\.npy is not a readable array"):
        feeder(folder)
    np.save(data, np.zeros((3, 4)))
    with pytest.raises(
        ValueError, match=r"must hold clips \(N, C, T, V, M\), but has the shape \(3, 4\)"
    ):
        feeder(folder)


@pytest.mark.parametrize("setting", ["random_choose", "resize"])
def test_a_window_without_a_size_is_an_error(folder, setting):
    with pytest.raises(ValueError, match="require window_size"):
        feeder(folder, **{setting: True})


BAD = {
    "a crop without resize": ({"random_crop": 0.5}, "require resize: true"),
    "both crops": (
        {"resize": True, "window_size": 4, "random_crop": 0.5, "uniform_crop": 0.5},
        "random_crop is for training, uniform_crop for testing",
    ),
    "a share above 1": ({"uniform_crop": 1.5}, "uniform_crop must be above 0 and at most 1"),
    "no angles": ({"random_rotation": []}, "must be a list of 1 to 3 degrees"),
    "all joints": ({"joint_dropout": 1.0}, r"joint_dropout must be in \[0, 1\)"),
    "negative noise": ({"noise": -1.0}, "noise must be 0 or more"),
    "a graph without sides": (
        {"random_mirror": True, "graph": "graph.bone.bones_from_joints"},
        r"is not a class but a function",
    ),
    "a graph of other joints": (
        {"random_mirror": True, "graph": "graph.kinetics.AdjMatrixGraph"},
        "random_mirror requires the names of the 20 joints, of which it has 18",
    ),
    "an unknown one": ({"random_mirorr": True}, r"Feeder knows no \['random_mirorr'\]"),
    "a wrong type": ({"noise": "much"}, "noise must be of type float. Got 'much'"),
}


@pytest.mark.parametrize("case", BAD)
def test_wrong_augmentations_are_named(folder, case):
    arguments, message = BAD[case]
    with pytest.raises(ValueError, match=message):
        feeder(folder, **arguments)


def test_crops_of_one_clip_differ_and_are_spread_over_it(folder):
    dataset = feeder(folder, resize=True, window_size=4, uniform_crop=0.5)
    data = np.load(folder / "train_data_joint.npy")[0]
    for number in range(3):
        dataset.set_crop(number, 3)
        np.testing.assert_allclose(dataset[0][0], data[:, 2 * number : 2 * number + 4], atol=1e-6)


def test_crops_reach_workers_that_live_on(folder):
    dataset = feeder(folder, resize=True, window_size=4, uniform_crop=0.5)
    loader = DataLoader(dataset, batch_size=24, num_workers=1, persistent_workers=True)
    seen = []
    for number in range(2):
        dataset.set_crop(number, 2)
        seen += [next(iter(loader))[0]]
    assert not torch.equal(*seen)


def test_crops_that_would_all_be_the_same_are_refused(folder):
    dataset = feeder(folder, resize=True, window_size=4)
    dataset.set_crop(0, 1)
    with pytest.raises(ValueError, match="--num-clips 3 requires crops that differ"):
        dataset.set_crop(1, 3)
    part = Clips(dataset, [0, 1])
    with pytest.raises(ValueError, match="--num-clips 3 requires crops that differ"):
        part.set_crop(0, 3)
    part.dataset = TensorDataset()
    with pytest.raises(ValueError, match="requires a feeder with set_crop"):
        part.set_crop(0, 3)


def test_each_crop_has_random_draws_of_its_own(folder):
    dataset = feeder(folder, random_rotation=[60, 30])
    clips = []
    for number in (0, 1, 0):
        dataset.set_crop(number, 2)
        clips.append(dataset[0][0])
    np.testing.assert_array_equal(clips[0], clips[2])
    assert not np.allclose(clips[0], clips[1])
