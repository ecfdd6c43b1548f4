"""What ntu_gendata.py and ntu120_gendata.py share: flags, and the way from them to arrays."""

import logging
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from data_gen.ntu_arrays import assign, choose_clips, find_clips, labels_of, write_parts
from data_gen.ntu_raw import parse_name, read_missing_list
from data_gen.ntu_splits import DATASETS
from data_gen.parallel import add_num_worker
from data_gen.part_files import PARTS, summarise
from utils.cli import PROJECT, ArgumentParser

logger = logging.getLogger(__name__)


def add_common_flags(
    parser: ArgumentParser, benchmarks: Sequence[str], missing: str, out: str
) -> None:
    """Add the flags that both commands have; `missing` and `out` are paths in the project."""
    parser.add_path("--ignored_sample_path", missing, "list of samples to leave out")
    parser.add_path("--out_folder", out, "where the arrays go, a folder for each benchmark")
    parser.set_defaults(default_missing=PROJECT / missing)
    for flag, choices in (("--benchmark", benchmarks), ("--part", PARTS)):
        parser.add_argument(
            flag, nargs="+", choices=choices, default=choices, help="make only these (default: all)"
        )
    add_num_worker(parser)


def generate(name: str, folders: Sequence[Path], args: Namespace) -> None:
    """Turn the raw clips of the data set `name` in `folders` into arrays, and say what came out."""
    logging.basicConfig(format="%(levelname)s: %(message)s")
    dataset = DATASETS[name]
    files = find_clips(folders)
    missing = _missing_samples(args.ignored_sample_path, args.default_missing)
    names = choose_clips(files, dataset, missing)
    members = assign(names, dataset, args.benchmark, args.part)
    write_parts(files, members, args.out_folder, args.num_worker)
    for (benchmark, part), clips in members.items():
        subjects = [parse_name(clip).subject for clip in clips]
        print(summarise(args.out_folder / benchmark, part, labels_of(clips), subjects))


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
