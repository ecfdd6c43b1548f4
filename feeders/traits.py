"""Chunks -> positions and features for the network, with their participants' traits."""
# Shapes: N chunks, C channels, T frames, V joints, M persons (1), 5 traits.

from pathlib import Path
from typing import Any

import numpy as np
from torch.utils.data import Dataset

from formats.arrays import open_array
from formats.chunks import FEATURE_SETS, NO_FEATURES, TRAITS, feature_sets, mean_by_name
from formats.manifest import read_manifest

DEBUG_CHUNKS = 100


class TraitFeeder(Dataset):
    """The chunks of one split of a folder that data_gen/laban_gendata.py and udiva_gendata.py or
    animation_gendata.py made.

    Args:
        data_path: that folder.
        split: train, val or test; all, where data are cross-validated.
        features: what follows the 3 coordinates: none, laban (12 channels), laban_released (12) or
            descriptors (4), or several joined by +.
        positions: whether the coordinates come first.
        needs_traits: whether chunks without true traits are an error; a test can do without.
        debug: only the first 100 chunks.

    Attributes:
        sample_name: `participant{ID}_session{ID}_{recording}_{chunk}`.
        label: (5,) float32 per chunk; NaN where the traits are unknown.
        training_mean: (5,) the mean traits of the participants of the training split, None where
            the folder has none.
        groups: per chunk the unit that cross-validation keeps whole: the participant, or the
            session if dataset.json says `folds: session`.

    Raises:
        FileNotFoundError: a file is missing.
        ValueError: a file is not what is described here, or the files disagree.
    """

    def __init__(
        self,
        data_path: str,
        split: str,
        features: str = NO_FEATURES,
        positions: bool = True,
        needs_traits: bool = True,
        debug: bool = False,
    ) -> None:
        folder = Path(data_path)
        self.data_path, self.label_path = folder, folder / f"y_{split}.npy"
        manifest = read_manifest(folder) or {}
        self.split, self.class_names = split, list(manifest.get("classes") or TRAITS.values())
        self.features = features
        names = [*(["skeleton"] if positions else []), *feature_sets(features)]
        if not names:
            raise ValueError("positions: false requires features: laban, for example.")
        self._paths = [folder / f"{name}_{split}.npy" for name in names]
        self._open()
        labels, self.sample_name = labels_and_names(folder, split)
        for path, array in zip(self._paths, self._arrays, strict=True):
            if len(array) != len(labels) or array.shape[:3] != self._arrays[0].shape[:3]:
                raise ValueError(
                    f"{path} has chunks of shape {array.shape}, {self._paths[0]} of "
                    f"{self._arrays[0].shape}, and {self.label_path} has {len(labels)}. Run "
                    "data_gen/laban_gendata.py again."
                )
        if needs_traits and not np.isfinite(labels).all():
            raise ValueError(
                f"{self.label_path} holds no true traits. To predict without them, test with "
                "needs_traits: false."
            )
        self.label = list(labels)
        if debug:
            self.label = self.label[:DEBUG_CHUNKS]
            self.sample_name = self.sample_name[:DEBUG_CHUNKS]
        self.training_mean = training_mean(folder)
        part = 1 if manifest.get("folds") == "session" else 0
        self.groups = [name.split("_")[part] for name in self.sample_name]

    def _open(self) -> None:
        self._arrays = [open_array(path, 4, "chunks (N, T, V, C)") for path in self._paths]

    def __getstate__(self) -> dict[str, Any]:
        """The pickled state: worker processes open the files themselves."""
        return {**self.__dict__, "_arrays": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._open()

    def __len__(self) -> int:
        return len(self.label)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray, int]:
        """The chunk (C, T, V, 1) float32, the traits (5,) and its index."""
        parts = [np.asarray(array[index], dtype=np.float32) for array in self._arrays]
        chunk = np.concatenate(parts, axis=-1).transpose(2, 0, 1)[..., None]  # (C, T, V, 1)
        return np.ascontiguousarray(chunk), self.label[index], index

    def efforts(self) -> dict[str, Any]:
        """Effort curves to draw, of the first chunk of whoever has most chunks: `participant` and
        `curves`, {effort: (T,)}, norms averaged over joints, of the first set of features;
        empty without features.
        """
        sets = feature_sets(self.features)
        if not sets:
            return {}
        owners = [name.partition("_")[0] for name in self.sample_name]
        index = owners.index(max(sorted(set(owners)), key=owners.count))
        values = np.asarray(self._arrays[-len(sets)][index], dtype=np.float64)  # (T, V, C)
        names = FEATURE_SETS[sets[0]]
        lengths = np.linalg.norm(values.reshape(*values.shape[:2], len(names), -1), axis=-1)
        curves = dict(zip(names, lengths.mean(axis=1).T, strict=True))
        return {"participant": owners[index].removeprefix("participant"), "curves": curves}


def labels_and_names(folder: Path, split: str) -> tuple[np.ndarray, list[str]]:
    """The traits (N, 5) float32 and the names of a split's chunks.

    Raises:
        FileNotFoundError, ValueError: as `TraitFeeder`.
    """
    traits_path, info_path = folder / f"y_{split}.npy", folder / f"info_{split}.npy"
    labels = open_array(traits_path, 2, "traits (N, 5)", in_memory=True)
    info = open_array(info_path, 2, "rows (session, person, chunks)", kinds="iu", in_memory=True)
    if labels.shape[1] != len(TRAITS) or info.shape[1] != 3 or info[:, 2].sum() != len(labels):
        raise ValueError(
            f"{traits_path} {labels.shape} and {info_path} {info.shape} do not belong together. "
            "Run data_gen/udiva_gendata.py (or animation_gendata.py) again."
        )
    names = [
        f"participant{person:03d}_session{session:06d}_{recording}_{chunk}"
        for recording, (session, person, chunks) in enumerate(info.tolist())
        for chunk in range(chunks)
    ]
    return labels.astype(np.float32), names


def training_mean(folder: Path) -> np.ndarray | None:
    """(5,) mean traits over the participants, not the chunks, of the training split, if known."""
    if not (folder / "y_train.npy").is_file():
        return None
    labels, names = labels_and_names(folder, "train")
    by_person = mean_by_name(labels, [name.partition("_")[0] for name in names])
    mean = np.mean([*by_person.values()], axis=0)
    return mean if np.isfinite(mean).all() else None
