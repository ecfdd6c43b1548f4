"""Read a user's recordings as clips for the arrays."""
# Shapes: M persons, T frames, V joints, C channels.

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from data_gen.custom.clip import Preparation, prepare
from data_gen.custom.segments import Segments
from data_gen.custom.settings import CustomSettings
from data_gen.pipeline.spool import Place, Spool
from data_gen.readers.bad_files import (
    TWICE,
    WRONG_LABEL,
    BadClip,
    BadFile,
    attempted,
    good_ones,
    kind_of,
)
from data_gen.readers.formats import FORMATS, read_samples
from data_gen.readers.found import folder_of_parts, single_file
from data_gen.readers.sample import Options, Raw, Sample
from graph.skeleton import SkeletonGraph
from utils.text import one_line

NOTHING = np.zeros((0, 0, 0, 0), np.float32)


class Prepared(NamedTuple):
    """A clip for the arrays.

    Args:
        sample: the facts of its file, without the clip as recorded.
        clip: (M, T, V, C).
    """

    sample: Sample
    clip: np.ndarray
    is_cut: bool


def options_of(settings: CustomSettings, skeleton: type[SkeletonGraph]) -> Options:
    """The options of the reader."""
    names = Options._fields
    given = {
        name: value
        for name, value in settings.reader.items()
        if name in names and value is not None
    }
    if isinstance(given.get("rate"), str):
        given["rate_field"] = given.pop("rate")
    if isinstance(given.get("image", (0,))[0], str):
        given["image_fields"] = given.pop("image")
    names_of_joints = skeleton.names_in_files()
    return Options(num_joints=len(names_of_joints), joint_names=names_of_joints, **given)


def read_raw(
    raw: Raw,
    format_: str,
    options: Options,
    preparation: Preparation,
    segments: Segments | None = None,
) -> Iterator[Prepared | BadFile]:
    """The clips of a file, or their segments."""
    for sample in read_samples(raw, format_, options):
        whole = segments is None or isinstance(sample, BadFile)
        for piece in [sample] if whole else segments.cut(raw.name, sample):
            yield attempted(_prepared, piece, preparation)


def _prepared(sample: Sample, preparation: Preparation) -> Prepared:
    # As recorded it is not needed any longer.
    return Prepared(replace(sample, clip=NOTHING), *prepare(sample, preparation))


def read_path(
    path: Path, label: int, *, format_: str, options: Options, preparation: Preparation
) -> tuple[np.ndarray, bool]:
    """The only clip of a file on disk, as the pipeline reads it."""
    known = FORMATS[format_]
    # How large it may be has been looked at.
    raw = folder_of_parts(path, known.endings) if known.of_folders else single_file(path, math.inf)
    clips = list(good_ones(read_raw(raw, format_, options, preparation)))
    if len(clips) != 1:
        raise BadFile(WRONG_LABEL, f"{path} holds {len(clips)} clips.")
    return clips[0].clip, clips[0].is_cut


class Waiting(NamedTuple):
    """A clip that has been read and waits in a spool.

    Args:
        file: the name of its file.
    """

    file: str
    sample: Sample
    place: Place
    is_cut: bool


def read_all(
    files: Sequence[Raw],
    names: Sequence[str],
    read: Callable[[Raw], Iterable],
    many: bool,
    spool: Spool,
) -> tuple[list[Waiting], list[BadClip]]:
    """The clips of all files, and the bad ones.

    Raises:
        OSError: the spool's disk is full.
    """
    waiting, bad, seen = [], [], set()
    bar = tqdm(desc="reading", unit=" clips", disable=None, leave=False)
    for raw, of_file in zip(files, names, strict=True):
        found, problems = _read_file(raw, read(raw), spool, bar)
        for each in found:
            # A clip that is a file of its own has the file's name, as in the other commands.
            inner = PurePosixPath(of_file).parent / each.sample.name.replace("/", "_")
            name = str(inner) if many else of_file
            if name in seen:
                problems.append(BadFile(TWICE, f"{raw.name}: {name} is the name of several clips."))
                continue
            seen.add(name)
            waiting.append(each._replace(sample=replace(each.sample, name=name)))
        bad += [BadClip(raw.name, kind_of(error), one_line(error)) for error in problems]
    bar.close()
    return waiting, bad


def _read_file(
    raw: Raw, clips: Iterable[Prepared | BadFile], spool: Spool, bar: tqdm
) -> tuple[list[Waiting], list[Exception]]:
    """The clips of a file, and what is wrong with the others, or with the file."""
    bad: list[BadFile] = []
    good, found = good_ones(clips, bad), []
    while True:
        try:
            each = next(good, None)
        except (ValueError, OSError) as error:
            return [], [error]
        if each is None:
            return found, bad
        found.append(Waiting(raw.name, each.sample, spool.add(each.clip), each.is_cut))
        bar.update()
