"""Shared by the *_gendata.py commands: output flags, and the execution of a plan."""

import logging
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace

from data_gen.pipeline import convert
from data_gen.pipeline.plan import (
    FORMATS,
    Plan,
    check,
    check_disk,
    class_table,
    describe,
    untaught,
)
from data_gen.pipeline.report import finish, write_report
from data_gen.pipeline.workers import add_num_worker
from data_gen.readers.bad_files import MAX_FILE_MB
from utils.cli import ArgumentParser
from utils.machine import keep_freed_memory
from utils.text import first_of, one_line

logger = logging.getLogger(__name__)


def add_format_flags(parser: ArgumentParser) -> None:
    """Add `--format`, `--dry-run` and `--strict`."""
    parser.add_argument(
        "--format",
        choices=FORMATS,
        default=FORMATS[0],
        help="dense: the published arrays; compact: the store `clips`, which feeders/feeder.py "
        "reads as well and which is many times smaller (default: dense)",
    )
    for flag, text in (
        ("--dry-run", "print the plan and stop"),
        ("--strict", "stop at the first bad file (default: leave it out and report it)"),
    ):
        parser.add_argument(flag, action="store_true", help=text)
    parser.add_argument(
        "--max-file-mb",
        type=float,
        default=MAX_FILE_MB,
        metavar="MB",
        help=f"a raw file of more is bad (default: {MAX_FILE_MB})",
    )


def add_output_flags(parser: ArgumentParser) -> None:
    """Add the flags of the commands that read many raw files."""
    add_format_flags(parser)
    text = "with --format compact: continue where a killed run stopped"
    parser.add_argument("--resume", action="store_true", help=text)
    add_num_worker(parser)


def execute(plan: Plan, wanted: Sequence[str], args: Namespace) -> None:
    """Print the plan, execute it and report the result.

    Args:
        wanted: the splits that must have clips.

    Raises:
        ValueError: the plan cannot be carried out.
        TooManyBad: it has been, but 1 % of the clips or more are bad.
        OSError: too little room on the disk.
    """
    if args.resume and args.format != "compact":
        raise ValueError("--resume requires --format compact; dense arrays start over.")
    if plan.max_file_mb is not None:
        plan = replace(plan, max_file_mb=args.max_file_mb)
    print(describe(plan, args.format))
    for split, names in untaught(plan).items() if plan.settings else ():
        logger.warning(
            "%s has classes of which train has no clip: they cannot be recognised: %d (%s).",
            split, len(names), one_line(first_of(names)),
        )  # fmt: skip
    if args.dry_run:
        print(class_table(plan))
        return
    check(plan, wanted, args.strict)
    check_disk(plan, args.format)
    keep_freed_memory()  # one seventh of the time; workers inherit it
    if args.format == "compact":
        entries = convert.write_compact(plan, args.num_worker, args.strict, args.resume)
    else:
        entries = convert.write_dense(plan, args.num_worker, args.strict)
    write_report(plan, args.format, entries)
    finish(plan, args.format, entries)
