"""Print the table of docs/results/nw-ucla: python3 -m benchmarks.nw_ucla_results

Reads the scores that the four test configs of config/nw-ucla leave in work_dir/, or those kept in
a folder of docs/results/nw-ucla (`{stream}.npz`), and counts them twice: over all test clips, and
over those whose skeletons are not also those of a training clip. Of several folders, one a seed, it
prints mean and standard deviation.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from engine.run_dir.summary import over_seeds
from ensemble import Streams, read_streams
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


def read_run(data: Path, work_dir: Path) -> Streams:
    """The test scores of the four streams, in the order of STREAMS."""
    kept = [work_dir / f"{stream}.npz" for stream in STREAMS]
    made = [work_dir / f"{stream}_eval" for stream in STREAMS]
    files = kept if all(map(Path.is_file, kept)) else [find_test_scores(folder) for folder in made]
    return read_streams(data, files, "val")


def with_fusions(scores: np.ndarray) -> dict[str, np.ndarray]:
    """Each row of the table with its scores (N, num_class)."""
    rows = {stream.replace("_", " "): one for stream, one in zip(STREAMS, scores, strict=True)}
    rows["joint + bone"] = fuse(scores[:2], [1, 1])
    rows["all four"] = fuse(scores, [1, 1, 1, 1])
    rows["all four, motions by half"] = fuse(scores, [1, 1, 0.5, 0.5])
    return rows


def in_percent(runs: Sequence[Streams], chosen: np.ndarray) -> dict[str, str]:
    """Accuracy of each row on the chosen clips: mean and, of several runs, standard deviation."""
    results = []
    for run_ in runs:
        rows, labels = with_fusions(run_.scores[:, chosen]), np.array(run_.labels)[chosen]
        results.append({row: 100 * top_k_accuracy(one, labels, 1) for row, one in rows.items()})
    return {
        row: f"{value['mean']:.2f}" + (f" ± {value['std']:.2f}" if len(runs) > 1 else "")
        for row, value in over_seeds(results).items()
    }


def main(argv: Sequence[str] | None = None) -> None:
    parser = ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, default=Path("data/nw-ucla"))
    parser.add_argument("--work-dir", type=Path, nargs="+", default=[Path("work_dir/nw-ucla")])
    args = parser.parse_args(argv)
    runs = [read_run(args.data, folder) for folder in args.work_dir]
    twice = duplicated(args.data)
    every, new = in_percent(runs, np.ones_like(twice)), in_percent(runs, ~twice)
    print(f"| stream | test top-1, all {len(twice)} clips | without the {twice.sum()} duplicates |")
    print("|---|---|---|")
    for row in every:
        print(f"| {row} | {every[row]} | {new[row]} |")


if __name__ == "__main__":
    run(main)
