"""Where clips come from: an array beside a label file, or one split of a compact store."""
# Shapes: N clips, C channels, T frames, V joints, M persons.

from pathlib import Path

import numpy as np

from formats.arrays import open_clips
from formats.clip_store import StoreSplit
from formats.labels import load_labels

Source = np.ndarray | StoreSplit


def open_source(path: Path, split: str | None, in_memory: bool = False) -> Source:
    """A source of clips (C, T, V, M) by index: an .npy file or a split of a store.

    Raises:
        FileNotFoundError: nothing of the kind is there.
        ValueError: it is damaged, or the split is missing, unknown, or given for a file.
    """
    if path.is_file() and split:
        raise ValueError(
            f"split: {split} is for clip stores, but {path} is a file. Give its label_path instead."
        )
    if split or path.is_dir():
        return StoreSplit(path, split, in_memory)
    return open_clips(path, in_memory)


def names_and_labels(
    source: Source, path: Path, label_path: Path | None
) -> tuple[list[str], list[int]]:
    """Names and labels of the clips: from the store at `path`, or from the array's label file.

    Raises:
        FileNotFoundError: there is no such label file.
        ValueError: it is missing for an array or given for a store, or does not fit the array.
    """
    if isinstance(source, StoreSplit):
        if label_path:
            raise ValueError(
                f"split and label_path ({label_path}) are both given. A clip store knows its "
                "labels: give only split (label_path: null)."
            )
        return source.names, source.labels
    if not label_path:
        raise ValueError(f"label_path is missing, the .pkl file of the labels of {path}.")
    names, labels = load_labels(label_path)
    if len(source) != len(labels):
        raise ValueError(
            f"{label_path} has {len(labels)} labels, but {path} has {len(source)} clips. "
            "Generate both with the same command."
        )
    return names, labels
