"""The YAML file of custom_gendata.py: its keys, their meaning, and the checks."""

import dataclasses
import re
import textwrap
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

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
from graph.named import shipped, skeleton_class
from utils.files import regular_file
from utils.text import one_line

NORMALISATIONS, SCALES = ("none", "centre", "centre+scale", "ntu"), ("box", "torso")
NAMES = either(list_of(either(TEXT, NUMBER)), TEXT, NUMBER)
OF_TABLE = dict.fromkeys(("csv", "file", "column"), TEXT)
KINDS = {
    **dict.fromkeys(("name", "files", "skeleton"), TEXT),
    "classes": either(TEXT, list_of(either(TEXT, NUMBER))),
    "normalise": either(TEXT, mapping_to(TEXT)),
    "rate": NUMBER,
}
RULE_KINDS = {
    **OF_TABLE, "regex": TEXT, "first": WHOLE, "folder": COUNT, "field": TEXT,
    "npy": either(TEXT, list_of(TEXT)),
}  # fmt: skip
SPLIT_KINDS = {
    **OF_TABLE, "by": TEXT, "fraction": NUMBER, "seed": COUNT, "field": TEXT, "folder": COUNT,
    "regex": TEXT, "train": NAMES, "val": NAMES,
}  # fmt: skip
PART_RULES = ("csv", "field", "folder", "regex")  # that tell what a split puts into a part by name
SPLITS = {  # the keys that each kind of split takes
    **{name: (name, "train", "val") for name in PART_RULES},
    "csv": (*OF_TABLE, "train", "val"),
    "fraction": ("fraction", "by", "seed"),
    "by": ("by", "train", "val"),
}
FRAMES, SECONDS = "frames", "seconds"  # units of segments
SEGMENT_KINDS = dict.fromkeys(("csv", "file", "start", "end", "unit"), TEXT)
READER_KINDS = {
    **dict.fromkeys(("format", "axes", "columns", "clip", "path", "score"), TEXT),
    **dict.fromkeys(("channels", "persons", "skip_columns"), COUNT),
    **dict.fromkeys(("world", "track"), YES_NO),
    "key": TEXT,
    "rate": either(NUMBER, TEXT),
    "image": either(list_of(NUMBER, 2), list_of(TEXT, 2)),
}


@dataclass(frozen=True)
class CustomSettings:
    """The keys, in the order of --help-config."""

    name: str
    files: str
    reader: Mapping[str, Any]
    skeleton: str
    label: Mapping[str, Any]
    split: Mapping[str, Any]
    segments: Mapping[str, Any] | None = None
    classes: Any = None
    subject: Mapping[str, Any] | None = None
    camera: Mapping[str, Any] | None = None
    normalise: Any = "centre"
    frames: Any = None
    rate: float | None = None
    persons: int = 1

    @property
    def tables(self) -> list[str]:
        """Tables and lists beside the recordings that the settings name."""
        rules = (self.label, self.subject, self.camera, self.split, self.segments)
        tables = [rule["csv"] for rule in rules if rule and "csv" in rule]
        arrays = [name for rule in rules if rule for name in listed(rule.get("npy"))]
        return [*tables, *arrays, *([self.classes] if isinstance(self.classes, str) else [])]


