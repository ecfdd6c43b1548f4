"""Print the table of docs/results/nw-ucla: python3 -m docs.nw_ucla_results

Reads the scores that the four test configs of config/nw-ucla leave in work_dir/, and counts them
twice: over all test clips, and over those whose skeletons are not also those of a training clip.
"""

import argparse
from pathlib import Path

import numpy as np

from graph.streams import STREAMS
from utils.cli import run
from utils.fusion import fuse
from utils.labels import load_labels
from utils.metrics import top_k_accuracy
from utils.scores import find_test_scores, load_scores


def duplicated(data: Path) -> np.ndarray:
    """Which test clips (N,) have exactly the skeletons of a training clip."""
    train, test = (np.load(data / f"{part}_data_joint.npy") for part in ("train", "val"))
    trained = {clip.tobytes() for clip in train}
    return np.array([clip.tobytes() in trained for clip in test])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, default=Path("data/nw-ucla"))
    parser.add_argument("--work-dir", type=Path, default=Path("work_dir/nw-ucla"))
    args = parser.parse_args()
    names, labels = load_labels(args.data / "val_label.pkl")
    labels, twice = np.array(labels), duplicated(args.data)
    streams = [load_scores(find_test_scores(args.work_dir / f"{name}_eval")) for name in STREAMS]
    scores = np.stack([[stream[name] for name in names] for stream in streams])
    rows = {name.replace("_", " "): one for name, one in zip(STREAMS, scores, strict=True)}
    rows["joint + bone"] = fuse(scores[:2], [1, 1])
    rows["all four"] = fuse(scores, [1, 1, 1, 1])
    rows["all four, motions by half"] = fuse(scores, [1, 1, 0.5, 0.5])
    print(f"| stream | test top-1, all {len(names)} clips | without the {twice.sum()} duplicates |")
    print("|---|---|---|")
    for name, one in rows.items():
        every = 100 * top_k_accuracy(one, labels, 1)
        new = 100 * top_k_accuracy(one[~twice], labels[~twice], 1)
        print(f"| {name} | {every:.2f} | {new:.2f} |")


if __name__ == "__main__":
    run(main)
