"""The label file that stands beside every data array: sample names and classes.

Published are pickles, `{part}_label.pkl`, the pair (names, labels). A `.npz` of the same name, with
the arrays `names` and `labels`, holds the same and is preferred where it is as new.
"""

import pickle
from collections.abc import Iterable, Sequence
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np

from formats.arrays import npz_beside, read_npz, write_npz
from formats.manifest import how_to_make
from formats.pickles import load_pickle
from utils.files import regular_file
from utils.text import one_line


def load_labels(path: Path) -> tuple[list[str], list[int]]:
    """Sample names and labels (0-based) of a .pkl or .npz file.

    Raises:
        FileNotFoundError: no such file.
        ValueError: the file holds something else, lists of different length, a name twice, or
            labels that are not whole numbers from 0.
    """
    if path.suffix == ".npz" or npz_beside(path):
        path = path.with_suffix(".npz")
        read = _from_npz
    elif not path.exists():
        raise FileNotFoundError(f"no label file {path}. {how_to_make(path)}")
    else:
        read = _from_pickle
    try:
        names, labels = read(regular_file(path))
        names, labels = list(map(_name, names)), list(map(_label, labels))
        if len(names) != len(labels):
            raise ValueError(f"{len(names)} names but {len(labels)} labels")
        if len(set(names)) < len(names):
            raise ValueError(f"{_first_duplicate(names)!r} is the name of several samples")
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"{path} must hold (sample_names, labels): {error}. {how_to_make(path)}"
        ) from error
    return names, labels


def save_labels(path: Path, names: Sequence[str], labels: Sequence[int]) -> None:
    """Write the published pickle of Python 3 at `path`."""
    path.write_bytes(pickle.dumps((list(names), list(labels))))


def save_labels_as_npz(path: Path, names: Sequence[str], labels: Sequence[int]) -> None:
    """Write the same without a pickle."""
    write_npz(path, names=np.array(names, dtype=np.str_), labels=np.array(labels, dtype=np.int64))


def _from_pickle(path: Path) -> tuple[Iterable, Iterable]:
    pair = load_pickle(path)
    if not isinstance(pair, (list, tuple)) or len(pair) != 2:
        raise ValueError("it is not a pair")
    return pair[0], pair[1]


def _from_npz(path: Path) -> tuple[Iterable, Iterable]:
    arrays = read_npz(path, ("names", "labels"))
    return arrays["names"].tolist(), arrays["labels"].tolist()


def _name(value: Any) -> str:
    if isinstance(value, bytes):  # of Python 2
        return value.decode("latin1")
    if not isinstance(value, (str, Integral)) or isinstance(value, bool):
        raise ValueError(f"a name is {value!r}")
    return str(value)


def _label(value: Any) -> int:
    if not isinstance(value, Integral) or isinstance(value, bool) or value < 0:
        raise ValueError(f"a label must be a whole number from 0. Got {one_line(repr(value), 80)}")
    return int(value)


def _first_duplicate(names: Sequence[str]) -> str:
    seen: set[str] = set()
    return next(name for name in names if name in seen or seen.add(name))
