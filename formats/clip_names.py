"""What names tell: the subject of a benchmark's clip, the stream of an array file."""

import re
from collections.abc import Sequence
from pathlib import Path

SUBJECT = {
    "ntu": re.compile(r"S\d{3}C\d{3}P(\d{3})R\d{3}A\d{3}"),
    "nw-ucla": re.compile(r"a\d+_s(\d+)_e\d+_v\d+"),
    "udiva": re.compile(r"participant(\d+)_session\d+_"),  # as feeders/traits.py names chunks
}
STREAM = re.compile(r"(?:^|_)((?:joint_|bone_)?motion|bone)[_.]")


def stream_of_file(path: Path) -> str | None:
    """The stream that an .npy file's name says it holds, such as train_data_bone.npy; None: it says
    none, and its clips are joints.
    """
    found = STREAM.search(path.name) if path.suffix == ".npy" else None
    return found[1] if found else None


def subjects_of(names: Sequence[str]) -> list[str] | None:
    """The subject of each clip; None where a name follows no pattern that is known here."""
    subjects = []
    for name in names:
        match = next(filter(None, (pattern.search(name) for pattern in SUBJECT.values())), None)
        if match is None:
            return None
        subjects.append(match[1])
    return subjects
