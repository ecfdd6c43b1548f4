"""A user's recordings -> a plan for the pipeline."""
# Shapes: M persons, T frames, V joints, C channels.

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from data_gen.custom.clip import Preparation, preparation_of
from data_gen.custom.files import find_files
from data_gen.custom.labels import class_list, labelled_clips
from data_gen.custom.reading import Waiting, options_of, read_all, read_path, read_raw
from data_gen.custom.rules import FoundClip, Rule
from data_gen.custom.segments import Segments
from data_gen.custom.settings import CustomSettings, settings_as_values
from data_gen.pipeline.plan import Plan, nearest_existing
from data_gen.pipeline.spool import Spool
from data_gen.readers.bad_files import MAX_FILE_MB, BadClip, good_ones
from data_gen.readers.formats import FORMATS, holds_many
from data_gen.readers.found import names_of
from data_gen.readers.sample import Raw
from graph.named import skeleton_class
from utils.text import first_of

logger = logging.getLogger(__name__)


def from_spool(
    spool: Spool, clips: Mapping[Path, Waiting], path: Path, label: int
) -> tuple[np.ndarray, bool]:
    """A clip that was read while planning."""
    return spool.clip(clips[path].place), clips[path].is_cut


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
    of_many = [raw.name for raw in files] if holds_many(settings.reader) else []
    given = {"label": settings.label, "subject": settings.subject, "camera": settings.camera}
    rules = {name: Rule(name, rule, folder, of_many) for name, rule in given.items() if rule}
    format_ = settings.reader["format"]
    fields_tell = any(rule.needs_fields for rule in rules.values()) or "field" in settings.split
    segments = Segments(settings.segments, folder) if settings.segments else None
    many = bool(segments or of_many)
    now = fields_tell or many or not Path(files[0].name).exists()
    reading = {"format_": format_, "options": options, "preparation": preparation}
    read = partial(read_raw, **reading, segments=segments)
    names = names_of([raw.name for raw in files])
    if segments and not of_many:
        _warn_of_unused(segments, files, names)
    if now:
        spool = Spool(nearest_existing(out_folder))
        waiting, bad = read_all(files, names, read, many, spool)
        entries = [FoundClip(each.file, each.sample.name, each.sample.fields) for each in waiting]
        of_path = {Path(each.file) / each.sample.name: each for each in waiting}
        reader = partial(from_spool, spool, of_path)
    else:
        waiting, bad = [], []
        entries = [FoundClip(raw.name, name, {}) for raw, name in zip(files, names, strict=True)]
        reader = partial(read_path, **reading)
    classes = class_list(settings, folder, rules["label"], entries)
    clips, more = labelled_clips(entries, rules, classes, settings, folder, now)
    bad += more
    channels, length, has_score = _shape(files, read, waiting, preparation, bad)
    labels = [clip.label for clip in clips]
    if labels and min(labels) > 0:
        logger.warning(
            "no clip is of class 0%s. If the numbers of classes begin with %d, set "
            "`label: {first: %d, ...}`.", f" ({classes[0]})" if classes else "", min(labels),
            min(labels) + (settings.label.get("first") or 0),
        )  # fmt: skip
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
        holds_clips=now,
        max_file_mb=None if now or FORMATS[format_].of_folders else max_mb,
    )


def _warn_of_unused(segments: Segments, files: Sequence[Raw], names: Sequence[str]) -> None:
    without, unknown = segments.unused([(r.name, n) for r, n in zip(files, names, strict=True)])
    if without:
        logger.warning("recordings without segments: %d (%s).", len(without), first_of(without))
    if unknown:
        table, shown = segments.path, first_of(unknown)
        logger.warning("names in %s without a recording: %d (%s).", table, len(unknown), shown)


def _shape(
    files: Sequence[Raw],
    read: Callable[[Raw], Iterable],
    waiting: Sequence[Waiting],
    preparation: Preparation,
    bad: list[BadClip],
) -> tuple[int, int, bool]:
    """Channels and frames of the arrays, and whether the last channel is a confidence.

    Args:
        waiting: all clips, if they have been read.

    Raises:
        ValueError: no file can be read, or the length is not known without reading all.
    """
    length = preparation.frames or preparation.max_frames
    if waiting:
        sample, channels = waiting[0].sample, waiting[0].place.shape[3]
        length = length or max(1, *(each.place.shape[1] for each in waiting))
        return channels, length, sample.has_score and preparation.keep_score
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
