"""Explain what predictions depend on: python3 tools/explain.py work_dir/ntu/xsub/joint

Actions: the importance of each joint for each class, that is, how much the probability of the true
class drops when the joint is replaced by that of a clip of another class. Writes importance.png, with
one skeleton per class, and importance.json into the work dir, or into --out.

Traits: how much the error grows when an effort (or the position) of a joint is replaced by that of
another clip, and which moments of a clip change the prediction. Only models that have not seen the
recording are used: the networks of a work dir of main.py --folds, or a baseline of crossvalidate.py.
Writes importance-O.png and so on, explanation.json, and explained.html, which plays clips with the
effect of each moment below them.

python3 tools/explain.py work_dir/zeroeggs/laban/seed-1
python3 tools/explain.py --baseline forest --features laban --data data/zeroeggs --out work_dir/forest

tools/report.py includes the pictures.
"""  # noqa: E501 - commands to copy

if __name__ == "__main__" and not __package__:  # started as a file: start again as a module
    from as_module import run_as_module

    run_as_module(__file__)

import json
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from utils.cli import ArgumentParser, non_negative, run
from utils.files import atomic_write


def make_parser() -> ArgumentParser:
    parser = ArgumentParser(description=__doc__)
    add = parser.add_argument
    add(
        "work_dir", nargs="?", type=Path, metavar="WORK_DIR",
        help="work dir of a training; for traits that of one seed of main.py --folds",
    )  # fmt: skip
    add("--per-class", type=int, default=10, metavar="N",
        help="actions: number of test clips per class (default: 10)")  # fmt: skip
    add("--baseline", choices=("ridge", "forest"),
        help="traits: explain this baseline instead of a network")  # fmt: skip
    add("--features", nargs="+", default=["laban"], metavar="SET",
        help="features of the baseline: positions, laban, laban_released, descriptors "
        "(default: laban)")  # fmt: skip
    add("--folds", type=int, default=5, metavar="K", help="folds of the baseline (default: 5)")
    add("--seed", type=int, default=1, metavar="N", help="seed of the baseline (default: 1)")
    add("--data", type=Path, metavar="FOLDER",
        help="folder of the rated clips (default: that of the networks)")  # fmt: skip
    add("--out", type=Path, metavar="FOLDER", help="where results are written (default: WORK_DIR)")
    add("--clips", type=non_negative, default=2, metavar="N",
        help="traits: play the N highest and lowest predictions of each (default: 2)")  # fmt: skip
    return parser


def main(argv: Sequence[str] | None = None) -> None:
    args = make_parser().parse_args(argv)
    if bool(args.work_dir) == bool(args.baseline):
        raise ValueError("name a work dir, or --baseline.")
    if args.baseline and not (args.data and args.out):
        raise ValueError("--baseline requires --data and --out.")
    if args.per_class < 1:
        raise ValueError(f"--per-class must be 1 or more. Got {args.per_class}.")
    if args.work_dir and _is_of_actions(args.work_dir):
        from tools.explaining.actions import explain_actions  # with torch

        out = args.out or args.work_dir
        print(*explain_actions(args.work_dir, args.per_class, out), sep="\n")
    else:
        explain_traits(args)


def _is_of_actions(work_dir: Path) -> bool:
    """Whether it is the work dir of a network that classifies actions."""
    from engine.settings.parse import read_values

    config = work_dir / "config.yaml"
    return config.is_file() and read_values(config).get("task", "action") == "action"


def explain_traits(args: Namespace) -> None:
    """Importance of features and of moments, for models that have not seen the clips.

    Raises:
        FileNotFoundError, ValueError: models or clips are missing or do not fit.
    """
    # Only here, as they take a second to import.
    from tqdm import tqdm

    from tools.crossvalidating import explanation as explaining

    clips, sets, models, folds = models_of(args)
    steps = explaining.num_steps(clips, sets, folds)
    with tqdm(total=steps, disable=None, unit=" steps") as bar:
        found = explaining.explained(clips, sets, models, bar.update)
    folder = args.out or args.work_dir
    folder.mkdir(parents=True, exist_ok=True)
    strongest = write(folder, clips, found)
    write_page(folder / "explained.html", clips, found, args.clips)
    for trait, places in strongest.items():
        print(f"{trait}: " + ", ".join(f"{p} of {v} {s:.0f} %" for p, v, s in places))
    print(f"{folder}/importance-*.png, explanation.json, explained.html")


def models_of(args: Namespace) -> tuple[Any, list[str], Any, int]:
    """The clips, the sets of features, the models, and their number."""
    from tools.crossvalidating.explanation import baseline_models, network_models, read_info
    from tools.crossvalidating.rated import read_rated, sets_of

    if args.baseline:
        clips = read_rated(args.data)
        if unknown := [name for name in args.features if name not in clips.features]:
            raise ValueError(
                f"--features must be of {', '.join(clips.features)}. Got {unknown[0]}."
            )
        models = baseline_models(clips, args.baseline, args.features, args.folds, args.seed)
        return clips, args.features, models, args.folds
    info = read_info(args.work_dir)
    feeder = info.feeder_args
    clips = read_rated(args.data or Path(str(feeder.get("data_path"))))
    return clips, sets_of(feeder), network_models(args.work_dir, clips), int(info.settings["folds"])


def write(folder: Path, clips: Any, found: Any) -> dict[str, list]:
    """Write one picture per trait, and explanation.json; returns the strongest features."""
    from formats.chunks import TRAITS
    from tools.crossvalidating.pictures import figure_of, strongest
    from tools.drawing.files import write_figure

    names = clips.joint_names
    for trait in TRAITS:
        write_figure(folder / f"importance-{trait}.png", figure_of(found, trait, names))
    content = {
        "parts": found.parts,
        "joints": list(names),
        "rate": clips.rate,
        "error": dict(zip(TRAITS, found.error.tolist(), strict=True)),
        "importance": dict(zip(TRAITS, found.importance.tolist(), strict=True)),
        "strongest": strongest(found, names),
        "effect": {
            name: dict(zip(TRAITS, effect.T.round(4).tolist(), strict=True))
            for name, effect in zip(clips.names, found.effect, strict=True)
        },
    }
    with atomic_write(folder / "explanation.json") as path:
        path.write_text(json.dumps(content, allow_nan=False) + "\n", encoding="utf-8")
    return content["strongest"]


def write_page(path: Path, clips: Any, found: Any, count: int) -> None:
    """The player: the clips predicted highest and lowest, with the effect of every moment."""
    from dataclasses import replace

    import numpy as np

    from formats.chunks import TRAITS
    from tools.crossvalidating.pictures import TITLES
    from tools.drawing import player
    from tools.drawing.shown import shown_clip

    shown = []
    for index, trait in enumerate(TRAITS):
        order = np.argsort(-found.predicted[:, index])
        for i in dict.fromkeys([*order[:count], *order[len(order) - count :]]):
            guess, truth = found.predicted[i, index], clips.traits[i, index]
            numbers = f"predicted {guess:+.1f}, rated {truth:+.1f}"
            title = f"{TITLES[trait]}: {numbers}\nclip {clips.names[i]}"
            body = clips.features["positions"][i][None]
            clip = shown_clip(title, body, clips.skeleton, "z", clips.rate, centre=clips.centre)
            shown.append(replace(clip, curves={trait: found.effect[i][:, index]}))
    if shown:
        player.write_page(path, shown, "What moves the predicted traits")


if __name__ == "__main__":
    run(main)
