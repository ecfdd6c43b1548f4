"""Propose a YAML file about recordings, by inspecting some of them."""

import glob
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from data_gen.custom.axes import known_joints
from data_gen.custom.look import Look, format_of_frames, look_at
from data_gen.custom.tables import known_as, read_list
from data_gen.readers.formats import FORMATS, format_of, holds_many
from data_gen.readers.found import clip_folders
from graph.named import shipped, skeleton_class
from utils.text import as_yaml, first_of, one_line

NAME_NUMBERS = re.compile(r"([A-Za-z_]+?)_?(\d+)")
LABEL_WORDS = ("a", "action", "act", "activity", "c", "class", "label", "g", "gesture")
LABEL_FIELDS = (*LABEL_WORDS, "labels", "target", "y_train", "y_test")
SUBJECT_WORDS = ("s", "p", "subject", "subj", "sub", "person", "actor", "participant", "user")
TRAIN_NAMES, VAL_NAMES = ("train", "training"), ("val", "valid", "validation", "test", "testing")
PARTS = {*TRAIN_NAMES, *VAL_NAMES}
MAX_VALUE = 40  # characters of a field's value in a comment
MAX_LOOKS = 50  # files that are inspected
PLAIN = re.compile(r"[\w*.]+")
LIST_ENDINGS, MAX_LEVELS = (".txt", ".csv"), 3  # of lists of clips, and where they are looked for


def propose(named: Sequence[Path], folder: Path) -> str:
    """The text of a YAML file, with comments where it guesses.

    Args:
        named: sample files, or where a clip is a folder of frames folders; or one folder of all
            recordings.
        folder: where the YAML file will be.

    Raises:
        FileNotFoundError: a sample is missing.
        ValueError: no reader takes files of this ending, or the first one is damaged.
    """
    if missing := [path for path in named if not path.exists()]:
        raise FileNotFoundError(f"no file {missing[0]}.")
    samples = [sample for path in named for sample in (within(path) if path.is_dir() else [path])]
    look = look_at(samples[:MAX_LOOKS])
    of_all = named[0] if len(named) == 1 and samples[0] != named[0] else None
    holds_all = look.lines or (holds_many(look.reader) and len(samples) == 1)
    of_all = samples[0] if holds_all else of_all
    files = _relative(of_all.absolute(), folder) if of_all else _pattern(samples, folder)
    name = re.sub(r"[^A-Za-z0-9_-]", "-", folder.name) or "mine"
    lines = [
        f"# Written after a look at {one_line(samples[0].name)}: {look.note}. Check every line; "
        "what each key",
        "# means: python3 data_gen/custom_gendata.py --help-config",
        f"name: {as_yaml(name)}",
        f"files: {as_yaml(files)}",
        f"reader: {_mapping(look.reader)}",
        _skeleton(look),
        *_rules(samples, look, folder),
    ]
    rest = {"normalise": "centre+scale", "frames": "100", "persons": str(look.persons)}
    lines += [f"{key}: {look.lines.get(key, value)}" for key, value in rest.items()]
    return "\n".join(lines) + "\n"


