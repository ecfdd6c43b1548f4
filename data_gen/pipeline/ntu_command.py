"""Shared by ntu_gendata.py and ntu120_gendata.py: flags, and the plan that they describe."""

import logging
from argparse import Namespace
from collections.abc import Collection, Sequence
from pathlib import Path

from data_gen.pipeline.command import add_output_flags, execute
from data_gen.pipeline.ntu_plan import find_clips, make_plan
from data_gen.readers.ntu import read_missing_list
from formats.clip_store import PARTS, split_name
from utils.cli import PROJECT, ArgumentParser

logger = logging.getLogger(__name__)


SHIPPED_LIST = Path(__file__).with_name("ntu_incomplete.txt")


def add_common_flags(
    parser: ArgumentParser,
    benchmarks: Sequence[str],
    incomplete: Sequence[str],
    out: str,
    more: Sequence[str] = (),
) -> None:
    """Add the flags that both commands have.

    Args:
        benchmarks: made by default.
        incomplete: where the list of incomplete samples may lie in the project, the published path
            first.
        out: the output folder in the project.
        more: benchmarks made only on request.
    """
    samples = parser.add_mutually_exclusive_group()
    samples.add_argument(
        "--ignored_sample_path",
        type=Path,
        metavar="PATH",
        help="list of incomplete samples to leave out (default: "
        f"{' or '.join(incomplete)} in the project, or else the list shipped with it)",
    )
    samples.add_argument(
        "--keep-incomplete",
        action="store_true",
        help="leave no sample out, for example where the clips are synthetic",
    )
    parser.add_path("--out_folder", out, "where the arrays go, a folder for each benchmark")
    parser.set_defaults(incomplete_lists=[PROJECT / path for path in incomplete])
    for flag, default, choices in (
        ("--benchmark", benchmarks, (*benchmarks, *more)),
        ("--part", PARTS, PARTS),
    ):
        text = f"make only these (default: {' '.join(default)})"
        parser.add_argument(flag, nargs="+", choices=choices, default=default, help=text)
    add_output_flags(parser)
    parser.add_argument(
        "--names-from",
        type=Path,
        metavar="FILE",
        help="with --dry-run: plan for the clips named in FILE, one per line, not for a folder",
    )


def generate(name: str, folders: Sequence[Path], args: Namespace) -> None:
    """Turn the raw clips of the data set `name` in `folders` into arrays, and report on them."""
    logging.basicConfig(format="%(levelname)s: %(message)s")
    if args.names_from and not args.dry_run:
        raise ValueError("--names-from has no motion data: it requires --dry-run.")
    files, bad = read_names(args.names_from) if args.names_from else find_clips(folders)
    incomplete = set()
    if not args.keep_incomplete:
        incomplete = incomplete_samples(args.ignored_sample_path, args.incomplete_lists, files)
    plan = make_plan(name, files, incomplete, args.benchmark, args.part, args.out_folder, bad)
    wanted = [split_name(b, part) for b in args.benchmark for part in args.part]
    execute(plan, wanted, args)


def read_names(path: Path) -> tuple[dict[str, Path], list]:
    """A list of clip names, one per line, with or without ending -> name -> where it is listed.

    Raises:
        FileNotFoundError: no such list.
    """
    if not path.is_file():
        raise FileNotFoundError(f"no list of clip names {path}.")
    lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    names = filter(None, map(str.strip, lines))
    return {name.removesuffix(".skeleton") + ".skeleton": path.parent for name in names}, []


def incomplete_samples(
    given: Path | None, defaults: Sequence[Path], files: Collection[str]
) -> set[str]:
    """The samples to leave out: of the list given, of the first default there is, or as shipped.

    Prints which list is used and how many of `files` are on it.

    Raises:
        FileNotFoundError: there is no such list as `given`.
    """
    if given and not given.is_file():
        raise FileNotFoundError(f"no list of samples to leave out {given}.")
    found = [given] if given else [path for path in defaults if path.is_file()]
    path = found[0] if found else SHIPPED_LIST
    names = read_missing_list(path)
    count = sum(file.removesuffix(".skeleton") in names for file in files)
    which = path if found else "the list shipped with this project, as the data set's authors give"
    print(f"Leaving out {count:,} incomplete samples of {len(files):,}: {which}")
    return names
