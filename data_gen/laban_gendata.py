"""UDIVA's chunks -> normalised skeletons and effort features: python3 data_gen/laban_gendata.py

Reads `X_{split}.npy` (udiva_gendata.py) of all splits there are; writes beside them, float32:

- `skeleton_{split}.npy` (chunks, T, 24, 3): chest at 0, turned to the axes;
- `laban_{split}.npy` (chunks, T, 24, 12) with --features laban, the efforts as the paper's text
  names them; `laban_released_{split}.npy`, as its released code computes them; or
  `descriptors_{split}.npy` (chunks, T, 24, 4), the classical ones. What they mean: laban.py.
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

from data_gen.laban import descriptors, laban_features, normalize_chunk
from data_gen.pipeline.dense_writer import write_row
from data_gen.pipeline.workers import add_num_worker, map_in_order
from data_gen.readers.udiva import NUM_JOINTS, SPLITS
from formats.arrays import create_clips, open_array
from formats.udiva import NUM_CHANNELS
from utils.cli import ArgumentParser, run
from utils.files import atomic_write

COMPUTE: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "laban": laban_features,
    "laban_released": partial(laban_features, variant="released"),
    "descriptors": descriptors,
}


class ArrayRow(NamedTuple):
    """A chunk of a file, and the files that take what becomes of it."""

    source: Path
    row: int
    skeletons: Path
    features: dict[str, Path]


def convert(job: ArrayRow) -> None:
    """Write the row of a chunk into every file; computed in float64."""
    chunk = np.load(job.source, mmap_mode="r")[job.row].astype(np.float64)
    skeleton = normalize_chunk(chunk)
    write_row(job.skeletons, job.row, skeleton.astype(np.float32))
    for name, path in job.features.items():
        write_row(path, job.row, COMPUTE[name](skeleton).astype(np.float32))


def find_chunks(folder: Path) -> dict[str, tuple[int, ...]]:
    """The shape of the chunks of every split there is.

    Raises:
        FileNotFoundError: there is none.
        ValueError: a file holds something else.
    """
    paths = {split: folder / f"X_{split}.npy" for split in SPLITS}
    shapes = {
        split: open_array(path, 4, f"chunks (N, T, {NUM_JOINTS}, 3)").shape
        for split, path in paths.items()
        if path.is_file()
    }
    if not shapes:
        raise FileNotFoundError(
            f"no X_{{{','.join(SPLITS)}}}.npy in {folder}. Make them with udiva_gendata.py."
        )
    for split, shape in shapes.items():
        if shape[2:] != (NUM_JOINTS, 3):
            raise ValueError(
                f"{paths[split]} must hold chunks (N, T, {NUM_JOINTS}, 3). Got shape {shape}. "
                "Make it again."
            )
    return shapes


def write_split(
    folder: Path, split: str, shape: tuple[int, ...], features: Sequence[str], num_workers: int
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
        for _ in map_in_order(convert, jobs, num_workers, split):
            pass
    print(f"{split}: {shape[0]} chunks of {shape[1]} frames; {', '.join(channels)}")


def make_parser() -> ArgumentParser:
    parser = ArgumentParser(description="Normalise UDIVA's chunks and compute effort features.")
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
    for split, shape in find_chunks(args.data_folder).items():
        write_split(args.data_folder, split, shape, features, args.num_worker)


if __name__ == "__main__":
    run(main)
