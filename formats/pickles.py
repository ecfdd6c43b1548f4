"""Pickles as data: lists, tuples, dicts, text, bytes, numbers and numpy arrays, and nothing else.

A pickle is a program. Here its instructions are read before any of them runs: those that import are
answered by functions of this file, which only describe numpy values; sizes are compared with what
the file holds before anything is allocated. Read are the files of Python 2 and 3, of numpy 1 and 2,
of protocols 0 to 5.
"""

import io
import pickle
import pickletools
import re
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from utils.text import one_line

MAX_BYTES = 2**31  # of a file; label and score files of the largest benchmarks have 60 MB
MAX_INSTRUCTIONS = 50_000_000
MAX_DEPTH = 12  # of containers within containers
UNDER_WAY = object()  # in the place of a container whose items are being finished
# Numbers, booleans, and text or bytes of a fixed length; no objects, records or dates.
DTYPE = re.compile(r"[<>=|]?(b1|i[1248]|u[1248]|f[248]|c8|c16|[SUa]\d{1,9}|\?)")
DAMAGED = (
    pickle.UnpicklingError,
    EOFError,
    AttributeError,
    IndexError,
    KeyError,
    ValueError,
    TypeError,
    OverflowError,
    MemoryError,
    RecursionError,
    zlib.error,
)


def load_pickle(path: Path) -> Any:
    """What a pickle file holds; never runs code from the file.

    Raises:
        ValueError: the file is not a pickle, is damaged, or holds something else than data.
        OSError: it cannot be read.
    """
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise ValueError(f"it has {size:,} bytes, more than any file of labels or scores.")
    return loads(path.read_bytes())


