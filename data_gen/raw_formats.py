"""One raw clip of any data set -> a clip of its arrays, bit for bit as the data set's command.

The raw format follows from dataset.json: from the data set's name, or for a user's own recordings
from the settings of custom_gendata.py.
"""
# Shapes: M persons, T frames, V joints, C channels.

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from data_gen.chunks.features import compute
from data_gen.chunks.rated import ChunkSettings, read_positions
from data_gen.chunks.udiva import PUBLISHED_CHUNK_SIZE
from data_gen.custom.checks import check, read_custom_settings
from data_gen.custom.clip import preparation_of, prepare
from data_gen.custom.reading import options_of
from data_gen.custom.settings import settings_as_values
from data_gen.laban import RATE, UDIVA, Anatomy, anatomy_of, normalize_chunk
from data_gen.pipeline.ntu_plan import CLIP_SHAPE as NTU_SHAPE
from data_gen.pipeline.ntu_plan import MAX_FRAMES
from data_gen.readers.bad_files import MAX_FILE_MB, BadFile, good_ones
from data_gen.readers.formats import FORMATS, holds_many, read_samples
from data_gen.readers.found import find_raws
from data_gen.readers.kinetics import CLIP_SHAPE as KINETICS_SHAPE
from data_gen.readers.kinetics import parse_bodies
from data_gen.readers.ntu import parse_name, parse_skeleton, select_bodies
from data_gen.readers.sample import Raw, Sample
from data_gen.readers.ucla import NUM_JOINTS, normalise
from data_gen.readers.ucla import parse_skeleton as parse_ucla
from data_gen.readers.udiva import FILES, read_frames
from formats.chunks import feature_sets
from formats.class_names import SHIPPED
from formats.clip_store import dense_clip, trimmed
from formats.known import KNOWN
from formats.manifest import has_score
from graph.named import skeleton_class
from utils.text import one_line

NTU_RATE, UCLA_RATE = 30.0, 30.0  # frames per second of Kinect

NO_ARRAYS = (0, 0, 0, 0)  # their shape
OF_MOTION_CAPTURE = ("rate", "skeleton", "chunk_size")  # required in dataset.json


class RawFormat(Protocol):
    """The raw format of a data set: how files become clips.

    Attributes:
        endings: file name endings.
        of_folders: whether a clip is a folder of files.
        holds_many: whether a file holds many clips, and may have any size.
        skeleton: name of its skeleton.
        up: the axis of raw clips that points up: y, -y or z.
        array_up: that of the arrays, which are turned where they are normalised as NTU RGB+D's.
        classes: class names, where files hold the field `label`; may be empty.
        chunk: frames per chunk of long recordings; None: they are not cut.
    """

    endings: tuple[str, ...]
    of_folders: bool
    holds_many: bool
    skeleton: str
    up: str
    array_up: str
    classes: Sequence[str]
    chunk: int | None

    def read(self, raw: Raw) -> Iterable[Sample | BadFile]:
        """The clips of a raw file, at their full length; of many, one after the other, and in place
        of a bad one what is wrong with it.

        Raises:
            ValueError: the file is bad.
        """

    def array(self, sample: Sample) -> np.ndarray:
        """A clip, or a window of one -> (C, T, V, M) float32, as the arrays have it."""


class Ntu:
    endings, of_folders, holds_many = (".skeleton",), False, False
    skeleton, chunk = "ntu_rgb_d", None
    up, array_up = "y", KNOWN["ntu"].up
    classes: Sequence[str] = SHIPPED["ntu120"]

    def read(self, raw: Raw) -> list[Sample]:
        path = Path(raw.name)
        clip = parse_skeleton(raw.content(), path)
        with suppress(ValueError):  # a file of another name is a clip all the same
            fields = {"label": parse_name(path.name).action - 1}
            return [Sample(path.name, clip, rate=NTU_RATE, fields=fields)]
        return [Sample(path.name, clip, rate=NTU_RATE)]

    def array(self, sample: Sample) -> np.ndarray:
        bodies = select_bodies(sample.clip)[:, :MAX_FRAMES].astype(np.float32)
        return dense_clip(trimmed(bodies), NTU_SHAPE, normalize=True)


