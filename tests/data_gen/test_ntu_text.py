"""The parser of regular text: the same bits as the patient reader, or none at all."""

from pathlib import Path

import numpy as np
import pytest
from golden_arrays import ASSETS
from hypothesis import given, settings
from hypothesis import strategies as st

from data_gen.readers.bad_files import BadFile
from data_gen.readers.ntu import MAX_BODIES_READ, NUM_JOINTS, _Reader, parse_skeleton
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
    return _Reader(Path("a file"), content).read()


def regular(content: bytes) -> np.ndarray:
    return parse_regular(content, NUM_JOINTS, MAX_BODIES_READ)


@given(st.lists(NUMBERS, min_size=1, max_size=40), st.lists(st.integers(0, 6), max_size=4))
@settings(max_examples=60, deadline=None)
def test_numbers_come_out_to_the_bit_whatever_their_form(numbers, bodies):
    content = clip(numbers, tuple(bodies))
    read, expected = regular(content), patient(content)
    assert read.tobytes() == expected.tobytes() and read.shape == expected.shape


@pytest.mark.parametrize(
    "number", ["9.9999999999999", "-9.123456789012345678", "123456.78901234567"]
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
    "fewer frames than said": b"1" + GOOD[1:],
    "lines after the last frame": GOOD + b"that is not a frame\n",
    "a tab": GOOD.replace(b"1.5 1.5", b"1.5\t1.5", 1),
    "a form feed": GOOD.replace(b"1.5 1.5", b"1.5\f1.5", 1),
    "a form feed for an end of line": GOOD.replace(b"\n25\n", b"\n25\f", 1),
    "a carriage return alone": GOOD.replace(b"\n25\n", b"\n25\r", 1),
    "underscores": GOOD.replace(b"1.5 1.5", b"1_0.5 1.5", 1),
    "too far": GOOD.replace(b"1.5 1.5", b"1e39 1.5", 1),
}
TAKEN = {"long numbers", "two spaces", "a tab"}


@pytest.mark.parametrize("what", BAD)
def test_what_is_not_regular_is_left_to_the_patient_reader(what):
    with pytest.raises(Irregular):
        regular(BAD[what])


@pytest.mark.parametrize("what", BAD)
def test_the_patient_reader_takes_only_more_spaces_and_tabs(what):
    if what in TAKEN:
        assert np.isfinite(patient(BAD[what])).all()
        return
    with pytest.raises(BadFile, match="a file, line"):
        patient(BAD[what])


def test_a_byte_order_mark_is_passed_over():
    marked = parse_skeleton(b"\xef\xbb\xbf" + GOOD, Path("a file"))
    assert np.array_equal(marked, regular(GOOD))


@pytest.mark.parametrize("frames", [b"1000000", b"99999", b"9999999999999"])
def test_frames_that_no_clip_has_take_no_memory(frames):
    with pytest.raises(BadFile):
        parse_skeleton(frames + b"\n0" * 100_000, Path("a file"))


SPLICES = (b" ", b"\n", b"\t", b"\f", b"\v", b"\r", b"\x1c", b"\x00", b"\x85", b"-", b".", b"e",
           b"9", b"nan", b"inf", b"1e39", b"1e300", b"25", b"_", b"\xff")  # fmt: skip
CHANGES = st.lists(
    st.tuples(st.integers(0, 10**6), st.integers(0, 40), st.sampled_from(SPLICES)), max_size=4
)


def check_mutant(bodies: list[int], changes: list[tuple[int, int, bytes]]) -> None:
    """Both parsers agree to the bit, or the file is refused in one line; what is read is finite."""
    content = bytearray(clip(["1.5", "-2.25", "1e-05"], tuple(bodies)))
    for place, length, splice in changes:
        at = place % len(content)
        content[at : at + length] = splice
    content = bytes(content)
    try:
        expected = patient(content)
    except BadFile:
        expected = None
    try:
        read = regular(content)
    except Irregular:
        read = None
    if read is not None:
        assert expected is not None and read.shape == expected.shape
        assert read.tobytes() == expected.tobytes()
    if expected is not None:
        assert np.isfinite(expected.astype(np.float32)).all()
        assert expected.shape[0] == MAX_BODIES_READ and expected.shape[2:] == (NUM_JOINTS, 3)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=3), CHANGES)
@settings(max_examples=400, deadline=None)
def test_both_parsers_read_the_same_of_every_mutant(bodies, changes):
    check_mutant(bodies, changes)


@pytest.mark.slow
@given(st.lists(st.integers(0, 3), min_size=1, max_size=3), CHANGES)
@settings(max_examples=20_000, deadline=None)
def test_twenty_thousand_mutants(bodies, changes):
    check_mutant(bodies, changes)
