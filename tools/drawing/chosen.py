"""The clips that a command line selects, with their titles."""
# Shapes: N clips, C channels, T frames, V joints, M persons, K classes.

from argparse import Namespace
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from engine.settings.parse import read_values
from feeders.transform import transform_of
from formats.class_names import shown
from formats.exported import config_of_test, info_of
from formats.scores import find_test_scores, load_scores
from tools.drawing.drawable import Choice, Drawable
from tools.drawing.shown import ShownClip, shown_clip
from tools.drawing.sources import drawables, joints_beside, of_arrays, opened, with_all_picks
from utils.metrics import softmax

NUM_DRAWS = 8


def chosen_clips(args: Namespace) -> list[ShownClip]:
    """What to draw, in order.

    Raises:
        FileNotFoundError, ValueError: files or flags do not fit.
    """
    skeleton = args.skeleton[0] if args.skeleton else None
    choice = Choice(tuple(args.pick), args.format, skeleton, args.split)
    if args.predictions:
        return predicted_clips(args, choice)
    found = list(drawables(args.clips, choice))
    if not found:
        raise ValueError(f"{' '.join(args.clips)}: no clips to draw.")
    if args.compare:
        return [clip for each in found for clip in compared(each, args)]
    if args.augment:
        return augmented(found[0], args)
    return [drawn(each, args, titled(each)) for each in found]


def drawn(each: Drawable, args: Namespace, title: str) -> ShownClip:
    return shown_clip(
        title, each.clip, each.skeleton, each.up, args.rate or each.rate,
        has_score=each.has_score, stream=args.stream, centre=each.centre,
    )  # fmt: skip


def titled(each: Drawable) -> str:
    """The clip's name, and its class where that is known."""
    return each.name if each.label is None else f"{each.name}\n{shown(each.label, each.classes)}"


def compared(each: Drawable, args: Namespace) -> Iterator[ShownClip]:
    """A clip as recorded, and as the arrays have it.

    Raises:
        ValueError: it comes from arrays, or how they are made is not known.
    """
    if each.array_of is None or each.clip.shape[3] != each.array_of().shape[0]:
        raise ValueError("--compare requires raw files whose --format is known.")
    yield drawn(each, args, f"{each.name}\nas recorded")
    yield drawn(each.in_arrays, args, f"{each.name}\nin the arrays")


def augmented(each: Drawable, args: Namespace) -> list[ShownClip]:
    """A clip, and draws of the training's augmentation of it.

    Raises:
        ValueError: the clip's array is not known, or the settings have no augmentation.
    """
    if each.array_of is None:
        raise ValueError("--augment requires arrays, or raw files whose --format is known.")
    settings, array = read_values(args.config), each.array_of()
    feeder = {**settings.get("train_feeder_args", {}), "stream": "joint", "data_path": ""}
    transform = transform_of(feeder, each.skeleton, array.shape[2])
    if not transform.augment.varies:
        raise ValueError(f"{args.config}: train_feeder_args name no augmentation to draw.")
    clips = [drawn(each.in_arrays, args, f"{each.name}\nas in the arrays")]
    for number in range(NUM_DRAWS):
        draw = transform(array, np.random.default_rng(number))
        one = replace(each, array_of=lambda draw=draw: draw)
        clips.append(drawn(one.in_arrays, args, f"draw {number + 1}"))
    return clips


def predicted_clips(args: Namespace, choice: Choice) -> list[ShownClip]:
    """The clips of a test, with true and predicted names; with --wrong the most confident mistakes.

    Raises:
        FileNotFoundError: the test kept no scores, or its clips are gone.
        ValueError: scores and clips do not belong together.
    """
    test = read_test(args.predictions)
    path, choice = test.joints, choice._replace(split=test.split)
    _, names, labels = opened(path, test.split, test.label_path)
    true = dict(zip(names, labels or (), strict=True))
    if unknown := [name for name in names if name not in test.guesses]:
        raise ValueError(
            f"{args.predictions} has no score of {unknown[0]}. Test again on the clips of {path}."
        )
    if args.wrong is not None:
        wrong = [name for name in names if test.guesses[name] != true[name]]
        if not wrong:
            raise ValueError(f"{args.predictions}: no clip is mistaken.")
        most_confident = sorted(wrong, key=lambda name: -test.chances[name])
        choice = choice._replace(pick=tuple(most_confident[: args.wrong]))
    clips = []
    for each in with_all_picks(of_arrays(path, choice, test.label_path), choice.pick):
        guess = f"{shown(test.guesses[each.name], test.classes)} {test.chances[each.name]:.2f}"
        title = f"{each.name}\ntrue: {shown(each.label, test.classes)}, predicted: {guess}"
        clips.append(drawn(each, args, title))
    return clips


class TestOutcome(NamedTuple):
    """The predictions of a test, and where its clips are."""

    __test__ = False  # no test of pytest's

    guesses: dict[str, int]
    chances: dict[str, float]  # of the guesses
    classes: list[str]
    joints: Path  # an .npy file or a store
    label_path: Path | None
    split: str | None


def read_test(work_dir: Path) -> TestOutcome:
    """The outcome of a test, by its scores and settings.

    Raises:
        FileNotFoundError: it has no scores.
        ValueError: a file is damaged.
    """
    scores = load_scores(find_test_scores(work_dir))
    info = info_of(read_values(config_of_test(work_dir)), work_dir)
    guesses = {name: int(score.argmax()) for name, score in scores.items()}
    chances = {name: float(softmax(score).max()) for name, score in scores.items()}
    path = Path(str(info.feeder_args.get("data_path", "")))
    label_path = info.feeder_args.get("label_path")
    return TestOutcome(
        guesses,
        chances,
        info.classes,
        joints_beside(path),
        Path(label_path) if label_path else None,
        info.feeder_args.get("split"),
    )