class Kinetics:
    endings, of_folders, holds_many = (".json",), False, False
    skeleton, chunk = "openpose_coco", None
    up, array_up = "y", KNOWN["kinetics"].up
    classes: Sequence[str] = ()

    def read(self, raw: Raw) -> list[Sample]:
        return [Sample(Path(raw.name).name, parse_bodies(raw.content(), raw.name)[0], True)]

    def array(self, sample: Sample) -> np.ndarray:
        clip = trimmed(np.asarray(sample.clip[:2, : KINETICS_SHAPE[1]], np.float32))
        return dense_clip(clip, KINETICS_SHAPE, normalize=False)


class Ucla:
    """NW-UCLA; a clip that is longer than those of the arrays keeps its length."""

    endings, of_folders, holds_many = (".json",), False, False
    skeleton, chunk = "kinect_v1", None
    up, array_up = "y", KNOWN["nw-ucla"].up
    classes: Sequence[str] = SHIPPED["nw-ucla"]

    def __init__(self, num_frames: int) -> None:
        self.num_frames = num_frames

    def read(self, raw: Raw) -> list[Sample]:
        name = Path(raw.name).name
        joints, label = parse_ucla(name, raw.content())
        fields = {"label": label - 1} if type(label) is int else {}
        return [Sample(name, joints[None], rate=UCLA_RATE, fields=fields)]

    def array(self, sample: Sample) -> np.ndarray:
        clip = normalise(sample.clip[0])[None].astype(np.float32)
        shape = (3, max(self.num_frames, clip.shape[1]), NUM_JOINTS, 1)
        return dense_clip(trimmed(clip), shape, normalize=False)


class Custom:
    """Recordings that a YAML file describes.

    Args:
        settings: of the file, plain values.
        clip_shape: of the arrays (C, T, V, M), if they are made; longer clips keep their length.
        has_score: whether the last channel of the arrays is a confidence.

    Attributes:
        num_places: 2 or 3 coordinates; 0 if the arrays are not made yet.
        in_image: whether clips are places in images.
        shares: whether these become fractions of the image's width.

    Raises:
        ValueError: the settings are wrong.
    """

    chunk = None
    classes: Sequence[str] = ()

    def __init__(
        self,
        settings: Mapping[str, Any],
        clip_shape: Sequence[int] = NO_ARRAYS,
        has_score: bool = False,
    ) -> None:
        checked = check(dict(settings))
        self.format, self.skeleton = checked.reader["format"], str(checked.skeleton)
        known, self.holds_many = FORMATS[self.format], holds_many(checked.reader)
        self.of_folders, self.endings = known.of_folders, known.endings
        skeleton = skeleton_class(self.skeleton)
        self.up = skeleton.up
        self.options = options_of(checked, skeleton)
        self.preparation = preparation_of(checked, skeleton)
        self.array_up = "z" if self.preparation.normalise == "ntu" else skeleton.up
        self.persons, self.num_frames = checked.persons, clip_shape[1]
        self.has_score = has_score
        self.num_places = clip_shape[0] - has_score
        sized = bool(self.options.image or self.options.image_fields)
        self.shares = sized or known.in_sized_images
        self.in_image = sized or (self.num_places == 2 if self.num_places else self.shares)

    def read(self, raw: Raw) -> Iterable[Sample | BadFile]:
        samples = read_samples(raw, self.format, self.options)
        if self.holds_many:
            return samples
        # A clip that is a file of its own has the file's name, as in the arrays.
        return [replace(sample, name=Path(raw.name).name) for sample in good_ones(samples)]

    def array(self, sample: Sample) -> np.ndarray:
        clip = trimmed(prepare(sample, self.preparation)[0])
        size = (self.options.num_joints, self.persons)
        shape = (clip.shape[3], max(self.num_frames, clip.shape[1]), *size)
        return dense_clip(clip, shape, normalize=False)


class Udiva:
    """UDIVA's recordings, folders of landmarks, in chunks with their effort features.

    Args:
        chunk: frames per chunk.
        features: as in `feeders.traits.TraitFeeder`.
    """

    endings, of_folders, holds_many, skeleton = FILES, False, False, "smpl24"
    up, array_up = "y", KNOWN["udiva"].up
    classes: Sequence[str] = ()

    def __init__(self, chunk: int, features: str) -> None:
        self.chunk, self.features = chunk, features

    def read(self, raw: Raw) -> list[Sample]:
        folder = Path(raw.name).parent
        bodies = [frame.body for frame in read_frames(folder) if frame.body is not None]
        if len(bodies) < self.chunk:
            raise ValueError(
                f"{folder} has {len(bodies)} usable frames, fewer than a chunk of {self.chunk}."
            )
        return [Sample(f"{folder.parent.name}/{folder.name}", np.stack(bodies)[None], rate=RATE)]

    def array(self, sample: Sample) -> np.ndarray:
        return chunk_array(sample, self.features, UDIVA, RATE)


