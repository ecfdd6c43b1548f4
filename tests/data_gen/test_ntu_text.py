"""The parser of regular text: the same bits as the patient reader, or none at all."""

import numpy as np
import pytest
from golden_arrays import ASSETS
from hypothesis import given, settings
from hypothesis import strategies as st

from data_gen.readers.ntu import MAX_BODIES_READ, NUM_JOINTS, _Reader
from data_gen.readers.ntu_text import Irregular, parse_regular
from data_gen.synthetic import Performance, record, scene

REST = b"1 2 3 4 0.4 0.9 -0.4 -0.7 2"
NUMBERS = st.one_of(
    st.floats(-9, 9).map(lambda value: f"{value:.7g}"),
    st.floats(-9, 9).map(lambda value: f"{value:.11f}"),
    st.sampled_from(("0", "-0", "-0.0", "1e-05", "-2.5E+01", "3.", ".5")),
)


def clip(numbers: list[str], bodies: tuple[int, ...], newline: bytes = b"\n") -> bytes:
    """A file whose joints take their words from `numbers` in turn."""
    words = [number.encode() for number in numbers]
    lines, used = [b"%d" % len(bodies)], 0
    for count in bodies:
        lines.append(b"%d" % count)
        for _ in range(count):
            lines += [b"72057594037982827 0 1 1 1 1 0 0.07 0.31 2", b"25"]
            for _ in range(NUM_JOINTS):
                xyz = [words[(used + c) % len(words)] for c in range(3)]
                lines.append(b" ".join([*xyz, REST]))
                used += 3
    return newline.join(lines) + newline


def patient(content: bytes) -> np.ndarray:
    return _Reader("a file", content.decode().splitlines()).read()


def regular(content: bytes) -> np.ndarray:
    return parse_regular(content, NUM_JOINTS, MAX_BODIES_READ)


@given(st.lists(NUMBERS, min_size=1, max_size=40), st.lists(st.integers(0, 6), max_size=4))
@settings(max_examples=60, deadline=None)
def test_numbers_come_out_to_the_bit_whatever_their_form(numbers, bodies):
    content = clip(numbers, tuple(bodies))
    read, expected = regular(content), patient(content)
    assert read.tobytes() == expected.tobytes() and read.shape == expected.shape


@pytest.mark.parametrize(
    "number", ["9.9999999999999", "-9.123456789012345678", "12345678901234567"]
)
def test_numbers_of_many_digits_too(number):
    content = clip(["1.5", number, "2"], (1, 1))
    assert np.array_equal(regular(content), patient(content))


@pytest.mark.parametrize("file", sorted((ASSETS / "ntu_raw").iterdir()), ids=lambda file: file.stem)
def test_the_files_of_the_golden_numbers_are_regular(file):
    assert np.array_equal(regular(file.read_bytes()), patient(file.read_bytes()))


def test_the_synthetic_files_are_regular():
    performance = Performance(3, 1, 58)
    content = record(scene(performance, 0), performance, 2, 0).encode()
    assert np.array_equal(regular(content), patient(content))


def test_25_frames_and_ends_of_lines_as_windows_writes_them():
    content = clip(["1.5", "-2.25"], (1,) * 25)
    assert np.array_equal(regular(content), patient(content))
    assert np.array_equal(regular(content.replace(b"\n", b"\r\n")), patient(content))
    assert np.array_equal(regular(content.rstrip()), patient(content))


GOOD = clip(["1.5"], (1, 2))
LINES = GOOD.split(b"\n")
BAD = {
    "empty": b"",
    "no number": b"<html>",
    "cut in a frame": b"\n".join(LINES[:40]),
    "cut in a number": b"\n".join([*LINES[:-2], b"1.5 1.5 1."]),
    "a line too few": b"\n".join([*LINES[:10], *LINES[11:]]),
    "a line in the wrong body": b"\n".join([*LINES[:10], *LINES[11:60], LINES[10], *LINES[60:]]),
    "20 joints": GOOD.replace(b"\n25\n", b"\n20\n"),
    "long numbers": GOOD.replace(b"1.5 1.5 1.5", b" ".join([b"1.123456789012345678901"] * 3), 1),
    "two spaces": GOOD.replace(b"1.5 1.5", b"1.5  1.5", 1),
    "a word": GOOD.replace(b"1.5 1.5", b"1.5 a", 1),
    "not finite": GOOD.replace(b"1.5 1.5", b"1.5 nan", 1),
    "more frames than said": b"3" + GOOD[1:],
}


@pytest.mark.parametrize("what", BAD)
def test_what_is_not_regular_is_left_to_the_patient_reader(what):
    with pytest.raises(Irregular):
        regular(BAD[what])
