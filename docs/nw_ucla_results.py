"""Print the table of docs/results/nw-ucla: python3 -m docs.nw_ucla_results

Reads the scores that the four test configs of config/nw-ucla leave in work_dir/, and counts them
twice: over all test clips, and over those whose skeletons are not also those of a training clip.
Of several work dirs, one a seed, it prints mean and standard deviation.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ensemble import Streams, read_streams
from graph.streams import STREAMS
from utils.cli import ArgumentParser, run
from utils.fusion import fuse
from utils.metrics import top_k_accuracy
from utils.scores import find_test_scores


def duplicated(data: Path) -> np.ndarray:
    """Which test clips (N,) have exactly the skeletons of a training clip."""
    train, test = (np.load(data / f"{part}_data_joint.npy") for part in ("train", "val"))
    trained = {clip.tobytes() for clip in train}
    return np.array([clip.tobytes() in trained for clip in test])


def read_run(data: Path, work_dir: Path) -> Streams:
    """The test scores of the four streams, in the order of STREAMS."""
    folders = [work_dir / f"{stream}_eval" for stream in STREAMS]
    return read_streams(data, [find_test_scores(folder) for folder in folders], "val")


def with_fusions(scores: np.ndarray) -> dict[str, np.ndarray]:
    """Each row of the table with its scores (N, num_class)."""
    rows = {stream.replace("_", " "): one for stream, one in zip(STREAMS, scores, strict=True)}
    rows["joint + bone"] = fuse(scores[:2], [1, 1])
    rows["all four"] = fuse(scores, [1, 1, 1, 1])
    rows["all four, motions by half"] = fuse(scores, [1, 1, 0.5, 0.5])
    return rows


def in_percent(accuracies: Sequence[float]) -> str:
    """Their mean; with several, its sample standard deviation too."""
    percent = 100 * np.array(accuracies)
    spread = f" ± {percent.std(ddof=1):.2f}" if len(percent) > 1 else ""
    return f"{percent.mean():.2f}{spread}"


def main(argv: Sequence[str] | None = None) -> None:
    parser = ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, default=Path("data/nw-ucla"))
    parser.add_argument("--work-dir", type=Path, nargs="+", default=[Path("work_dir/nw-ucla")])
    args = parser.parse_args(argv)
    seeds = [read_run(args.data, folder) for folder in args.work_dir]
    labels, twice = np.array(seeds[0].labels), duplicated(args.data)
    runs = [with_fusions(streams.scores) for streams in seeds]
    print(
        f"| stream | test top-1, all {len(labels)} clips | without the {twice.sum()} duplicates |"
    )
    print("|---|---|---|")
    for row in runs[0]:
        every = [top_k_accuracy(scores[row], labels, 1) for scores in runs]
        new = [top_k_accuracy(scores[row][~twice], labels[~twice], 1) for scores in runs]
        print(f"| {row} | {in_percent(every)} | {in_percent(new)} |")


if __name__ == "__main__":
    run(main)
