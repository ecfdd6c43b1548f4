"""Small data sets both as published arrays and as a compact store, made by the commands."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from golden_arrays import ASSETS

from data_gen import ntu_gendata, synthetic
from data_gen.pipeline.store_writer import ClipStoreWriter, Entry

BENCHMARKS = ("xsub", "xview")
PARTS = ("train", "val")


def synthetic_ntu(folder: Path) -> Path:
    """Three synthetic subjects: `{xsub,xview}` and the store `clips` below `folder`."""
    flags = ["--subjects", "3", "--actions", "10", "27", "--repetitions", "2", "--num-worker", "1"]
    synthetic.main(["--out-folder", str(folder / "raw"), *flags])
    return both_formats(folder / "raw", folder)


def golden_ntu(folder: Path) -> Path:
    """The golden raw clips, which have gaps, late starts and up to four bodies."""
    return both_formats(ASSETS / "ntu_raw", folder)


def both_formats(raw: Path, folder: Path) -> Path:
    for kind in ("dense", "compact"):
        flags = ["--data_path", str(raw), "--out_folder", str(folder), "--num-worker", "1"]
        ntu_gendata.main([*flags, "--format", kind])
    return folder


def write_store(
    folder: Path,
    clips: Sequence[np.ndarray],
    labels: Sequence[int],
    dense_shape: tuple[int, ...],
    split: str = "train",
    names: Sequence[str] | None = None,
) -> Path:
    """A store of clips (M, T, V, C), all of them in one split, not normalised."""
    names = names or [f"clip_{number:03d}" for number in range(len(clips))]
    benchmark, _, part = split.rpartition("/")
    channels, _, num_joints, _ = dense_shape
    with ClipStoreWriter(folder, list(names), (num_joints, channels)) as writer:
        for name, clip in zip(names, clips, strict=True):
            writer.append(Entry(name, *clip.shape[:2]), clip)
        writer.finish(
            {
                "benchmarks": np.array([benchmark]),
                "membership": np.full((1, len(clips)), PARTS.index(part), np.int8),
                "labels": np.array(labels),
                "dense_shape": np.array(dense_shape),
                "normalize": np.array(False),
            }
        )
    return folder
