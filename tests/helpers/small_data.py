"""Small arrays in the formats of data_gen, for tests that need a data set."""

import pickle
from pathlib import Path

import numpy as np

MODEL_ARGS = {
    "num_class": 3,
    "num_point": 20,
    "num_person": 1,
    "num_gcn_scales": 3,
    "num_g3d_scales": 2,
    "graph": "graph.ucla.AdjMatrixGraph",
    "width": 6,
}
SIZES = {"num_class": 3, "num_point": 20, "num_person": 1}
NETWORKS = {  # arguments of each
    "msg3d": MODEL_ARGS,
    "stgcn": {**SIZES, "in_channels": 3, "graph": "kinect_v1"},
    "agcn": {**SIZES, "graph": "graph.ucla.Graph", "graph_args": {"labeling_mode": "spatial"}},
    "aagcn": {**SIZES, "graph": "kinect_v1"},
    "ctrgcn": {**SIZES, "graph": "graph.ucla.Graph"},
}


def clips(num_clips: int, seed: int = 0, frames: int = 8, joints: int = 20, persons: int = 1):
    """(N, 3, T, V, M) float32."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(num_clips, 3, frames, joints, persons)).astype(np.float32)


def write(folder: Path, part: str, data: np.ndarray, labels: list[int]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / f"{part}_data_joint.npy", data)
    names = [f"{part}_{i:03d}" for i in range(len(labels))]
    (folder / f"{part}_label.pkl").write_bytes(pickle.dumps((names, labels)))


def learnable(folder: Path) -> Path:
    """24 clips to train on and 10 to test on, whose class shows in their size."""
    for part, count, seed in (("train", 24, 1), ("val", 10, 2)):
        labels = [i % 3 for i in range(count)]
        data = (
            clips(count, seed) * (1 + 2 * np.array(labels, np.float32))[:, None, None, None, None]
        )
        write(folder, part, data, labels)
    return folder


def feeder_args(folder: Path, part: str, **more) -> dict:
    return {
        "data_path": str(folder / f"{part}_data_joint.npy"),
        "label_path": str(folder / f"{part}_label.pkl"),
        **more,
    }
