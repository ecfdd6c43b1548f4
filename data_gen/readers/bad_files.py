"""Raw files that cannot be used: what is wrong with them, in kinds that can be counted."""

from json import JSONDecodeError
from typing import NamedTuple

UNREADABLE, EMPTY, CUT, NOT_JSON = "unreadable", "empty", "truncated", "not JSON"
NO_NUMBER, WRONG_JOINTS, OTHER_FORM = "no number", "wrong joints", "of another form"
MISNAMED, UNKNOWN_ACTION, TWICE = "misnamed", "unknown action", "duplicate"
NO_LABEL, WRONG_LABEL, FRAME_INDEX = "without label", "wrong label", "frame_index out of place"


class BadFile(ValueError):
    """Raised by a reader: the message names the file and says what to do, `kind` is from above."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class BadClip(NamedTuple):
    """A file that cannot be used."""

    file: str
    kind: str
    reason: str


def kind_of(error: Exception) -> str:
    """The kind of what a reader raised."""
    if isinstance(error, BadFile):
        return error.kind
    if isinstance(error, JSONDecodeError):  # orjson's, too
        return NOT_JSON if error.doc.strip() else EMPTY
    return UNREADABLE if isinstance(error, OSError) else OTHER_FORM