class MotionCapture:
    """BVH files, in the chunks of a data set of animation_gendata.py, with effort features.

    Args:
        manifest: its dataset.json.
        features: as in `feeders.traits.TraitFeeder`.
    """

    endings, of_folders, holds_many = (".bvh",), False, False
    array_up = "z"
    classes: Sequence[str] = ()

    def __init__(self, manifest: Mapping[str, Any], features: str) -> None:
        self.skeleton = str(manifest["skeleton"])
        body = skeleton_class(self.skeleton)
        self.up, self.chunk, self.features = body.up, int(manifest["chunk_size"]), features
        self.settings = ChunkSettings(body.names_in_files(), float(manifest["rate"]), self.chunk)
        self.anatomy = anatomy_of(body)

    def read(self, raw: Raw) -> list[Sample]:
        positions = read_positions(raw, self.settings)
        return [Sample(Path(raw.name).stem, positions[None], rate=self.settings.rate)]

    def array(self, sample: Sample) -> np.ndarray:
        return chunk_array(sample, self.features, self.anatomy, self.settings.rate)


def chunk_array(sample: Sample, features: str, anatomy: Anatomy, rate: float) -> np.ndarray:
    """A chunk -> (C, T, V, 1): normalised positions, then the sets of features."""
    skeleton = normalize_chunk(sample.clip[0].astype(np.float64), anatomy)
    found = compute(feature_sets(features), skeleton, anatomy, rate)
    parts = [skeleton.astype(np.float32), *found]
    return np.concatenate(parts, axis=-1).transpose(2, 0, 1)[..., None]


def find_clips(names: Sequence[str], raw: RawFormat, max_mb: float = MAX_FILE_MB) -> Iterator[Raw]:
    """The raw files of a format: named themselves, by a folder, a glob or an archive.

    Args:
        max_mb: of a file that is one clip.

    Raises:
        FileNotFoundError, ValueError: as of `find_raws`.
    """
    limit = math.inf if raw.holds_many else max_mb
    return find_raws(names, raw.endings, raw.of_folders, limit)


def named_format(name: str, features: str = "none") -> RawFormat:
    """The format named by --format: a data set, or a YAML file of custom_gendata.py.

    Raises:
        FileNotFoundError, ValueError: it does not exist.
    """
    if not name.endswith((".yaml", ".yml")):
        return raw_format({"dataset": name}, features)
    settings = settings_as_values(read_custom_settings(Path(name)))
    return Custom(settings)


def raw_format(manifest: Mapping[str, Any], features: str = "none") -> RawFormat:
    """The raw format of a data set, from its dataset.json.

    Args:
        features: the feature sets of chunks.

    Raises:
        ValueError: it is unknown.
    """
    name = manifest.get("dataset")
    clip_shape = manifest.get("clip_shape") or NO_ARRAYS
    if name in ("ntu", "ntu120"):
        return Ntu()
    if name == "kinetics":
        return Kinetics()
    if name == "nw-ucla":
        return Ucla(clip_shape[1])
    if name == "udiva":
        return Udiva(manifest.get("chunk_size") or PUBLISHED_CHUNK_SIZE, features)
    if manifest.get("format") == "chunks" and all(map(manifest.get, OF_MOTION_CAPTURE)):
        return MotionCapture(manifest, features)
    if settings := manifest.get("settings"):
        try:
            return Custom(settings, clip_shape, has_score(manifest))
        except ValueError as error:
            reason = one_line(error).rstrip(".")
            raise ValueError(
                f"settings of the recordings, in dataset.json: {reason}. Correct it there, or make "
                "the arrays again."
            ) from error
    raise ValueError(
        f"how raw clips of {name or 'these data'} are read is not known. Name the format with "
        "--format: ntu, kinetics, nw-ucla, udiva, or the YAML file of custom_gendata.py."
    )
