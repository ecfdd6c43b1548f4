"""Reads the raw text of NTU RGB+D 60 and 120 (Shahroudy et al., CVPR 2016; Liu et al., TPAMI 2019).

A `.skeleton` file holds the number of frames; per frame the number of bodies; per body a line about
it, its number of joints, and a line per joint that starts with x y z in metres. The other columns
(depth and colour pixels, orientation, tracking state) are not used, and may even be no numbers.
"""
# Shapes: T frames, V joints, M persons.

import math
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np

from data_gen.readers.bad_files import CUT, EMPTY, MISNAMED, NO_NUMBER, WRONG_JOINTS, BadFile
from data_gen.readers.ntu_text import Irregular, parse_regular
from graph.ntu_rgb_d import AdjMatrixGraph

NUM_JOINTS = len(AdjMatrixGraph.joint_names)
MAX_BODIES_READ = 4
MAX_BODIES = 2

_NAME = re.compile(r"S(\d{3})C(\d{3})P(\d{3})R(\d{3})A(\d{3})")


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

    Words that are no clip's name, such as the header, are passed over.
    """
    words = path.read_text(encoding="utf-8", errors="replace").split()
    names = {word.removesuffix(".skeleton") for word in words}
    return {name for name in names if _NAME.fullmatch(name)}


def read_skeleton(path: Path) -> np.ndarray:
    """A raw file -> (4, T, 25, 3) float64, metres: up to four bodies by their place in the frame.

    Bodies that are missing are 0. A file may have frames without bodies, or no frame at all.

    Raises:
        ValueError: if the file is cut or is no skeleton; names the file and the line.
    """
    content = path.read_bytes()
    try:
        return parse_regular(content, NUM_JOINTS, MAX_BODIES_READ)
    except Irregular:
        return _Reader(path, content.decode("ascii", errors="replace").splitlines()).read()


class _Reader:
    """One walk through a file's lines, for files that parse_regular leaves alone.

    `line` is the number of the next line, from 0.
    """

    def __init__(self, path: Path, lines: list[str]) -> None:
        self.path, self.lines, self.line = path, lines, 0

    def read(self) -> np.ndarray:
        num_frames = self.count("the number of frames")
        places: list[tuple[int, int]] = []  # (body, frame) of every block of joints
        joints: list[str] = []
        for frame in range(num_frames):
            for body in range(self.count("the number of bodies")):
                block = self.body()
                if body < MAX_BODIES_READ:
                    places.append((body, frame))
                    joints += block
        bodies = np.zeros((MAX_BODIES_READ, num_frames, NUM_JOINTS, 3))
        if places:
            bodies[tuple(np.transpose(places))] = self.positions(joints)
        return bodies

    def body(self) -> list[str]:
        """Pass over one body; its lines of joints."""
        self.take(1, "a line about a body")
        num_joints = self.count("the number of joints")
        if num_joints != NUM_JOINTS:
            raise self.error(WRONG_JOINTS, self.line, f"{NUM_JOINTS} joints", str(num_joints))
        return self.take(NUM_JOINTS, "the line of a joint")

    def count(self, what: str) -> int:
        word = self.take(1, what)[0].strip()
        if not word.isdecimal():
            raise self.error(NO_NUMBER, self.line, what, repr(word))
        return int(word)

    def take(self, number: int, what: str) -> list[str]:
        """The next lines."""
        lines = self.lines[self.line : self.line + number]
        if len(lines) < number:
            raise self.error(CUT, len(self.lines) + 1, what, "the end of the file")
        self.line += number
        return lines

    def positions(self, joints: list[str]) -> np.ndarray:
        """Lines of joints -> (blocks, 25, 3)."""
        try:
            positions = np.array([_position(line) for line in joints])
        except ValueError:
            bad = next(line for line in joints if not _is_position(line))
            line = self.lines.index(bad) + 1
            kind = CUT if line == len(self.lines) else NO_NUMBER
            raise self.error(kind, line, "x y z of a joint and more", repr(bad[:40])) from None
        return positions.reshape(-1, NUM_JOINTS, 3)

    def error(self, kind: str, line: int, expected: str, got: str) -> BadFile:
        return BadFile(
            kind if any(map(str.strip, self.lines)) else EMPTY,
            f"{self.path}, line {line}: expected {expected}. Got {got}. The file is cut or bad: "
            "copy it again, or put its name on the list of samples to leave out.",
        )


def _position(line: str) -> tuple[float, float, float]:
    # Something must follow z, or z itself may be cut.
    x, y, z, _ = line.split(None, 3)
    position = float(x), float(y), float(z)
    if not all(map(math.isfinite, position)):
        raise ValueError(f"{position} is not finite.")
    return position


def _is_position(line: str) -> bool:
    try:
        return bool(_position(line))
    except ValueError:
        return False


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
