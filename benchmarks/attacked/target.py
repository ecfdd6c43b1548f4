"""A kind of file that attack.py damages, and what its good files are made with."""

import json
import pickle
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import yaml


class Target(NamedTuple):
    """A kind of file: good ones, and what reads and checks one.

    Args:
        seeds: good files.
        read: raises ValueError or OSError for a bad file.
        trees: nested lists and mappings whose parts are exchanged before they become a file.
        dump: what makes a file of such a tree.
    """

    seeds: list[bytes]
    read: Callable[[Path], None]
    suffix: str
    trees: Sequence[Any] = ()
    dump: Callable[[Any], bytes] = pickle.dumps


def of_trees(
    trees: Sequence[Any], read: Callable[[Path], None], suffix: str, dump: Callable[[Any], bytes]
) -> Target:
    """A target whose good files are dumped trees."""
    return Target([dump(tree) for tree in trees], read, suffix, trees, dump)


def json_text(tree: Any) -> bytes:
    return json.dumps(tree).encode()


def yaml_text(tree: Any) -> bytes:
    return yaml.safe_dump(tree).encode()


def check_array(array: np.ndarray, shape: tuple[int | None, ...]) -> None:
    fits = len(array.shape) == len(shape) and all(
        want is None or have == want for have, want in zip(array.shape, shape, strict=True)
    )
    if not fits or not np.isfinite(array).all():
        raise AssertionError(f"{array.shape} of {array.dtype} was read")


def table_text(rows: Sequence[Sequence[str]], delimiter: str) -> bytes:
    return "\n".join(delimiter.join(row) for row in rows).encode()
