"""Reads the raw text of NTU RGB+D 60 and 120 (Shahroudy et al., CVPR 2016; Liu et al., TPAMI 2019).

A `.skeleton` file holds the number of frames; per frame the number of bodies; per body a line about
it, its number of joints, and a line per joint that starts with x y z in metres. The other columns
(depth and colour pixels, orientation, tracking state) are not used, and may even be no numbers.
"""
# Shapes: T frames, V joints, M persons.

import codecs
import math
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np

from data_gen.readers.bad_files import (
    CONTROL,
    CUT,
    EMPTY,
    LEFT_OVER,
    MISNAMED,
    NO_NUMBER,
    TOO_LONG,
    WRONG_JOINTS,
    BadFile,
    check_file,
)
from data_gen.readers.ntu_text import Irregular, number, parse_regular
from graph.ntu_rgb_d import AdjMatrixGraph
from utils.text import is_utf_16

NUM_JOINTS = len(AdjMatrixGraph.joint_names)
MAX_BODIES_READ = 4
MAX_BODIES = 2
MAX_FRAMES_READ = 9_999  # NTU RGB+D's longest clip has 300
MAX_COUNT_DIGITS = 4

_CONTROL = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]")
_TABS = bytes.maketrans(b"\t", b" ")

_NAME = re.compile(r"S(\d{3})C(\d{3})P(\d{3})R(\d{3})A(\d{3})", re.ASCII)
_NAME_ANYWHERE = re.compile(r"(?<![A-Za-z0-9])S\d{3}C\d{3}P\d{3}R\d{3}A\d{3}(?!\d)", re.ASCII)


class ClipName(NamedTuple):
    """What `SsssCcccPpppRrrrAaaa` says; all numbers count from 1."""

    setup: int
    camera: int
    subject: int
    replication: int
    action: int


def parse_name(name: str) -> ClipName:
    """`S001C002P003R002A013.skeleton`, with or without its ending -> its numbers.

    Raises:
        ValueError: if the name has another form.
    """
    match = _NAME.fullmatch(name.removesuffix(".skeleton"))
    if match is None:
        form = "SsssCcccPpppRrrrAaaa.skeleton"
        raise BadFile(MISNAMED, f"A clip must be named {form}. Got {name!r}.")
    return ClipName(*map(int, match.groups()))


def read_missing_list(path: Path) -> set[str]:
    """The clips (`S001C002P005R002A008`) whose skeletons the data set's authors call incomplete.

    Names may stand anywhere: among commas, quotes or folders, in UTF-8 or UTF-16.

    Raises:
        ValueError: the list is not empty and names no clip.
    """
    content = check_file(path).read_bytes()
    text = content.decode("utf-16" if is_utf_16(content) else "utf-8", errors="replace")
    names = set(_NAME_ANYWHERE.findall(text))
    if text.strip("\ufeff \t\r\n") and not names:
        raise ValueError(
            f"{path} names no clip such as S001C002P005R002A008. Give the list of samples to leave "
            "out, or --keep-incomplete."
        )
    return names


def read_skeleton(path: Path) -> np.ndarray:
    """A raw file -> (4, T, 25, 3) float64, metres: up to four bodies by their place in the frame.

    Bodies that are missing are 0. A file may have frames without bodies, or no frame at all.

    Raises:
        ValueError: if the file is cut or is not a skeleton; names the file and the line.
    """
    return parse_skeleton(check_file(path, math.inf).read_bytes(), path)


def parse_skeleton(content: bytes, path: Path, num_joints: int = NUM_JOINTS) -> np.ndarray:
    """As `read_skeleton`, of a file's content.

    Args:
        path: what to call it in errors.
        num_joints: V, of files in this format with other skeletons.
    """
    content = content.removeprefix(codecs.BOM_UTF8)
    try:
        return parse_regular(content, num_joints, MAX_BODIES_READ)
    except Irregular:
        return _Reader(path, content, num_joints).read()


