"""Report the results of runs: python3 tools/report.py WORK_DIR... --out report.html

Writes one HTML page with accuracy and its confidence interval, classes, confusion, mistakes,
calibration, training curves and cost, and beside it the same numbers as report.json and, by class,
report.csv. WORK_DIR is that of a test with scores (main.py --phase test --save-score yes) or of a
training; several are compared, and one made with --seeds stands for its seeds. --weights are tested
first, on the data that their settings name.
"""

if __name__ == "__main__" and not __package__:  # started as a file: start again as a module
    from as_module import run_as_module

    run_as_module(__file__)

import csv
import json
import logging
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from formats.exported import weights_file
from utils.cli import ArgumentParser, non_negative, run
from utils.files import atomic_write

logger = logging.getLogger(__name__)


def make_parser() -> ArgumentParser:
    parser = ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("work_dirs", nargs="*", type=Path, metavar="WORK_DIR", help="of a test or a training")
    add("--weights", nargs="+", type=weights_file, default=[], metavar="FILE",
        help=".pt or .safetensors files, or a work dir for its best, to test first")  # fmt: skip
    add("--config", type=Path, metavar="FILE", help="YAML settings of --weights without a work dir")
    add("--out", type=Path, default=Path("report.html"),
        help="page to write (default: report.html)")  # fmt: skip
    add("--clips", type=non_negative, default=8, metavar="N",
        help="pictures of misclassified clips of the first run (default: 8)")  # fmt: skip
    add("--no-speed", action="store_true", help="skip the timing on this machine")
    add("--title", help="title of the page (default: the names of the runs)")
    return parser


def main(argv: Sequence[str] | None = None) -> None:
    args = make_parser().parse_args(argv)
    logging.basicConfig(format="%(levelname)s: %(message)s")
    if args.out.suffix != ".html":
        raise ValueError(f"--out must end with .html. Got {args.out}.")
    if not (args.work_dirs or args.weights):
        raise ValueError("name work dirs, or --weights.")
    # Only here, as they take a second to import.
    from tools.reporting.content import content_of
    from tools.reporting.cost import costs_of
    from tools.reporting.mistakes import pictures_of_mistakes
    from tools.reporting.page import write_page
    from tools.reporting.runs import read_runs

    runs = read_runs(args.work_dirs) if args.work_dirs else []
    if args.weights:
        from tools.reporting.tested import tested_runs

        runs += tested_runs(args.weights, args.config)
    if not any(each.has_scores or each.curves or each.traits for each in runs):
        raise ValueError(
            f"{args.work_dirs[0]} holds neither scores nor curves. Test with main.py --phase test "
            "--save-score yes."
        )
    for each in runs:
        if not (each.has_scores or each.traits):
            logger.warning(
                "%s has no scores, hence no accuracy here. Test with main.py --phase test "
                "--save-score yes, or name its weights: --weights %s.", each.name,
                each.weights or "FILE",
            )  # fmt: skip
    content = content_of(runs, costs_of(runs, with_speed=not args.no_speed))
    content["made"] = datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z")
    title = args.title or ", ".join(each.name for each in runs)
    write_page(args.out, title, content, runs, pictures_of_mistakes(runs, args.clips))
    with atomic_write(args.out.with_suffix(".json")) as temporary:
        temporary.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n")
    write_csv(args.out.with_suffix(".csv"), content)
    print_summary(content)
    print(f"{args.out}, {args.out.with_suffix('.json')}, {args.out.with_suffix('.csv')}")


def write_csv(path: Path, content: dict[str, Any]) -> None:
    """One line per class of each run."""
    with atomic_write(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(
            ["run", "class", "name", "samples", "right", "accuracy", "low", "high", "precision"]
        )
        for each in content["runs"]:
            for row in each.get("classes", ()):
                writer.writerow(
                    [each["name"], row["class"], row["name"], row["samples"], row["right"],
                     f"{row['recall']:.6f}", *(f"{end:.6f}" for end in row["interval"]),
                     f"{row['precision']:.6f}"]
                )  # fmt: skip


def print_summary(content: dict[str, Any]) -> None:
    for each in content["runs"]:
        if "top1" in each:
            low, high = (100 * end for end in each["top1_interval"])
            print(
                f"{each['name']}: top-1 {100 * each['top1']:.2f} % (95 %: {low:.1f} to {high:.1f}) "
                f"of {each['samples']} samples, ECE {100 * each['ece']:.1f} %"
            )
    for pair in content["pairs"]:
        print(f"{pair['first']} | {pair['second']}: p = {pair['p_value']:.4g} (McNemar)")
    if content["fusion"]:
        print(f"fused: top-1 {100 * content['fusion']['top1']:.2f} %")


if __name__ == "__main__":
    run(main)
