"""The regular text of NTU RGB+D, parsed in whole arrays instead of word by word.

In a regular file one space follows each of a joint's first three numbers. That is so for all but a
few files; for those `parse_regular` gives up, and the patient reader of ntu.py takes them or
says what is wrong. Metres have one digit before the dot, and words of that form are read together;
`float` takes the others, such as 1e-05. Both give the same bits: a decimal number of up to 15
digits is an integer divided by a power of ten, both exact in float64, and the quotient is rounded
once, as `float` rounds.
"""
# Shapes: L lines, W words, B blocks (a body in a frame), T frames, V joints, M persons.

import re

import numpy as np

SPACE, NEWLINE, DOT, MINUS, ZERO = b" \n.-0"
HEAD = 64  # bytes of a joint's line in which x, y and z must end: a bit of a number each
WIDTH = 16  # bytes of a word that are looked at, up to its end
MAX_DECIMALS = 14  # 15 digits with the one before the dot
MAX_COUNT_DIGITS = 3  # of a number of bodies, joints or frames; longer lines are something else
PLACES = np.arange(WIDTH - 1, -1, -1)  # places to the right of each of them
POWERS = 10.0 ** np.arange(WIDTH + 1)
MAX_METRES = 1e6  # beyond it float32 overflows where coordinates are squared
NUMBER = re.compile(rb"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
ONE, EIGHT_ONES = np.uint64(1), np.uint64(0x0101010101010101)
PAD = b"\n" * HEAD
# Row n is true in the last n of WIDTH bytes, kept as one item of WIDTH bytes.
INSIDE = (np.arange(WIDTH + 1)[:, None] > PLACES).view(f"V{WIDTH}").ravel()


class Irregular(Exception):
    """The file needs the patient reader."""


def parse_regular(content: bytes, num_joints: int, max_bodies: int) -> np.ndarray:
    """A file's content -> (max_bodies, T, num_joints, 3) float64.

    Raises:
        Irregular: the file is bad or only unusual.
    """
    if b"\r" in content:
        content = content.replace(b"\r\n", b"\n")
    text = PAD + content.rstrip(b" \n") + PAD
    characters = np.frombuffer(text, dtype=np.uint8)
    ends = np.flatnonzero(characters == NEWLINE)
    _require(np.count_nonzero(characters < SPACE) == len(ends))  # no tab, no control character
    ends = ends[HEAD - 1 : 1 - HEAD]  # those of the lines, behind the one of the padding
    starts, ends = ends[:-1] + 1, ends[1:]
    num_frames, frame, person, lines = _structure(text, starts, ends, num_joints)
    kept = person < max_bodies
    lines = lines[kept].ravel()
    bodies = np.zeros((max_bodies, num_frames, num_joints, 3))
    if len(lines):
        words = _first_words(text, starts[lines], ends[lines])
        numbers = _numbers(text, *words).reshape(3, -1, num_joints)
        bodies[person[kept], frame[kept]] = numbers.transpose(1, 2, 0)
    return bodies


def _structure(
    text: bytes, starts: np.ndarray, ends: np.ndarray, num_joints: int
) -> tuple[int, np.ndarray, np.ndarray, np.ndarray]:
    """The number of frames; the frame (B,) and person (B,) of each block; its joints' lines (B, V).

    The lines of a block are known by its number of joints; all others are numbers of bodies.
    """
    short = np.flatnonzero(ends - starts <= MAX_COUNT_DIGITS)
    lengths = (ends - starts)[short]
    numbers, are_digits = _integers(text, ends[short], lengths)
    _require(len(short) and short[0] == 0 and lengths.all() and are_digits.all())
    numbers = numbers.astype(np.int64)
    is_joints = numbers[1:] == num_joints
    counts = short[1:][is_joints]  # the lines with a number of joints
    joints = counts[:, None] + np.arange(1, num_joints + 1)
    frames, num_bodies = short[1:][~is_joints], numbers[1:][~is_joints]
    _require(len(frames) == numbers[0] and num_bodies.sum() == len(counts))
    # Every line is where its predecessors' sizes put it.
    before = np.cumsum(num_bodies) - num_bodies  # blocks of earlier frames
    size, block, frame = num_joints + 2, np.arange(len(counts)), np.arange(len(frames))
    _require((frames == 1 + frame + size * before).all())
    frame = np.repeat(frame, num_bodies)
    _require((counts == 3 + frame + size * block).all())
    _require(len(starts) == 1 + len(frames) + size * len(counts))
    return len(frames), frame, block - before[frame], joints


def _first_words(
    text: bytes, starts: np.ndarray, ends: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Starts and ends, (3 L,) each, of all first, second and third words; a fourth must follow."""
    spaces = np.packbits(_windows(text, starts, HEAD) == SPACE, axis=1, bitorder="little")
    bits = spaces.view("<u8").ravel()
    bounds = [starts - 1]
    for _ in range(3):
        _require(bits.all())
        bounds.append(starts + np.bitwise_count(~bits & (bits - ONE)))  # the zeros below the lowest
        bits &= bits - ONE
    _require((bounds[3] + 1 < ends).all())
    return np.concatenate(bounds[:3]) + 1, np.concatenate(bounds[1:])


def _numbers(text: bytes, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """The words text[start:end] -> decimal numbers (W,) float64."""
    characters = np.frombuffer(text, dtype=np.uint8)
    negative = characters[starts] == MINUS
    first = starts + negative
    whole = characters[first] - np.uint8(ZERO)
    decimals = ends - first - 2
    regular = (whole <= 9) & (characters[first + 1] == DOT)
    regular &= (decimals >= 0) & (decimals <= MAX_DECIMALS)
    decimals[~regular] = 0
    fraction, are_digits = _integers(text, ends, decimals)
    scale = POWERS[decimals]
    value = (whole * scale + fraction) / scale
    np.negative(value, out=value, where=negative)
    for i in np.flatnonzero(~(regular & are_digits)).tolist():  # such as 12.5 or 1e-05
        try:
            value[i] = number(text[starts[i] : ends[i]])
        except ValueError:
            raise Irregular from None
    return value


def number(word: bytes) -> float:
    """A decimal number of metres.

    Raises:
        ValueError: it is none, or too large to be one.
    """
    if not NUMBER.fullmatch(word):
        raise ValueError(f"{word!r} is not a number")
    value = float(word)
    if not abs(value) <= MAX_METRES:
        raise ValueError(f"{value} is out of range")
    return value


def _integers(text: bytes, ends: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The words (W,) of up to WIDTH bytes before `ends` -> whole numbers, float64, and whether a
    word has only digits; one of no length is 0.
    """
    window = _windows(text, ends - WIDTH, WIDTH)
    digits = window - np.uint8(ZERO)
    is_digit = (digits < 10) & INSIDE[lengths].view(bool).reshape(window.shape)
    numbers = (digits * is_digit).astype(np.float64) @ POWERS[PLACES]
    if np.count_nonzero(is_digit) == lengths.sum():
        return numbers, np.ones(len(numbers), dtype=bool)
    return numbers, _count(is_digit) == lengths


def _count(flags: np.ndarray) -> np.ndarray:
    """(W, WIDTH) bool -> (W,) how many are true, ten times as fast as a sum along the axis.

    Eight flags are the bytes of a number; its product with EIGHT_ONES has their sum on top.
    """
    sums = flags.view(np.uint64) * EIGHT_ONES >> np.uint64(56)
    return (sums[:, 0] + sums[:, 1]).astype(np.int64)


def _windows(text: bytes, starts: np.ndarray, width: int) -> np.ndarray:
    """(len(starts), width) uint8: the bytes of a text from each start."""
    windows = np.ndarray(len(text) - width + 1, f"V{width}", text, strides=1)
    return windows[starts].view(np.uint8).reshape(-1, width)


def _require(holds: bool) -> None:
    if not holds:
        raise Irregular
