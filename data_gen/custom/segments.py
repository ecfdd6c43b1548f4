"""Cut long recordings into clips by a table of segments."""
# Shapes: M persons, T frames, V joints, C channels.

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from data_gen.custom.files import matching
from data_gen.custom.settings import SECONDS
from data_gen.custom.tables import known_as, read_table, rows_by_name
from data_gen.readers.bad_files import NO_NUMBER, OUT_OF_RANGE, BadFile, attempted
from data_gen.readers.sample import Sample
from utils.text import one_line


class Segment(NamedTuple):
    """A row of the table.

    Args:
        start: first frame or second, from 0, as in the table.
        end: exclusive.
        fields: the other columns.
    """

    start: str
    end: str
    fields: Mapping[str, str]


class Segments:
    """The table of a YAML file's `segments`.

    Args:
        rule: csv, and perhaps file, start, end (columns), columns and unit. With a * in csv each
            table is that of the recording whose name stands in its place.
        folder: of the YAML file.

    Raises:
        ValueError: the table is missing or lacks a column.
    """

    def __init__(self, rule: Mapping[str, Any], folder: Path) -> None:
        self.path, self.in_seconds = folder / rule["csv"], rule.get("unit") == SECONDS
        times = [rule.get(name, name) for name in ("start", "end")]
        self.rows: dict[str, list[Segment]] = {}
        for name, row in _rows(rule, folder, times):
            start, end = (row[column].strip() for column in times)
            told = (*times, rule.get("file", "file"))
            others = {key: value.strip() for key, value in row.items() if key not in told}
            self.rows.setdefault(name, []).append(Segment(start, end, others))

    def key_of(self, file: str, name: str) -> str | None:
        """The name of a recording in the table; None if it is missing there."""
        return next((known for known in known_as(file, name) if known in self.rows), None)

    def cut(self, file: str, sample: Sample) -> Iterator[Sample | BadFile]:
        """The clips of a recording, named after it and their times; their fields are the columns
        and `recording`. A row's times may be bad: no numbers, or not within the recording.
        """
        key = self.key_of(file, sample.name)
        for segment in self.rows[key] if key is not None else ():
            yield attempted(self._clip, segment, sample, f"{self.path}: {file}")

    def _clip(self, segment: Segment, sample: Sample, what: str) -> Sample:
        first, last = self._frames(sample, segment, what)
        return replace(
            sample,
            name=one_line(f"{sample.name}_{segment.start}-{segment.end}"),
            clip=sample.clip[:, first:last],
            fields={**sample.fields, "recording": sample.name, **segment.fields},
        )

    def unused(self, recordings: Sequence[tuple[str, str]]) -> tuple[list[str], list[str]]:
        """Recordings (file, name) without segments, and names in the table without a recording."""
        keys = [self.key_of(*recording) for recording in recordings]
        without = [name for (_, name), key in zip(recordings, keys, strict=True) if key is None]
        return without, sorted(self.rows.keys() - {*keys})

    def _frames(self, sample: Sample, segment: Segment, what: str) -> tuple[int, int]:
        try:
            start, end = float(segment.start), float(segment.end)
        except ValueError as error:
            raise BadFile(NO_NUMBER, f"{what}: {error}.") from error
        if self.in_seconds:
            if not sample.rate:
                raise BadFile(NO_NUMBER, f"{what}: seconds require the reader's rate.")
            start, end = start * sample.rate, end * sample.rate
        length = sample.clip.shape[1]
        if not 0 <= start < min(end, length) < math.inf:
            raise BadFile(
                OUT_OF_RANGE,
                f"{what} has {length} frames, no segment from {segment.start} to {segment.end}.",
            )
        first = min(round(start), length - 1)
        return first, max(first + 1, min(round(end), length))


def _rows(
    rule: Mapping[str, Any], folder: Path, times: Sequence[str]
) -> Iterator[tuple[str, dict[str, str]]]:
    """The rows of one table of all recordings, or of one table each, with the recording's name."""
    if "*" not in rule["csv"]:
        yield from rows_by_name(folder / rule["csv"], rule, times)
        return
    tables = matching(folder, rule["csv"])
    if not tables:
        raise ValueError(f"segments: no file {folder / rule['csv']}.")
    before, _, after = Path(rule["csv"]).name.partition("*")
    for path in tables:
        name = path.name[len(before) : len(path.name) - len(after)]
        for row in read_table(path, times, rule.get("columns")):
            yield name, row
