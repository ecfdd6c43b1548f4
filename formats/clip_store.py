"""The compact store: clips at their true length and number of persons, shared by all splits.

A store is a folder of two files:
- `joints.npy`, (rows, V, C) float32, all clips one after the other; a row is one person's frame;
- `index.npz`, plain arrays, of which clip i has entry i: `names`, `labels` (from 0), `offsets`
  (first row), `frames`, `persons`; `setup`, `camera`, `subject`, `replication` (0 where a data set
  has none); `membership` (benchmarks, N): 0 train, 1 val, -1 neither; `benchmarks`, the names of
  its rows ("" for a data set with one split); `dense_shape` (C, T, V, M) and `normalize`, which say
  how a clip becomes a row of the published arrays; `version`.
"""
# Shapes: N clips, C channels, T frames, V joints, M persons.

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from formats.arrays import UNREADABLE, map_npy, read_npz
from formats.manifest import how_to_make
from formats.normalization import normalize_clip

VERSION = 1
PARTS = ("train", "val")
COLUMNS = ("setup", "camera", "subject", "replication")
JOINTS, INDEX = "joints.npy", "index.npz"
# Every array of the index: numpy's letters of its kind, and its number of axes.
KINDS = {
    "names": ("U", 1),
    "labels": ("iu", 1),
    "offsets": ("iu", 1),
    "frames": ("iu", 1),
    "persons": ("iu", 1),
    **dict.fromkeys(COLUMNS, ("iu", 1)),
    "membership": ("iu", 2),
    "benchmarks": ("U", 1),
    "dense_shape": ("iu", 1),
    "normalize": ("b", 0),
    "version": ("iu", 0),
}
MAX_CLIP_VALUES = 10**8  # of a clip as the published arrays have it; NTU RGB+D: 45,000


class ClipStore:
    """A store opened for reading; the joints stay on disk.

    Pickling it keeps only the folder: each worker process opens the files itself.

    Raises:
        FileNotFoundError: the folder holds no store.
        ValueError: a file is damaged, or the two do not belong together.
    """

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        if not (self.folder / JOINTS).is_file() or not (self.folder / INDEX).is_file():
            raise FileNotFoundError(
                f"no clip store in {self.folder} ({JOINTS} and {INDEX}). {how_to_make(self.folder)}"
            )
        try:
            self._open()
        except UNREADABLE as error:
            reason = error or type(error).__name__
            raise ValueError(
                f"{self.folder} is not a readable clip store ({reason}). {how_to_make(self.folder)}"
            ) from error

    def _open(self) -> None:
        index = read_npz(self.folder / INDEX, KINDS)
        _check_kinds(index)
        if int(index["version"]) != VERSION:
            raise ValueError(f"version {index['version']}, not {VERSION}")
        self.joints = map_npy(self.folder / JOINTS)
        self.names: list[str] = index["names"].tolist()
        self.labels, self.offsets = index["labels"], index["offsets"].astype(np.int64)
        self.frames = index["frames"].astype(np.int64)
        self.persons = index["persons"].astype(np.int64)
        self.setup, self.camera, self.subject, self.replication = (index[key] for key in COLUMNS)
        self.membership: dict[str, np.ndarray] = dict(
            zip(index["benchmarks"].tolist(), index["membership"], strict=True)
        )
        self.dense_shape = tuple(index["dense_shape"].tolist())
        self.normalize = bool(index["normalize"])
        self._check()

    def _check(self) -> None:
        """Whether every clip lies in the joints, and the published arrays have room for it."""
        channels, num_frames, num_joints, num_persons = self.dense_shape
        rows = len(self.joints) if self.joints.ndim else 0
        expected = (rows, num_joints, channels)
        if self.joints.shape != expected or self.joints.dtype != np.float32:
            found = f"{self.joints.shape} {self.joints.dtype}"
            raise ValueError(f"{JOINTS} must be {expected} float32, is {found}")
        for name, values, most in (
            ("frames", self.frames, num_frames),
            ("persons", self.persons, num_persons),
            ("offsets", self.offsets, rows),
            ("labels", self.labels, np.iinfo(np.int32).max),
        ):
            if len(values) and not 0 <= values.min() <= values.max() <= most:
                raise ValueError(f"{name} must be 0 to {most:,}")
        lengths = self.frames * self.persons
        if lengths.sum() != rows or (self.offsets != np.cumsum(lengths) - lengths).any():
            raise ValueError(f"its clips do not fill the {rows:,} rows of {JOINTS}")
        if len(set(self.names)) < len(self.names):
            raise ValueError("a name is that of several clips")

    @property
    def channels(self) -> int:
        return self.dense_shape[0]

    @property
    def num_joints(self) -> int:
        return self.dense_shape[2]

    def __len__(self) -> int:
        return len(self.names)

    def clip(self, index: int) -> np.ndarray:
        """Clip (M, T, V, C) float32 as it was recorded, a view of the file; M and T may be 0."""
        persons, frames = int(self.persons[index]), int(self.frames[index])
        start = int(self.offsets[index])
        rows = self.joints[start : start + persons * frames]
        return rows.reshape(persons, frames, self.num_joints, self.channels)

    def dense_clip(self, index: int) -> np.ndarray:
        """Clip (C, T, V, M) float32, bit for bit the row of the published arrays; a new array."""
        return dense_clip(self.clip(index), self.dense_shape, self.normalize)

    def split(self, name: str) -> np.ndarray:
        """The clips of a split such as `xsub/train`, or `train` where there is one benchmark.

        Their indices in the store, ascending: sorted by name.

        Raises:
            ValueError: the store has no such split.
        """
        benchmark, _, part = name.rpartition("/")
        if benchmark not in self.membership or part not in PARTS:
            raise ValueError(
                f"{self.folder} has no split {name!r}, but {', '.join(self.splits())}."
            )
        return np.flatnonzero(self.membership[benchmark] == PARTS.index(part))

    def splits(self) -> list[str]:
        """The names that `split` takes."""
        return [split_name(benchmark, part) for benchmark in self.membership for part in PARTS]

    def __getstate__(self) -> dict[str, Path]:
        return {"folder": self.folder}

    def __setstate__(self, state: Mapping[str, Path]) -> None:
        self.__init__(state["folder"])


