"""The arrays of numbers in a .mat file of MATLAB 5 to 7.2.

scipy's reader of this format can end the process (bus error) on damaged files, so that it must not
read those of strangers. Source: MathWorks, "MAT-File Format", level 5. A file is a row of elements,
each a tag (type, number of bytes) and data; a matrix is an element made of elements: flags, sizes,
name, numbers. Only real numeric arrays are read; cells, structures and texts are skipped.
"""

import struct
import zlib
from math import prod

import numpy as np

HEADER = 128
MATRIX, COMPRESSED = 14, 15
NUMERIC = range(6, 16)  # classes of arrays: double, single, int8, ... uint64
COMPLEX = 0x0800
TYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
MAX_UNPACKED = 2**30


def arrays_of(content: bytes) -> dict[str, np.ndarray]:
    """Name -> array, in MATLAB's own order of axes.

    Raises:
        ValueError: the file is damaged, or of another version.
    """
    order = {b"IM": "<", b"MI": ">"}.get(content[126:128])
    if order is None or len(content) < HEADER:
        raise ValueError("it is not a .mat file of version 5 to 7.2: save it with -v7")
    found = {}
    place = HEADER
    try:
        while place < len(content):
            kind, size = struct.unpack_from(order + "II", content, place)
            data = content[place + 8 : place + 8 + size]
            if len(data) < size:
                raise ValueError("it is cut")
            place += 8 + size
            if kind == COMPRESSED:
                data = _unpacked(data)
                kind, size = struct.unpack_from(order + "II", data)
                data = data[8 : 8 + size]
                if len(data) < size:
                    raise ValueError("a compressed array is cut")
            if kind == MATRIX and (item := _matrix(data, order)):
                found[item[0]] = item[1]
    except (struct.error, zlib.error) as error:
        raise ValueError(f"it is damaged: {error}") from error
    return found


def _unpacked(data: bytes) -> bytes:
    unpacker = zlib.decompressobj()
    out = unpacker.decompress(data, MAX_UNPACKED)
    if not unpacker.eof:
        raise ValueError("a compressed array is cut or too large")
    return out


def _matrix(data: bytes, order: str) -> tuple[str, np.ndarray] | None:
    """Name and numbers of a matrix; None for another kind of array."""
    kind, flags, place = _element(data, 0, order)
    if kind != 6 or len(flags) != 8:
        raise ValueError("an array has no flags")
    word = struct.unpack(order + "II", flags)[0]
    kind, sizes, place = _element(data, place, order)
    if kind != 5 or len(sizes) % 4 or not 8 <= len(sizes) <= 32:
        raise ValueError("an array has no sizes")
    shape = struct.unpack(f"{order}{len(sizes) // 4}i", sizes)
    _, name, place = _element(data, place, order)
    if (word & 0xFF) not in NUMERIC or word & COMPLEX:
        return None
    kind, numbers, _ = _element(data, place, order)
    if kind not in TYPES or min(shape) < 0:
        raise ValueError("an array has no numbers")
    dtype = np.dtype(order + TYPES[kind])
    if prod(shape) * dtype.itemsize != len(numbers):
        raise ValueError(f"an array of sizes {shape} has {len(numbers)} bytes")
    array = np.frombuffer(numbers, dtype).reshape(shape, order="F")
    return name.decode("latin1"), array.astype(dtype.newbyteorder("="))


def _element(data: bytes, place: int, order: str) -> tuple[int, bytes, int]:
    """Type and content of the element at a place, and where the next one begins."""
    word = struct.unpack_from(order + "I", data, place)[0]
    if word >> 16:  # a small one, of up to four bytes within its tag
        kind, size = word & 0xFFFF, word >> 16
        start, following = place + 4, place + 8
    else:
        kind, size = word, struct.unpack_from(order + "I", data, place + 4)[0]
        start = place + 8
        following = start + size + -size % 8
    content = data[start : start + size]
    if len(content) < size or (size > 4 and start == place + 4):
        raise ValueError("an array is cut")
    return kind, content, following
