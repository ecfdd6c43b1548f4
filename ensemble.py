"""Fuse the scores of several streams: their weighted sum.

python3 ensemble.py --dataset ntu/xsub --joint-dir work_dir/ntu/xsub/joint_eval --bone-dir work_dir/ntu/xsub/bone_eval
python3 ensemble.py --dataset nw-ucla --score-dirs work_dir/nw-ucla/{joint,bone,joint_motion,bone_motion}_eval --alpha 1 1 .5 .5
"""  # noqa: E501 - commands to copy
# Shapes: S streams, N samples, K classes.

import argparse
from collections.abc import Collection, Mapping, Sequence
from itertools import compress
from pathlib import Path
from typing import NamedTuple

import numpy as np

from formats.class_names import class_names, shown
from formats.clip_store import StoreSplit
from formats.labels import load_labels
from formats.manifest import read_manifest
from formats.scores import find_test_scores, load_scores, validation_scores_beside
from utils.cli import ArgumentParser, non_negative, run
from utils.fusion import class_table, fuse, search_weights, stream_table
from utils.metrics import top_k_accuracy
from utils.text import first_of


class Streams(NamedTuple):
    """Names and labels of N samples, and their scores (S, N, K)."""

    names: list[str]
    labels: list[int]
    scores: np.ndarray


def main(argv: Sequence[str] | None = None) -> None:
    args = make_parser().parse_args(argv)
    folder, paths = args.data_folder / args.dataset, score_paths(args)
    files = [find_test_scores(path) for path in paths]
    test = read_streams(folder, files, "val")
    if args.search:
        weights = found_weights(folder, paths, files, test)
    else:
        weights = given_weights(args, len(paths))
    fused = fuse(test.scores, weights)
    print(stream_table(paths, weights, test.scores, fused, test.labels))
    if args.show_classes:
        names = class_names(read_manifest(folder))
        titles = [shown(label, names) for label in range(fused.shape[1])]
        print(class_table(test.scores, fused, test.labels, args.show_classes, titles))
    for k in (1, 5):
        print(f"Top{k} Acc: {100 * top_k_accuracy(fused, test.labels, k):.4f}%")


def make_parser() -> ArgumentParser:
    parser = ArgumentParser(description=__doc__)
    add = parser.add_argument
    add(
        "--dataset",
        required=True,
        help="folder under data/ with val_label.pkl: ntu/xsub, ntu/xview, ntu120/xsub, "
        "ntu120/xset, kinetics or any other; without that file, labels come from the compact store",
    )
    add(
        "--score-dirs",
        type=Path,
        nargs="+",
        metavar="DIR",
        help="test work dirs of the streams, or score files; any number",
    )
    add("--joint-dir", type=Path, help="test work dir of the joint stream")
    add("--bone-dir", type=Path, help="test work dir of the bone stream")
    weights = parser.add_mutually_exclusive_group()
    weights.add_argument(
        "--alpha",
        type=float,
        nargs="+",
        metavar="X",
        help="one weight per stream of --score-dirs, or the weight of --bone-dir (default: 1)",
    )
    weights.add_argument(
        "--search",
        action="store_true",
        help="find the weights on the validation scores beside the test scores, written by "
        "main.py --val-split 0.2 --save-score yes; the test scores are not used",
    )
    add(
        "--show-classes",
        type=non_negative,
        default=10,
        metavar="N",
        help="show the accuracy of the N worst classes and the N worst confusions (default: 10)",
    )
    add(
        "--data-folder",
        type=Path,
        default=Path("data"),
        help="folder of the data sets (default: data)",
    )
    return parser


def score_paths(args: argparse.Namespace) -> list[Path]:
    """The folders or files to fuse.

    Raises:
        ValueError: the flags do not name them once.
    """
    pair = [path for path in (args.joint_dir, args.bone_dir) if path]
    if len(pair) == 1 or bool(pair) == bool(args.score_dirs):
        raise ValueError("name the scores by --score-dirs, or by --joint-dir and --bone-dir.")
    return pair or args.score_dirs


def given_weights(args: argparse.Namespace, streams: int) -> list[float]:
    """--alpha as one weight per stream, or 1 for each.

    Raises:
        ValueError: it has another number of weights.
    """
    weights = args.alpha or [1.0] * streams
    if args.joint_dir and len(weights) == 1:
        weights = [1.0, *weights]
    if len(weights) != streams:
        raise ValueError(f"--alpha requires {streams} weights, one per stream. Got {len(weights)}.")
    return weights


