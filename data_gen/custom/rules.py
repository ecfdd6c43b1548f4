"""The rules of a YAML file: what a clip's class, subject, camera or part is known by."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from data_gen.custom.settings import listed
from data_gen.custom.tables import known_as, read_column
from data_gen.readers.bad_files import NO_LABEL, BadFile
from data_gen.readers.sample import entries_of
from formats.arrays import npy_of
from utils.files import regular_file
from utils.text import as_unicode, first_of, one_line


class FoundClip(NamedTuple):
    """A clip: its file, its name, and the fields of the file."""

    file: str
    name: str
    fields: Mapping[str, Any]


class Rule:
    """A rule that gives the class, subject, camera or part of a clip.

    Args:
        rule: as the YAML file has it.
        folder: of the YAML file.
        files: the names of those that hold many clips, to which arrays belong in this order.

    Raises:
        ValueError: a table is missing or lacks a column; there are more or fewer arrays than files.
    """

    def __init__(
        self, name: str, rule: Mapping[str, Any], folder: Path, files: Sequence[str] = ()
    ) -> None:
        self.name, self.rule = name, rule
        self.table = read_column(rule, folder) if "csv" in rule else {}
        arrays = [read_array(folder / name) for name in listed(rule.get("npy"))]
        if arrays and files and len(arrays) != len(files):
            raise ValueError(
                f"{name}: npy must name a file for each of {first_of(files)}. Got {len(arrays)}."
            )
        self.arrays = dict(zip(files, arrays, strict=False))
        self.entries: dict[str, np.ndarray] = {}  # of each file

    @property
    def needs_fields(self) -> bool:
        return "field" in self.rule or "npy" in self.rule

    def of(self, clip: FoundClip) -> str | int:
        """The value of the rule for a clip.

        Raises:
            BadFile: it has none.
        """
        rule, (file, name, fields) = self.rule, clip
        if "regex" in rule:
            match = re.search(rule["regex"], Path(file).name) or re.search(rule["regex"], name)
            if match is None:
                raise BadFile(
                    NO_LABEL, f"{file}: {self.name}: {rule['regex']!r} is not in its name."
                )
            return match[1] and as_unicode(match[1])
        if "folder" in rule:
            parents = list(Path(file).parents)
            level = rule["folder"]
            if not 1 <= level <= len(parents):
                raise BadFile(NO_LABEL, f"{file} has no folder {level} levels up.")
            return as_unicode(parents[level - 1].name)
        if "field" in rule:
            if fields.get(rule["field"]) is None:
                raise BadFile(NO_LABEL, f"{file}: {name} has no field {rule['field']!r}.")
            return fields[rule["field"]]
        if "npy" in rule:
            return self._entry(file, fields)
        for known in known_as(file, name):
            if known in self.table:
                return self.table[known]
        tables = " and ".join(listed(rule["csv"]))
        raise BadFile(NO_LABEL, f"{file}: {tables} does not list {name}.")

    def _entry(self, file: str, fields: Mapping[str, Any]) -> str | int:
        """The clip's entry in the array that belongs to its file."""
        number, count = fields.get("number"), fields.get("count")
        if number is None:
            raise BadFile(NO_LABEL, f"{file} is one clip. npy requires the axis N in axes.")
        if file not in self.entries:
            array = self.arrays[file]
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
