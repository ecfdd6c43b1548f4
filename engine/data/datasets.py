"""Which clips a run trains, validates and tests on."""
# Shapes: C channels, T frames, V joints, M persons.

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from torch.utils.data import Dataset

from engine.data.validation_split import validation_split
from utils import config

WHERE = ("data_path", "label_path", "split")  # the feeder arguments that say which clips


class Part(Dataset):
    """Some clips of a data set, with their names and labels."""

    def __init__(self, dataset: Dataset, indices: Sequence[int]) -> None:
        self.dataset, self.indices = dataset, list(indices)
        self.label = [dataset.label[i] for i in self.indices]
        self.sample_name = [dataset.sample_name[i] for i in self.indices]
        self.data_path = getattr(dataset, "data_path", None)
        self.label_path = getattr(dataset, "label_path", None)
        self.training_mean = getattr(dataset, "training_mean", None)

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int) -> tuple[Any, Any, int]:
        clip, label, _ = self.dataset[self.indices[index]]
        return clip, label, index

    def set_epoch(self, seed: int, epoch: int) -> None:
        if hasattr(self.dataset, "set_epoch"):
            self.dataset.set_epoch(seed, epoch)

    def set_crop(self, number: int, count: int) -> None:
        self.dataset.set_crop(number, count)


def build_dataset(feeder: str, feeder_args: Mapping[str, Any], debug: bool) -> Dataset:
    """The data set of a feeder's dotted name; `debug` means its first 100 clips."""
    return config.build(feeder, **feeder_args, **({"debug": True} if debug else {}))


def check_fit(model_args: Mapping[str, Any], dataset: Dataset) -> None:
    """Compare channels, joints, persons and skeleton of the data with the model's.

    Raises:
        ValueError: they differ.
    """
    clip = np.asarray(dataset[0][0])
    expected = {"in_channels": 3, **model_args}
    for axis, name in ((0, "in_channels"), (2, "num_point"), (3, "num_person")):
        if clip.shape[axis] != expected.get(name, clip.shape[axis]):
            raise ValueError(
                f"clips of {dataset.data_path} have shape (C, T, V, M) = {clip.shape}, but "
                f"model_args says {name}: {expected[name]}. Make them agree."
            )
    _check_skeleton(model_args, dataset)


def _check_skeleton(model_args: Mapping[str, Any], dataset: Dataset) -> None:
    """Whether a skeleton that the feeder guessed, as it was given no `graph`, is the model's."""
    whole, graph = getattr(dataset, "dataset", dataset), model_args.get("graph")
    bones, images = (list(getattr(whole, name, ())) for name in ("bones", "mirror_images"))
    if not graph or getattr(whole, "graph", None) or not (bones or images):
        return
    skeleton = config.import_class(graph)
    has_images = images and hasattr(skeleton, "mirror_images")
    same_bones = not bones or sorted(bones) == sorted(getattr(skeleton, "bones", ()))
    same_images = not images or images == (skeleton.mirror_images() if has_images else [])
    if not (same_bones and same_images):
        raise ValueError(
            f"{whole.data_path}: bones, left and right are those of the benchmark with as many "
            f"joints, but not those of {graph}, which model_args names. Give the feeder's "
            f"arguments graph: {graph}, or the one that is meant."
        )


def check_crops(dataset: Dataset, num_clips: int) -> None:
    """Whether several crops of a clip can be evaluated.

    Raises:
        ValueError: the data set has none, or they would all be the same.
    """
    if num_clips > 1 and not hasattr(getattr(dataset, "dataset", dataset), "set_crop"):
        raise ValueError(
            f"--num-clips {num_clips} needs a feeder with set_crop, such as feeders.feeder.Feeder."
        )
    if num_clips > 1:
        dataset.set_crop(0, num_clips)
        dataset.set_crop(0, 1)


class DataSets(NamedTuple):
    """The clips of a training run; `val` and `test` are often the same."""

    train: Dataset
    plain: Dataset | None  # those of `train`, prepared as for a test
    val: Dataset  # to choose the best epoch on
    test: Dataset


def build_datasets(
    feeder: str,
    train_args: Mapping[str, Any],
    test_args: Mapping[str, Any],
    debug: bool,
    share: float,
    by: str,
    seed: int,
    needs_plain: bool,
) -> DataSets:
    """The data sets of a run; with a share above 0, `val` is carved out of the training clips.

    Raises:
        ValueError: as `validation_split`, or training and test are of different streams.
    """
    train = build_dataset(feeder, train_args, debug)
    test = build_dataset(feeder, test_args, debug)
    streams = [getattr(dataset, "resulting_stream", None) for dataset in (train, test)]
    if streams[0] != streams[1]:
        raise ValueError(
            f"--train-feeder-args are for stream: {streams[0]}, --test-feeder-args for stream: "
            f"{streams[1]}. Give both the same."
        )
    if not share and not needs_plain:
        return DataSets(train, None, test, test)
    same_clips = {key: train_args[key] for key in WHERE if key in train_args}
    options = {key: value for key, value in test_args.items() if key not in WHERE}
    plain = build_dataset(feeder, options | same_clips, debug)
    if not share:
        return DataSets(train, plain, test, test)
    stay, carved = validation_split(train.sample_name, share, by, seed)
    return DataSets(Part(train, stay), Part(plain, stay), Part(plain, carved), test)
