"""The clips of raw files, of formats that are named or detected."""
# Shapes: M persons, T frames, V joints, C channels.

import logging
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from data_gen.raw_formats import RawFormat, find_clips, named_format
from data_gen.readers.bad_files import BadFile, good_ones
from data_gen.readers.formats import FORMATS, format_of
from data_gen.readers.sample import Options, Sample
from graph.named import skeleton_class
from tools.drawing.drawable import Choice, Drawable

AXES = ("TVC", "MTVC")  # of plain files

logger = logging.getLogger(__name__)


def of_raw(name: str, choice: Choice) -> Iterator[Drawable]:
    """Clips of raw files."""
    raw = format_named(choice.format, Path(name), choice.skeleton)
    samples = (sample for each in find_clips([name], raw) for sample in _good(raw.read(each)))
    wanted = set(choice.pick)
    for number, sample in enumerate(samples if wanted else islice(samples, choice.limit)):
        if not wanted or wanted & {sample.name, str(number)}:
            yield drawable_of(sample, number, raw)


def _good(clips: Iterable[Sample | BadFile]) -> Iterator[Sample]:
    """The clips of a file that are not bad; of those that are it warns at the end.

    Raises:
        BadFile: all are bad.
    """
    bad: list[BadFile] = []
    count = 0
    for sample in good_ones(clips, bad):
        count += 1
        yield sample
    if bad and not count:
        raise bad[0]
    if bad:
        logger.warning("bad clips are left out: %d. The first: %s", len(bad), bad[0])


def drawable_of(sample: Sample, number: int, raw: RawFormat) -> Drawable:
    drawable = Drawable(
        name=sample.name,
        number=number,
        clip=sample.clip,
        skeleton=raw.skeleton,
        up=raw.up,
        rate=sample.rate,
        has_score=sample.has_score,
    )
    if isinstance(raw, Plain):
        return drawable
    label = sample.fields.get("label") if raw.classes else None
    return replace(
        drawable,
        label=label,
        classes=raw.classes,
        array_of=partial(raw.array, sample),
        array_up=raw.array_up,
    )


class Plain:
    """The format of plain arrays of which only the skeleton is known: `--skeleton coco17 a.npz`."""

    of_folders, chunk = False, None

    def __init__(self, format_: str, skeleton: str) -> None:
        self.format, self.skeleton, self.endings = format_, skeleton, ()
        self.holds_many = FORMATS[format_].of_many
        self.up = self.array_up = skeleton_class(skeleton).up
        names = tuple(skeleton_class(skeleton).joint_names)
        self._options = [
            Options(num_joints=len(names), joint_names=names, axes=axes) for axes in AXES
        ]

    def read(self, raw: Any) -> list[Sample]:
        """With the axes that fit; TVC and MTVC are tried."""
        problem: Exception | None = None
        for options in self._options:
            try:
                return list(good_ones(FORMATS[self.format].read(raw, options)))
            except ValueError as error:
                problem = problem or error
        raise problem

    def array(self, sample: Sample) -> np.ndarray:
        raise NotImplementedError


def format_named(name: str | None, path: Path, skeleton: str | None) -> RawFormat:
    """The format of a raw file, by --format or detected.

    Raises:
        ValueError: it cannot be detected.
    """
    if name := name or _looks_like(path):
        return named_format(name)
    format_ = format_of(path)
    if format_ and skeleton:
        return Plain(format_, skeleton)
    raise ValueError(
        f"{path}: unknown format. Give --format (ntu, kinetics, nw-ucla, udiva or a "
        "YAML file of custom_gendata.py), or --skeleton for a plain file of one clip."
    )


def _looks_like(path: Path) -> str | None:
    """The data set of a raw file, detected by its ending and its first keys."""
    if path.is_dir():
        path = next(
            (p for p in sorted(path.rglob("*")) if p.suffix in (".skeleton", ".json")), path
        )
    if path.suffix == ".skeleton" or "*.skeleton" in path.name:
        return "ntu"
    if path.suffix == ".json" and path.is_file():
        with path.open("rb") as file:
            start = file.read(100_000)
        if b'"skeletons"' in start:
            return "nw-ucla"
        if b'"frame_index"' in start and b'"pose"' in start:
            return "kinetics"
    return None
