"""The reader of NTU RGB+D's raw text: what it reads, and what it says about bad files."""

from pathlib import Path

import numpy as np
import pytest

from data_gen.readers.ntu import (
    ClipName,
    body_energy,
    parse_name,
    read_missing_list,
    read_skeleton,
    select_bodies,
)

NAME = "S001C002P003R002A013.skeleton"
INFO = "72057594037931101 0 1 1 1 1 0 0.06 -0.23 2"


def body_lines(value: float, num_joints: int = 25) -> list[str]:
    rest = "1 2 3 4 0.4 0.9 -0.4 -0.7 2"
    joints = [f"{value} {joint} -{value} {rest}" for joint in range(num_joints)]
    return [INFO, str(num_joints), *joints]


def clip_lines(*frames: tuple[float, ...]) -> list[str]:
    """A raw file whose bodies hold one value each."""
    lines = [str(len(frames))]
    for bodies in frames:
        lines.append(str(len(bodies)))
        lines += [line for value in bodies for line in body_lines(value)]
    return lines


@pytest.fixture
def write(tmp_path):
    def write_(lines: list[str], newline: str = "\n") -> Path:
        path = tmp_path / NAME
        path.write_text(newline.join(lines) + newline, newline="")
        return path

    return write_


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_bodies_are_read_by_their_place_in_the_frame(write, newline):
    bodies = read_skeleton(write(clip_lines((1.5,), (), (2.5, 3.5)), newline))
    assert bodies.shape == (4, 3, 25, 3)
    assert bodies[0, 0, 7].tolist() == [1.5, 7, -1.5]
    assert bodies[:, :, 0, 0].tolist() == [[1.5, 0, 2.5], [0, 0, 3.5], [0, 0, 0], [0, 0, 0]]


def test_bodies_beyond_the_fourth_are_passed_over(write):
    bodies = read_skeleton(write(clip_lines((1, 2, 3, 4, 5, 6), (7,))))
    assert bodies[:, :, 0, 0].tolist() == [[1, 7], [2, 0], [3, 0], [4, 0]]


@pytest.mark.parametrize("lines", [["4", "0", "0", "0", "0"], ["0"]])
def test_files_without_bodies_are_legal(write, lines):
    bodies = read_skeleton(write(lines))
    assert bodies.shape == (4, int(lines[0]), 25, 3) and not bodies.any()
    assert not select_bodies(bodies).any()


def test_columns_after_the_position_may_be_no_numbers(write):
    lines = [line.replace("1 2 3 4", "-1.#IND nan -inf 4") for line in clip_lines((1.5,))]
    assert read_skeleton(write(lines))[0, 0, 0].tolist() == [1.5, 0, -1.5]


GOOD = clip_lines((1.5,), (2.5,))
BAD = {
    "empty": (["", ""], "line 1: expected the number of frames. Got ''"),
    "not a skeleton": (["<html>"], "line 1: expected the number of frames. Got '<html>'"),
    "cut after a frame": (GOOD[:29], "line 30: expected the number of bodies. Got the end of"),
    "cut in a body": (GOOD[:40], "line 41: expected the line of a joint. Got the end of"),
    "cut in a number": ([*GOOD[:-1], "2.5 24 -2."], "line 57: expected x y z"),
    "no number": ([*GOOD[:5], "a 1 -2 3", *GOOD[6:]], "line 6: expected x y z"),
    "not finite": ([*GOOD[:5], "nan 1 -2 3", *GOOD[6:]], "line 6: expected x y z"),
    "20 joints": (["1", "1", *body_lines(1, 20)], "line 4: expected 25 joints. Got 20"),
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_file_is_named_with_its_line_and_what_to_do(write, what):
    lines, message = BAD[what]
    with pytest.raises(ValueError) as error:
        read_skeleton(write(lines))
    assert message in str(error.value)
    assert NAME in str(error.value) and "copy it again" in str(error.value)


def test_energy_is_the_spread_over_the_frames_with_data():
    body = np.zeros((4, 25, 3))
    body[1], body[3] = (1, 2, 3), (3, 2, 3)
    assert body_energy(body) == 1  # x is 1 or 3; y and z are constant
    assert body_energy(np.zeros((4, 25, 3))) == 0


def test_the_two_most_moving_bodies_are_kept_the_first_first():
    bodies = np.random.default_rng(0).standard_normal((4, 6, 25, 3))
    bodies *= np.array([0, 2, 1, 3])[:, None, None, None]
    assert np.array_equal(select_bodies(bodies), bodies[[3, 1]])


def test_equal_bodies_come_in_numpys_order():
    bodies = np.zeros((4, 6, 25, 3))
    bodies[:, :, 0] = np.arange(1, 5)[:, None, None]
    bodies[:, :, 1] = bodies[:, :, 0] + 1  # the same spread in all four
    assert np.array_equal(select_bodies(bodies), bodies[[3, 2]])


def test_names_say_where_a_clip_belongs():
    assert parse_name(NAME) == ClipName(setup=1, camera=2, subject=3, replication=2, action=13)
    assert parse_name(NAME.removesuffix(".skeleton")) == parse_name(NAME)


@pytest.mark.parametrize("name", ["S1C2P3R2A13.skeleton", "S001C002P003R002A013.txt", ""])
def test_other_names_are_refused(name):
    with pytest.raises(ValueError, match=r"SsssCcccPpppRrrrAaaa\.skeleton"):
        parse_name(name)


def test_header_lines_of_the_missing_list_are_harmless(tmp_path):
    path = tmp_path / "missing.txt"
    path.write_text(f"Samples with missing skeletons\r\n\r\n S001C001P002R001A012 \r\n{NAME}\r\n")
    assert read_missing_list(path) == {"S001C001P002R001A012", "S001C002P003R002A013"}
