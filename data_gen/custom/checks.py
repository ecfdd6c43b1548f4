"""Read the YAML file of custom_gendata.py, and check it."""

import dataclasses
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from data_gen.custom.settings import (
    ABOUT,
    FRAMES,
    PART_RULES,
    SECONDS,
    TABLE_KEYS,
    CustomSettings,
    name_columns,
    rule_in,
)
from data_gen.readers.formats import FORMATS
from formats.kinds import (
    COUNT,
    NUMBER,
    TEXT,
    WHOLE,
    YES_NO,
    check_kinds,
    either,
    list_of,
    mapping_to,
)
from graph.named import skeleton_class
from utils.files import at_home, regular_file
from utils.text import one_line, text_of
from utils.yaml_values import yaml_values

NORMALISATIONS, SCALES = ("none", "centre", "centre+scale", "ntu"), ("box", "torso")
NAMES = either(list_of(either(TEXT, NUMBER)), TEXT, NUMBER)
FILES = either(TEXT, list_of(TEXT))
OF_TABLE = dict(zip(TABLE_KEYS, (FILES, TEXT, TEXT, list_of(TEXT)), strict=True))
KINDS = {
    **dict.fromkeys(("name", "files", "skeleton"), TEXT),
    "classes": either(TEXT, list_of(either(TEXT, NUMBER))),
    "normalise": either(TEXT, mapping_to(TEXT)),
    "rate": NUMBER,
}
RULE_KINDS = {
    **OF_TABLE, "regex": TEXT, "first": WHOLE, "folder": COUNT, "field": TEXT,
    "npy": FILES,
}  # fmt: skip
SPLIT_KINDS = {
    **OF_TABLE, "by": TEXT, "fraction": NUMBER, "seed": COUNT, "field": TEXT, "folder": COUNT,
    "regex": TEXT, "train": NAMES, "val": NAMES, "lists": mapping_to(FILES),
}  # fmt: skip
SPLITS = {  # the keys that each kind of split takes
    **{name: (name, "train", "val") for name in PART_RULES},
    "csv": (*OF_TABLE, "train", "val"),
    "lists": ("lists", "file", "columns"),
    "fraction": ("fraction", "by", "seed"),
    "by": ("by", "train", "val"),
}
SEGMENT_KINDS = {
    **dict.fromkeys(("csv", "file", "start", "end", "unit"), TEXT),
    "columns": OF_TABLE["columns"],
}
READER_KINDS = {
    **dict.fromkeys(("format", "axes", "columns", "path", "score"), TEXT),
    "clip": either(TEXT, COUNT),
    **dict.fromkeys(("channels", "persons", "skip_columns"), COUNT),
    **dict.fromkeys(("world", "track"), YES_NO),
    "key": TEXT,
    "rate": either(NUMBER, TEXT),
    "image": either(list_of(NUMBER, 2), list_of(TEXT, 2)),
}


def read_custom_settings(path: Path) -> CustomSettings:
    """The settings of a file, checked.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: one line that names the key.
    """
    if not path.exists():
        raise FileNotFoundError(f"no file {path}. Make one with --init FILE...")
    try:
        content = yaml_values(text_of(regular_file(path).read_bytes()))
    except ValueError as error:
        raise ValueError(f"{path} is not valid YAML: {one_line(error, 300)}") from error
    try:
        return check(content)
    except ValueError as error:
        raise ValueError(f"{path}: {one_line(error)}") from error