class _Reader:
    """One walk through a file's lines, for files that `parse_regular` cannot read.

    It reads the same language as `parse_regular` and gives the same numbers, and in addition takes
    tabs and more than one space between words.

    `line` is the number of the next line, from 0.
    """

    def __init__(self, path: Path, content: bytes, num_joints: int = NUM_JOINTS) -> None:
        self.path, self.num_joints, self.line = path, num_joints, 0
        self.lines = content.replace(b"\r\n", b"\n").rstrip(b" \t\n").split(b"\n")
        for place, line in enumerate(self.lines, start=1):
            if found := _CONTROL.search(line):
                raise self.error(CONTROL, place, "plain text", f"the character {found[0]!r}")

    def read(self) -> np.ndarray:
        num_frames = self.count("the number of frames")
        if num_frames > MAX_FRAMES_READ:
            raise self.error(TOO_LONG, 1, f"up to {MAX_FRAMES_READ:,} frames", f"{num_frames:,}")
        places: list[tuple[int, int]] = []  # (body, frame) of every block of joints
        joints: list[int] = []  # the lines of their joints
        for frame in range(num_frames):
            for body in range(self.count("the number of bodies")):
                first = self.body()
                if body < MAX_BODIES_READ:
                    places.append((body, frame))
                    joints += range(first, first + self.num_joints)
        if self.line < len(self.lines):
            rest = f"{len(self.lines) - self.line} more lines"
            raise self.error(LEFT_OVER, self.line + 1, "the end of the file", rest)
        bodies = np.zeros((MAX_BODIES_READ, num_frames, self.num_joints, 3))
        if places:
            positions = np.array([self.position(line) for line in joints])
            bodies[tuple(np.transpose(places))] = positions.reshape(-1, self.num_joints, 3)
        return bodies

    def body(self) -> int:
        """Pass over one body; the first line of its joints."""
        self.take(1, "a line about a body")
        num_joints = self.count("the number of joints")
        if num_joints != self.num_joints:
            raise self.error(WRONG_JOINTS, self.line, f"{self.num_joints} joints", str(num_joints))
        return self.take(self.num_joints, "the line of a joint")

    def count(self, what: str) -> int:
        word = self.lines[self.take(1, what)].strip(b" \t")
        if not word.isdigit() or len(word) > MAX_COUNT_DIGITS:
            raise self.error(NO_NUMBER, self.line, what, repr(word[:40].decode("latin1")))
        return int(word)

    def take(self, number: int, what: str) -> int:
        """Pass over lines; the first of them."""
        first = self.line
        if first + number > len(self.lines):
            raise self.error(CUT, len(self.lines) + 1, what, "the end of the file")
        self.line += number
        return first

    def position(self, line: int) -> tuple[float, float, float]:
        """x, y, z of a joint."""
        text = self.lines[line]
        # Something must follow z, or z itself may be cut.
        words = text.translate(_TABS).split(b" ")
        words = [word for word in words if word]
        try:
            x, y, z = map(number, words[:3] if len(words) > 3 else ())
        except ValueError:
            kind = CUT if line == len(self.lines) - 1 else NO_NUMBER
            got = repr(text[:40].decode("latin1"))
            raise self.error(kind, line + 1, "x y z of a joint and more", got) from None
        return x, y, z

    def error(self, kind: str, line: int, expected: str, got: str) -> BadFile:
        return BadFile(
            kind if any(map(bytes.strip, self.lines)) else EMPTY,
            f"{self.path}, line {line}: expected {expected}. Got {got}. The file is cut or bad: "
            "copy it again, or leave it out.",
        )


def body_energy(body: np.ndarray) -> float:
    """How much a body (T, V, 3) moves and extends, in metres; 0 for a body that is never there.

    The standard deviations of x, y and z, over the joints of the frames with data, added up.
    """
    seen = body[body.sum(axis=(1, 2)) != 0]
    if not len(seen):
        return 0.0
    points = np.ascontiguousarray(seen.reshape(-1, 3).T)
    points -= points.mean(axis=1, keepdims=True)
    return float(np.sqrt(np.square(points).mean(axis=1)).sum())


def select_bodies(bodies: np.ndarray) -> np.ndarray:
    """(M, T, V, 3) -> (2, T, V, 3): the two bodies of the highest energy, the highest first."""
    present = [body for body in bodies if body.any()]
    if len(present) == 1:  # most clips; the bodies that are missing need no order
        return np.stack([present[0], np.zeros_like(present[0])])
    energy = np.array([body_energy(body) if body.any() else 0.0 for body in bodies])
    return bodies[energy.argsort()[::-1][:MAX_BODIES]]
