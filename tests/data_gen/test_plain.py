"""Plain arrays in every container, by the letters of their axes, one clip or many."""

import io
import json

import h5py
import numpy as np
import pytest
from read_raw import COCO, file_of, npz, read
from scipy.io import savemat

from data_gen.readers.bad_files import BadFile
from data_gen.readers.formats import FORMATS
from data_gen.readers.found import single_file
from data_gen.readers.sample import Options, axis_groups, entries_of

RNG = np.random.default_rng(0)
CLIP = RNG.normal(size=(2, 5, 17, 3)).astype(np.float32)  # (M, T, V, C)
LAYOUTS = {
    "MTVC": CLIP,
    "TVC": CLIP[0],
    "CTVM": CLIP.transpose(3, 1, 2, 0),
    "TV*C": CLIP[0].reshape(5, 51),
    "TMV*C": CLIP.transpose(1, 0, 2, 3).reshape(5, 2, 51),
    "TM*V*C": CLIP.transpose(1, 0, 2, 3).reshape(5, 102),
    "VCT": CLIP[0].transpose(1, 2, 0),
    "TC*V": CLIP[0].transpose(0, 2, 1).reshape(5, 51),
}


@pytest.mark.parametrize("axes", LAYOUTS)
def test_axes_by_letters(axes):
    expected = CLIP if "M" in axes else CLIP[:1]
    options = {"axes": axes, "persons": 2 if "M" in axes else None}
    (sample,) = read("npz", npz(joints=LAYOUTS[axes]), **options)
    assert np.array_equal(sample.clip, expected)


@pytest.mark.parametrize("axes", ["TVX", "TV", "TTVC", "T**VC"])
def test_axes_that_are_none(axes):
    with pytest.raises(ValueError, match="axes must be the letters"):
        axis_groups(axes)


@pytest.mark.parametrize("delimiter", [" ", ",", "; ", "\t"])
def test_text_without_a_header(delimiter):
    """One row per frame, one per joint, and one per frame with all persons after its number."""
    numbered = np.c_[np.arange(5), CLIP.transpose(1, 0, 2, 3).reshape(5, 102)]
    for array, axes, options, expected in (
        (CLIP[0].reshape(5, 51), "TV*C", {}, CLIP[:1]),
        (CLIP[0].reshape(85, 3), "T*VC", {}, CLIP[:1]),
        (numbered, "TM*V*C", {"channels": 3, "skip_columns": 1}, CLIP),
    ):
        text = io.BytesIO()
        np.savetxt(text, array, fmt="%.9g", delimiter=delimiter, header="from a Kinect")
        (sample,) = read("txt", text.getvalue() + b"\n", axes=axes, **options)
        np.testing.assert_array_equal(sample.clip.astype(np.float32), expected)


@pytest.mark.parametrize(
    ("text", "reason"),
    [(b"", "is empty"), (b"# only a comment", "is empty"), (b"1 2 3\n1 2\n", "2 numbers in row 2"),
     (b"1 two 3", "could not convert"), (b"1 2 3\n" * 16, "has an axis of 16"),
     (b"1 2 inf\n" * 17, "infinite"), (b"1 2 \xff\n", r"clip\.x: it is not UTF-8 \(byte 5\)"),
     ("1 2 3\n".encode("utf-16"), "has an axis of 1,")],  # which is read
)  # fmt: skip
def test_text_that_is_no_table_of_numbers_is_one_line(text, reason):
    with pytest.raises(BadFile, match=reason) as error:
        read("txt", text, axes="T*VC")
    assert "clip.x" in str(error.value)


def test_the_last_channel_of_an_array_may_be_a_score():
    (sample,) = read("npz", npz(joints=CLIP), axes="MTVC", score="drop")
    assert sample.has_score
    with pytest.raises(BadFile, match="2 channels, too few for a score"):
        read("npz", npz(joints=CLIP[..., :2]), axes="MTVC", score="keep")


def contents(array: np.ndarray) -> dict[str, bytes]:
    """The same array in every container that holds one."""
    npy, mat, h5 = io.BytesIO(), io.BytesIO(), io.BytesIO()
    np.save(npy, array)
    savemat(mat, {"d_skel": array})
    with h5py.File(h5, "w") as file:
        file["a/joints"] = array
    rows = "\n".join(",".join(map(repr, row)) for row in array.reshape(len(array), -1).tolist())
    names = ",".join(f"{joint}_{axis}" for joint in COCO for axis in "xyz")
    return {
        "npy": npy.getvalue(),
        "npz": npz(joints=array),
        "mat": mat.getvalue(),
        "hdf5": h5.getvalue(),
        "json": json.dumps({"label": 3, "data": [{"k": array.tolist()}]}).encode(),
        "csv": f"{names}\r\n{rows}\r\n".encode(),
        "tsv": f"{names}\n{rows}\n".replace(",", "\t").encode(),
    }


@pytest.mark.parametrize("format_", ["npy", "npz", "mat", "hdf5", "json", "csv", "tsv"])
def test_every_container_gives_the_same_clip(format_):
    array = RNG.normal(size=(4, 17, 3))
    path = {"path": "data.0.k"} if format_ == "json" else {}
    (sample,) = read(format_, contents(array)[format_], **path)
    np.testing.assert_array_equal(sample.clip, array[None])
    assert sample.name == "clip" and not sample.has_score
    if format_ == "json":
        assert sample.fields == {"label": 3}


