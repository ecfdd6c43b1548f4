"""The YAML file of custom_gendata.py: its keys and their meaning."""

import dataclasses
import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from data_gen.readers.formats import FORMATS
from graph.named import shipped

PART_RULES = ("csv", "field", "folder", "regex")  # that tell what a split puts into a part by name
TABLE_KEYS = ("csv", "file", "column", "columns")
PLACE = re.compile(r"\{([^{}]+)\}")  # of a column in a pattern of clips' names
FRAMES, SECONDS = "frames", "seconds"  # units of segments


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
        rules = [self.label, self.subject, self.camera, self.split, self.segments]
        lists = (self.split.get("lists") or {}).values()
        named = [rule.get(key) for rule in rules if rule for key in ("csv", "npy")]
        named += [*lists, self.classes if isinstance(self.classes, str) else None]
        return [name for each in named for name in listed(each)]


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
    "- clip: the column that tells the clips of a table apart, where it holds many: its name, or "
    "for txt and tables without column names its number, from 1 (other such columns are fields: "
    "label: {field: column 3})\n"
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
    "- {csv: labels.csv, file: clip, column: label}: from a table, or a list of tables, with cells "
    "between commas, semicolons, tabs or blanks; columns: [clip, label] are the names of columns "
    "where there is no header; file may be a pattern, such as 's{subject}/take_{take}'",
    "split": "what is train and val, one of\n"
    "- {by: subject, train: [1, 2]}, or by: camera: the others are val\n"
    "- {fraction: 0.2, by: subject, seed: 0}: a random share is val, keeping subjects whole; by: "
    "clip does not\n"
    "- {folder: 2, train: [train], val: [test]}: the name of the folder that many levels up; "
    "likewise with a field of the file, a regex, or a table: {csv: split.csv, file: clip, column: "
    "part, train: [train], val: [test]}\n"
    "- {lists: {train: train.txt, val: test.txt}}: files with a clip per line, the first cell or "
    "word; with columns and file as for label",
    "segments": "a table with one row per clip of a long recording: {csv: segments.csv, file: "
    "clip, start: start, end: end, unit: frames or seconds}; start counts from 0, end is "
    "exclusive; the other columns are fields, as for label: {field: action}, and so is recording: "
    "subject: {field: recording} keeps the clips of a recording together; csv: labels/*.txt: a "
    "table per recording, of its name; columns as for label",
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


def settings_as_values(settings: CustomSettings) -> dict[str, Any]:
    """Plain values, which `check` turns into the same settings again."""
    return dataclasses.asdict(settings)


def rule_in(split: Mapping[str, Any]) -> dict[str, Any]:
    """The rule that tells the names of which a split makes parts; empty: it is another split."""
    if "lists" in split:
        return {}
    rule = {name: split[name] for name in (*PART_RULES, *TABLE_KEYS) if split.get(name) is not None}
    return {"column": "part", **rule} if "csv" in rule else rule


def name_columns(rule: Mapping[str, Any]) -> list[str]:
    """The columns of a table that name the clip: that of `file`, or those of its pattern."""
    pattern = rule.get("file") or "file"
    return PLACE.findall(pattern) or [pattern]


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
