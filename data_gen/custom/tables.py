"""Tables and lists beside recordings, and the names that clips have in them.

A table is text with cells between commas, semicolons, tabs or blanks, with a header, or without one
where its columns are named. A list has a clip per line, whose first cell or word is its name.
"""

import csv
import io
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from data_gen.custom.settings import PLACE, listed, name_columns
from utils.files import regular_file
from utils.text import one_line, text_of

DELIMITERS = (",", "\t", ";", " ")  # a blank: any white space
COMMENT = "#"


def known_as(file: str, name: str) -> Iterator[str]:
    """The names of a clip in tables: its name, or any end of its file's path, with or without the
    ending; the longest first.
    """
    yield name
    while file:
        yield file
        yield os.path.splitext(file)[0]  # noqa: PTH122 - many clips
        file = file.partition("/")[2]


def read_column(rule: Mapping[str, Any], folder: Path) -> dict[str, str]:
    """A column of a rule's tables, by the names of clips.

    Args:
        rule: csv, and perhaps file, column and columns, as in the YAML file.
        folder: of the YAML file.

    Raises:
        ValueError: a table is missing, lacks a column, or contradicts itself or another one.
    """
    column = rule.get("column") or "label"
    found: dict[str, str] = {}
    for path in listed(rule["csv"]):
        for name, row in rows_by_name(folder / path, rule, [column]):
            value = row[column].strip()
            if name and found.setdefault(name, value) != value:
                raise ValueError(
                    f"{folder / path} has {found[name]!r} and {value!r} for {name!r}. Where files "
                    "share a name, write their folders, too: folder/name."
                )
    return found


def rows_by_name(
    path: Path, rule: Mapping[str, Any], columns: Sequence[str]
) -> Iterator[tuple[str, dict[str, str]]]:
    """The rows of a table that has these columns, each with the clip's name.

    Args:
        rule: `file` is the column of the name, or a pattern of columns such as
            'gesture_{gesture}/take_{take}'; `columns` are those of a table without a header.

    Raises:
        ValueError: the table is missing, or lacks a column.
    """
    named, pattern = name_columns(rule), rule.get("file")
    is_pattern = bool(PLACE.search(pattern or ""))
    for row in read_table(path, [*named, *columns], rule.get("columns")):
        if is_pattern:
            yield PLACE.sub(lambda place, row=row: row[place[1]].strip(), pattern), row
        else:
            yield row[named[0]].strip(), row


def read_table(
    path: Path, needed: Sequence[str], columns: Sequence[str] | None = None
) -> list[dict[str, str]]:
    """The rows of a table by the names of columns; cells that a short row lacks are empty.

    Args:
        needed: columns that it must have.
        columns: those of a table without a header.

    Raises:
        ValueError: the table is missing, or lacks a column.
    """
    text = _read(path)
    for delimiter in DELIMITERS:
        rows = list(_cells(text, delimiter, path))
        if columns:
            rows = [row for row in rows if not row[0].startswith(COMMENT)]
            fits = bool(rows) and len(rows[0]) >= len(columns)
            header = list(columns)
        else:
            first, *rows = rows or [[]]
            header = [cell.strip() for cell in first]
            fits = bool(rows) and {*needed} <= {*header}
        if fits:
            empty = [""] * len(header)
            return [dict(zip(header, [*row, *empty], strict=False)) for row in rows]
    if columns:
        raise ValueError(
            f"{path} must have {len(columns)} columns in each row: {', '.join(columns)}."
        )
    raise ValueError(f"{path} must have the columns {', '.join(map(repr, needed))}.")


def read_list(path: Path) -> list[set[str]]:
    """What each line of a list may mean: the line, its first cell, or its first word.

    Raises:
        ValueError: it is missing or no text.
    """
    lines = (line.strip() for line in _read(path).splitlines())
    cell = re.compile(r"[,;\t]")
    return [
        {line, cell.split(line)[0].strip(), line.split()[0]}
        for line in lines
        if line and not line.startswith(COMMENT)
    ]


def _read(path: Path) -> str:
    try:
        return text_of(regular_file(path).read_bytes())
    except (OSError, ValueError) as error:
        raise ValueError(one_line(f"{path} is not a readable table: {error}.")) from error


def _cells(text: str, delimiter: str, path: Path) -> Iterator[list[str]]:
    """The cells of every row that is not empty."""
    lines = io.StringIO(text, newline="")
    try:
        rows = map(str.split, lines) if delimiter == " " else csv.reader(lines, delimiter=delimiter)
        for row in rows:
            if any(map(str.strip, row)):
                yield row
    except csv.Error as error:
        raise ValueError(one_line(f"{path} is not a readable table: {error}.")) from error
