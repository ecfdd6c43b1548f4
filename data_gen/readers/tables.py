"""Read the rows of tables of text."""

import csv
import io

from data_gen.readers.bad_files import OTHER_FORM, BadFile
from data_gen.readers.sample import Raw


def rows_of(raw: Raw, delimiter: str = ",") -> list[list[str]]:
    """The cells of every row.

    Raises:
        BadFile: it is not a table in UTF-8.
    """
    try:
        text = raw.content().decode("utf-8-sig")
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadFile(OTHER_FORM, f"{raw.name} is not a table: {error}") from error
