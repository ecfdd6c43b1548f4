"""Pickles of strangers: data comes out, nothing runs, nothing crashes, nothing grows."""

import os
import pickle
import resource
import struct
import subprocess
import sys
from collections import OrderedDict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formats.pickles import loads

VALUES = {
    "labels": (["a", "é"], [1, 2]),
    "scores": {"a": np.arange(3, dtype=np.float32), "b": np.float32(2)},
    "order": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "scalars": [np.int64(3), np.bool_(True), 1.5, True, None, 10**30, b"\xff\x00"],
    "text": np.array(["ab", "c"]),
    "bytes": np.array([b"ab", b"c"]),
    "big-endian": np.arange(4, dtype=">i4"),
    "empty": np.zeros((0, 3)),
    "no axes": np.array(5.0),
    "ordered": OrderedDict(a=1),
}


def same(one, other) -> bool:
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and one == other


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("name", VALUES)
def test_data_comes_out_as_it_went_in(name, protocol):
    assert same(VALUES[name], loads(pickle.dumps(VALUES[name], protocol)))


@pytest.mark.parametrize("module", ["core", "_core"])
def test_arrays_of_numpy_1_and_2_are_read(module):
    written = pickle.dumps({"a": np.arange(3.0), "b": np.float32(1)}, protocol=2)
    other = written.replace(b"numpy._core.multiarray", f"numpy.{module}.multiarray".encode())
    assert same(loads(other), {"a": np.arange(3.0), "b": np.float32(1)})


class Runs:
    """A pickle of it touches a file when it is loaded the usual way."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_nothing_of_a_pickle_runs(tmp_path, protocol):
    path = tmp_path / "touched"
    content = pickle.dumps((["a"], [Runs(path)]), protocol)
    with pytest.raises(ValueError, match="which is not data"):
        loads(content)
    assert not path.exists()
    pickle.loads(content)  # it would have
    assert path.exists()


NDARRAY = (
    b"cnumpy._core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\nt"
    b"c_codecs\nencode\n(Vb\nVlatin1\ntRtR"
)
DTYPE = b"cnumpy\ndtype\n(Vf8\nI00\nI01\ntR(I3\nV<\nNNNI-1\nI-1\nI0\ntb"
BYTES = b"c_codecs\nencode\n(V" + b"\\u0000" * 8 + b"\nVlatin1\ntR"
SCALAR = b"cnumpy._core.multiarray\nscalar\n("


def array_of(shape: bytes) -> bytes:
    """An array of eight bytes with another shape."""
    return NDARRAY + b"(I1\n(" + shape + b"t" + DTYPE + b"I00\n" + BYTES + b"tb."


HOSTILE = {
    "an evaluated text": b"cbuiltins\neval\n(V1+1\ntR.",
    "a module of ours": b"cformats.pickles\nloads\n(Vx\ntR.",
    "a name with dots": b"\x80\x04\x8c\x05numpy\x8c\x10core.os.getcwd()\x93.",
    "a shape beyond the bytes": array_of(b"I1000000000000\n"),
    "a negative shape": array_of(b"I-1\n"),
    "a shape that overflows": array_of(b"I4294967296\nI4294967296\n"),
    "objects": NDARRAY + b"(I1\n(I1\ntcnumpy\ndtype\n(VO8\nI00\nI01\ntRI00\n(lNatb.",
    "no state": b"cnumpy\ndtype\n(Vf8\nI00\nI01\ntR(I3\ntb.",
    "a record": b"cnumpy\ndtype\n(VV8\nI00\nI01\ntR.",
    "a type of 10^9 characters": b"cnumpy\ndtype\n(VU999999999\nI00\nI01\ntR.",
    "a second state of a scalar": SCALAR + DTYPE + BYTES + b"tR(I1\n(I9\ntNI0\nNtb.",
    "the state of a name": b"cnumpy\nndarray\n(N}Va\nI1\nstb.",
    "a call of ndarray": b"cnumpy\nndarray\n(I100000\ntR.",
    "an entry 2^31 of the memo": b"\x80\x02]r" + struct.pack("<I", 2**31 - 1) + b".",
    "an extension": b"\x80\x02\x82\x01.",
    "a persistent name": b"Pname\n.",
    "lists within lists": b"\x80\x02" + b"(" * 50_000 + b"l" * 50_000 + b".",
    "a list within itself": b"\x80\x02]q\x00h\x00a.",
    "a length beyond the file": b"\x80\x04\x8e" + struct.pack("<Q", 2**40) + b"x.",
    "digits": b"I" + b"9" * 10_000 + b"\n.",
    "bytes of a length": b"cbuiltins\nbytes\n(I1000000000\ntR.",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_data_is_refused(name):
    with pytest.raises(ValueError, match="not a pickle of plain data"):
        loads(HOSTILE[name])


CHECK = """
import resource, sys
from formats.pickles import loads
resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))
content = sys.stdin.buffer.read()
try:
    loads(content)
except ValueError:
    pass
"""


@pytest.mark.skipif(sys.platform == "darwin", reason="knows no limit of memory")
@pytest.mark.parametrize("name", ["an entry 2^31 of the memo", "a shape beyond the bytes",
                                  "a type of 10^9 characters", "lists within lists"])  # fmt: skip
def test_nothing_is_allocated_before_it_is_checked(name):
    done = subprocess.run(
        [sys.executable, "-c", CHECK], input=HOSTILE[name], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()


SEEDS = [pickle.dumps(value, protocol) for value in VALUES.values() for protocol in (0, 2, 4, 5)]


def mutate(content: bytes, changes: list[tuple[int, int, int]]) -> bytes:
    """Bytes replaced, left out, doubled or swapped, at places that wrap around."""
    out = bytearray(content)
    for kind, place, value in changes:
        at = place % max(len(out), 1)
        if kind == 0 and out:
            out[at] = value
        elif kind == 1:
            del out[at : at + 1 + value % 9]
        elif kind == 2:
            out[at:at] = out[at : at + value]
        else:
            out[at:at] = bytes([value])
    return bytes(out)


CHANGES = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 10_000), st.integers(0, 255)),
    min_size=1,
    max_size=6,
)


def check_mutant(seed: bytes, changes: list[tuple[int, int, int]]) -> None:
    try:
        loads(mutate(seed, changes))
    except ValueError as error:
        assert "not a pickle of plain data" in str(error)


@given(st.sampled_from(SEEDS), CHANGES)
@settings(max_examples=300, deadline=None)
def test_mutants_are_data_or_refused(seed, changes):
    check_mutant(seed, changes)


@pytest.mark.slow
@given(st.sampled_from(SEEDS), CHANGES)
@settings(max_examples=10_000, deadline=None)
def test_ten_thousand_mutants_need_no_memory(seed, changes):
    check_mutant(seed, changes)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 2**21  # 2 GB in KB
