"""Chunks -> normalised skeletons and effort features: python3 data_gen/laban_gendata.py

Reads `X_{split}.npy` (udiva_gendata.py, animation_gendata.py) of all splits there are; writes
beside them, float32, V being the joints of the skeleton that dataset.json names (without one:
UDIVA's):

- `skeleton_{split}.npy` (chunks, T, V, 3): chest at 0, turned to the axes;
- `laban_{split}.npy` (chunks, T, V, 12) with --features laban, the efforts as the paper's text
  names them; `laban_released_{split}.npy`, as its released code computes them; or
  `descriptors_{split}.npy` (chunks, T, V, 4), the classical ones. What they mean: laban.py.
"""

if __name__ == "__main__" and not __package__:  # started as a file: start again as a module
    from as_module import run_as_module

    run_as_module(__file__)

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from data_gen.laban import (
    RATE,
    Anatomy,
    anatomy_of,
    descriptors,
    laban_features,
    normalize_chunk,
)
from data_gen.pipeline.dense_writer import write_row
from data_gen.pipeline.workers import add_num_worker, map_in_order
from data_gen.readers.udiva import SPLITS
from formats.arrays import create_clips, open_array
from formats.chunks import ALL, NUM_CHANNELS
from formats.known import KNOWN
from formats.manifest import read_manifest, skeleton_of
from graph.named import skeleton_class
from utils.cli import ArgumentParser, run
from utils.files import atomic_write

COMPUTE: dict[str, Callable[[np.ndarray, Anatomy, float], np.ndarray]] = {
    "laban": lambda skeleton, anatomy, rate: laban_features(skeleton, anatomy=anatomy),
    "laban_released": lambda skeleton, anatomy, rate: laban_features(skeleton, "released", anatomy),
    "descriptors": lambda skeleton, anatomy, rate: descriptors(skeleton, window_of(rate)),
}


def window_of(rate: float) -> int:
    """The frames of a second, which are odd."""
    return max(3, 2 * round((rate - 1) / 2) + 1)


def compute(
    names: Sequence[str], skeleton: np.ndarray, anatomy: Anatomy, rate: float
) -> list[np.ndarray]:
    """Feature sets of a normalised chunk (T, V, 3): (T, V, C) each, float32.

    Args:
        rate: frames per second.
    """
    return [COMPUTE[name](skeleton, anatomy, rate).astype(np.float32) for name in names]


class ArrayRow(NamedTuple):
    """A chunk of a file, and the files that take what becomes of it."""

    source: Path
    row: int
    skeletons: Path
    features: dict[str, Path]


def convert(job: ArrayRow, anatomy: Anatomy, rate: float) -> None:
    """Write the row of a chunk into every file; computed in float64."""
    chunk = np.load(job.source, mmap_mode="r")[job.row].astype(np.float64)
    skeleton = normalize_chunk(chunk, anatomy)
    write_row(job.skeletons, job.row, skeleton.astype(np.float32))
    found = compute([*job.features], skeleton, anatomy, rate)
    for path, features in zip(job.features.values(), found, strict=True):
        write_row(path, job.row, features)


def find_chunks(folder: Path, num_joints: int) -> dict[str, tuple[int, ...]]:
    """The shape of the chunks of every split there is.

    Raises:
        FileNotFoundError: there is none.
        ValueError: a file holds something else.
    """
    paths = {split: folder / f"X_{split}.npy" for split in (*SPLITS, ALL)}
    shapes = {
        split: open_array(path, 4, f"chunks (N, T, {num_joints}, 3)").shape
        for split, path in paths.items()
        if path.is_file()
    }
    if not shapes:
        raise FileNotFoundError(
            f"no X_{{{','.join(paths)}}}.npy in {folder}. Make them with udiva_gendata.py or "
            "animation_gendata.py."
        )
    for split, shape in shapes.items():
        if shape[2:] != (num_joints, 3):
            raise ValueError(
                f"{paths[split]} must hold chunks (N, T, {num_joints}, 3). Got shape {shape}. "
                "Make it again."
            )
    return shapes


def write_split(
    folder: Path,
    split: str,
    shape: tuple[int, ...],
    features: Sequence[str],
    work: Callable[[ArrayRow], None],
    num_workers: int,
) -> None:
    """Write the skeletons and feature sets of a split; they get their names together."""
    channels = {"skeleton": 3} | {name: NUM_CHANNELS[name] for name in features}
    with ExitStack() as stack:
        files = {
            name: stack.enter_context(atomic_write(folder / f"{name}_{split}.npy"))
            for name in channels
        }
        for name, path in files.items():
            create_clips(path, (*shape[:3], channels[name]), np.dtype("<f4"))
        skeletons, source = files.pop("skeleton"), folder / f"X_{split}.npy"
        jobs = [ArrayRow(source, row, skeletons, files) for row in range(shape[0])]
        for _ in map_in_order(work, jobs, num_workers, split):
            pass
    print(f"{split}: {shape[0]} chunks of {shape[1]} frames; {', '.join(channels)}")


def make_parser() -> ArgumentParser:
    parser = ArgumentParser(description=__doc__)
    parser.add_path("--data-folder", "data/udiva", "where the X_*.npy are, and the output goes")
    parser.add_argument(
        "--features",
        nargs="+",
        choices=[*COMPUTE],
        default=["laban"],
        help="which feature sets (default: laban)",
    )
    add_num_worker(parser)
    return parser


def main(argv: Sequence[str] | None = None) -> None:
    args = make_parser().parse_args(argv)
    features = [name for name in COMPUTE if name in args.features]
    manifest = read_manifest(args.data_folder) or {}
    skeleton = skeleton_class(skeleton_of(manifest) or KNOWN["udiva"].skeleton)
    work = partial(convert, anatomy=anatomy_of(skeleton), rate=float(manifest.get("rate") or RATE))
    shapes = find_chunks(args.data_folder, len(skeleton.joint_names))
    for split, shape in shapes.items():
        write_split(args.data_folder, split, shape, features, work, args.num_worker)


if __name__ == "__main__":
    run(main)
