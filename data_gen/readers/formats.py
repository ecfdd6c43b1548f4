"""The formats of users' recordings, by name, and what is known of each."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from data_gen.readers import datasets, estimators, keypoints, motion_capture, plain, tables
from data_gen.readers.bad_files import NO_NUMBER, BadFile, attempted
from data_gen.readers.sample import Options, Raw, Sample

MOST = 1e6  # pixels, frames per second


class Format(NamedTuple):
    """A format of users' recordings.

    Args:
        read: the clips of a file; of many, in place of a bad one what is wrong with it.
        endings: of its files.
        keys: of the YAML file's block `reader` that it heeds, besides `format` and `rate`.
        has_fields: whether its files may hold other facts, such as label and rate.
        of_folders: whether a clip is a folder of files.
        of_many: whether a file always holds many clips.
        in_sized_images: whether files have the size of the images that joints are places in.
        in_shares: whether joints are shares of the image, whose size must be told.
    """

    read: Callable[[Raw, Options], Iterable[Sample | BadFile]]
    endings: tuple[str, ...]
    keys: tuple[str, ...]
    has_fields: bool = False
    of_folders: bool = False
    of_many: bool = False
    in_sized_images: bool = False
    in_shares: bool = False

    @property
    def all_keys(self) -> tuple[str, ...]:
        return "format", "rate", *self.keys


POINTS = ("image", "score")  # of joints that may be places in an image, with a confidence
PEOPLE = (*POINTS, "track")
ARRAY = (*POINTS, "axes", "channels", "persons")
TABLE = (*POINTS, "columns", "clip", "channels", "skip_columns")

FORMATS: dict[str, Format] = {
    "npy": Format(plain.read_npy, (".npy",), ARRAY),
    "npz": Format(plain.read_npz, (".npz",), (*ARRAY, "key"), has_fields=True),
    "mat": Format(plain.read_mat, (".mat",), (*ARRAY, "key"), has_fields=True),
    "hdf5": Format(plain.read_hdf5, (".h5", ".hdf5"), (*ARRAY, "key"), has_fields=True),
    "json": Format(plain.read_json, (".json",), (*ARRAY, "path", "key"), has_fields=True),
    "txt": Format(plain.read_txt, (".txt",), (*ARRAY, "skip_columns", "clip"), has_fields=True),
    "csv": Format(tables.read_csv, (".csv",), TABLE, has_fields=True),
    "tsv": Format(tables.read_tsv, (".tsv",), TABLE, has_fields=True),
    "pyskl": Format(
        datasets.read_pyskl, (".pkl", ".pickle"), POINTS, of_many=True, in_sized_images=True
    ),
    "ctrgcn": Format(
        datasets.read_ctrgcn, (".npz",), ("image", "channels", "persons"), of_many=True
    ),
    "openpose": Format(keypoints.read_openpose, (".json",), PEOPLE, of_folders=True),
    "coco": Format(keypoints.read_coco, (".json",), PEOPLE),
    "mmpose": Format(keypoints.read_mmpose, (".json",), PEOPLE),
    "yolo": Format(keypoints.read_yolo, (".txt",), PEOPLE, of_folders=True, in_shares=True),
    "mediapipe": Format(estimators.read_mediapipe, (".json", ".csv"), (*PEOPLE, "world")),
    "kinetics": Format(keypoints.read_kinetics, (".json",), PEOPLE, has_fields=True),
    "ntu": Format(estimators.read_ntu, (".skeleton",), ("track",)),
    "kinect": Format(estimators.read_kinect, (".json",), ()),
    "deeplabcut": Format(estimators.read_deeplabcut, (".csv", ".h5", ".hdf5"), POINTS),
    "bvh": Format(motion_capture.read_bvh, (".bvh",), ()),
    "c3d": Format(motion_capture.read_c3d, (".c3d",), ()),
}


def read_samples(raw: Raw, format_: str, options: Options) -> Iterator[Sample | BadFile]:
    """The clips of a file, one after the other: not all of a large file fit into the memory. In
    place of a bad one stands what is wrong with it, such as the lack of a field that the options
    name.

    Raises:
        ValueError: the file is bad.
    """
    for clip in FORMATS[format_].read(raw, options):
        yield attempted(_with_facts, clip, raw, options)


def _with_facts(sample: Sample, raw: Raw, options: Options) -> Sample:
    """A clip with the rate and the size of the image that its fields tell."""
    if name := options.rate_field:
        sample = replace(sample, rate=_number(raw, sample, name))
    if names := options.image_fields:
        width, height = (_number(raw, sample, name) for name in names)
        sample = replace(sample, image=(width, height))
    return sample


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
    return next((name for name, known in FORMATS.items() if ending in known.endings), None)


def holds_many(reader: Mapping[str, Any]) -> bool:
    """Whether a file holds many clips, by the block `reader` of a YAML file."""
    in_axes = "N" in (reader.get("axes") or "")
    return FORMATS[reader["format"]].of_many or bool(reader.get("clip")) or in_axes
