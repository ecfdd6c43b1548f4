"""Where clips come from: an array beside a label file, or one split of a compact store."""
# Shapes: N clips, C channels, T frames, V joints, M persons.

from pathlib import Path

import numpy as np

from formats.arrays import open_clips
from formats.clip_store import ClipStore
from formats.labels import load_labels


class StoreSplit:
    """One split of a compact store, read as if it were the published array.

    Args:
        folder: of the store.
        split: such as `xsub/train`; None only leads to the error that lists those there are.
        in_memory: load the store instead of reading clips from disk as they are needed.

    Attributes:
        shape: (N, C, T, V, M) of the published array.
        names, labels: of the N clips.

    Raises:
        FileNotFoundError: the folder holds no store.
        ValueError: the store is damaged, or has no such split, or no clip in it.
    """

    def __init__(self, folder: Path, split: str | None, in_memory: bool = False) -> None:
        self._store = ClipStore(folder)
        if not split:
            known = ", ".join(self._store.splits())
            raise ValueError(f"{folder} is a clip store. Choose a split of it: {known}.")
        self._numbers = self._store.split(split)
        if not len(self._numbers):
            raise ValueError(f"split {split} of {folder} has no clip. Make the store again.")
        if in_memory:
            self._store.joints = np.array(self._store.joints)
        self.shape = (len(self._numbers), *self._store.dense_shape)
        self.names = [self._store.names[number] for number in self._numbers]
        self.labels = self._store.labels[self._numbers].tolist()

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, index: int) -> np.ndarray:
        """Clip (C, T, V, M) float32, bit for bit that of the published array; a new array."""
        return self._store.dense_clip(self._numbers[index])


Source = np.ndarray | StoreSplit


def open_source(path: Path, split: str | None, in_memory: bool = False) -> Source:
    """What gives clips (C, T, V, M) by their number: an .npy file or a split of a store.

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
    """Those of the store at `path`, or those that the label file of the array holds, one a clip.

    Raises:
        FileNotFoundError: there is no such label file.
        ValueError: it is missing for an array or given for a store, or does not fit the array.
    """
    if isinstance(source, StoreSplit):
        if label_path:
            raise ValueError(
                f"split and label_path ({label_path}) are both given. A clip store knows its "
                "labels: give split alone (label_path: null)."
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
