"""A first YAML file about recordings, from a look at some of them."""

import csv
import re
from collections.abc import Sequence
from pathlib import Path

import h5py
import numpy as np
import orjson

from data_gen.readers.formats import format_of
from data_gen.readers.matlab import arrays_of
from formats.arrays import npy_of, npz_of
from graph.named import shipped, skeleton_class

NAME_NUMBERS = re.compile(r"([A-Za-z_]+?)_?(\d+)")


def propose(samples: Sequence[Path], folder: Path) -> str:
    """The text of a YAML file, with comments where it guesses.

    Args:
        samples: files, or for OpenPose folders.
        folder: where the YAML file will be.

    Raises:
        FileNotFoundError: a sample is missing.
        ValueError: no reader takes files of this ending.
    """
    first = samples[0]
    if missing := [path for path in samples if not path.exists()]:
        raise FileNotFoundError(f"no file {missing[0]}.")
    format_, shape, note = _look(first)
    axes, joints = _axes(shape)
    if format_ == "openpose":
        joints = int(note)
    fitting = [name for name in shipped() if len(skeleton_class(name).joint_names) == joints]
    found: dict[str, tuple[str, str]] = {}
    for letters, digits in NAME_NUMBERS.findall(first.stem):
        found.setdefault(letters.strip("_").lower() or "n", (letters, digits))
    label = next((name for name in found if name[0] in "ac"), next(iter(found), None))
    subject = next((name for name in found if name[0] in "sp" and name != label), None)
    seen = note or f"an array of shape {shape}"
    others = ", ".join(fitting[1:]) or "none"
    lines = [
        f"# Written after a look at {first.name}: {seen}. Check every line; what each key",
        "# means: python3 data_gen/custom_gendata.py --help-config",
        "name: " + (re.sub(r"[^A-Za-z0-9_-]", "-", folder.name) or "mine"),
        f"files: {_pattern(samples, folder)}",
        "reader: {format: " + format_ + (f", axes: {axes}" if axes else "") + "}",
        f"skeleton: {fitting[0] if fitting else 'my_skeleton.yaml'}    # {joints} joints; also "
        f"fitting: {others}",
        f"# Numbers in the name {first.name}:" if found else "# No numbers in the name.",
        *(f"#   {_number_after(letters)} finds {digits}" for letters, digits in found.values()),
    ]
    if label:
        lines.append(
            f"label: {{regex: {_number_after(found[label][0])}, first: 1}}    # or first: 0"
        )
    else:
        lines.append("label: {folder: 1}    # the name of the folder is the class")
    lines.append("# classes: [name of class 0, name of class 1]")
    if subject:
        lines.append(f"subject: {{regex: {_number_after(found[subject][0])}}}")
        lines.append("split: {fraction: 0.2, by: subject, seed: 0}")
    else:
        lines.append(
            "split: {fraction: 0.2, by: clip, seed: 0}    # better: keep subjects together"
        )
    return "\n".join([*lines, "normalise: centre+scale", "frames: 100", "persons: 1", ""])


def _number_after(letters: str) -> str:
    """A regular expression, in quotes, for the number that follows letters."""
    return "'" + letters + r"(\d+)'"


def _pattern(samples: Sequence[Path], folder: Path) -> str:
    first = samples[0].absolute()
    place = first.parent if len(samples) == 1 else Path(*_common([p.absolute() for p in samples]))
    try:
        shown = place.relative_to(folder)
    except ValueError:
        shown = place
    ending = "" if first.is_dir() else first.suffix
    deep = any(path.absolute().parent != place for path in samples)
    return str(shown / ("**" if deep else ".") / f"*{ending}").replace("/./", "/")


def _common(paths: Sequence[Path]) -> list[str]:
    parts = list(zip(*(path.parent.parts for path in paths), strict=False))
    return [level[0] for level in parts if len(set(level)) == 1]


def _look(path: Path) -> tuple[str, tuple[int, ...], str]:
    """Format, shape of the array, and what else is to be said."""
    if path.is_dir():
        file = next(iter(sorted(path.glob("*.json"))), None)
        people = orjson.loads(file.read_bytes()).get("people", []) if file else []
        count = len(people[0].get("pose_keypoints_2d", [])) // 3 if people else 25
        return "openpose", (), str(count)
    format_ = format_of(path)
    if format_ is None:
        raise ValueError(f"no reader for {path.suffix} files. Name the format in the YAML file.")
    if format_ == "npy":
        return format_, npy_of(path.read_bytes()).shape, ""
    if format_ == "npz":
        arrays = npz_of(path.read_bytes())
        if {"x_train", "y_train"} <= set(arrays):
            return "ctrgcn", (), "arrays of CTR-GCN"
        largest = max(arrays, key=lambda name: arrays[name].size)
        return format_, arrays[largest].shape, ""
    if format_ == "mat":
        arrays = arrays_of(path.read_bytes())
        return format_, max(arrays.values(), key=np.size, default=np.zeros(())).shape, ""
    if format_ == "hdf5":
        shapes: list[tuple[int, ...]] = []
        with h5py.File(path) as file:
            file.visititems(
                lambda _, item: (
                    shapes.append(item.shape) if isinstance(item, h5py.Dataset) else None
                )
            )
        return format_, max(shapes, key=np.prod, default=()), ""
    if format_ in ("csv", "tsv"):
        with path.open(newline="") as file:
            rows = list(csv.reader(file, delimiter="\t" if format_ == "tsv" else ","))
        return format_, (), f"a table of {len(rows)} rows and {len(rows[0])} columns"
    if format_ == "json":
        content = orjson.loads(path.read_bytes())
        keys = ", ".join(content) if isinstance(content, dict) else "a list"
        return format_, (), f"JSON with {keys}"
    return format_, (), f"a file of {format_}"


def _axes(shape: tuple[int, ...]) -> tuple[str, int]:
    """The likely letters of an array's axes, and its joints."""
    known = {len(skeleton_class(name).joint_names) for name in shipped()}
    if len(shape) == 2:
        for channels in (3, 2, 4):
            if shape[1] % channels == 0 and shape[1] // channels in known:
                return "TV*C", shape[1] // channels
        return "TV*C", shape[1] // 3
    channels = next((i for i, size in enumerate(shape) if size in (2, 3, 4)), None)
    joints = next((i for i, size in enumerate(shape) if size in known and i != channels), None)
    if len(shape) not in (3, 4) or channels is None or joints is None:
        return ("MTVC" if len(shape) == 4 else "TVC") if shape else "", 0
    letters = ["?"] * len(shape)
    letters[channels], letters[joints] = "C", "V"
    rest = [i for i, letter in enumerate(letters) if letter == "?"]
    longest = max(rest, key=lambda i: shape[i])
    for i in rest:
        letters[i] = "T" if i == longest else "M"
    return "".join(letters), shape[joints]
