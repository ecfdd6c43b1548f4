"""UDIVA v0.5 -> arrays: python3 data_gen/udiva_gendata.py --data-path UDIVA --out-folder data/udiva

Raw format: readers/udiva.py. Frames without a body, or with a landmark that is not finite, are
dropped; what is left of a recording is cut into chunks of --chunk-size frames, its remainder
dropped. For every split:

- `X_{split}.npy`, float32 (chunks, T, 24, 3), metres, not normalised (laban_gendata.py does that);
- `y_{split}.npy`, float32 (chunks, 5), the z-scores of O, C, E, A, N; NaN where the split has none;
- `info_{split}.npy`, int64 rows (session, person, number of chunks), one per recording, in the
  order of the chunks; `info_{split}.csv` has the same and more in words.

`gendata_report.json` names what was left out and why. Output appears only when it is complete.
Memory grows with neither the number nor the length of recordings.
"""

if __name__ == "__main__" and not __package__:  # started as a file: start again as a module
    from as_module import run_as_module

    run_as_module(__file__)

import json
import logging
import platform
from argparse import Namespace
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from data_gen.chunks.udiva import PUBLISHED_CHUNK_SIZE, plan_split, summarise, write_split
from data_gen.pipeline.report import REPORT, SHOWN
from data_gen.pipeline.workers import add_num_worker
from data_gen.readers.udiva import NUM_JOINTS, SPLITS, TASKS
from formats.chunks import TRAITS
from formats.known import KNOWN
from formats.manifest import NAME as MANIFEST
from utils.cli import ArgumentParser, run
from utils.files import atomic_write

logger = logging.getLogger(__name__)


def make_parser() -> ArgumentParser:
    parser = ArgumentParser(description=__doc__)
    parser.add_path("--data-path", "data/udiva_raw", "UDIVA's folder, in either layout")
    parser.add_path("--out-folder", "data/udiva", "where the arrays go")
    parser.add_argument(
        "--chunk-size",
        type=int,
        default=PUBLISHED_CHUNK_SIZE,
        metavar="T",
        help=f"frames per chunk (default: {PUBLISHED_CHUNK_SIZE}, as published)",
    )
    names = ", ".join(f"{letter} {task}" for letter, task in TASKS.items())
    parser.add_argument(
        "--tasks", nargs="+", choices=[*TASKS], default=[*TASKS], help=f"{names} (default: all)"
    )
    text = "stop at the first unusable recording, participant or column (default: report it)"
    parser.add_argument("--strict", action="store_true", help=text)
    add_num_worker(parser)
    return parser


def main(argv: Sequence[str] | None = None) -> None:
    args = make_parser().parse_args(argv)
    logging.basicConfig(format="%(levelname)s: %(message)s")
    if args.chunk_size < 1:
        raise ValueError(f"--chunk-size must be above 0. Got {args.chunk_size}.")
    tasks = "".join(task for task in TASKS if task in args.tasks)
    plans = [plan_split(args.data_path, name, tasks) for name in SPLITS]
    splits = [split for split in plans if split]
    if not splits:
        raise FileNotFoundError(
            f"{args.data_path} holds no split of UDIVA: neither {SPLITS[0]}/metadata nor "
            f"metadata_{SPLITS[0]} with sessions_{SPLITS[0]}.csv. Name its folder with --data-path."
        )
    known = [problem for split in splits for problem in split.left_out]
    if known and args.strict:
        raise ValueError(f"{known[0]['what']}: {known[0]['reason']}")
    args.out_folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        report = {}
        for split in splits:
            outcomes = write_split(
                split, args.out_folder, stack, chunk_size=args.chunk_size, strict=args.strict,
                num_workers=args.num_worker,
            )  # fmt: skip
            report[split.name] = summarise(split, outcomes)
        path = stack.enter_context(atomic_write(args.out_folder / REPORT))
        content = {"dataset": "udiva", "chunk_size": args.chunk_size, "splits": report}
        path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        manifest = stack.enter_context(atomic_write(args.out_folder / MANIFEST))
        manifest.write_text(json.dumps(about_chunks(args), indent=1) + "\n", encoding="utf-8")
    say(report, args.out_folder / REPORT)


def about_chunks(args: Namespace) -> dict[str, object]:
    """What dataset.json says (formats/manifest.py)."""
    return {
        "dataset": "udiva",
        "format": "chunks",
        "skeleton": KNOWN["udiva"].skeleton,
        "num_joints": NUM_JOINTS,
        "num_persons": 1,
        "chunk_size": args.chunk_size,
        "classes": list(TRAITS.values()),
        "sources": [str(args.data_path)],
        "versions": {"python": platform.python_version(), "numpy": np.__version__},
    }


def say(report: dict[str, dict], path: Path) -> None:
    """A line for each split, and warnings of what was left out."""
    for name, split in report.items():
        print(
            f"{name}: {split['chunks']} chunks of {split['participants']} participants in "
            f"{split['recordings']} recordings; of {split['frames']:,} frames "
            f"{split['without_body']:,} without a body and {split['not_finite']:,} with NaN dropped"
        )
        for problem in split["left_out"][:SHOWN]:
            logger.warning("%s: %s", problem["what"], problem["reason"])
        if len(split["left_out"]) > SHOWN:
            logger.warning("%d in all; %s names them.", len(split["left_out"]), path)


if __name__ == "__main__":
    run(main)
