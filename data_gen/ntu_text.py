"""The regular text of NTU RGB+D, parsed in whole arrays instead of word by word.

In a regular file one space follows each of a joint's first three numbers, and these are decimal.
That is so for all but a few files; for those `parse_regular` gives up, and the patient reader of
ntu_raw.py takes them or says what is wrong. Both give the same bits: a decimal number of up to 15
digits is an integer divided by a power of ten, both exact in float64, and the quotient is rounded
once, as `float` rounds.
"""
# Shapes: L lines, W words, B blocks (a body in a frame), T frames, V joints, M persons.

import numpy as np

SPACE, NEWLINE, DOT, MINUS, ZERO = b" \n.-0"
HEAD = 48  # bytes of a joint's line in which x, y and z must end
WIDTH = 16  # bytes of a word that are looked at, up to its end
PLACES = np.arange(WIDTH - 1, -1, -1)  # places to the right of each of them
POWERS = 10.0 ** np.arange(WIDTH + 1)
EIGHT_ONES = np.uint64(0x0101010101010101)
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
    text = PAD + content.rstrip() + PAD
    ends = np.flatnonzero(np.frombuffer(text, dtype=np.uint8) == NEWLINE)
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
    short = np.flatnonzero(ends - starts <= 3)
    bounds = zip(starts[short].tolist(), ends[short].tolist(), strict=True)
    words = [text[start:end] for start, end in bounds]
    _require(len(words) and short[0] == 0 and all(map(bytes.isdigit, words)))
    numbers = np.array(list(map(int, words)))
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
    places = np.flatnonzero(_windows(text, starts, HEAD) == SPACE)
    per_line = np.bincount(places // HEAD, minlength=len(starts))
    _require((per_line >= 3).all())
    first = np.cumsum(per_line) - per_line
    shift = starts - HEAD * np.arange(len(starts))
    spaces = [starts - 1, *(places[first + word] + shift for word in range(3))]
    _require((spaces[3] + 1 < ends).all())
    return np.concatenate(spaces[:3]) + 1, np.concatenate(spaces[1:])


def _numbers(text: bytes, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """The words text[start:end] -> decimal numbers (W,) float64."""
    lengths = ends - starts
    window = _windows(text, ends - WIDTH, WIDTH)
    inside = INSIDE[np.minimum(lengths, WIDTH)].view(bool).reshape(window.shape)
    digits = window - np.uint8(ZERO)
    is_digit = (digits < 10) & inside
    is_dot = (window == DOT) & inside
    # One dot gives its place; none, or several, give less than 0 or at least WIDTH.
    decimals = is_dot.astype(np.float32) @ (PLACES + WIDTH).astype(np.float32) - WIDTH
    odd = (decimals < 0) | (decimals >= WIDTH) | (lengths >= WIDTH)  # 16 digits are not exact
    # As if the dot were a digit 0: what stands before it counts ten times too much.
    value = (digits * is_digit).astype(np.float64) @ POWERS[PLACES]
    scale = POWERS[np.where(odd, 0, decimals).astype(np.intp)]
    value = (value - 9 * scale * np.floor(value / (10 * scale))) / scale
    negative = np.frombuffer(text, dtype=np.uint8)[starts] == MINUS
    value = np.where(negative, -value, value)
    known = sum(map(np.count_nonzero, (is_digit, is_dot, negative)))
    if known != lengths.sum():  # other characters; where?
        odd |= _count(is_digit | is_dot) + negative != lengths
    for i in np.flatnonzero(odd).tolist():  # such as 3, 1e-05 or nan
        value[i] = _float(text[starts[i] : ends[i]])
    _require(np.isfinite(value).all())
    return value


def _count(flags: np.ndarray) -> np.ndarray:
    """(W, WIDTH) bool -> (W,) how many are true, ten times as fast as a sum along the axis.

    Eight flags are the bytes of a number; its product with EIGHT_ONES has their sum on top.
    """
    sums = flags.view(np.uint64) * EIGHT_ONES >> np.uint64(56)
    return (sums[:, 0] + sums[:, 1]).astype(np.int64)


def _float(word: bytes) -> float:
    try:
        return float(word)
    except ValueError:
        raise Irregular from None


def _windows(text: bytes, starts: np.ndarray, width: int) -> np.ndarray:
    """(len(starts), width) uint8: the bytes of a text from each start."""
    windows = np.ndarray(len(text) - width + 1, f"V{width}", text, strides=1)
    return windows[starts].view(np.uint8).reshape(-1, width)


def _require(holds: bool) -> None:
    if not holds:
        raise Irregular
