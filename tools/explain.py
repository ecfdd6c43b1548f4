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

from collections.abc import Sequence
from pathlib import Path

from utils.cli import ArgumentParser, non_negative, run


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
    # Only here, as they take seconds to import.
    if args.work_dir and _is_of_actions(args.work_dir):
        from tools.explaining.actions import explain_actions

        lines = explain_actions(args.work_dir, args.per_class, args.out or args.work_dir)
    else:
        from tools.explaining import traits

        if args.baseline:
            question = traits.of_baseline(
                args.baseline, args.features, args.data, args.folds, args.seed
            )
        else:
            question = traits.of_networks(args.work_dir, args.data)
        lines = traits.explain_traits(question, args.out or args.work_dir, args.clips)
    print(*lines, sep="\n")


def _is_of_actions(work_dir: Path) -> bool:
    """Whether it is the work dir of a network that classifies actions."""
    from engine.settings.parse import read_values

    config = work_dir / "config.yaml"
    return config.is_file() and read_values(config).get("task", "action") == "action"


if __name__ == "__main__":
    run(main)