def check(content: Any) -> CustomSettings:
    """A mapping as settings.

    Raises:
        ValueError: a key is unknown or missing, or has a value that cannot be.
    """
    fields = {field.name: field for field in dataclasses.fields(CustomSettings)}
    if not isinstance(content, dict):
        raise ValueError("it must hold 'key: value' lines")
    content = at_home(content)
    _check_names("", content, fields)
    required = [name for name, f in fields.items() if f.default is dataclasses.MISSING]
    if missing := [name for name in required if content.get(name) is None]:
        about = ABOUT[missing[0]].replace("\n- ", "; ")
        raise ValueError(f"{missing[0]} is missing: {about}.")
    check_kinds(content, KINDS)
    settings = CustomSettings(**content)
    if not re.fullmatch(r"[\w.-]+", settings.name):
        raise ValueError(f"name must be letters, digits, - and _. Got {settings.name!r}.")
    _check_reader(settings.reader)
    skeleton_class(settings.skeleton)
    for name in ("label", "subject", "camera"):
        rule = getattr(settings, name)
        if rule is not None:
            check_rule(name, rule)
    _check_split(settings)
    if settings.segments is not None:
        _check_segments(settings.segments)
    _check_normalise(settings.normalise)
    frames = settings.frames
    if isinstance(frames, Mapping):
        _check_names("frames: ", frames, ("max",))
        frames = frames.get("max") or 0
    for name, value in (("frames", frames), ("persons", settings.persons)):
        if value is not None and (type(value) is not int or value < 1):
            raise ValueError(f"{name} must be 1 or more. Got {value!r}.")
    if settings.rate is not None and not 0 < settings.rate < 10_000:
        raise ValueError(f"rate must be above 0. Got {settings.rate!r}.")
    return settings


def _check_normalise(how: Any) -> None:
    how = how if isinstance(how, Mapping) else {"mode": how}
    _check_names("normalise: ", how, ("mode", "centre", "scale"))
    if how.get("scale", "box") not in SCALES:
        raise ValueError(f"normalise: scale must be {' or '.join(SCALES)}. Got {how['scale']!r}.")
    if (mode := how.get("mode")) not in NORMALISATIONS:
        raise ValueError(f"normalise must be one of {', '.join(NORMALISATIONS)}. Got {mode!r}.")


def _check_names(what: str, given: Iterable[str], known: Collection[str]) -> None:
    """No name is unknown; the message begins with `what`."""
    if unknown := [name for name in given if name not in known]:
        raise ValueError(f"{what}unknown key {unknown[0]!r}. It takes {', '.join(known)}.")


def _check_reader(reader: Any) -> None:
    if not isinstance(reader, Mapping) or str(reader.get("format")) not in FORMATS:
        found = reader.get("format") if isinstance(reader, Mapping) else reader
        raise ValueError(f"reader: format must be one of {', '.join(FORMATS)}. Got {found!r}.")
    format_ = FORMATS[reader["format"]]
    given = [name for name, value in reader.items() if value is not None]
    if vain := [name for name in given if name not in format_.all_keys]:
        known = ", ".join(format_.all_keys)
        raise ValueError(
            f"reader: {reader['format']} does not take the key {vain[0]!r}, but {known}."
        )
    check_kinds(reader, READER_KINDS, "reader: ")
    image = reader.get("image") or (1, 1)
    named = [name for name in (reader.get("rate"), *image) if isinstance(name, str)]
    if named and not format_.has_fields:
        raise ValueError(
            f"reader: {reader['format']} has no fields. rate and image must be numbers."
        )
    if not all(isinstance(size, str) or size > 0 for size in image):
        raise ValueError(f"reader: image must be above 0. Got {reader['image']!r}.")
    if format_.in_shares and not reader.get("image"):
        raise ValueError(
            f"reader: {reader['format']} requires image: [width, height], of which its files hold "
            "shares."
        )
    clip = reader.get("clip")
    if clip == 0 or (reader["format"] == "txt" and isinstance(clip, str)):
        raise ValueError(f"reader: clip must be the number of a column, from 1. Got {clip!r}.")
    if reader.get("score", "keep") not in ("keep", "drop"):
        raise ValueError(f"reader: score must be keep or drop. Got {reader['score']!r}.")


