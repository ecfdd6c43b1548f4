"""Damage the files that every reader takes, at random, and count what comes of it.

python3 -m benchmarks.attack [--mutants 10000] [--only NAME ...]

Prints the table of docs/reliability.md. A mutant is either read, with the right shape and finite
numbers, or refused with the reader's own one-line error; anything else is a fault, printed with the
seed that repeats it. Each reader runs in a process of its own with 2 GB of address space.
"""

import argparse
import io
import json
import multiprocessing
import pickle
import random
import resource
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np
import yaml

MEMORY = 2 * 2**30  # of address space beyond what is in use at the start
WORDS = (
    b"0",
    b"-1",
    b"1e39",
    b"1e999",
    b"nan",
    b"NaN",
    b"null",
    b"true",
    b'"0.5"',
    b"\x00",
    b"\n",
    b"\t",
    b"\x0c",
    b"[",
    b"]",
    b"{",
    b"}",
    b"*a",
    b"9" * 400,
    b"\xff\xff\xff\x7f",
)


class Target(NamedTuple):
    """A kind of file: good ones, and what reads and checks one."""

    seeds: list[bytes]
    read: Callable[[Path], None]  # raises ValueError or OSError for a bad file
    suffix: str


def mutate(content: bytes, rng: random.Random) -> bytes:
    """A few bytes or words replaced, removed, doubled or moved."""
    out = bytearray(content)
    for _ in range(rng.randint(1, 6)):
        at, length = rng.randrange(len(out) + 1), rng.choice((1, 1, 2, 4, 16, 200))
        kind = rng.randrange(6)
        if kind == 0 and at < len(out):
            out[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            del out[at : at + length]
        elif kind == 2:
            out[at:at] = out[at : at + length]
        elif kind == 3:
            out[at:at] = rng.choice(WORDS)
        elif kind == 4:
            out[at : at + length] = rng.choice(WORDS)
        else:
            out[at : at + length] = rng.randbytes(length)
    return bytes(out)


def targets(folder: Path) -> dict[str, Target]:
    """All readers, with good files made in `folder`."""
    return {
        ".skeleton": _skeletons(),
        "Kinetics JSON": _kinetics(),
        "UCLA JSON": _ucla(),
        "UDIVA HDF5": _udiva(folder),
        "labels (pickle)": _labels(),
        "scores (pickle)": _scores(),
        ".npy": _npy(folder),
        "store index": _store(folder),
        "torch file": _torch(folder),
        "YAML": _yaml(),
        **{f"own {name}": _own(name, content) for name, content in _own_files().items()},
    }


def _finite(array: np.ndarray, shape: tuple[int | None, ...]) -> None:
    fits = len(array.shape) == len(shape) and all(
        want is None or have == want for have, want in zip(array.shape, shape, strict=True)
    )
    if not fits or not np.isfinite(array).all():
        raise AssertionError(f"{array.shape} of {array.dtype} was read")


def _skeletons() -> Target:
    from data_gen.readers.ntu import read_skeleton

    joint = b"0.25 -1.5 3.125 283 224 1027 581 -0.25 0.12 0.95 -0.09 2"
    body = b"\n".join([b"72057594037937930 0 1 1 1 1 0 0.01 0.02 2", b"25", *[joint] * 25])
    clip = b"\n".join([b"3", b"1", body, b"2", body, body, b"0"]) + b"\n"

    def read(path: Path) -> None:
        _finite(read_skeleton(path).astype(np.float32), (4, None, 25, 3))

    return Target([clip, clip.replace(b"\n", b"\r\n")], read, ".skeleton")


def _kinetics() -> Target:
    from data_gen.readers.kinetics import read_bodies

    person = {"pose": [0.25, 0.5] * 18, "score": [0.9] * 18}
    frames = [{"frame_index": i, "skeleton": [person] * (i % 3)} for i in range(1, 4)]
    clip = json.dumps({"data": frames, "label": "abseiling", "label_index": 0}).encode()

    def read(path: Path) -> None:
        _finite(read_bodies(path, 0)[0], (2, 300, 18, 3))

    return Target([clip], read, ".json")


def _ucla() -> Target:
    from data_gen.readers.ucla import parse_clip

    clip = json.dumps({"skeletons": np.ones((2, 20, 3)).tolist(), "label": 3}).encode()

    def read(path: Path) -> None:
        found = parse_clip("a01_s01_e00_v01.json", path.read_bytes())
        _finite(found.skeleton, (None, 20, 3))
        assert found.label in range(10)

    return Target([clip], read, ".json")


def _udiva(folder: Path) -> Target:
    from data_gen.readers.udiva import FILES, read_frames

    path = folder / "udiva" / FILES[0]
    path.parent.mkdir()
    with h5py.File(path, "w") as file:
        for i in range(3):
            file[f"{i:05d}/body/landmarks"] = np.ones((24, 3), np.float32)

    def read(mutant: Path) -> None:
        path.unlink()
        mutant.rename(path)
        for frame in read_frames(path.parent):
            if frame.body is not None:
                _finite(frame.body, (24, 3))

    return Target([path.read_bytes()], read, ".hdf5")


def _labels() -> Target:
    from formats.labels import load_labels

    pairs = (["a", "b", "c"], [0, 1, 2]), (["a", "b"], np.array([3, 4]))
    seeds = [pickle.dumps(pair, protocol) for pair in pairs for protocol in (0, 2, 4, 5)]

    def read(path: Path) -> None:
        names, labels = load_labels(path)
        assert len(names) == len(labels) and all(type(label) is int for label in labels)

    return Target(seeds, read, ".pkl")


def _scores() -> Target:
    from formats.scores import load_scores

    scores = {name: np.arange(4, dtype=np.float32) for name in "abc"}
    seeds = [pickle.dumps(scores, protocol) for protocol in (0, 2, 4, 5)]

    def read(path: Path) -> None:
        for score in load_scores(path).values():
            _finite(score, (None,))

    return Target(seeds, read, ".pkl")


def _npy(folder: Path) -> Target:
    from formats.arrays import open_clips

    seeds = []
    for dtype in ("<f4", ">f8", "<f2"):
        np.save(folder / "a.npy", np.ones((2, 3, 4, 5, 1), dtype))
        seeds.append((folder / "a.npy").read_bytes())

    def read(path: Path) -> None:
        clips = open_clips(path, in_memory=True)
        assert clips.ndim == 5 and clips.dtype.kind == "f"

    return Target(seeds, read, ".npy")


def _store(folder: Path) -> Target:
    from formats.clip_store import COLUMNS, ClipStore

    store = folder / "store"
    store.mkdir()
    np.save(store / "joints.npy", np.ones((6, 20, 3), np.float32))
    none = np.zeros(2, np.int16)
    index = {
        "names": np.array(["a", "b"]), "labels": np.array([0, 1]), "offsets": np.array([0, 4]),
        "frames": np.array([4, 2]), "persons": np.array([1, 1]), **dict.fromkeys(COLUMNS, none),
        "membership": np.zeros((1, 2), np.int8), "benchmarks": np.array([""]),
        "dense_shape": np.array([3, 5, 20, 1]), "normalize": True, "version": 1,
    }  # fmt: skip
    np.savez(store / "index.npz", **index)

    def read(path: Path) -> None:
        path.rename(store / "index.npz")
        opened = ClipStore(store)
        for number in range(len(opened)):
            _finite(opened.dense_clip(number), opened.dense_shape)

    return Target([(store / "index.npz").read_bytes()], read, ".npz")


def _torch(folder: Path) -> Target:
    import torch

    from engine.run_dir.torch_files import read

    content = {"epoch": 1, "a": torch.arange(6.0).view(2, 3), "b": {"c": [None, 2.5, "x"]}}
    seeds = []
    for zipped in (True, False):
        torch.save(content, folder / "w.pt", _use_new_zipfile_serialization=zipped)
        seeds.append((folder / "w.pt").read_bytes())
    return Target(seeds, lambda path: read(path) and None, ".pt")


def _yaml() -> Target:
    from engine.settings.parse import read_values

    settings = {
        "work_dir": "x", "model_args": {"num_class": 3, "graph": "graph.ucla.AdjMatrixGraph"},
        "step": [3, 5], "base_lr": 0.1, "half": True, "train_feeder_args": {"noise": 0.1},
    }  # fmt: skip
    seeds = [yaml.safe_dump(settings).encode(), b"a: &a [1]\nstep: *a\n"]
    return Target(seeds, lambda path: read_values(path) and None, ".yaml")


def _own_files() -> dict[str, bytes]:
    """A good file of every format of recordings that needs no further package."""
    from scipy.io import savemat

    clip = np.ones((3, 17, 3))
    npz, mat, hdf5 = io.BytesIO(), io.BytesIO(), io.BytesIO()
    np.savez(npz, joints=clip)
    savemat(mat, {"joints": clip})
    with h5py.File(hdf5, "w") as file:
        file["joints"] = clip
    annotation = {"frame_dir": "a", "label": 1, "keypoint": clip[None].astype(np.float32)}
    x, y = np.ones((2, 3, 102), np.float32), np.eye(3)[:2]
    ctrgcn = io.BytesIO()
    np.savez(ctrgcn, x_train=x, y_train=y)
    keypoints = {"image_id": 1, "keypoints": [0.5] * 51, "score": 1.0}
    point = {"x": 0.1, "y": 0.2, "z": 0.3, "visibility": 0.9}
    return {
        "npz": npz.getvalue(),
        "mat": mat.getvalue(),
        "hdf5": hdf5.getvalue(),
        "csv": "\n".join(",".join(["0.5"] * 51) for _ in range(3)).encode(),
        "pyskl": pickle.dumps({"split": {"train": ["a"]}, "annotations": [annotation]}),
        "ctrgcn": ctrgcn.getvalue(),
        "coco": json.dumps([keypoints] * 2).encode(),
        "mediapipe": json.dumps([[point] * 17] * 2).encode(),
    }


def _own(format_: str, content: bytes) -> Target:
    from data_gen.readers.formats import FORMATS
    from data_gen.readers.sample import Options, Raw

    names = tuple(f"joint{i}" for i in range(17))
    options = Options(num_joints=17, persons=2 if format_ == "ctrgcn" else None, joint_names=names)

    def read(path: Path) -> None:
        for sample in FORMATS[format_](Raw(path.name, [(path.name, path.read_bytes)]), options):
            assert sample.clip.shape[2] == 17 and np.isfinite(sample.clip).all()

    return Target([content], read, f".{format_}")


class Outcome(NamedTuple):
    """Of all mutants of one reader."""

    counts: Counter
    faults: list[str]
    seconds: float
    memory_mb: float  # peak, beyond that of the start


def attack(name: str, number: int, seed: int = 0) -> Outcome:
    """Try a number of mutants of one reader, in this process."""
    warnings.simplefilter("ignore")
    counts, faults = Counter(), []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        target = targets(folder)[name]
        before, begun = peak_mb(), time.monotonic()
        for mutant in range(number):
            rng = random.Random(f"{name} {seed} {mutant}")
            path = folder / f"mutant{target.suffix}"
            path.write_bytes(mutate(rng.choice(target.seeds), rng))
            try:
                target.read(path)
                counts["read"] += 1
            except (ValueError, OSError) as error:
                counts["refused" if "\n" not in str(error).strip() else "in several lines"] += 1
            except Exception as error:  # what the attack looks for
                counts["fault"] += 1
                faults.append(f"{name}, mutant {mutant}: {type(error).__name__}: {error}")
        return Outcome(counts, faults, time.monotonic() - begun, peak_mb() - before)


def peak_mb() -> float:
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


def _limited(name: str, number: int) -> Outcome:
    if sys.platform == "linux":
        in_use = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (in_use + 2 * MEMORY, in_use + 2 * MEMORY))
    return attack(name, number)


