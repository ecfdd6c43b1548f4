"""Apply a YAML file's rules to recordings: class, subject, camera, part."""

import csv
import logging
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy as np

from data_gen.custom.settings import CustomSettings, listed, rule_in
from data_gen.pipeline.plan import NEITHER, Clip
from data_gen.readers.bad_files import NO_LABEL, WRONG_LABEL, BadClip, BadFile, kind_of
from data_gen.readers.sample import entries_of
from formats.arrays import npy_of
from formats.clip_store import PARTS
from utils.files import regular_file
from utils.text import first_of, one_line

logger = logging.getLogger(__name__)


class FoundClip(NamedTuple):
    """A clip: its file, its name, and the fields of the file."""

    file: str
    name: str
    fields: Mapping[str, Any]


class Facts(NamedTuple):
    """The facts about a clip besides its joints."""

    label: int
    subject: str | None
    camera: str | None
    part: int  # 0 train, 1 val, NEITHER


class Rule:
    """A rule that gives the class, subject or camera of a clip.

    Args:
        rule: as the YAML file has it.
        folder: of the YAML file.

    Raises:
        ValueError: a table is missing or lacks a column.
    """

    def __init__(self, name: str, rule: Mapping[str, Any], folder: Path) -> None:
        self.name, self.rule = name, rule
        self.table = read_column(folder / rule["csv"], rule) if "csv" in rule else {}
        self.arrays = [read_array(folder / name) for name in listed(rule.get("npy"))]
        self.entries: dict[str, np.ndarray] = {}  # of each file, in their order

    @property
    def needs_fields(self) -> bool:
        return "field" in self.rule or "npy" in self.rule

    def of(self, file: str, name: str, fields: Mapping[str, Any]) -> str | int:
        """The value of the rule for a clip.

        Raises:
            BadFile: it has none.
        """
        rule = self.rule
        if "regex" in rule:
            match = re.search(rule["regex"], Path(file).name) or re.search(rule["regex"], name)
            if match is None:
                raise BadFile(
                    NO_LABEL, f"{file}: {self.name}: {rule['regex']!r} is not in its name."
                )
            return match[1]
        if "folder" in rule:
            parents = list(Path(file).parents)
            level = rule["folder"]
            if not 1 <= level <= len(parents):
                raise BadFile(NO_LABEL, f"{file} has no folder {level} levels up.")
            return parents[level - 1].name
        if "field" in rule:
            if fields.get(rule["field"]) is None:
                raise BadFile(NO_LABEL, f"{file}: {name} has no field {rule['field']!r}.")
            return fields[rule["field"]]
        if "npy" in rule:
            return self._entry(file, fields)
        for known in known_as(file, name):
            if known in self.table:
                return self.table[known]
        raise BadFile(NO_LABEL, f"{file}: {rule['csv']} does not list {name}.")

    def _entry(self, file: str, fields: Mapping[str, Any]) -> str | int:
        """The clip's entry in the array that belongs to its file."""
        number, count = fields.get("number"), fields.get("count")
        if number is None:
            raise BadFile(NO_LABEL, f"{file} is one clip. npy requires the axis N in axes.")
        if file not in self.entries:
            if len(self.entries) == len(self.arrays):
                raise BadFile(NO_LABEL, f"{file}: npy names no file for it.")
            array = self.arrays[len(self.entries)]
            entries = entries_of(array, count)
            if entries is None or entries.dtype.kind not in "iuUS":
                shape = f"{array.dtype} of shape {array.shape}"
                raise BadFile(NO_LABEL, f"{file}: npy has {shape}, no class for each of {count}.")
            self.entries[file] = entries
        return self.entries[file][number].item()


def read_array(path: Path) -> np.ndarray:
    """The array of an .npy file; whole numbers as such.

    Raises:
        ValueError: it is missing or damaged.
    """
    try:
        array = npy_of(regular_file(path).read_bytes())
    except OSError as error:
        raise ValueError(f"npy: {error}.") from error
    except ValueError as error:
        raise ValueError(f"{path}: {one_line(error)}.") from error
    is_whole = array.dtype.kind == "b" or (array.dtype.kind == "f" and (array % 1 == 0).all())
    return array.astype(np.int64) if is_whole else array


def known_as(file: str, name: str) -> Iterator[str]:
    """The names of a clip in tables: its name, or any end of its file's path, with or without the
    ending; the longest first.
    """
    yield name
    while file:
        yield file
        yield os.path.splitext(file)[0]  # noqa: PTH122 - many clips
        file = file.partition("/")[2]


def read_column(path: Path, rule: Mapping[str, Any]) -> dict[str, str]:
    """A table's column by the names of clips.

    Raises:
        ValueError: the table is missing, lacks a column, or contradicts itself.
    """
    file_column, column = rule.get("file") or "file", rule.get("column") or "label"
    found: dict[str, str] = {}
    for row in read_table(path, (file_column, column)):
        name, value = row[file_column].strip(), row[column].strip()
        if name and found.setdefault(name, value) != value:
            raise ValueError(
                f"{path} has {found[name]!r} and {value!r} for {name!r}. Where files share a name, "
                "write their folders, too: folder/name."
            )
    return found


