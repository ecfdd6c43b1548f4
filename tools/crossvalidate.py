"""Compare predictors of perceived personality: python3 tools/crossvalidate.py data/zeroeggs

Baselines on statistics of the rated clips (the mean, ridge regression, a random forest; scikit-learn,
in requirements-extra.txt), for each set of features and for all together, and networks trained by
main.py --folds, are cross-validated on the same folds, which keep recordings whole. Writes MSE,
Pearson's r and the concordance correlation of each trait with 95 % intervals, and the bounds that the
raters' agreement sets.

python3 main.py --config config/animation-personality/cross_validate.yaml --seeds 1 2 3
python3 tools/crossvalidate.py data/zeroeggs --runs work_dir/zeroeggs/laban
"""  # noqa: E501 - commands to copy

if __name__ == "__main__" and not __package__:  # started as a file: start again as a module
    from as_module import run_as_module

    run_as_module(__file__)

import json
import logging
import math
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from utils.cli import ArgumentParser, run
from utils.files import atomic_write

METHODS = ("ridge", "forest")
SETS = ("positions", "laban", "laban_released", "descriptors", "together")


def make_parser() -> ArgumentParser:
    parser = ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("data", type=Path, metavar="FOLDER",
        help="data set of data_gen/animation_gendata.py and laban_gendata.py")  # fmt: skip
    add("--methods", nargs="+", choices=METHODS, default=METHODS, help="baselines (default: both)")
    add("--features", nargs="+", choices=SETS, default=SETS,
        help="sets of features, or all together (default: all in FOLDER)")  # fmt: skip
    add("--runs", nargs="+", type=Path, default=[], metavar="WORK_DIR",
        help="work dirs of main.py with the same --folds and --seeds, to compare")  # fmt: skip
    add("--folds", type=int, default=5, metavar="K", help="number of folds (default: 5)")
    add("--seeds", nargs="+", type=int, default=[1, 2, 3], metavar="N",
        help="seeds of the folds and the forests (default: 1 2 3)")  # fmt: skip
    add("--out", type=Path, metavar="FILE",
        help=".md file for the tables, with the numbers as .json beside it "
        "(default: crossvalidation.md in FOLDER)")  # fmt: skip
    return parser


def main(argv: Sequence[str] | None = None) -> None:
    args = make_parser().parse_args(argv)
    logging.basicConfig(format="%(levelname)s: %(message)s")
    out = args.out or args.data / "crossvalidation.md"
    if out.suffix != ".md":
        raise ValueError(f"--out must end with .md. Got {out}.")
    if args.folds < 2 or len(set(args.seeds)) < len(args.seeds):
        raise ValueError("--folds must be 2 or more, and --seeds must differ.")
    # Only here, as they take a second to import.
    from tools.crossvalidating.comparison import as_markdown
    from tools.crossvalidating.rated import read_rated

    clips = read_rated(args.data)
    results = compare(args, clips)
    bounds = clips.bounds()
    table = as_markdown(results, bounds)
    content = {
        "data": clips.about.get("dataset"),
        "clips": len(clips.names),
        "recordings": len(set(clips.sources)),
        "folds": args.folds,
        "seeds": args.seeds,
        "bounds": {name: [_number(v) for v in values] for name, values in bounds.items()},
        "results": results,
    }
    with atomic_write(out) as path:
        path.write_text(table, encoding="utf-8")
    with atomic_write(out.with_suffix(".json")) as path:
        path.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    print(table)
    print(f"{out}, {out.with_suffix('.json')}")


def _number(value: float) -> float | None:
    return round(float(value), 4) if math.isfinite(value) else None


def compare(args: Namespace, clips: Any) -> list[dict[str, Any]]:
    """The measures of every method on every set of features, the mean first."""
    from tqdm import tqdm

    from tools.crossvalidating.comparison import Comparison, baseline, network

    networks = [network(path, clips) for path in args.runs]
    mean = baseline(clips, "mean", ["positions"], args.folds, args.seeds)
    comparison = Comparison(clips.traits, clips.sources, mean)
    results = [comparison.of(mean)]
    known = [*clips.features]
    sets = {name: known if name == "together" else [name] for name in args.features}
    tasks = [(m, s) for s in sets.values() if {*s} <= {*known} for m in args.methods]
    for method, names in tqdm(tasks, disable=None, unit=" methods"):
        results.append(comparison.of(baseline(clips, method, names, args.folds, args.seeds)))
    return results + [comparison.of(each) for each in networks]


if __name__ == "__main__":
    run(main)
