"""What ntu_gendata.py and ntu120_gendata.py share: flags, and the way from them to a plan."""

import logging
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from data_gen.pipeline.command import add_output_flags, execute
from data_gen.pipeline.ntu_plan import find_clips, make_plan
from data_gen.readers.ntu import read_missing_list
from formats.clip_store import PARTS, split_name
from utils.cli import PROJECT, ArgumentParser

logger = logging.getLogger(__name__)


def add_common_flags(
    parser: ArgumentParser,
    benchmarks: Sequence[str],
    missing: str,
    out: str,
    more: Sequence[str] = (),
) -> None:
    """Add the flags that both commands have; `missing` and `out` are paths in the project.

    The benchmarks called `more` are made only on request.
    """
    parser.add_path("--ignored_sample_path", missing, "list of samples to leave out")
    parser.add_path("--out_folder", out, "where the arrays go, a folder for each benchmark")
    parser.set_defaults(default_missing=PROJECT / missing)
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
        help="with --dry-run: plan for the clips named in this file, one a line, not for a folder",
    )


def generate(name: str, folders: Sequence[Path], args: Namespace) -> None:
    """Turn the raw clips of the data set `name` in `folders` into arrays, and say what came out."""
    logging.basicConfig(format="%(levelname)s: %(message)s")
    if args.names_from and not args.dry_run:
        raise ValueError("--names-from has no motion data: it needs --dry-run.")
    files, bad = read_names(args.names_from) if args.names_from else find_clips(folders)
    missing = _missing_samples(args.ignored_sample_path, args.default_missing)
    plan = make_plan(name, files, missing, args.benchmark, args.part, args.out_folder, bad)
    wanted = [split_name(b, part) for b in args.benchmark for part in args.part]
    execute(plan, wanted, args)


def read_names(path: Path) -> tuple[dict[str, Path], list]:
    """A list of clip names, one a line, with or without ending -> name -> where it is listed.

    Raises:
        FileNotFoundError: no such list.
    """
    if not path.is_file():
        raise FileNotFoundError(f"The list of clip names {path} is not there.")
    lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    names = filter(None, map(str.strip, lines))
    return {name.removesuffix(".skeleton") + ".skeleton": path.parent for name in names}, []


def _missing_samples(path: Path, default: Path) -> set[str]:
    if path.is_file():
        return read_missing_list(path)
    if path != default:
        raise FileNotFoundError(f"The list of samples to leave out {path} is not there.")
    logger.warning(
        "No list of samples to leave out at %s: all are kept. Incomplete samples need the list of "
        "the data set's authors; made-up data need none.",
        path,
    )
    return set()
