"""Convert arrays for other toolboxes: python3 tools/convert.py --data data/x --to pyskl ...

- `pyskl`: an annotation pickle of PYSKL and MMAction2, with the splits train and val.
- `ctrgcn`: an .npz of CTR-GCN, `x_train` (N, T, M*V*C), `y_train` one-hot, `x_test`, `y_test`.

Clips are written as the arrays have them, to the bit, without the empty frames at their ends in
pyskl; data_gen/custom_gendata.py reads both back.
"""

if __name__ == "__main__" and not __package__:  # started as a file: start again as a module
    from as_module import run_as_module

    run_as_module(__file__)

import pickle
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from formats.arrays import open_clips
from formats.clip_store import INDEX, PARTS, StoreSplit, trimmed
from formats.labels import load_labels
from formats.manifest import has_score, read_manifest
from utils.cli import ArgumentParser, run
from utils.files import atomic_write


class Part(NamedTuple):
    """The clips of train or val."""

    name: str
    clips: np.ndarray | StoreSplit  # (N, C, T, V, M)
    names: list[str]
    labels: list[int]

    def each(self) -> Iterator[tuple[str, int, np.ndarray]]:
        """Name, label and (M, T, V, C) float32 of each clip, as long as in the arrays."""
        pairs = zip(self.names, self.labels, strict=True)
        bar = tqdm(pairs, self.name, len(self.names), unit=" clips", disable=None, leave=False)
        for number, (name, label) in enumerate(bar):
            clip = np.array(self.clips[number], np.float32)
            yield name, label, np.ascontiguousarray(clip.transpose(3, 1, 2, 0))


def parts_of(folder: Path, benchmark: str | None) -> list[Part]:
    """The parts train and val of a data set, as far as they exist.

    Args:
        folder: the folder of the arrays, or a store.
        benchmark: the benchmark of a store that has several, such as xsub.

    Raises:
        FileNotFoundError: neither exists.
    """
    store = folder if (folder / INDEX).is_file() else folder / "clips"
    found = []
    for part in PARTS:
        joints = folder / f"{part}_data_joint.npy"
        if joints.is_file():
            names, labels = load_labels(folder / f"{part}_label.pkl")
            found.append(Part(part, open_clips(joints), names, labels))
        elif (store / INDEX).is_file():
            split = StoreSplit(store, f"{benchmark}/{part}" if benchmark else part)
            found.append(Part(part, split, split.names, split.labels))
    if not found:
        raise FileNotFoundError(f"{folder} holds neither {{train,val}}_data_joint.npy nor a store.")
    return found


def write_pyskl(path: Path, parts: Sequence[Part], last_is_score: bool) -> None:
    """A dict of split and annotations.

    Args:
        last_is_score: whether the last channel is a confidence, which goes to keypoint_score.
    """
    annotations = []
    for part in parts:
        for name, label, clip in part.each():
            kept = trimmed(clip)
            kept = kept if kept.size else clip[:1, :1]
            entry = {"frame_dir": name, "label": label, "total_frames": kept.shape[1]}
            if last_is_score:
                entry["keypoint_score"] = kept[..., -1]
                kept = kept[..., :-1]
            annotations.append({**entry, "keypoint": np.ascontiguousarray(kept)})
    content = {"split": {part.name: part.names for part in parts}, "annotations": annotations}
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        pickle.dump(content, file)


def write_ctrgcn(path: Path, parts: Sequence[Part]) -> None:
    """Arrays x and y of train, and of val under the name test; clip by clip, as those of NTU RGB+D
    have 10 GB and more.
    """
    num_classes = 1 + max(label for part in parts for label in part.labels)
    with atomic_write(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for part in parts:
            ending = {"train": "train", "val": "test"}[part.name]
            channels, frames, joints, persons = part.clips.shape[1:]
            shape = (len(part.names), frames, persons * joints * channels)
            about = {"descr": "<f4", "fortran_order": False, "shape": shape}
            with archive.open(f"x_{ending}.npy", "w", force_zip64=True) as file:
                np.lib.format.write_array_header_1_0(file, about)
                for *_, clip in part.each():
                    file.write(clip.transpose(1, 0, 2, 3).astype("<f4").tobytes())
            with archive.open(f"y_{ending}.npy", "w") as file:
                one_hot = np.eye(num_classes, dtype=np.float32)[part.labels]
                np.lib.format.write_array(file, one_hot)


def make_parser() -> ArgumentParser:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the arrays, or a store")
    parser.add_argument("--to", choices=("pyskl", "ctrgcn"), required=True)
    parser.add_argument("--out", type=Path, required=True, help="the .pkl or .npz file")
    parser.add_argument("--benchmark", help="of a store that has several, such as xsub")
    parser.add_argument(
        "--score",
        action="store_true",
        help="pyskl: the last channel is a confidence (default: as dataset.json says)",
    )
    return parser


def main(argv: Sequence[str] | None = None) -> None:
    args = make_parser().parse_args(argv)
    ending = {"pyskl": ".pkl", "ctrgcn": ".npz"}[args.to]
    if args.out.suffix != ending:
        raise ValueError(f"--out must end with {ending}. Got {args.out}.")
    parts = parts_of(args.data, args.benchmark)
    if args.to == "pyskl":
        write_pyskl(args.out, parts, args.score or has_score(read_manifest(args.data)))
    else:
        write_ctrgcn(args.out, parts)
    print(f"{args.out}: {', '.join(f'{part.name} {len(part.names):,}' for part in parts)}")


if __name__ == "__main__":
    run(main)