def rows(names: Sequence[str], number: int) -> Iterator[str]:
    """The table, a line at a time; faults go to stderr."""
    yield "| file | mutants | read | refused in one line | faults | seconds | memory, MB |"
    yield "|---|---|---|---|---|---|---|"
    for name in names:
        counts, faults, seconds, memory = _in_own_process(name, number)
        bad = number - counts["read"] - counts["refused"]
        print(*faults[:5], sep="\n", end="\n" if faults else "", file=sys.stderr)
        shown = f"{counts['read']:,} | {counts['refused']:,} | {bad}"
        yield f"| {name} | {number:,} | {shown} | {seconds:.0f} | {memory:.0f} |"


def _in_own_process(name: str, number: int) -> Outcome:
    """The attack's outcome; a reader that ends the process is a fault of all mutants."""
    context = multiprocessing.get_context("spawn")
    try:
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            return pool.submit(_limited, name, number).result()
    except BrokenProcessPool:
        return Outcome(Counter(), [f"{name}: a mutant ended the process"], 0.0, 0.0)


NAMES = (
    ".skeleton",
    "Kinetics JSON",
    "UCLA JSON",
    "UDIVA HDF5",
    "labels (pickle)",
    "scores (pickle)",
    ".npy",
    "store index",
    "torch file",
    "YAML",
    "own npz",
    "own mat",
    "own hdf5",
    "own csv",
    "own pyskl",
    "own ctrgcn",
    "own coco",
    "own mediapipe",
)


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--mutants", type=int, default=10_000, help="of each reader's files")
    parser.add_argument("--only", nargs="+", choices=NAMES, default=NAMES)
    args = parser.parse_args(argv)
    for row in rows(args.only, args.mutants):
        print(row, flush=True)


if __name__ == "__main__":
    main()
