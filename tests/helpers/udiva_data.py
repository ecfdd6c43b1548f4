"""A small UDIVA on disk, in either layout, with or without what goes wrong in it."""

import csv
import zipfile
from pathlib import Path

import h5py
import numpy as np

from formats.chunks import TRAITS

TASKS = {"T": "talk", "A": "animals", "G": "ghost", "L": "lego"}
MODEL_ARGS = {
    "num_class": 5,
    "num_point": 24,
    "num_person": 1,
    "num_gcn_scales": 2,
    "num_g3d_scales": 1,
    "graph": "graph.udiva.AdjMatrixGraph",
    "in_channels": 15,
    "layer_channels": 6,
}


def bodies(frames: int, seed: int = 0) -> np.ndarray:
    """(T, 24, 3) float32, metres."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(frames, 24, 3)).astype(np.float32)


def table(path: Path, columns, rows) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([columns, *rows])


def metadata(root: Path, split: str, sessions, traits, flat=False, columns=None):
    """sessions: {session: (person, person)}; traits: {person: five values}."""
    columns = TRAITS.values() if columns is None else columns
    folder = root / f"metadata_{split}" if flat else root / split / "metadata"
    rows = [(f"{s:06d}", f"{a:03d}", "x", f"{b:03d}") for s, (a, b) in sessions.items()]
    table(folder / f"sessions_{split}.csv", ("ID", "PART.1", "DATE", "PART.2"), rows)
    rows = [(f"{who:03d}", "F", *values) for who, values in traits.items()]
    table(folder / f"parts_{split}.csv", ("ID", "GENDER", *columns), rows)


def folder(root: Path, split: str, session: int, part: int, task: str, flat=False) -> Path:
    name = f"{TASKS[task]}_annotations_{split}" if flat else f"{split}/annotations"
    return root / name / f"{session:06d}" / f"FC{part}_{task}"


def recording(path: Path, frames, name="annotations_raw.hdf5", zipped=False) -> None:
    """frames: bodies (24, 3), or None for a frame without one."""
    path.mkdir(parents=True, exist_ok=True)
    with h5py.File(path / name, "w") as file:
        for number, body in enumerate(frames):
            group = file.create_group(f"{number:05d}")
            if body is not None:
                group["body/landmarks"] = body
    if zipped:
        with zipfile.ZipFile(path / "annotations.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(path / name, f"inside/{name}")
        (path / name).unlink()


def arrays(root: Path, split: str, traits, chunks, frames=12, features=True, seed=0) -> Path:
    """The arrays of the data commands: `traits` (P, 5), `chunks` of each participant."""
    rng = np.random.default_rng(seed)
    root.mkdir(parents=True, exist_ok=True)
    info = np.array([(1 + i, 10 + i, count) for i, count in enumerate(chunks)])
    total = int(np.sum(chunks))
    y = np.repeat(np.asarray(traits, np.float32), chunks, axis=0)
    # Traits show in the size of movements, so that there is something to learn.
    size = 1 + 0.3 * y[:, 0][:, None, None, None]
    skeleton = (size * rng.normal(size=(total, frames, 24, 3))).astype(np.float32)
    np.save(root / f"skeleton_{split}.npy", skeleton)
    if features:
        laban = (size * rng.normal(size=(total, frames, 24, 12))).astype(np.float32)
        np.save(root / f"laban_{split}.npy", laban)
    np.save(root / f"y_{split}.npy", y)
    np.save(root / f"info_{split}.npy", info)
    return root
