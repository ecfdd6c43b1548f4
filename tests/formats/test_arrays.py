"""An .npz file of any size: read piece by piece, or refused."""

import io
import zipfile

import numpy as np
import pytest

from formats.arrays import NpzFile


def npz(compressed: bool = False, **arrays: np.ndarray) -> io.BytesIO:
    file = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(file, **arrays)
    return file


@pytest.mark.parametrize("compressed", [False, True])
def test_rows_are_those_of_the_array(compressed):
    x = np.random.default_rng(0).normal(size=(5, 3, 4)).astype(np.float32)
    found = NpzFile(npz(compressed, x=x, y=np.arange(5)))
    assert found.shapes == {"x": (5, 3, 4), "y": (5,)}
    np.testing.assert_array_equal(np.stack([*found.rows("x")]), x)
    np.testing.assert_array_equal(found.array("y"), np.arange(5))


def claiming(shape: tuple[int, ...], content: bytes) -> io.BytesIO:
    """An .npz file whose array claims a shape."""
    header, file = io.BytesIO(), io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<f4", "fortran_order": False, "shape": shape}
    )
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("x.npy", header.getvalue() + content)
    return file


@pytest.mark.parametrize(
    ("shape", "said"),
    [((10**12, 3), "x has 2 of 1000000000000 rows"), ((2, 10**12), "cannot be read row by row")],
)
def test_a_false_claim_takes_no_memory(shape, said):
    with pytest.raises(ValueError, match=said):
        list(NpzFile(claiming(shape, b"\0" * 24)).rows("x"))


def test_what_unpacks_to_very_much_is_refused():
    with pytest.raises(ValueError, match="unpacks to more than 50 times its size"):
        NpzFile(npz(compressed=True, x=np.zeros((1000, 1000), np.float32)))


@pytest.mark.parametrize(
    "file", [io.BytesIO(b"no zip"), io.BytesIO(npz(x=np.ones(9)).getvalue()[:-30])]
)
def test_what_is_no_npz_is_said(file):
    with pytest.raises(ValueError, match=r"^it is not an \.npz file: "):
        NpzFile(file)


def test_objects_are_not_read():
    with pytest.raises(ValueError, match="cannot be read row by row"):
        list(NpzFile(npz(x=np.array([{}, {}], object))).rows("x"))