class StoreSplit:
    """One split of a compact store, read as if it were the published array.

    Args:
        folder: of the store.
        split: such as `xsub/train`; None raises the error that lists the splits.
        in_memory: load the store instead of reading clips from disk as they are needed.

    Attributes:
        shape: (N, C, T, V, M) of the published array.
        names, labels: of the N clips.
        subjects: their numbers; None where the data set has none.

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
            raise ValueError(f"split {split} of {folder} has no clip. {how_to_make(folder)}")
        if in_memory:
            self._store.joints = np.array(self._store.joints)
        self.shape = (len(self._numbers), *self._store.dense_shape)
        self.names = [self._store.names[number] for number in self._numbers]
        self.labels = self._store.labels[self._numbers].tolist()
        subjects = self._store.subject[self._numbers].tolist()
        self.subjects = subjects if all(subjects) else None

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, index: int) -> np.ndarray:
        """Clip (C, T, V, M) float32, bit for bit that of the published array; a new array."""
        return self._store.dense_clip(self._numbers[index])


def _check_kinds(index: Mapping[str, np.ndarray]) -> None:
    """Whether the arrays of an index are what this file says at its top.

    Raises:
        ValueError: one is of another kind, or of another number of clips.
    """
    for name, (kinds, ndim) in KINDS.items():
        array = index[name]
        if array.dtype.kind not in kinds or array.ndim != ndim:
            raise ValueError(f"{name} is {array.dtype} of {array.ndim} axes")
    num_clips = len(index["names"])
    for name in ("labels", "offsets", "frames", "persons", *COLUMNS):
        if len(index[name]) != num_clips:
            raise ValueError(f"{name} has {len(index[name])} entries for {num_clips} clips")
    if index["membership"].shape != (len(index["benchmarks"]), num_clips):
        raise ValueError(f"membership is of shape {index['membership'].shape}")
    shape = index["dense_shape"].astype(object)  # Python's numbers, which do not overflow
    if len(shape) != 4 or not all(size > 0 for size in shape) or np.prod(shape) > MAX_CLIP_VALUES:
        raise ValueError(f"dense_shape is {shape.tolist()}")


def split_name(benchmark: str, part: str) -> str:
    """`xsub/train`; `train` for the only benchmark of a data set, which has no name."""
    return f"{benchmark}/{part}" if benchmark else part


def trimmed(clip: np.ndarray) -> np.ndarray:
    """(M, T, V, C) -> the same without the empty persons and frames at its end."""
    seen = clip.any(axis=(2, 3))  # (M, T)
    persons, frames = (np.flatnonzero(seen.any(axis=axis)) for axis in (1, 0))
    if not len(persons):
        return clip[:0, :0]
    return clip[: persons[-1] + 1, : frames[-1] + 1]


def dense_clip(clip: np.ndarray, shape: tuple[int, ...], normalize: bool) -> np.ndarray:
    """A store's clip (M, T, V, C) -> a row of the published arrays, of `shape` (C, T', V, M').

    Zeros fill it up, and where `normalize` is set the clip is replayed, centred and turned.
    """
    persons, frames = clip.shape[:2]
    channels, num_frames = shape[:2]
    # If all persons are there from the first frame to the last they are replayed together: then
    # it is enough, and several times faster, to normalise the clip once and to repeat the result.
    together = normalize and frames and (clip[:, [0, -1]].sum(axis=(2, 3)) != 0).all()
    size = frames if together else num_frames
    dense = np.zeros((channels, size, *shape[2:]), dtype=np.float32)
    dense[:, :frames, :, :persons] = clip.transpose(3, 1, 2, 0)
    if normalize:
        dense = normalize_clip(dense)
    return dense if size == num_frames else np.take(dense, np.arange(num_frames) % size, axis=1)
