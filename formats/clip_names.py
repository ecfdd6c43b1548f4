"""What the names of the benchmarks' clips tell: the subject that was recorded."""

import re
from collections.abc import Sequence

SUBJECT = {
    "ntu": re.compile(r"S\d{3}C\d{3}P(\d{3})R\d{3}A\d{3}"),
    "nw-ucla": re.compile(r"a\d+_s(\d+)_e\d+_v\d+"),
    "udiva": re.compile(r"participant(\d+)_session\d+_"),  # as feeders/traits.py names chunks
}


def subjects_of(names: Sequence[str]) -> list[str] | None:
    """The subject of each clip; None where a name follows no pattern that is known here."""
    subjects = []
    for name in names:
        match = next(filter(None, (pattern.search(name) for pattern in SUBJECT.values())), None)
        if match is None:
            return None
        subjects.append(match[1])
    return subjects
