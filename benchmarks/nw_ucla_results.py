"""Print the table of docs/results/nw-ucla: python3 -m benchmarks.nw_ucla_results

Reads the scores that the four test configs of config/nw-ucla leave in work_dir/, or those kept in
a folder of docs/results/nw-ucla (`{stream}.npz`), and counts them twice: over all test clips, and
over those whose skeletons are not also those of a training clip. For several folders, one per seed,
it prints mean and standard deviation. `--with FOLDER` adds the streams of another network, and both
networks fused: logits, with equal weights.
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


def score_files(folder: Path) -> dict[str, Path]:
    """The test scores of the streams that exist, in the order of STREAMS."""
    found = {}
    for stream in STREAMS:
        kept, made = folder / f"{stream}.npz", folder / f"{stream}_eval"
        if kept.is_file() or made.is_dir():
            found[stream] = kept if kept.is_file() else find_test_scores(made)
    return found


def read_run(data: Path, work_dir: Path) -> Streams:
    """The test scores of all four streams, in the order of STREAMS.

    Raises:
        FileNotFoundError: a stream is missing.
        ValueError: scores and labels do not belong together.
    """
    files = score_files(work_dir)
    if missing := [stream for stream in STREAMS if stream not in files]:
        raise FileNotFoundError(
            f"{work_dir} lacks {missing[0]}.npz or {missing[0]}_eval, a stream's scores."
        )
    return read_streams(data, list(files.values()), "val")


def in_words(stream: str) -> str:
    return stream.replace("_", " ")


def with_fusions(scores: np.ndarray) -> dict[str, np.ndarray]:
    """Each row of the table with its scores (N, num_class)."""
    rows = dict(zip(map(in_words, STREAMS), scores, strict=True))
    rows["joint + bone"] = scores[:2].sum(axis=0)
    rows["all four"] = scores.sum(axis=0)
    rows["all four, motions by half"] = fuse(scores, [1, 1, 0.5, 0.5])
    return rows


def with_another(scores: np.ndarray, data: Path, folder: Path) -> dict[str, np.ndarray]:
    """The rows that another network's scores add to the four streams' (4, N, num_class)."""
    files, name = score_files(folder), folder.name
    if not files:
        raise FileNotFoundError(f"{folder} holds no scores such as joint.npz or joint_eval/.")
    others = read_streams(data, list(files.values()), "val").scores
    streams = [in_words(stream) for stream in files]
    rows = {f"{name}, {words}": one for words, one in zip(streams, others, strict=True)}
    together = others.sum(axis=0)
    if len(files) > 1:
        rows[f"{name}, all {len(files)}"] = together
    same = scores[[STREAMS.index(stream) for stream in files]].sum(axis=0)
    rows[f"both networks, {', '.join(streams)}"] = same + together
    rows["both networks, all"] = scores.sum(axis=0) + together
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
        "--with", type=Path, metavar="FOLDER", dest="another", help="scores of another network"
    )
    args = parser.parse_args(argv)
    streams = [read_run(args.data, folder) for folder in args.work_dir]
    runs = [with_fusions(run_.scores) for run_ in streams]
    if args.another:
        for rows, run_ in zip(runs, streams, strict=True):
            rows |= with_another(run_.scores, args.data, args.another)
    labels, twice = streams[0].labels, duplicated(args.data)
    every, new = (in_percent(runs, labels, chosen) for chosen in (np.ones_like(twice), ~twice))
    print(f"| stream | test top-1, all {len(twice)} clips | without the {twice.sum()} duplicates |")
    print("|---|---|---|")
    for row in every:
        print(f"| {row} | {every[row]} | {new[row]} |")


if __name__ == "__main__":
    run(main)