def read_table(path: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    """The rows of a table with a header; cells that a short row lacks are empty.

    Raises:
        ValueError: the table is missing, or lacks a column.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file, restval=""))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ValueError(one_line(f"{path} is not a readable table: {error}.")) from error
    if not rows or set(columns) - set(rows[0]):
        raise ValueError(f"{path} must have the columns {', '.join(map(repr, columns))}.")
    return [{str(key): str(value) for key, value in row.items()} for row in rows]


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
            lines = (folder / classes).read_text("utf-8-sig").splitlines()
        except OSError as error:
            raise ValueError(f"classes: {error}.") from error
        classes = [line.strip() for line in lines if line.strip()]
    if classes is not None:
        if not isinstance(classes, list) or len(set(map(str, classes))) < len(classes):
            raise ValueError("classes must be different names.")
        return [str(name) for name in classes]
    found = set()
    for entry in entries:
        try:
            found.add(str(rule.of(*entry)))
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
    in_memory: bool,
) -> tuple[list[Clip], list[BadClip]]:
    """Clips with label and part, and those without."""
    known: list[tuple[str, str, Mapping, Facts]] = []
    bad: list[BadClip] = []
    for file, name, fields in entries:
        try:
            told = {key: rule.of(file, name, fields) for key, rule in rules.items()}
            label = label_of(told["label"], settings.label, classes, file)
            subject, camera = (_text(told.get(key)) for key in ("subject", "camera"))
            known.append((file, name, fields, Facts(label, subject, camera, NEITHER)))
        except (ValueError, TypeError) as error:
            bad.append(BadClip(file, kind_of(error), one_line(error)))
    try:
        parts = _parts(known, settings.split, folder)
    except ValueError as error:
        if not bad:
            raise
        raise ValueError(
            f"{error} Besides, {len(bad)} clips are bad, such as: {bad[0].reason}"
        ) from error
    subjects = _numbers([facts.subject for *_, facts in known])
    cameras = _numbers([facts.camera for *_, facts in known])
    if out := [name for (_, name, *_), part in zip(known, parts, strict=True) if part == NEITHER]:
        logger.warning(
            "`split` puts %d clips nowhere: they are left out (%s).", len(out), first_of(out)
        )
    clips = []
    for (file, name, _, facts), part, subject, camera in zip(
        known, parts, subjects, cameras, strict=True
    ):
        if part == NEITHER:
            continue
        place = Path(file)
        root = place if in_memory else place.parents[len(PurePosixPath(name).parts) - 1]
        clips.append(Clip(name, root, facts.label, (part,), (0, camera, subject, 0)))
    return clips, bad


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _numbers(values: Sequence[str | None]) -> list[int]:
    """Names -> numbers for the store: their own, or from 1 in order; 0 if missing."""
    if all(value is None or (value.isdecimal() and int(value) < 2**15) for value in values):
        return [int(value or 0) for value in values]
    order = {value: i for i, value in enumerate(sorted({v for v in values if v}), start=1)}
    return [order.get(value, 0) for value in values]


def _parts(
    known: Sequence[tuple[str, str, Mapping, Facts]], split: Mapping[str, Any], folder: Path
) -> list[int]:
    """0 train, 1 val or NEITHER for every clip."""
    if rule := rule_in(split):
        told = Rule("split", rule, folder)
        found = [_all_told(told, file, name, fields) for file, name, fields, _ in known]
        wanted = [{str(name) for name in listed(split.get(part) or part)} for part in PARTS]
        _check_parts_exist(wanted, set().union(*found))
        return [
            next((p for p, names in enumerate(wanted) if names & of_clip), NEITHER)
            for of_clip in found
        ]
    by = split.get("by", "clip")
    groups = [name if by == "clip" else getattr(facts, by) for _, name, _, facts in known]
    if "fraction" in split:
        kinds = sorted(set(groups))
        order = np.random.default_rng(split.get("seed") or 0).permutation(len(kinds))
        count = max(1, round(split["fraction"] * len(kinds)))
        held_out = {kinds[i] for i in order[:count]}
        return [int(group in held_out) for group in groups]
    train = {_same(value) for value in listed(split["train"])}
    val = {_same(value) for value in listed(split.get("val"))} if split.get("val") else None
    return [
        0 if _same(g) in train else 1 if val is None or _same(g) in val else NEITHER for g in groups
    ]


def _check_parts_exist(wanted: Sequence[set[str]], found: set[str]) -> None:
    for part, names in zip(PARTS, wanted, strict=True):
        if found and not names & found:
            raise ValueError(
                f"split: no clip is of {', '.join(sorted(names))}. Say which of "
                f"{first_of(sorted(found), 8)} is {part}, as in {{..., {part}: [NAME]}}."
            )


def _all_told(rule: Rule, file: str, name: str, fields: Mapping[str, Any]) -> set[str]:
    """The values that a rule gives a clip; a field may hold several, or none."""
    try:
        return {str(each) for each in listed(rule.of(file, name, fields))}
    except BadFile:
        return set()


def _same(value: Any) -> str:
    """A canonical form: 007 and 7 are one subject."""
    text = str(value)
    return str(int(text)) if text.isdecimal() else text