def loads(content: bytes) -> Any:
    """As `load_pickle`, of a file's content.

    Raises:
        ValueError: as `load_pickle`.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd escapes in text of protocol 0
            _check_instructions(content)
            # Text of Python 2 is bytes; latin1 is the encoding that numpy's pickles of it need.
            value = _Unpickler(io.BytesIO(content), encoding="latin1").load()
        return _finished(value, {}, 0)
    except DAMAGED as error:
        reason = one_line(error, 200)
        raise ValueError(f"it is not a pickle of plain data: {reason}") from error


def _check_instructions(content: bytes) -> None:
    """Refuse what no honest file has, before the memory for it is taken."""
    num_puts = 0
    for count, (opcode, argument, _) in enumerate(pickletools.genops(content)):
        if count > MAX_INSTRUCTIONS:
            raise ValueError("it has more instructions than any file of labels or scores")
        if opcode.name in ("PUT", "BINPUT", "LONG_BINPUT"):
            num_puts += 1
            # A table of this size is made; honest files number their entries one by one.
            if not 0 <= argument <= 2 * num_puts + 256:
                raise ValueError(f"entry {argument} of its memo has a place of its own")
        elif opcode.name in ("PERSID", "BINPERSID", "EXT1", "EXT2", "EXT4", "NEXT_BUFFER"):
            raise ValueError(f"it refers to something outside of the file ({opcode.name})")


class _Dtype:
    """Stands for a numpy.dtype until its state is known."""

    def __init__(self, code: Any = None, *_: Any) -> None:
        code = code.decode("latin1") if isinstance(code, bytes) else code
        if not isinstance(code, str) or not DTYPE.fullmatch(code):
            raise ValueError(
                f"its arrays are of the type {code!r}, which is neither number nor text"
            )
        self.dtype = np.dtype(code)

    def __setstate__(self, state: Any) -> None:
        """(version, byte order, None, None, None, item size, alignment, flags)."""
        order = state[1].decode("latin1") if isinstance(state[1], bytes) else state[1]
        if order not in ("<", ">", "=", "|") or any(part is not None for part in state[2:5]):
            raise ValueError("its arrays are records, not numbers")
        size = state[5]
        if self.dtype.kind in "SU" and size != -1 and size != self.dtype.itemsize:
            raise ValueError(f"text of {size} bytes is called {self.dtype}")
        self.dtype = self.dtype.newbyteorder(order)


class _Array:
    """Stands for a numpy array or scalar. NOTE: numpy's own, whose `__setstate__` trusts what it is
    given, never meet the file's instructions.
    """

    def __init__(self, value: Any = None) -> None:
        self.value = value

    def __setstate__(self, state: Any) -> None:
        """(version, shape, dtype, whether Fortran's order, bytes)."""
        _, shape, dtype, is_fortran, content = state
        self.value = _array(content, dtype, shape, "F" if is_fortran else "C")


def _array(content: Any, dtype: Any, shape: Any, order: Any) -> np.ndarray:
    if isinstance(content, str):  # of Python 2
        content = content.encode("latin1")
    sizes_are_whole = isinstance(shape, tuple) and all(type(n) is int and n >= 0 for n in shape)
    if not isinstance(dtype, _Dtype) or not isinstance(content, (bytes, bytearray)):
        raise ValueError("an array has no numbers")
    if not sizes_are_whole or len(shape) > 8 or order not in ("C", "F"):
        raise ValueError(f"an array has the shape {shape!r}")
    needed = dtype.dtype.itemsize
    for size in shape:
        needed *= size
    if needed != len(content) or not dtype.dtype.itemsize:
        raise ValueError(f"an array of shape {shape} and {dtype.dtype} has {len(content)} bytes")
    return np.frombuffer(bytes(content), dtype.dtype).reshape(shape, order=order)


def _reconstruct(*_: Any) -> _Array:
    return _Array()


def _scalar(dtype: Any, content: Any) -> _Array:
    return _Array(_array(content, dtype, (), "C")[()])


def _from_buffer(content: Any, dtype: Any, shape: Any, order: Any) -> _Array:
    return _Array(_array(content, dtype, shape, order))


def _encoded(text: Any, encoding: Any) -> bytes:
    """How Python 3 writes bytes in protocol 2."""
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
        raise ValueError("it calls a codec")
    return text.encode("latin1")


def _empty_bytes(*arguments: Any) -> bytes:
    if arguments:
        raise ValueError("it calls bytes")
    return b""


def _ordered(*arguments: Any) -> dict:
    """An empty OrderedDict, or one of pairs, as Python 2 wrote them."""
    return dict(*arguments[:1])


def _only_named(*_: Any) -> None:
    raise ValueError("it calls numpy.ndarray")


class _Name:
    """What a name of the file stands for: it can be called and nothing else."""

    __slots__ = ("_function",)

    def __init__(self, function: Callable) -> None:
        self._function = function

    def __call__(self, *arguments: Any) -> Any:
        return self._function(*arguments)

    def __setstate__(self, state: Any) -> None:
        raise ValueError("it changes what a name stands for")


def _numpy(name: str) -> dict[tuple[str, str], Callable]:
    return {
        (f"{name}.multiarray", "_reconstruct"): _reconstruct,
        (f"{name}.multiarray", "scalar"): _scalar,
        (f"{name}.numeric", "_frombuffer"): _from_buffer,
    }


KNOWN: dict[tuple[str, str], Callable] = {
    **_numpy("numpy.core"),
    **_numpy("numpy._core"),
    ("numpy", "ndarray"): _only_named,
    ("numpy", "dtype"): _Dtype,
    ("_codecs", "encode"): _encoded,
    ("builtins", "bytes"): _empty_bytes,
    ("__builtin__", "bytes"): _empty_bytes,
    ("collections", "OrderedDict"): _ordered,
}


class _Unpickler(pickle.Unpickler):
    """Knows the names above only."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in KNOWN:
            raise pickle.UnpicklingError(f"it calls {module}.{name}, which is not data")
        return _Name(KNOWN[module, name])


def _finished(value: Any, done: dict[int, Any], depth: int) -> Any:
    """The value with arrays in the place of what stands for them.

    Args:
        done: containers that were finished, by identity: they may be shared.

    Raises:
        ValueError: a value is something else than data, or containers are nested too deep.
    """
    if isinstance(value, _Array):
        value = value.value
    if isinstance(value, (np.ndarray, np.generic, str, bytes, bytearray, int, float, complex)):
        return value
    if value is None:
        return value
    if id(value) in done:
        if done[id(value)] is UNDER_WAY:
            raise ValueError("a container holds itself")
        return done[id(value)]
    if depth > MAX_DEPTH:
        raise ValueError("its containers are nested too deep")
    if type(value) in (list, tuple, set, frozenset):
        done[id(value)] = UNDER_WAY
        items = [_finished(item, done, depth + 1) for item in value]
        finished = items if isinstance(value, list) else tuple(items)
    elif type(value) is dict:
        done[id(value)] = UNDER_WAY
        keys = [key.value if isinstance(key, _Array) else key for key in value]
        finished = {
            _plain_key(key): _finished(item, done, depth + 1)
            for key, item in zip(keys, value.values(), strict=True)
        }
    else:
        raise ValueError(f"it holds a {type(value).__name__.strip('_')}")
    done[id(value)] = finished
    return finished


def _plain_key(key: Any) -> Any:
    if not isinstance(key, (str, bytes, int, float, np.generic)):
        raise ValueError(f"a key of its dict is a {type(key).__name__.strip('_')}")
    return key
