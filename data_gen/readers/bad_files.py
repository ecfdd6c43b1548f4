"""Unusable raw files, and the kinds of what is wrong with them."""

import stat
from collections.abc import Callable, Iterable, Iterator
from json import JSONDecodeError
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from utils.text import one_line

T = TypeVar("T")

UNREADABLE, EMPTY, CUT, NOT_JSON = "unreadable", "empty", "truncated", "not JSON"
NO_NUMBER, WRONG_JOINTS, OTHER_FORM = "no number", "wrong joints", "of another form"
MISNAMED, UNKNOWN_ACTION, TWICE = "misnamed", "unknown action", "duplicate"
NO_LABEL, WRONG_LABEL, FRAME_INDEX = "without label", "wrong label", "frame_index out of place"
TOO_LARGE, TOO_LONG, TOO_SHORT = "too large", "too long", "too short"
LEFT_OVER = "more than announced"
CONTROL, OUT_OF_RANGE = "control characters", "out of range"
# Remarks on clips that are kept.
NOBODY, PIXELS = "nobody in them", "coordinates like pixels, not 0 to 1"

MAX_FILE_MB = 64  # the largest raw file of the benchmarks has 8 MB


class BadFile(ValueError):
    """Raised by a reader: the message names the file and says what to do, `kind` is from above."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(one_line(message))
        self.kind = kind


class BadClip(NamedTuple):
    """A file, or a clip of a file of many, that cannot be used."""

    file: str
    kind: str
    reason: str


def attempted(make: Callable[..., T], clip: Any, *args: Any) -> T | BadFile:
    """What a function makes of a clip, or what is wrong with it: a bad clip of a file of many
    leaves the others as they are.

    Args:
        clip: as it was found; what is wrong with it stays as it is.
    """
    try:
        return clip if isinstance(clip, BadFile) else make(clip, *args)
    except BadFile as error:
        return error


def good_ones(found: Iterable[T | BadFile], bad: list[BadFile] | None = None) -> Iterator[T]:
    """The clips without the bad ones.

    Args:
        bad: takes what is wrong with those.

    Raises:
        BadFile: a clip is bad, and nothing takes it.
    """
    for each in found:
        if not isinstance(each, BadFile):
            yield each
        elif bad is None:
            raise each
        else:
            bad.append(each)


def check_file(path: Path, max_mb: float = MAX_FILE_MB) -> Path:
    """The path, if a raw file can be read whole.

    Raises:
        BadFile: it is too large, or no regular file: a pipe may never end.
        OSError: it cannot be looked at.
    """
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise BadFile(UNREADABLE, f"{path} is a folder, pipe or device. Remove it.")
    if status.st_size > max_mb * 1e6:
        raise BadFile(
            TOO_LARGE,
            f"{path} has {status.st_size / 1e6:,.0f} MB, more than --max-file-mb {max_mb:g}. "
            "Raise it, or fetch the file again.",
        )
    return path


def kind_of(error: Exception) -> str:
    """The kind of an error raised by a reader."""
    if isinstance(error, BadFile):
        return error.kind
    if isinstance(error, JSONDecodeError):  # orjson's, too
        return NOT_JSON if error.doc.strip() else EMPTY
    return UNREADABLE if isinstance(error, OSError) else OTHER_FORM
