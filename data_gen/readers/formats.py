"""The formats of users' recordings, by name, and their readers."""

from collections.abc import Callable
from pathlib import Path

from data_gen.readers import datasets, estimators, keypoints, motion_capture, plain
from data_gen.readers.sample import Options, Raw, Sample

Reader = Callable[[Raw, Options], list[Sample]]

FORMATS: dict[str, Reader] = {
    "npy": plain.read_npy,
    "npz": plain.read_npz,
    "mat": plain.read_mat,
    "hdf5": plain.read_hdf5,
    "json": plain.read_json,
    "txt": plain.read_txt,
    "csv": plain.read_csv,
    "tsv": plain.read_tsv,
    "pyskl": datasets.read_pyskl,
    "ctrgcn": datasets.read_ctrgcn,
    "openpose": keypoints.read_openpose,
    "coco": keypoints.read_coco,
    "mmpose": keypoints.read_mmpose,
    "yolo": keypoints.read_yolo,
    "mediapipe": estimators.read_mediapipe,
    "kinect": estimators.read_kinect,
    "deeplabcut": estimators.read_deeplabcut,
    "bvh": motion_capture.read_bvh,
    "c3d": motion_capture.read_c3d,
}
OF_FOLDERS = {"openpose", "yolo"}  # a clip is a folder of files
IN_SHARES = {"yolo"}  # of the image, whose size must be told
OF_MANY = {"pyskl", "ctrgcn"}  # a file holds many clips
ENDINGS: dict[str, tuple[str, ...]] = {
    **{
        name: (f".{name}",)
        for name in ("npy", "npz", "mat", "json", "txt", "csv", "tsv", "bvh", "c3d")
    },
    "hdf5": (".h5", ".hdf5"),
    "pyskl": (".pkl", ".pickle"),
    "ctrgcn": (".npz",),
    "openpose": (".json",),
    "coco": (".json",),
    "mmpose": (".json",),
    "yolo": (".txt",),
    "mediapipe": (".json", ".csv"),
    "kinect": (".json",),
    "deeplabcut": (".csv", ".h5", ".hdf5"),
}


def format_of(path: Path) -> str | None:
    """The format of a file's ending, of several the plainest."""
    ending = path.suffix.lower()
    return next((name for name in ENDINGS if ending in ENDINGS[name]), None)


def has_ending(name: str, format_: str) -> bool:
    return name.lower().endswith(ENDINGS[format_])
