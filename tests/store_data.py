"""Small data sets both as published arrays and as a compact store, made by the commands."""

from pathlib import Path

import numpy as np
from golden_arrays import ASSETS

from data_gen import ntu_gendata, synthetic
from data_gen.store_writer import ClipStoreWriter, Entry

BENCHMARKS = ("xsub", "xview")
PARTS = ("train", "val")


def imaginary_ntu(folder: Path) -> Path:
    """Three imaginary subjects: `{xsub,xview}` and the store `clips` below `folder`."""
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
    folder: Path, clips: list[np.ndarray], labels: list[int], dense_shape: tuple[int, ...]
) -> Path:
    """A store of clips (M, T, V, C), all of them in the split `train`, not normalised."""
    names = [f"clip_{number:03d}" for number in range(len(clips))]
    channels, _, num_joints, _ = dense_shape
    with ClipStoreWriter(folder, names, (num_joints, channels)) as writer:
        for name, clip in zip(names, clips, strict=True):
            writer.append(Entry(name, *clip.shape[:2]), clip)
        index = {"benchmarks": np.array([""]), "membership": np.zeros((1, len(clips)), np.int8)}
        index |= {"labels": np.array(labels), "normalize": np.array(False)}
        writer.finish(index | {"dense_shape": np.array(dense_shape)})
    return folder