def test_single_values_beside_an_array_are_fields():
    array = RNG.normal(size=(4, 17, 3))
    mat, h5 = io.BytesIO(), io.BytesIO()
    savemat(mat, {"joints": array, "label": 3.0, "rate": 2.5, "more": np.arange(3)})
    with h5py.File(h5, "w") as file:
        file["clip/joints"] = array
        file["label"], file["action"], file["more"] = np.array([3.0]), "wave", np.arange(3)
        file.attrs["subject"], file.attrs["cameras"] = "Ada", [1, 2]
        file["clip/joints"].attrs["take"] = 7
    one = {"label": np.array([3]), "action": "wave", "image": "a.png", "more": np.arange(3)}
    found = {
        "npz": read("npz", npz(joints=array, **one), key="joints"),
        "mat": read("mat", mat.getvalue(), key="joints"),
        "hdf5": read("hdf5", h5.getvalue(), key="clip/joints"),
    }
    assert found["npz"][0].fields == {"label": 3, "action": "wave", "image": "a.png"}
    assert found["mat"][0].fields == {"label": 3, "rate": 2.5}
    assert found["hdf5"][0].fields == {"label": 3, "action": "wave", "subject": "Ada", "take": 7}
    for (sample,) in found.values():
        assert sample.clip.shape == (1, 4, 17, 3) and sample.image is None


def test_joints_with_nan_are_unseen_and_infinite_ones_are_refused():
    array = np.ones((3, 17, 3))
    array[1, 2, 0] = np.nan
    (sample,) = read("npz", npz(a=array))
    assert not sample.clip[0, 1, 2].any() and sample.clip[0, 1, 3].all()
    array[0, 0, 0] = np.inf
    with pytest.raises(BadFile, match="infinite"):
        read("npz", npz(a=array))
    with pytest.raises(BadFile, match=r"holds <U1, no numbers|name one by key"):
        read("npz", npz(a=np.full((3, 17, 3), "a")))
    with pytest.raises(BadFile, match="has 20 joints"):
        read("npz", npz(a=np.ones((3, 20, 3))))


MANY = RNG.normal(size=(6, 5, 17, 3))  # (N, T, V, C)
ALONG = {
    "NTVC": MANY,
    "TVCN": MANY.transpose(1, 2, 3, 0),
    "NTV*C": MANY.reshape(6, 5, 51),
    "NCTVM": np.stack([MANY, MANY + 1], axis=-1).transpose(0, 3, 1, 2, 4),
}


@pytest.mark.parametrize("axes", ALONG)
@pytest.mark.parametrize("format_", ["npy", "npz", "mat", "hdf5", "json"])
def test_an_array_of_many_clips(format_, axes):
    told = {"y": np.arange(6) % 3, "action": np.array(["wave", "clap"] * 3), "rate": np.array([30])}
    told = {name: value for name, value in told.items() if format_ != "mat" or name != "action"}
    path = {"path": "X"} if format_ == "json" else {"key": "X"} if format_ == "mat" else {}
    samples = read(format_, file_of(format_, ALONG[axes], **told), axes=axes, **path)
    assert [sample.name for sample in samples] == [f"clip_{n:06d}" for n in range(6)]
    for n, sample in enumerate(samples):
        expected = np.stack([MANY[n], MANY[n] + 1]) if "M" in axes else MANY[n][None]
        np.testing.assert_array_equal(sample.clip, expected)
        own = {} if format_ == "npy" else {"y": n % 3, "action": ["wave", "clap"][n % 2],
                                           "rate": 30}  # fmt: skip
        own = {name: value for name, value in own.items() if name in told}
        assert sample.fields == {"number": n, "count": 6, **own}


def test_a_mapped_file_gives_the_same(tmp_path):
    for name in ("npy", "npz"):
        (tmp_path / f"a.{name}").write_bytes(file_of(name, MANY))
        options = Options(num_joints=17, axes="NTVC")
        samples = list(FORMATS[name].read(single_file(tmp_path / f"a.{name}"), options))
        np.testing.assert_array_equal(np.stack([s.clip[0] for s in samples]), MANY)


@pytest.mark.parametrize(
    ("content", "axes", "reason"),
    [
        (file_of("npz", MANY), "NTV*C", "has 4 axes, but axes: NTV\\*C 3"),
        (file_of("npz", MANY[..., :16, :]), "NTVC", "has 16 joints, but the skeleton 17"),
        (file_of("npz", MANY)[:-200], "NTVC", "is not an .npz file"),
    ],
)
def test_what_is_no_array_of_many_clips(content, axes, reason):
    with pytest.raises(BadFile, match=reason):
        read("npz", content, axes=axes)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ([0, 2, 1], [0, 2, 1]),
        ([[0], [2], [1]], [0, 2, 1]),
        ([[0, 2, 1]], [0, 2, 1]),
        ([[1, 0, 0], [0, 0, 1], [0, 1, 0]], [0, 2, 1]),
        ([[1, 0], [0, 1], [0, 1]], [0, 1, 1]),
        ([[0.5, 0.5], [0, 1], [1, 0]], None),
        ([0, 1], None),
        (5, None),
    ],
)
def test_one_entry_a_clip(value, expected):
    found = entries_of(np.array(value), 3)
    assert (None if found is None else found.tolist()) == expected