def found_weights(
    folder: Path, paths: Sequence[Path], test_files: Sequence[Path], test: Streams
) -> list[float]:
    """The weights that are best on the validation scores of the streams, which are printed.

    Raises:
        FileNotFoundError: a stream has no validation scores.
        ValueError: validation and test share samples.
    """
    files = [validation_scores_beside(file) for file in test_files]
    validation = read_streams(folder, files, "train")
    if shared := sorted(set(validation.names) & set(test.names)):
        raise ValueError(
            f"{files[0]} holds {_count(shared)} of the test samples. Weights must be found on "
            "others."
        )
    weights = search_weights(validation.scores, validation.labels)
    equal = top_k_accuracy(validation.scores.sum(axis=0), validation.labels, 1)
    print("Validation:")
    fused = fuse(validation.scores, weights)
    print(stream_table(paths, weights, validation.scores, fused, validation.labels))
    print(f"With equal weights {100 * equal:.4f}. Found: --alpha {' '.join(map(str, weights))}\n")
    print("Test:")
    return weights


def read_streams(folder: Path, files: Sequence[Path], part: str) -> Streams:
    """The samples of the part `val`, or those of `train` that were validated on.

    Args:
        folder: of the data set, with the labels.
        files: the streams' scores.

    Raises:
        FileNotFoundError: scores or labels are missing.
        ValueError: they do not belong together.
    """
    label_file, names, labels = read_labels(folder, part)
    streams = [load_scores(file) for file in files]
    if part == "train":
        for file, stream in zip(files, streams, strict=True):
            if stream.keys() != streams[0].keys():
                raise ValueError(
                    f"{files[0]} and {file} are of different clips. Train the streams with the "
                    "same --seed, --val-split and --val-by."
                )
        held_out = [name in streams[0] for name in names]
        names, labels = list(compress(names, held_out)), list(compress(labels, held_out))
    for file, stream in zip(files, streams, strict=True):
        check_names(file, stream, label_file, names)
    arrays = [np.stack([stream[name] for name in names]) for stream in streams]
    for file, array in zip(files, arrays, strict=True):
        if array.shape != arrays[0].shape:
            raise ValueError(
                f"{files[0]} has scores of {arrays[0].shape[1]} classes, {file} of "
                f"{array.shape[1]}. Fuse streams of one data set."
            )
    if max(labels) >= arrays[0].shape[1]:
        raise ValueError(
            f"{label_file} has label {max(labels)}, but {files[0]} scores of "
            f"{arrays[0].shape[1]} classes. Test again on the data of this label file."
        )
    return Streams(names, labels, np.stack(arrays))


def read_labels(folder: Path, part: str) -> tuple[Path, list[str], list[int]]:
    """Where the labels of a part's clips stand, their names and the labels.

    That is {part}_label.pkl or, without it, the data set's compact store: for data/ntu/xsub the
    split xsub/{part} of data/ntu/clips, for data/kinetics the split {part} of data/kinetics/clips.

    Raises:
        FileNotFoundError: there is neither.
        ValueError: the file is damaged, or the store has no such split.
    """
    label_file = folder / f"{part}_label.pkl"
    stores = {folder / "clips": part, folder.parent / "clips": f"{folder.name}/{part}"}
    for path, split in stores.items():
        if path.is_dir() and not label_file.exists():
            store = StoreSplit(path, split)
            return path, store.names, store.labels
    return label_file, *load_labels(label_file)


def check_names(
    path: Path, scores: Mapping[str, np.ndarray], label_file: Path, names: Collection[str]
) -> None:
    """Samples are matched by name; both files must name the same ones.

    Raises:
        ValueError: names are missing on either side.
    """
    unscored = [name for name in names if name not in scores]
    unlabelled = sorted(scores.keys() - set(names))
    if unscored or unlabelled:
        raise ValueError(
            f"{path} and {label_file} name different samples: "
            f"{_count(unscored)} without a score, {_count(unlabelled)} without a label. "
            "Test again on the data of this label file."
        )


def _count(names: Sequence[str]) -> str:
    return f"{len(names)} ({first_of(names)})" if names else "0"


if __name__ == "__main__":
    run(main)
