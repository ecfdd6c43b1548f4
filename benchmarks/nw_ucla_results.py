"""Print the table of docs/results/nw-ucla: python3 -m benchmarks.nw_ucla_results

Reads the scores that the four test configs of config/nw-ucla leave in work_dir/, or those kept in
a folder of docs/results/nw-ucla (`{stream}.npz`), and counts them twice: over all test clips, and
over those whose skeletons are not also those of a training clip. For several folders, one per seed,
it prints mean and standard deviation of the rows that all have. `--with FOLDER` adds the streams of
another network, and both networks fused: logits, with equal weights; one folder, or one per seed.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from engine.run_dir.summary import over_seeds
from ensemble import read_streams
from formats.scores import find_test_scores
from graph.streams import STREAMS
from utils.cli import ArgumentParser, run
from utils.fusion import fuse
from utils.metrics import top_k_accuracy


def duplicated(data: Path) -> np.ndarray:
    """Which test clips (N,) have exactly the skeletons of a training clip."""
    train, test = (np.load(data / f"{part}_data_joint.npy") for part in ("train", "val"))
    trained = {clip.tobytes() for clip in train}
    return np.array([clip.tobytes() in trained for clip in test])


def score_files(folder: Path) -> dict[str, Path]:
    """The test scores of the streams that exist, in the order of STREAMS."""
    found = {}
    for stream in STREAMS:
        kept, made = folder / f"{stream}.npz", folder / f"{stream}_eval"
        if kept.is_file() or made.is_dir():
            found[stream] = kept if kept.is_file() else find_test_scores(made)
    return found


class Run(NamedTuple):
    """The test scores of a folder.

    Args:
        scores: of each stream (N, num_class).
        labels: (N,).
    """

    scores: dict[str, np.ndarray]
    labels: Sequence[int]


def read_run(data: Path, folder: Path) -> Run:
    """The streams that a folder has.

    Raises:
        FileNotFoundError: it has none.
        ValueError: scores and labels do not belong together.
    """
    files = score_files(folder)
    if not files:
        raise FileNotFoundError(f"{folder} holds no scores such as joint.npz or joint_eval/.")
    streams = read_streams(data, list(files.values()), "val")
    return Run(dict(zip(files, streams.scores, strict=True)), streams.labels)


def in_words(stream: str) -> str:
    return stream.replace("_", " ")


def rows_of(run_: Run) -> dict[str, np.ndarray]:
    """Each row of the table with its scores (N, num_class)."""
    scores = run_.scores
    rows = {in_words(stream): one for stream, one in scores.items()}
    if {"joint", "bone"} <= scores.keys():
        rows["joint + bone"] = scores["joint"] + scores["bone"]
    if len(scores) == len(STREAMS):
        rows["all four"] = sum(scores.values())
        rows["all four, motions by half"] = fuse(np.stack([*scores.values()]), [1, 1, 0.5, 0.5])
    return rows


def rows_with_another(run_: Run, another: Run, name: str) -> dict[str, np.ndarray]:
    """The rows that another network's streams add."""
    rows = {f"{name}, {in_words(stream)}": one for stream, one in another.scores.items()}
    together = sum(another.scores.values())
    if len(another.scores) > 1:
        rows[f"{name}, all {len(another.scores)}"] = together
    if another.scores.keys() <= run_.scores.keys():
        same = sum(run_.scores[stream] for stream in another.scores)
        rows[f"both networks, {', '.join(map(in_words, another.scores))}"] = same + together
    if len(run_.scores) == len(STREAMS):
        rows["both networks, all"] = sum(run_.scores.values()) + together
    return rows


def in_percent(
    runs: Sequence[dict[str, np.ndarray]], labels: Sequence[int], chosen: np.ndarray
) -> dict[str, str]:
    """Accuracy of each row on the chosen clips: mean and, of several runs, standard deviation."""
    labels = np.array(labels)[chosen]
    results = [
        {row: 100 * top_k_accuracy(scores[chosen], labels, 1) for row, scores in rows.items()}
        for rows in runs
    ]
    return {
        row: f"{value['mean']:.2f}" + (f" ± {value['std']:.2f}" if len(runs) > 1 else "")
        for row, value in over_seeds(results).items()
    }


def main(argv: Sequence[str] | None = None) -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("data/nw-ucla"))
    parser.add_argument("--work-dir", type=Path, nargs="+", default=[Path("work_dir/nw-ucla")])
    parser.add_argument(
        "--with", type=Path, nargs="+", metavar="FOLDER", dest="others", default=[],
        help="scores of another network: of all folders, or one for each",
    )  # fmt: skip
    args = parser.parse_args(argv)
    found = [read_run(args.data, folder) for folder in args.work_dir]
    runs = [rows_of(run_) for run_ in found]
    others = args.others * len(found) if len(args.others) == 1 else args.others
    if others and len(others) != len(found):
        raise ValueError(f"--with takes one folder, or one for each of {len(found)}.")
    for rows, run_, folder in zip(runs, found, others, strict=False):
        rows |= rows_with_another(run_, read_run(args.data, folder), folder.name)
    labels, twice = found[0].labels, duplicated(args.data)
    every, new = (in_percent(runs, labels, chosen) for chosen in (np.ones_like(twice), ~twice))
    print(f"| stream | test top-1, all {len(twice)} clips | without the {twice.sum()} duplicates |")
    print("|---|---|---|")
    for row in every:
        print(f"| {row} | {every[row]} | {new[row]} |")


if __name__ == "__main__":
    run(main)
