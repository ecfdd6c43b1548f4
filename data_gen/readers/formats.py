"""The readers of other people's formats by the names that a YAML file gives them."""

from collections.abc import Callable
from pathlib import Path

from data_gen.readers import datasets, estimators, motion_capture, plain
from data_gen.readers.sample import Options, Raw, Sample

Reader = Callable[[Raw, Options], list[Sample]]

FORMATS: dict[str, Reader] = {
    "npy": plain.read_npy,
    "npz": plain.read_npz,
    "mat": plain.read_mat,
    "hdf5": plain.read_hdf5,
    "json": plain.read_json,
    "csv": plain.read_csv,
    "tsv": plain.read_tsv,
    "pyskl": datasets.read_pyskl,
    "ctrgcn": datasets.read_ctrgcn,
    "openpose": estimators.read_openpose,
    "coco": estimators.read_coco,
    "mediapipe": estimators.read_mediapipe,
    "kinect": estimators.read_kinect,
    "deeplabcut": estimators.read_deeplabcut,
    "bvh": motion_capture.read_bvh,
    "c3d": motion_capture.read_c3d,
}
OF_FOLDERS = {"openpose"}  # a clip is a folder of files
OF_MANY = {"pyskl", "ctrgcn"}  # a file holds many clips
BY_ENDING = {".npy": "npy", ".npz": "npz", ".mat": "mat", ".h5": "hdf5", ".hdf5": "hdf5",
             ".json": "json", ".csv": "csv", ".tsv": "tsv", ".pkl": "pyskl", ".bvh": "bvh",
             ".c3d": "c3d"}  # fmt: skip


def format_of(path: Path) -> str | None:
    """The format that a file's ending stands for."""
    return BY_ENDING.get(path.suffix.lower())
