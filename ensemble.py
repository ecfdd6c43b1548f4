"""Fuse the scores of a joint and a bone stream: joint + alpha * bone.

python3 ensemble.py --dataset ntu/xsub --joint-dir work_dir/ntu/xsub/joint_eval --bone-dir work_dir/ntu/xsub/bone_eval
"""  # noqa: E501 - a command to copy

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np

from feeders.sources import StoreSplit
from utils.cli import ArgumentParser, run
from utils.labels import load_labels
from utils.metrics import top_k_accuracy
from utils.scores import load_scores, score_file

SHOWN_NAMES = 3


def main(argv: Sequence[str] | None = None) -> None:
    args = make_parser().parse_args(argv)
    label_file, names, labels = read_labels(args.data_folder / args.dataset)
    streams = {
        path: load_scores(path) for path in (score_file(args.joint_dir), score_file(args.bone_dir))
    }
    for path, scores in streams.items():
        check_names(path, scores, label_file, names)
    joint, bone = (np.stack([scores[name] for name in names]) for scores in streams.values())
    if joint.shape != bone.shape:
        raise ValueError(
            f"{args.joint_dir} has scores of {joint.shape[1]} classes, {args.bone_dir} of "
            f"{bone.shape[1]}. Fuse two streams of one data set."
        )
    fused = joint + args.alpha * bone
    print(f"{len(names)} samples | joint   | bone    | fused")
    for k in (1, 5):
        accuracies = [100 * top_k_accuracy(scores, labels, k) for scores in (joint, bone, fused)]
        print(f"Top{k} in %     | " + " | ".join(f"{value:7.4f}" for value in accuracies))
    for k in (1, 5):
        print(f"Top{k} Acc: {100 * top_k_accuracy(fused, labels, k):.4f}%")


def make_parser() -> ArgumentParser:
    parser = ArgumentParser(description=__doc__.split("\n")[0])
    add = parser.add_argument
    add(
        "--dataset",
        required=True,
        help="folder under data/ with val_label.pkl: ntu/xsub, ntu/xview, ntu120/xsub, "
        "ntu120/xset, kinetics or any other; without the file, the compact store tells the labels",
    )
    add("--joint-dir", type=Path, required=True, help="work dir of the joint stream's test")
    add("--bone-dir", type=Path, required=True, help="work dir of the bone stream's test")
    add("--alpha", type=float, default=1.0, help="weight of the bone scores (default: 1)")
    add(
        "--data-folder", type=Path, default=Path("data"), help="where data sets lie (default: data)"
    )
    return parser


def read_labels(folder: Path) -> tuple[Path, list[str], list[int]]:
    """Where the labels of the test clips stand, their names and the labels.

    That is val_label.pkl or, without it, the data set's compact store: for data/ntu/xsub the split
    xsub/val of data/ntu/clips, for data/kinetics the split val of data/kinetics/clips.

    Raises:
        FileNotFoundError: there is neither.
        ValueError: the file is damaged, or the store has no such split.
    """
    label_file = folder / "val_label.pkl"
    stores = {folder / "clips": "val", folder.parent / "clips": f"{folder.name}/val"}
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
        ValueError: names are missing on either side, or twice in the labels.
    """
    if len(set(names)) < len(names):
        raise ValueError(f"{label_file} names samples twice. Make it again.")
    unscored = [name for name in names if name not in scores]
    unlabelled = sorted(scores.keys() - set(names))
    if unscored or unlabelled:
        raise ValueError(
            f"{path} and {label_file} name different samples: "
            f"{_count(unscored)} without a score, {_count(unlabelled)} without a label. "
            "Test again on the data of this label file."
        )


def _count(names: Sequence[str]) -> str:
    return f"{len(names)} ({', '.join(names[:SHOWN_NAMES])})" if names else "0"


if __name__ == "__main__":
    run(main)
