"""A user's recordings -> a plan for the pipeline."""
# Shapes: M persons, T frames, V joints, C channels.

import glob
import logging
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from data_gen.custom.clip import Preparation, preparation_of, prepare
from data_gen.custom.rules import FoundClip, Rule, class_list, labelled_clips
from data_gen.custom.segments import Segments
from data_gen.custom.settings import CustomSettings, settings_as_values
from data_gen.pipeline.plan import Plan
from data_gen.readers.archives import members_of
from data_gen.readers.bad_files import (
    MAX_FILE_MB,
    TWICE,
    WRONG_LABEL,
    BadClip,
    BadFile,
    attempted,
    good_ones,
    kind_of,
)
from data_gen.readers.formats import FORMATS, Format, holds_many, read_samples
from data_gen.readers.found import ARCHIVES, clip_folders, folder_of_parts, names_of, single_file
from data_gen.readers.sample import Options, Raw, Sample
from graph.named import skeleton_class
from graph.skeleton import SkeletonGraph
from utils.text import first_of, one_line

NOTHING = np.zeros((0, 0, 0, 0), np.float32)

logger = logging.getLogger(__name__)


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


def find_files(settings: CustomSettings, folder: Path, max_mb: float = MAX_FILE_MB) -> list[Raw]:
    """The raw files, sorted by name.

    Args:
        folder: of the YAML file, to which `files` is relative.
        max_mb: of a file; one of many clips may have any size.

    Raises:
        FileNotFoundError: there is none.
    """
    pattern = str(folder / settings.files)
    format_ = FORMATS[settings.reader["format"]]
    place = Path(pattern)
    if place.is_dir():
        pattern = str(place / ("*" if format_.of_folders else "**/*"))
    paths = sorted(Path(name) for name in glob.glob(pattern, recursive=True))  # noqa: PTH207
    if format_.of_folders:
        folders = {
            each for path in paths if path.is_dir() for each in clip_folders(path, format_.endings)
        }
        found = [folder_of_parts(path, format_.endings) for path in sorted(folders)]
    elif len(paths) == 1 and paths[0].suffix in ARCHIVES and not format_.of_many:
        found = of_format(list(members_of(paths[0], max_mb)), format_)
    else:
        tables = {folder / name for name in settings.tables}
        files = [path for path in paths if path.is_file() and path.name[0] != "."]
        max_mb = math.inf if holds_many(settings.reader) else max_mb
        found = [single_file(path, max_mb) for path in files if path not in tables]
        found = of_format(found, format_) if place.is_dir() else found
    if not found:
        raise FileNotFoundError(f"no files {pattern}. Check `files`, relative to the YAML file.")
    return found


def of_format(raws: list[Raw], format_: Format) -> list[Raw]:
    """Of all files of a folder those with a format's endings, or all where none has one."""
    has_ending = [raw.name.lower().endswith(format_.endings) for raw in raws]
    wanted = [raw for raw, has in zip(raws, has_ending, strict=True) if has]
    others = [Path(raw.name).name for raw, has in zip(raws, has_ending, strict=True) if not has]
    if wanted and others:
        endings = " or ".join(format_.endings)
        shown = first_of(others)
        logger.warning(
            "ignored files whose names do not end with %s: %d (%s).", endings, len(others), shown
        )
    return wanted or raws


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


def from_memory(
    clips: Mapping[Path, tuple[np.ndarray, bool]], path: Path, label: int
) -> tuple[np.ndarray, bool]:
    """A clip that was read while planning."""
    return clips[path]