ABOUT = {
    "name": "name of the data set: the output folder is data/<name>",
    "files": "a folder or an archive, whose files with the format's endings are read; a glob such "
    "as raw/**/*.npz; or one big file. Relative to this file",
    "reader": f"how to read a file\n- format: {', '.join(FORMATS)}\n"
    "- axes: order of an array's axes, of T (time), V (joints), C (channels), M (persons), N "
    "(clips of a file): TVC, MTVC, TV*C, NTVC, ...\n"
    "- key: name of the array in a file of several\n"
    "- channels, persons: their number, where the file does not tell it\n"
    "- columns: pattern of a table's column names, such as '{joint}_{axis}'\n"
    "- clip: the column that tells the clips of a table apart, where it holds many\n"
    "- path: where the array is in JSON\n"
    "- rate: frames per second, where the file does not tell it or is wrong, or the name of the "
    "field that tells it\n"
    "- image: [1920, 1080], width and height in pixels, or the names of two fields: [width, "
    "height]; coordinates in the image (for mediapipe and yolo: fractions of width and height) "
    "become fractions of the width, measured from the middle\n"
    "- score: keep or drop a confidence channel; for arrays and tables without column names it "
    "also says that the last channel is one\n"
    "- skip_columns: for txt and tables without column names, the number of columns before the "
    "joints\n"
    "- track: true links persons without ids over frames\n"
    "- world: false reads MediaPipe's image coordinates instead of metres",
    "skeleton": f"{', '.join(shipped())}, or your own .yaml file",
    "label": "how to know the class, one of\n"
    "- {regex: 'a(\\d+)', first: 1}: from the file's name; first is the number of class 0; a "
    "group that is not a number is a class name\n"
    "- {folder: 1}: the name of the folder that many levels up\n"
    "- {field: label, first: 0}: from the file\n"
    "- {npy: y.npy}: from a file with one number or one-hot row for each clip; or a list of such "
    "files, for those of `files` in their order\n"
    "- {csv: labels.csv, file: clip, column: label}: from a table",
    "split": "what is train and val, one of\n"
    "- {by: subject, train: [1, 2]}, or by: camera: the others are val\n"
    "- {fraction: 0.2, by: subject, seed: 0}: a random share is val, keeping subjects whole; by: "
    "clip does not\n"
    "- {folder: 2, train: [train], val: [test]}: the name of the folder that many levels up; "
    "likewise with a field of the file, a regex, or a table: {csv: split.csv, file: clip, column: "
    "part, train: [train], val: [test]}",
    "segments": "a table with one row per clip of a long recording: {csv: segments.csv, file: "
    "clip, start: start, end: end, unit: frames or seconds}; start counts from 0, end is "
    "exclusive; the other columns are fields, as for label: {field: action}, and so is recording: "
    "subject: {field: recording} keeps the clips of a recording together",
    "classes": "names of the classes: a list, or a text file with one name per line; where all are "
    "numbers, as in [10, 20], label's numbers are such names, unless it has first",
    "subject": "who was recorded, by a rule like label's",
    "camera": "from where, by a rule like label's",
    "normalise": "none; centre (a joint of the first frame at 0); centre+scale (and the largest "
    "coordinate 1, or the torso's length); ntu (turned upright, as NTU RGB+D); or {mode: "
    "centre+scale, centre: spine, scale: box or torso}",
    "frames": "length of the arrays' clips; longer clips are resampled to it, or cut: {max: 300}",
    "rate": "resample to this many frames per second (the file or reader: rate tells its own)",
    "persons": "number of persons to keep, those that move most",
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
        content = yaml.safe_load(regular_file(path).read_text("utf-8-sig"))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = one_line(error, 300)
        raise ValueError(f"{path} is not valid YAML: {reason}") from error
    try:
        return check(content)
    except ValueError as error:
        raise ValueError(f"{path}: {one_line(error)}") from error


def settings_as_values(settings: CustomSettings) -> dict[str, Any]:
    """Plain values, which `check` turns into the same settings again."""
    return dataclasses.asdict(settings)


def check(content: Any) -> CustomSettings:
    """A mapping as settings.

    Raises:
        ValueError: a key is unknown or missing, or has a value that cannot be.
    """
    fields = {field.name: field for field in dataclasses.fields(CustomSettings)}
    if not isinstance(content, dict):
        raise ValueError("it must hold 'key: value' lines")
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
    if "regex" in rule:
        try:
            groups = re.compile(rule["regex"]).groups
        except re.error as error:
            raise ValueError(f"{name}: {rule['regex']!r} is not a valid regex: {error}.") from error
        if groups < 1:
            raise ValueError(f"{name}: regex needs a group in brackets, such as 'a(\\d+)'.")


def _check_split(settings: CustomSettings) -> None:
    split = settings.split
    if not isinstance(split, Mapping) or not SPLITS.keys() & set(split):
        raise ValueError(f"split must have one of {', '.join(sorted(SPLITS))}. Got {split!r}.")
    kind = next(name for name in SPLITS if name in split)
    given = [name for name, value in split.items() if value is not None]
    _check_names(f"split by {kind}: " if kind != "by" else "split: ", given, SPLITS[kind])
    check_kinds(split, SPLIT_KINDS, "split: ", never_empty=SPLITS)
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
    if rule.get("unit", FRAMES) not in (FRAMES, SECONDS):
        raise ValueError(f"segments: unit must be {FRAMES} or {SECONDS}. Got {rule['unit']!r}.")


def rule_in(split: Mapping[str, Any]) -> dict[str, Any]:
    """The rule that tells the names of which a split makes parts; empty: it is another split."""
    rule = {name: split[name] for name in (*PART_RULES, *OF_TABLE) if split.get(name) is not None}
    return {"column": "part", **rule} if "csv" in rule else rule


def listed(value: Any) -> list:
    """A list, or a single value as one; None as an empty one."""
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]


def help_text() -> str:
    """Every key with its meaning and default."""
    lines = ["The keys of the YAML file:", ""]
    for field in dataclasses.fields(CustomSettings):
        required = field.default is dataclasses.MISSING
        default = "required" if required else f"default: {field.default}"
        lines.append(f"{field.name} ({default})")
        for line in ABOUT[field.name].splitlines():
            hanging = " " * (6 if line.startswith("-") else 4)
            lines += textwrap.wrap(line, 96, initial_indent="    ", subsequent_indent=hanging)
    return "\n".join(lines)