def _rules(samples: Sequence[Path], look: Look, folder: Path) -> Iterator[str]:
    """The lines of label, classes, subject and split."""
    settled, fields = look.lines, look.fields
    named = samples[0] if _have_own_names(samples) else samples[0].absolute().parent
    found = {} if settled else numbers_in(named.stem)
    label = _label(samples, list(found))
    subject = next((word for word in found if word in SUBJECT_WORDS and word != label), None)
    label_field, subject_field = _field(fields, LABEL_FIELDS), _field(fields, SUBJECT_WORDS)
    if not settled:
        name = one_line(named.name)
        yield f"# Numbers in the name {name}:" if found else "# No numbers in the name."
        for letters, digits in found.values():
            yield f"#   {_number_after(letters)} finds {digits}"
    if "label" in settled:
        yield f"label: {settled['label']}"
    elif label_field:
        value = one_line(fields[label_field], MAX_VALUE)
        yield f"label: {{field: {_value(label_field)}}}    # {value} in {one_line(named.name)}"
    elif column := look.reader.get("clip"):
        yield f"label: {{csv: labels.csv, file: {_value(column)}, column: label}}    # a table"
    elif holds_many(look.reader):
        yield "label: {npy: y.npy}    # a number for each clip"
    elif label:
        yield f"label: {{regex: {_number_after(found[label][0])}, first: 1}}    # or first: 0"
    else:
        yield from (f"# Folders {level} up: {names}" for level, names in _folders(samples))
        yield _folder_label(samples)
    yield "# classes: [name of class 0, name of class 1]"
    if subject_field:
        yield f"subject: {{field: {_value(subject_field)}}}"
    elif subject:
        yield f"subject: {{regex: {_number_after(found[subject][0])}}}"
    if "split" in settled:
        yield f"split: {settled['split']}"
    elif parts := _part_folders(samples) or _part_lists(samples, folder):
        yield parts
    elif subject or subject_field:
        yield "split: {fraction: 0.2, by: subject, seed: 0}"
    else:
        yield "split: {fraction: 0.2, by: clip, seed: 0}    # better: keep subjects together"


def within(folder: Path) -> list[Path]:
    """The recordings of a folder, at any depth: files of its most frequent ending, or folders of
    frames, as of OpenPose.

    Raises:
        ValueError: there are none.
    """
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name[0] != "."]
    endings = Counter(path.suffix.lower() for path in files if format_of(path))
    if not endings:
        raise ValueError(f"{folder} holds no file of a known format. Name sample files.")
    ending = endings.most_common(1)[0][0]
    chosen = [path for path in files if path.suffix.lower() == ending]
    format_ = format_of_frames(chosen[0])
    return list(clip_folders(folder, FORMATS[format_].endings)) if format_ else chosen


def numbers_in(stem: str) -> dict[str, tuple[str, str]]:
    """The numbers in a file's name, by the word before each: that word as written, and digits."""
    found: dict[str, tuple[str, str]] = {}
    for letters, digits in NAME_NUMBERS.findall(stem):
        found.setdefault(letters.strip("_").lower() or "n", (letters, digits))
    return found


def _label(samples: Sequence[Path], words: Sequence[str]) -> str | None:
    """The word whose number is the class; None if the folder is the class."""
    if exact := next((word for word in words if word in LABEL_WORDS), None):
        return exact
    folders = {path.absolute().parent.name for path in samples} - PARTS
    if 1 < len(folders) < len(samples):
        return None
    return next((word for word in words if word[0] in "ac"), next(iter(words), None))


def _field(fields: Mapping[str, Any], words: Sequence[str]) -> str | None:
    """The name of the field that holds what one of the words means."""
    words = {word for word in words if len(word) > 1}
    return next((name for name in fields if name.lower() in words), None)


def _have_own_names(samples: Sequence[Path]) -> bool:
    """Whether files, or folders of frames, have different names."""
    return len(samples) == 1 or len({path.name for path in samples}) > 1


def _folder_label(samples: Sequence[Path]) -> str:
    """The rule by the first level of folders whose names are words, else by the first level."""
    words = (
        level
        for level, names in _levels(samples)
        if not any(map(str.isdecimal, "".join(names))) and not {*names} <= PARTS
    )
    level = next(words, 1)
    names = {path.absolute().parents[level - 1].name for path in samples}
    if all(name.isdecimal() for name in names):
        first = f"first: {min(map(int, names))}"
        return f"label: {{folder: {level}, {first}}}    # the number of the folder is the class"
    return f"label: {{folder: {level}}}    # the name of the folder is the class"


def _levels(samples: Sequence[Path]) -> Iterator[tuple[int, list[str]]]:
    """The names of the folders of each level that has several, from the files upwards."""
    paths = [path.absolute() for path in samples]
    for level in range(1, min(len(path.parents) for path in paths)):
        names = sorted({path.parents[level - 1].name for path in paths})
        if len(names) > 1:
            yield level, names


def _folders(samples: Sequence[Path]) -> Iterator[tuple[int, str]]:
    yield from ((level, one_line(first_of(names))) for level, names in _levels(samples))


