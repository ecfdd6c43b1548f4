"""The formats of users' recordings, by name, and their readers."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from data_gen.readers import datasets, estimators, keypoints, motion_capture, plain, tables
from data_gen.readers.bad_files import NO_NUMBER, BadFile
from data_gen.readers.sample import Options, Raw, Sample

MOST = 1e6  # pixels, frames per second
Reader = Callable[[Raw, Options], Iterable[Sample]]

FORMATS: dict[str, Reader] = {
    "npy": plain.read_npy,
    "npz": plain.read_npz,
    "mat": plain.read_mat,
    "hdf5": plain.read_hdf5,
    "json": plain.read_json,
    "txt": plain.read_txt,
    "csv": tables.read_csv,
    "tsv": tables.read_tsv,
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
WITH_FIELDS = ("npz", "mat", "hdf5", "json", "csv", "tsv")
OF_FOLDERS = {"openpose", "yolo"}  # a clip is a folder of files
OF_SIZED_IMAGES = {"pyskl"}  # whose size the files have
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


def read_samples(raw: Raw, format_: str, options: Options) -> Iterator[Sample]:
    """The clips of a file, one after the other: not all of a large file fit into the memory.

    Raises:
        ValueError: the file is bad, or lacks a field that the options name.
    """
    for sample in FORMATS[format_](raw, options):
        if name := options.rate_field:
            sample = replace(sample, rate=_number(raw, sample, name))
        if names := options.image_fields:
            width, height = (_number(raw, sample, name) for name in names)
            sample = replace(sample, image=(width, height))
        yield sample


def _number(raw: Raw, sample: Sample, name: str) -> float:
    """A field that is a number above 0."""
    value = sample.fields.get(name)
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = 0.0
    if not 0 < number < MOST:
        raise BadFile(NO_NUMBER, f"{raw.name}: the field {name!r} is {value!r}, no number above 0.")
    return number


def format_of(path: Path) -> str | None:
    """The format of a file's ending, of several the plainest."""
    ending = path.suffix.lower()
    return next((name for name in ENDINGS if ending in ENDINGS[name]), None)


def holds_many(reader: Mapping[str, Any]) -> bool:
    """Whether a file holds many clips, by the block `reader` of a YAML file."""
    in_axes = "N" in (reader.get("axes") or "")
    return reader["format"] in OF_MANY or bool(reader.get("clip")) or in_axes


def has_ending(name: str, format_: str) -> bool:
    return name.lower().endswith(ENDINGS[format_])