def make_plan(
    settings: CustomSettings, folder: Path, out_folder: Path, max_mb: float = MAX_FILE_MB
) -> Plan:
    """The plan for a user's recordings.

    Files of many clips, archives, recordings that are cut, and files whose own fields hold the
    class are read while planning; all others later, by the workers.

    Raises:
        FileNotFoundError: there are no files.
        ValueError: the settings do not fit the files.
    """
    skeleton = skeleton_class(settings.skeleton)
    options, preparation = options_of(settings, skeleton), preparation_of(settings, skeleton)
    files = find_files(settings, folder, max_mb)
    given = {"label": settings.label, "subject": settings.subject, "camera": settings.camera}
    rules = {name: Rule(name, rule, folder) for name, rule in given.items() if rule}
    format_ = settings.reader["format"]
    fields_tell = any(rule.needs_fields for rule in rules.values()) or "field" in settings.split
    segments = Segments(settings.segments, folder) if settings.segments else None
    many = bool(segments) or holds_many(settings.reader)
    now = fields_tell or many or not Path(files[0].name).exists()
    reading = {"format_": format_, "options": options, "preparation": preparation}
    read = partial(read_raw, **reading, segments=segments)
    names = names_of([raw.name for raw in files])
    if segments and not holds_many(settings.reader):
        _warn_of_unused(segments, files, names)
    samples, bad = _read_all(files, names, read, many) if now else ([], [])
    if now:
        entries = [FoundClip(file, each.sample.name, each.sample.fields) for file, each in samples]
        memory = {Path(file) / each.sample.name: (each.clip, each.is_cut) for file, each in samples}
    else:
        entries = [FoundClip(raw.name, name, {}) for raw, name in zip(files, names, strict=True)]
        memory = {}
    classes = class_list(settings, folder, rules["label"], entries)
    clips, more = labelled_clips(entries, rules, classes, settings, folder, now)
    bad += more
    channels, length, has_score = _shape(files, read, samples, preparation, bad)
    labels = [clip.label for clip in clips]
    if labels and min(labels) > 0:
        logger.warning(
            "no clip is of class 0%s. If the numbers of classes begin with %d, set "
            "`label: {first: %d, ...}`.", f" ({classes[0]})" if classes else "", min(labels),
            min(labels) + (settings.label.get("first") or 0),
        )  # fmt: skip
    reader = partial(from_memory, memory) if now else partial(read_path, **reading)
    return Plan(
        dataset=settings.name,
        sources=[folder / settings.files],
        out_folder=out_folder,
        benchmarks=("",),
        clips=sorted(clips),
        read=reader,
        clip_shape=(channels, length, options.num_joints, settings.persons),
        normalize=False,
        num_classes={"": len(classes) or max(labels, default=0) + 1},
        typical_rows=length,
        skeleton=settings.skeleton,
        classes=classes,
        has_score=has_score,
        settings=settings_as_values(settings),
        bad=bad,
        max_file_mb=None if now or FORMATS[format_].of_folders else max_mb,
    )


def _warn_of_unused(segments: Segments, files: Sequence[Raw], names: Sequence[str]) -> None:
    without, unknown = segments.unused([(r.name, n) for r, n in zip(files, names, strict=True)])
    if without:
        logger.warning("recordings without segments: %d (%s).", len(without), first_of(without))
    if unknown:
        table, shown = segments.path, first_of(unknown)
        logger.warning("names in %s without a recording: %d (%s).", table, len(unknown), shown)


def _read_all(
    files: Sequence[Raw], names: Sequence[str], read: Callable[[Raw], Iterable], many: bool
) -> tuple[list[tuple[str, Prepared]], list[BadClip]]:
    """The clips with the names of their files, and the bad ones."""
    samples, bad, seen = [], [], set()
    bar = tqdm(desc="reading", unit=" clips", disable=None, leave=False)
    for raw, of_file in zip(files, names, strict=True):
        problems: list[Exception] = []
        found = []
        try:
            for each in good_ones(read(raw), problems):
                found.append(each)
                bar.update()
        except (ValueError, OSError) as error:  # the file is bad
            problems, found = [error], []
        for each in found:
            # A clip that is a file of its own has the file's name, as in the other commands.
            inner = PurePosixPath(of_file).parent / each.sample.name.replace("/", "_")
            name = str(inner) if many else of_file
            if name in seen:
                problems.append(BadFile(TWICE, f"{raw.name}: {name} is the name of several clips."))
                continue
            seen.add(name)
            samples.append((raw.name, each._replace(sample=replace(each.sample, name=name))))
        bad += [BadClip(raw.name, kind_of(error), one_line(error)) for error in problems]
    bar.close()
    return samples, bad


def _shape(
    files: Sequence[Raw],
    read: Callable[[Raw], Iterable],
    samples: Sequence[tuple[str, Prepared]],
    preparation: Preparation,
    bad: list[BadClip],
) -> tuple[int, int, bool]:
    """Channels and frames of the arrays, and whether the last channel is a confidence.

    Args:
        samples: all of them, if they have been read.

    Raises:
        ValueError: no file can be read, or the length is not known without reading all.
    """
    length = preparation.frames or preparation.max_frames
    if samples:
        _, (sample, clip, _) = samples[0]
        length = length or max(1, *(each.clip.shape[1] for _, each in samples))
        return clip.shape[3], length, sample.has_score and preparation.keep_score
    first: Exception | None = None
    for raw in files[:20]:
        try:
            sample, clip, _ = next(good_ones(read(raw)))
        except (ValueError, OSError, StopIteration) as error:
            first = first or error
            continue
        if length is None:
            raise ValueError(
                "frames is missing: how long the clips of the arrays are, or {max: 300} to cut."
            )
        return clip.shape[3], length, sample.has_score and preparation.keep_score
    reason = bad[0].reason if bad else first
    raise ValueError(f"none of the first files can be read. The first: {reason}")
