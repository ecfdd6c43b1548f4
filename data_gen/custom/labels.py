"""Apply a YAML file's rules to clips: class, subject, camera, part."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from data_gen.custom.rules import FoundClip, Rule
from data_gen.custom.settings import CustomSettings
from data_gen.custom.split import KnownClip, parts_of
from data_gen.pipeline.plan import NEITHER, Clip
from data_gen.readers.bad_files import WRONG_LABEL, BadClip, BadFile, kind_of
from utils.files import regular_file
from utils.text import first_of, one_line, text_of

logger = logging.getLogger(__name__)


def label_of(value: str | int, rule: Mapping[str, Any], classes: Sequence[str], what: str) -> int:
    """A class's number or name -> its label, from 0.

    Where the names of all classes are numbers (10, 20, 30), a number is a name, unless the rule
    has `first`.

    Raises:
        BadFile: there is no such class.
    """
    if isinstance(value, str) and value.strip().lstrip("-").isdecimal():
        value = int(value)
    is_number = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if is_number and classes and rule.get("first") is None and all(map(str.isdecimal, classes)):
        names = list(map(int, classes))
        if value in names:
            return names.index(value)
        raise BadFile(
            WRONG_LABEL,
            f"{what}: {value} is none of the classes {first_of(classes)}. If numbers count the "
            "classes instead of naming them, set `label: {first: 0, ...}`.",
        )
    if is_number:
        label = int(value) - (rule.get("first") or 0)
    elif value in classes:
        label = list(classes).index(value)
    else:
        raise BadFile(WRONG_LABEL, f"{what}: {value!r} is none of the classes.")
    if label < 0 or (classes and label >= len(classes)):
        most = f" to {len(classes) - 1}" if classes else ""
        raise BadFile(WRONG_LABEL, f"{what}: class {label} is not 0{most}.")
    return label


def class_list(
    settings: CustomSettings, folder: Path, rule: Rule, entries: Sequence[FoundClip]
) -> list[str]:
    """The names of the classes: those given, or the names that the rule finds, sorted.

    Raises:
        ValueError: the file of names is missing, or it is not a list of names.
    """
    classes = settings.classes
    if isinstance(classes, str):
        try:
            lines = text_of(regular_file(folder / classes).read_bytes()).splitlines()
        except (OSError, ValueError) as error:
            raise ValueError(f"classes: {folder / classes}: {error}.") from error
        classes = [line.strip() for line in lines if line.strip()]
    if classes is not None:
        if not isinstance(classes, list) or len(set(map(str, classes))) < len(classes):
            raise ValueError("classes must be different names.")
        return [str(name) for name in classes]
    found = set()
    for entry in entries:
        try:
            found.add(str(rule.of(entry)))
        except BadFile:
            continue
    numbers = all(name.strip().lstrip("-").isdecimal() for name in found)
    return [] if numbers else sorted(found)


def labelled_clips(
    entries: Sequence[FoundClip],
    rules: Mapping[str, Rule],
    classes: Sequence[str],
    settings: CustomSettings,
    folder: Path,
    are_read: bool,
) -> tuple[list[Clip], list[BadClip]]:
    """Clips with label and part, and those without.

    Args:
        rules: those of `label`, and perhaps `subject` and `camera`.
        are_read: whether clips have been read, or else will be, from their files.
    """
    known: list[KnownClip] = []
    bad: list[BadClip] = []
    for entry in entries:
        try:
            told = {key: rule.of(entry) for key, rule in rules.items()}
            label = label_of(told["label"], settings.label, classes, entry.file)
            subject, camera = (_text(told.get(key)) for key in ("subject", "camera"))
            known.append(KnownClip(entry, label, subject, camera))
        except (ValueError, TypeError) as error:
            bad.append(BadClip(entry.file, kind_of(error), one_line(error)))
    try:
        parts = parts_of(known, settings.split, folder)
    except ValueError as error:
        if not bad:
            raise
        raise ValueError(
            f"{error} Besides, {len(bad)} clips are bad, such as: {bad[0].reason}"
        ) from error
    subjects = _numbers([clip.subject for clip in known])
    cameras = _numbers([clip.camera for clip in known])
    if out := [c.found.name for c, part in zip(known, parts, strict=True) if part == NEITHER]:
        logger.warning(
            "`split` puts %d clips nowhere: they are left out (%s).", len(out), first_of(out)
        )
    clips = []
    for clip, part, subject, camera in zip(known, parts, subjects, cameras, strict=True):
        if part == NEITHER:
            continue
        place, name = Path(clip.found.file), clip.found.name
        root = place if are_read else place.parents[len(PurePosixPath(name).parts) - 1]
        clips.append(Clip(name, root, clip.label, (part,), (0, camera, subject, 0)))
    return clips, bad


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _numbers(values: Sequence[str | None]) -> list[int]:
    """Names -> numbers for the store: their own, or from 1 in order; 0 if missing."""
    if all(value is None or (value.isdecimal() and int(value) < 2**15) for value in values):
        return [int(value or 0) for value in values]
    order = {value: i for i, value in enumerate(sorted({v for v in values if v}), start=1)}
    return [order.get(value, 0) for value in values]