def _part_folders(samples: Sequence[Path]) -> str | None:
    """`split` if folders of some level are named train and test; else None."""
    for level, names in _levels(samples):
        train = [name for name in names if name.lower() in TRAIN_NAMES]
        val = [name for name in names if name.lower() in VAL_NAMES]
        if train and val and len(train) + len(val) == len(names):
            return f"split: {{folder: {level}, train: {_list(train)}, val: {_list(val)}}}"
    return None


def _part_lists(samples: Sequence[Path], folder: Path) -> str | None:
    """`split` if files named train... and test... list recordings; else None."""
    places = dict.fromkeys([folder, *samples[0].absolute().parents[:MAX_LEVELS]])
    clips = [{*known_as(str(path.absolute()), path.name)} for path in samples]
    for place in places:
        lists = {}
        lists_there = (path for path in place.glob("*") if path.suffix in LIST_ENDINGS)
        for path in sorted({*lists_there} - {path.absolute() for path in samples}):
            part = next((part for part in PARTS if path.stem.lower().startswith(part)), None)
            if part and _lists_any(path, clips):
                lists.setdefault("train" if part in TRAIN_NAMES else "val", path)
        if {"train", "val"} == {*lists}:
            named = {part: _value(_relative(path, folder)) for part, path in lists.items()}
            return f"split: {{lists: {{train: {named['train']}, val: {named['val']}}}}}"
    return None


def _lists_any(path: Path, clips: Sequence[set[str]]) -> bool:
    """Whether a list names one of the clips."""
    try:
        named = set().union(*read_list(path))
    except ValueError:
        return False
    return any(named & names for names in clips)


def _skeleton(look: Look) -> str:
    skeletons = {name: skeleton_class(name) for name in shipped()}
    named = [n for n, s in skeletons.items() if {*s.names_in_files()} <= {*look.names}]
    named.sort(key=lambda name: -len(skeletons[name].joint_names))  # the one that leaves least out
    fitting = [n for n, s in skeletons.items() if len(s.joint_names) == look.joints]
    if fitting := list(dict.fromkeys([*named, *fitting])):
        others = ", ".join(fitting[1:]) or "none"
        return f"skeleton: {fitting[0]}    # {look.joints} joints; also fitting: {others}"
    if look.names:
        names = one_line(", ".join(look.names))
        return f"skeleton: my_skeleton.yaml    # of {look.joints} joints: {names}"
    if look.joints:
        return f"skeleton: my_skeleton.yaml    # {look.joints} joints, as no shipped one has"
    counts = ", ".join(map(str, sorted(known_joints())))
    return f"skeleton: my_skeleton.yaml    # or a shipped one; they have {counts} joints"


def _mapping(values: dict[str, Any]) -> str:
    return "{" + ", ".join(f"{name}: {_value(value)}" for name, value in values.items()) + "}"


def _value(value: Any) -> str:
    """A value within a mapping in brackets, where more characters require quotes."""
    text = str(value)
    if isinstance(value, str):
        return as_yaml(text) if PLAIN.fullmatch(text) else json.dumps(text)
    return text


def _list(names: Sequence[str]) -> str:
    return "[" + ", ".join(names) + "]"


def _number_after(letters: str) -> str:
    """A regular expression, in quotes, for the number that follows letters."""
    return "'" + letters + r"(\d+)'"


def _pattern(samples: Sequence[Path], folder: Path) -> str:
    first = samples[0].absolute()
    place = first.parent if len(samples) == 1 else Path(*_common([p.absolute() for p in samples]))
    ending = "" if first.is_dir() else first.suffix
    deep = any(path.absolute().parent != place for path in samples)
    shown = Path(glob.escape(_relative(place, folder)))
    return str(shown / ("**" if deep else ".") / f"*{ending}").replace("/./", "/")


def _relative(place: Path, folder: Path) -> str:
    return str(place.relative_to(folder) if place.is_relative_to(folder) else place)


def _common(paths: Sequence[Path]) -> list[str]:
    parts = list(zip(*(path.parent.parts for path in paths), strict=False))
    return [level[0] for level in parts if len(set(level)) == 1]
