"""Read JSON and its entries, with errors that name the file."""

from typing import Any

import orjson

from data_gen.readers.bad_files import OTHER_FORM, BadFile
from utils.text import one_line


def json_of(name: str, content: bytes) -> Any:
    """The content of a file.

    Raises:
        BadFile: it is not JSON.
    """
    try:
        return orjson.loads(content)
    except ValueError as error:
        reason = one_line(error, 200)
        raise BadFile(OTHER_FORM, f"{name} is not JSON: {reason}") from error


def entry_of(name: str, mapping: Any, key: str, kind: Any) -> Any:
    """What a mapping in a file holds.

    Raises:
        BadFile: it holds no such key, or something else there.
    """
    if not isinstance(mapping, dict) or not isinstance(mapping.get(key), kind):
        raise BadFile(OTHER_FORM, f"{name} has no {key}.")
    return mapping[key]