def check_rule(name: str, rule: Any) -> None:
    """A rule that tells something of a clip.

    Raises:
        ValueError: it is none.
    """
    kinds = {"regex", "folder", "field", "csv", "npy"}
    found = kinds & set(rule) if isinstance(rule, Mapping) else set()
    if len(found) != 1:
        raise ValueError(f"{name} must have one of {', '.join(sorted(kinds))}. Got {rule!r}.")
    (kind,) = found
    keys = tuple(OF_TABLE) if kind == "csv" else (kind,)
    given = [key for key, value in rule.items() if value is not None or key == kind]
    _check_names(f"{name} by {kind}: ", given, keys + ("first",) * (name == "label"))
    check_kinds(rule, RULE_KINDS, f"{name}: ", never_empty=kinds)
    _check_columns(name, rule, ("column",))
    if "regex" in rule:
        try:
            groups = re.compile(rule["regex"]).groups
        except re.error as error:
            raise ValueError(f"{name}: {rule['regex']!r} is not a valid regex: {error}.") from error
        if groups < 1:
            raise ValueError(f"{name}: regex needs a group in brackets, such as 'a(\\d+)'.")


def _check_columns(what: str, rule: Mapping[str, Any], keys: Sequence[str]) -> None:
    """Of a table without a header, `columns` names those that the rule reads."""
    columns = rule.get("columns")
    if not columns:
        return
    defaults = {"column": "label" if what != "split" else "part", "start": "start", "end": "end"}
    read = [rule.get(key) or defaults[key] for key in keys]
    if "*" not in str(rule.get("csv")):  # a table of one recording names none
        read += name_columns(rule)
    if missing := [name for name in read if name not in columns]:
        raise ValueError(f"{what}: columns has no {missing[0]!r}, but {', '.join(columns)}.")


def _check_split(settings: CustomSettings) -> None:
    split = settings.split
    if not isinstance(split, Mapping) or not SPLITS.keys() & set(split):
        raise ValueError(f"split must have one of {', '.join(sorted(SPLITS))}. Got {split!r}.")
    kind = next(name for name in SPLITS if name in split)
    given = [name for name, value in split.items() if value is not None]
    _check_names(f"split by {kind}: " if kind != "by" else "split: ", given, SPLITS[kind])
    check_kinds(split, SPLIT_KINDS, "split: ", never_empty=SPLITS)
    if kind == "lists":
        if set(split["lists"]) != {"train", "val"}:
            raise ValueError(
                f"split: lists must be {{train: FILE, val: FILE}}. Got {split['lists']!r}."
            )
        _check_columns("split", split, ())
        if "file" in split and not split.get("columns"):
            raise ValueError("split: lists with file require columns, the names of their columns.")
    if rule := rule_in(split):
        check_rule("split", rule)
    by = split.get("by", "clip" if "fraction" in split else None)
    if by in ("subject", "camera") and getattr(settings, by) is None:
        raise ValueError(f"split by {by} requires the key {by}.")
    if "by" in split and by not in ("subject", "camera", "clip"):
        raise ValueError(f"split: by must be subject, camera or clip. Got {by!r}.")
    if "fraction" in split and not 0 < split["fraction"] < 1:
        raise ValueError(f"split: fraction must be in (0, 1). Got {split['fraction']!r}.")
    if by in ("subject", "camera") and "fraction" not in split and not split.get("train"):
        raise ValueError(f"split by {by} requires train: a list.")


def _check_segments(rule: Any) -> None:
    known = isinstance(rule, Mapping) and set(rule) <= set(SEGMENT_KINDS)
    if not known or "csv" not in rule:
        names = ", ".join(SEGMENT_KINDS)
        raise ValueError(f"segments must have csv, and may have more of {names}. Got {rule!r}.")
    check_kinds(rule, SEGMENT_KINDS, "segments: ", never_empty=SEGMENT_KINDS)
    _check_columns("segments", rule, ("start", "end"))
    if rule.get("unit", FRAMES) not in (FRAMES, SECONDS):
        raise ValueError(f"segments: unit must be {FRAMES} or {SECONDS}. Got {rule['unit']!r}.")
