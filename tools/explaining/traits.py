"""Importance of features and of moments for predicted traits: computed, drawn and written."""
# Shapes: N clips, T frames, V joints, 5 traits.

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from formats.chunks import TRAITS
from tools.crossvalidating.rated import RatedClips, read_rated, sets_of
from tools.drawing import player
from tools.drawing.files import write_figure
from tools.drawing.shown import shown_clip
from tools.explaining.features import (
    Explanation,
    HeldOut,
    baseline_models,
    explained,
    network_models,
    num_steps,
    read_info,
)
from tools.explaining.trait_pictures import TITLES, figure_of, strongest
from utils.files import atomic_write


class Question(NamedTuple):
    """What is to be explained: models of each fold, and the clips and features they predict from.

    Args:
        sets: the sets of features.
        folds: number of models.
    """

    clips: RatedClips
    sets: Sequence[str]
    models: Iterator[HeldOut]
    folds: int


def of_baseline(method: str, sets: Sequence[str], data: Path, folds: int, seed: int) -> Question:
    """A baseline of tools/crossvalidate.py on the clips of a folder.

    Raises:
        FileNotFoundError, ValueError: clips or features are missing.
    """
    clips = read_rated(data)
    if unknown := [name for name in sets if name not in clips.features]:
        raise ValueError(f"--features must be of {', '.join(clips.features)}. Got {unknown[0]}.")
    return Question(clips, sets, baseline_models(clips, method, sets, folds, seed), folds)


def of_networks(work_dir: Path, data: Path | None) -> Question:
    """The networks of a work dir of main.py --folds.

    Args:
        data: folder of the rated clips; None: that of the networks.

    Raises:
        FileNotFoundError, ValueError: networks or clips are missing or do not fit.
    """
    info = read_info(work_dir)
    clips = read_rated(data or Path(str(info.feeder_args.get("data_path"))))
    models = network_models(work_dir, clips)
    return Question(clips, sets_of(info.feeder_args), models, int(info.settings["folds"]))


def explain_traits(question: Question, folder: Path, num_played: int) -> list[str]:
    """Write importance-*.png, explanation.json and explained.html; returns the lines to print.

    Args:
        num_played: clips with the highest and with the lowest prediction of each trait to play.

    Raises:
        FileNotFoundError, ValueError: networks are missing or do not fit.
    """
    clips, sets, models, folds = question
    with tqdm(total=num_steps(clips, sets, folds), disable=None, unit=" steps") as bar:
        found = explained(clips, sets, models, bar.update)
    folder.mkdir(parents=True, exist_ok=True)
    for trait in TRAITS:
        picture = figure_of(found, trait, clips.joint_names)
        write_figure(folder / f"importance-{trait}.png", picture)
    best = strongest(found, clips.joint_names)
    write_numbers(folder / "explanation.json", clips, found, best)
    write_page(folder / "explained.html", clips, found, num_played)
    lines = [
        f"{trait}: " + ", ".join(f"{part} of {joint} {share:.0f} %" for part, joint, share in own)
        for trait, own in best.items()
    ]
    return [*lines, f"{folder}/importance-*.png, explanation.json, explained.html"]


def write_numbers(path: Path, clips: RatedClips, found: Explanation, best: dict[str, list]) -> None:
    content = {
        "parts": found.parts,
        "joints": list(clips.joint_names),
        "rate": clips.rate,
        "error": dict(zip(TRAITS, found.error.tolist(), strict=True)),
        "importance": dict(zip(TRAITS, found.importance.tolist(), strict=True)),
        "strongest": best,
        "effect": {
            name: dict(zip(TRAITS, effect.T.round(4).tolist(), strict=True))
            for name, effect in zip(clips.names, found.effect, strict=True)
        },
    }
    with atomic_write(path) as temporary:
        temporary.write_text(json.dumps(content, allow_nan=False) + "\n", encoding="utf-8")


def write_page(path: Path, clips: RatedClips, found: Explanation, num_played: int) -> None:
    """The player: the clips predicted highest and lowest, with the effect of every moment."""
    shown = []
    for index, trait in enumerate(TRAITS):
        order = np.argsort(-found.predicted[:, index])
        for i in dict.fromkeys([*order[:num_played], *order[len(order) - num_played :]]):
            guess, truth = found.predicted[i, index], clips.traits[i, index]
            numbers = f"predicted {guess:+.1f}, rated {truth:+.1f}"
            title = f"{TITLES[trait]}: {numbers}\nclip {clips.names[i]}"
            body = clips.features["positions"][i][None]
            clip = shown_clip(title, body, clips.skeleton, "z", clips.rate, centre=clips.centre)
            shown.append(replace(clip, curves={trait: found.effect[i][:, index]}))
    if shown:
        player.write_page(path, shown, "What moves the predicted traits")
