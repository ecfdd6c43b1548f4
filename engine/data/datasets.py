"""Which clips a run trains, validates and tests on, and whether they fit the network."""
# Shapes: C channels, T frames, V joints, M persons.

import logging
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from engine.contracts import Derived, Task
from engine.data.clips import Clips
from engine.data.folds import Fold, split_by
from engine.data.validation_split import validation_split
from engine.settings.table import DataSettings
from formats.manifest import num_classes_of, read_manifest
from utils.config import build

logger = logging.getLogger(__name__)

CLIP_DATASET = ("__len__", "__getitem__", "label", "sample_name")  # as engine.contracts has it
WHERE = ("data_path", "label_path", "split")  # the feeder arguments that say which clips


class DataSets(NamedTuple):
    """The clips of a training run; `val` and `test` are often the same."""

    train: Clips
    plain: Clips | None  # those of `train`, prepared as for a test
    val: Clips  # to choose the best epoch on
    test: Clips


def build_clips(
    settings: DataSettings, feeder_args: Mapping[str, Any], *, model_args: Mapping[str, Any]
) -> Clips:
    """The clips of a feeder, checked against the network.

    Args:
        feeder_args: `settings.train_feeder_args` or `settings.test_feeder_args`, or others.
        model_args: arguments of the network: joints, persons, channels and skeleton.

    Raises:
        ValueError: clips and network do not fit.
    """
    debug = {"debug": True} if settings.debug else {}
    dataset = build(settings.feeder, {**feeder_args, **debug}, has=CLIP_DATASET)
    if isinstance(dataset, Derived) and model_args.get("graph"):
        dataset.use_skeleton(model_args["graph"])
    clips = Clips(dataset)
    _check_shape(model_args, clips)
    return clips


def build_test_clips(settings: DataSettings, *, model_args: Mapping[str, Any]) -> Clips:
    """The clips of --test-feeder-args, able to give the crops of --num-clips.

    Raises:
        ValueError: as `build_clips`, or the feeder has no such crops.
    """
    clips = build_clips(settings, settings.test_feeder_args, model_args=model_args)
    if len(clips.repeated()) > len(clips):
        logger.warning("--test-feeder-args: repeat has no effect, a test sees each clip once.")
    return _with_crops(clips, settings.num_clips)


def build_datasets(
    settings: DataSettings,
    *,
    model_args: Mapping[str, Any],
    seed: int,
    needs_plain: bool,
    fold: Fold | None = None,
) -> DataSets:
    """The clips of a training run; with --val-split, `val` is held out of the training clips.

    Args:
        needs_plain: whether the training clips are also needed without augmentation.
        fold: the fold of the training clips that becomes `val` and `test`.

    Raises:
        ValueError: as `build_test_clips` and `validation_split`, or training and test are of
            different streams.
    """
    train_args, test_args = settings.train_feeder_args, settings.test_feeder_args
    train = build_clips(settings, train_args, model_args=model_args)
    same_clips = {key: train_args[key] for key in WHERE if key in train_args}
    as_in_tests = {key: value for key, value in test_args.items() if key not in WHERE} | same_clips

    def divided(stay: list[int], held_out: list[int], plain: Clips) -> DataSets:
        val = _with_crops(Clips(plain.dataset, held_out), settings.num_clips)
        others = Clips(plain.dataset, stay) if needs_plain else None
        return DataSets(Clips(train.dataset, stay).repeated(), others, val, val)

    if fold:
        stay, held_out = split_by(train.groups, fold)
        plain = build_clips(settings, as_in_tests, model_args=model_args)
        parts = divided(stay, held_out, plain)
        parts.val.training_mean = train.mean_label(stay)
        return parts
    test = build_test_clips(settings, model_args=model_args)
    if train.stream != test.stream:
        raise ValueError(
            f"--train-feeder-args are for stream: {train.stream}, --test-feeder-args for stream: "
            f"{test.stream}. Give both the same."
        )
    if not settings.val_split and not needs_plain:
        return DataSets(train.repeated(), None, test, test)
    plain = build_clips(settings, as_in_tests, model_args=model_args)
    if not settings.val_split:
        return DataSets(train.repeated(), plain, test, test)
    stay, held_out = validation_split(train, settings.val_split, settings.val_by, seed)
    return divided(stay, held_out, plain)._replace(test=test)


def _with_crops(clips: Clips, num_clips: int) -> Clips:
    """The same clips, after a check that they have that many different crops."""
    if num_clips > 1:
        clips.set_crop(0, num_clips)
        clips.set_crop(0, 1)
    return clips


def _check_shape(model_args: Mapping[str, Any], clips: Clips) -> None:
    """Compare channels, joints and persons of the clips with the network's.

    Raises:
        ValueError: they differ, or there is no clip, or one of another shape.
    """
    if not len(clips):
        raise ValueError(f"the data set {type(clips.dataset).__name__} has no clip.")
    clip = np.asarray(clips[0][0])
    if clip.ndim != 4:
        raise ValueError(
            f"clips of {type(clips.dataset).__name__} must have shape (C, T, V, M). Got "
            f"{clip.shape}."
        )
    expected = {"in_channels": 3, **model_args}
    for axis, name in ((0, "in_channels"), (2, "num_point"), (3, "num_person")):
        if clip.shape[axis] != expected.get(name, clip.shape[axis]):
            raise ValueError(
                f"clips of {clips.data_path} have shape (C, T, V, M) = {clip.shape}, but "
                f"model_args says {name}: {expected[name]}. Make them agree."
            )


def check_clips(task: Task, model_args: Mapping[str, Any], *parts: Clips) -> None:
    """Check that labels and network fit the task, and the last set its `dataset.json`.

    Raises:
        ValueError: labels or network do not fit.
    """
    for clips in parts:
        task.check(model_args, clips)
    compare_with_manifest(model_args, parts[-1])


def compare_with_manifest(model_args: Mapping[str, Any], clips: Clips) -> None:
    """Log where the network's settings or the number of clips differ from `dataset.json`.

    Neither is an error: clips may cover only some classes, and downloads may be partial.
    """
    path = clips.data_path
    manifest = read_manifest(path) if path else None
    if not manifest:
        return
    num_classes = num_classes_of(manifest, path, clips.split)
    for name, found in (("num_class", num_classes), ("num_point", manifest.get("num_joints"))):
        if found is not None and model_args.get(name, found) != found:
            logger.warning(
                "model_args says %s: %s, but the data set of %s has %s.",
                name,
                model_args[name],
                path,
                found,
            )
    if manifest.get("note"):
        logger.info("%s: %s", path, manifest["note"])
