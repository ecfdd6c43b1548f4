"""Kinetics-Skeleton 400: raw JSON -> arrays: python3 data_gen/kinetics_gendata.py

Source: Yan et al., AAAI 2018 (raw format: kinetics_raw.py). Reads kinetics_{train,val}/*.json and
kinetics_{train,val}_label.json; writes {train,val}_data_joint.npy, (N, 3, 300, 18, 2) float32, and
{train,val}_label.pkl, the pair (file names, labels 0..399), sorted by name. Clips without skeleton
are left out. One of the two parts may be absent.
"""

if __name__ == "__main__" and not __package__:  # started as a file: start again as a module
    from as_module import run_as_module

    run_as_module(__file__)

import logging
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from data_gen.kinetics_raw import CLIP_SHAPE, read_clip, read_labels
from data_gen.parallel import add_num_worker, map_in_order
from data_gen.part_files import PARTS, create_part, summarise
from utils.cli import ArgumentParser, run

logger = logging.getLogger(__name__)

Clips = dict[Path, int]  # file -> label, sorted by name


def find_clips(data_path: Path, part: str) -> Clips:
    """The files of a part that have a skeleton, with their labels.

    Raises:
        FileNotFoundError: if the label file is not there.
        ValueError: if a file has no label.
    """
    folder = data_path / f"kinetics_{part}"
    label_path = data_path / f"kinetics_{part}_label.json"
    labels = read_labels(label_path)
    files = sorted(file for file in folder.glob("*.json") if file.name[0] != ".")
    if unknown := [file.name for file in files if file.stem not in labels]:
        raise ValueError(
            f"{len(unknown)} clips in {folder}, such as {unknown[0]}, have no entry in "
            f"{label_path}. Fetch the label file again, or move these clips away."
        )
    if absent := len(labels) - len(files):
        logger.warning("%d clips of %s have no file in %s.", absent, label_path.name, folder)
    return {
        file: labels[file.stem]["label_index"]
        for file in files
        if labels[file.stem]["has_skeleton"]
    }


def write(parts: dict[str, Clips], folder: Path, num_workers: int) -> None:
    """Write all parts; if one file is bad, none changes."""
    with ExitStack() as stack:
        for part, clips in parts.items():
            names = [file.name for file in clips]
            new_part = create_part(folder, part, names, list(clips.values()), CLIP_SHAPE)
            joints = stack.enter_context(new_part)
            for row, clip in enumerate(map_in_order(read_clip, list(clips), num_workers, part)):
                joints[row] = clip


def make_parser() -> ArgumentParser:
    parser = ArgumentParser(description="Turn Kinetics-Skeleton's JSON clips into arrays.")
    parser.add_path(
        "--data_path", "data/kinetics_raw", "folder of kinetics_{train,val} and their label files"
    )
    parser.add_path("--out_folder", "data/kinetics", "where the arrays go")
    add_num_worker(parser)
    return parser


def main(argv: Sequence[str] | None = None) -> None:
    args = make_parser().parse_args(argv)
    logging.basicConfig(format="%(levelname)s: %(message)s")

    present = [part for part in PARTS if (args.data_path / f"kinetics_{part}").is_dir()]
    if not present:
        raise FileNotFoundError(
            f"{args.data_path} holds neither kinetics_train nor kinetics_val. "
            "Name the folder of both with --data_path."
        )
    parts = {part: find_clips(args.data_path, part) for part in present}
    write(parts, args.out_folder, args.num_worker)
    for part, clips in parts.items():
        print(summarise(args.out_folder, part, list(clips.values())))


if __name__ == "__main__":
    run(main)
