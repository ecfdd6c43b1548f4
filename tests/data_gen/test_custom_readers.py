"""The readers of other people's formats, on files in their true layout, odd cases included."""

import io
import json
import pickle
import warnings
import zipfile
from itertools import pairwise

import h5py
import numpy as np
import pytest
from read_raw import COCO, read
from scipy.io import savemat

from data_gen.readers.archives import members_of
from data_gen.readers.bad_files import BadFile
from data_gen.readers.formats import FORMATS
from data_gen.readers.found import single_file
from data_gen.readers.matlab import arrays_of
from data_gen.readers.plain import entries_of
from data_gen.readers.sample import Options, axis_groups

RNG = np.random.default_rng(0)


def npz(**arrays) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


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
     (b"1 2 inf\n" * 17, "infinite"), ("1 2 3\n".encode("utf-16"), r"clip\.x: ")],
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


@pytest.mark.parametrize("header", ["frame" + ",j" * 51, None])
def test_a_table_in_the_order_of_joints_after_other_columns(header):
    rows = [["a word", *map(repr, row)] for row in CLIP[0].reshape(5, 51).tolist()]
    lines = [header] * bool(header) + [",".join(row) for row in rows]
    content = "\n".join(lines).encode()
    (sample,) = read("csv", content, skip_columns=1, score="keep")
    assert sample.has_score
    np.testing.assert_array_equal(sample.clip.astype(np.float32), CLIP[:1])
    assert not read("csv", content, skip_columns=1)[0].has_score
    with pytest.raises(BadFile, match=r"52 columns for 17 joints.* by skip_columns"):
        read("csv", content)
    with pytest.raises(BadFile, match="0 columns for 17 joints"):
        read("csv", content, skip_columns=52)
    with pytest.raises(BadFile, match="2 channels, too few for a score"):
        read("csv", content, skip_columns=18, score="keep")


@pytest.mark.parametrize("axes", ["TVX", "TV", "TTVC", "T**VC"])
def test_axes_that_are_none(axes):
    with pytest.raises(ValueError, match="axes must be the letters"):
        axis_groups(axes)


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


def test_columns_of_one_value_are_fields():
    names = [f"{joint}_{axis}" for joint in COCO for axis in "xyz"]
    rows = [["12", "wave", str(t), *map(str, range(51))] for t in range(3)]
    rows[1][3:5] = "7", "7"  # the first joint moves
    text = "\n".join(",".join(row) for row in [["label", "action", "time", *names], *rows])
    for options in ({"columns": "{joint}_{axis}"}, {"skip_columns": 3}):
        (sample,) = read("csv", text.encode(), **options)
        assert sample.fields["label"] == "12" and sample.fields["action"] == "wave"
        assert not {"time", "nose_x"} & sample.fields.keys()
    text = "frame,person,joint,x,y,label\n0,1,0,1,2,4\n1,1,0,2,3,4\n"
    assert read("csv", text.encode())[0].fields == {"person": "1", "joint": "0", "label": "4"}


def test_landmarks_of_mediapipe_in_an_image_become_pixels():
    point = {"x": 0.5, "y": 0.25, "z": -0.5, "visibility": 0.9}
    world = {"x": 1.0, "y": 1.0, "z": 1.0}
    content = json.dumps([{"landmarks": [point] * 17, "worldLandmarks": [world] * 17}]).encode()
    (metres,) = read("mediapipe", content)
    assert metres.clip[0, 0, 0].tolist() == [1, 1, 1, 1]
    (pixels,) = read("mediapipe", content, image=[1920, 1080])
    np.testing.assert_allclose(pixels.clip[0, 0, 0], [960, 270, -960, 0.9])
    row = ",".join(["0.5,0.25,-0.5,0.9"] * 17).encode()
    (table,) = read("mediapipe", row, name="a.csv", image=[1920, 1080])
    np.testing.assert_allclose(table.clip, pixels.clip, rtol=1e-6)


def test_a_wide_table_by_a_pattern_and_a_long_one():
    header = ["time", *(f"{joint}.{axis}" for joint in COCO for axis in ("x", "y", "score"))]
    rows = [[str(t), *(["1.5", "2", "0.5"] * 17)] for t in range(3)]
    rows[1][1] = ""  # not seen
    text = "\n".join(",".join(row) for row in [header, *rows])
    (sample,) = read("csv", text.encode(), columns="{joint}.{axis}")
    assert sample.clip.shape == (1, 3, 17, 3) and sample.has_score
    assert not sample.clip[0, 1, 0].any() and sample.clip[0, 1, 1].tolist() == [1.5, 2, 0.5]
    long = ["frame,person,joint,x,y,z"]
    long += [f"{t},{m},{joint},{t},{m},1" for t in (7, 9) for m in "ab" for joint in (COCO[3], "4")]
    long = [line.replace(",a,1", ",0,1").replace(",b,1", ",1,1") for line in long]
    (sample,) = read("csv", "\n".join(long).encode())
    assert sample.clip.shape == (2, 2, 17, 3)
    assert sample.clip[1, 0, 3].tolist() == [7, 1, 1] and not sample.clip[:, :, 0].any()


BAD_TABLES = {
    "another length": "a,b\n1\n",
    "no row": "a,b\n",
    "text": ",".join("a" * 34) + "\n" + ",".join("x" * 34),
    "another joint": "frame,joint,x,y\n0,tail,1,2\n",
    "no frame": "frame,joint,x,y\nx,nose,1,2\n",
    "binary": "\x00\xff",
    "too few columns": "a,b\n1,2\n",
}


@pytest.mark.parametrize("name", BAD_TABLES)
def test_bad_tables_are_named(name):
    with pytest.raises(BadFile, match=r"clip\.x"):
        read("csv", BAD_TABLES[name].encode("latin1"))


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


def pyskl(**changes):
    annotation = {
        "frame_dir": "S001", "label": 4, "img_shape": (1080, 1920), "original_shape": (1080, 1920),
        "total_frames": 3, "keypoint": np.ones((1, 3, 17, 2), np.float16),
        "keypoint_score": np.ones((1, 3, 17), np.float16), **changes,
    }  # fmt: skip
    return pickle.dumps({"split": {"xsub_train": ["S001"], "xsub_val": []},
                         "annotations": [annotation]})  # fmt: skip


def test_annotations_of_pyskl():
    (sample,) = read("pyskl", pyskl())
    assert sample.name == "S001" and sample.has_score and sample.clip.shape == (1, 3, 17, 3)
    assert sample.fields == {"split": ["xsub_train"], "label": 4}
    assert sample.image == (1920, 1080)
    (sample,) = read("pyskl", pyskl(keypoint_score=None, keypoint=np.ones((2, 3, 17, 3))))
    assert not sample.has_score and sample.clip.shape == (2, 3, 17, 3)
    for change in ({"keypoint": np.ones((3, 17, 2))}, {"label": "x"}, {"frame_dir": None,
    "keypoint": 3},
                   {"keypoint_score": np.ones(3)}):  # fmt: skip
        with pytest.raises(BadFile, match=r"clip\.x"):
            read("pyskl", pyskl(**change))


def test_arrays_of_ctr_gcn():
    x = np.zeros((3, 6, 150), np.float32)
    x[:, :4] = RNG.normal(size=(3, 4, 150))
    y = np.eye(60)[[5, 0, 59]]
    content = npz(x_train=x, y_train=y, x_test=x[:1], y_test=y[:1])
    samples = read("ctrgcn", content, skeleton="ntu_rgb_d")
    assert [s.name for s in samples] == [
        "train_000000",
        "train_000001",
        "train_000002",
        "val_000000",
    ]
    assert [s.fields["label"] for s in samples] == [5, 0, 59, 5]
    assert samples[0].clip.shape == (2, 4, 25, 3)
    assert np.array_equal(samples[0].clip[1, 2, 3], x[0, 2, 75 + 9 : 75 + 12])
    with pytest.raises(BadFile, match="x_train must be"):
        read("ctrgcn", npz(x_train=x[..., :75], y_train=y), skeleton="ntu_rgb_d")


def test_landmarks_of_mediapipe():
    point = {"x": 0.1, "y": 0.2, "z": 0.3, "visibility": 0.9}
    frames = [{"landmarks": [point] * 33, "worldLandmarks": [{**point, "x": 9.0}] * 33}, {}]
    content = json.dumps(frames).encode()
    (sample,) = read("mediapipe", content, skeleton="mediapipe33")
    assert sample.clip.shape == (1, 2, 33, 4) and sample.clip[0, 0, 0, 0] == 9
    assert not sample.clip[0, 1].any()
    (sample,) = read("mediapipe", content, skeleton="mediapipe33", world=False)
    assert sample.clip[0, 0, 0, 0] == pytest.approx(0.1)
    table = "\n".join(",".join(["0", *(["0.5"] * 132)]) for _ in range(3)).encode()
    (sample,) = read("mediapipe", table, name="a.csv", skeleton="mediapipe33")
    assert sample.clip.shape == (1, 3, 33, 4) and sample.has_score
    with pytest.raises(BadFile, match="2 landmarks, not 33"):
        read("mediapipe", json.dumps([[point] * 2]).encode(), skeleton="mediapipe33")


def test_recordings_of_the_azure_kinect_are_in_millimetres():
    body = {"body_id": 7, "joint_positions": [[100.0, 200.0, 3000.0]] * 32}
    frames = [{"bodies": [body]}, {"bodies": []}, {"bodies": [{**body, "body_id": 2}, body]}]
    content = json.dumps({"frames": frames}).encode()
    (sample,) = read("kinect", content, skeleton="azure_kinect32")
    assert sample.clip.shape == (2, 3, 32, 3)
    assert sample.clip[0, 2, 5].tolist() == pytest.approx([0.1, 0.2, 3])
    assert sample.clip[1].any(axis=(1, 2)).tolist() == [False, False, True]


@pytest.mark.parametrize(
    ("format_", "content"),
    [
        ("mediapipe", b"[[[]]]"),
        ("mediapipe", b"[3]"),
        ("mediapipe", b'[{"landmarks": true}]'),
        ("mediapipe", b'[{"landmarks": {"landmark": 2}}]'),
        ("kinect", b'{"frames": [{"bodies": [1]}]}'),
        ("kinect", b'{"frames": [{"bodies": [{"body_id": []}]}]}'),
        ("kinect", b'{"frames": [{"bodies": [null]}]}'),
        ("coco", b'[{"image_id": 1, "keypoints": [{}]}]'),
        ("pyskl", pickle.dumps({"split": {"train": 3}, "annotations": []})),
        ("pyskl", pickle.dumps({"split": {"train": "ab"}, "annotations": []})),
        ("pyskl", pyskl(img_shape=4)),
        ("pyskl", pyskl(keypoint_score={"a": 1})),
        ("pyskl", pyskl(img_shape=([1], 2))),
        ("pyskl", pyskl(img_shape=(float("inf"), 2))),
    ],
)
def test_values_of_another_kind_are_refused_in_one_line(format_, content):
    with pytest.raises(BadFile, match=r"clip\.x"):
        read(format_, content)


def test_tables_of_deeplabcut_and_analyses_of_sleap():
    cells = [["scorer"], ["individuals"], ["bodyparts"], ["coords"], ["0"], ["1"]]
    for who in ("a", "b"):
        for joint in reversed(COCO):
            for coord in ("x", "y", "likelihood"):
                column = ("net", who, joint, coord, "1.5", "" if joint == "nose" else "2")
                for row, cell in zip(cells, column, strict=True):
                    row.append(cell)
    text = "\n".join(",".join(row) for row in cells).encode()
    (sample,) = read("deeplabcut", text, name="a.csv")
    assert sample.clip.shape == (2, 2, 17, 3) and not sample.clip[:, 1, 0].any()
    with pytest.raises(BadFile, match=r"a\.csv: coords are x, y, likelihood\. Got 'z'"):
        read("deeplabcut", text.replace(b"coords,x", b"coords,z"), name="a.csv")
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file["tracks"] = np.full((1, 2, 17, 4), 3.0)
        file["node_names"] = [name.encode() for name in reversed(COCO)]
    (sample,) = read("deeplabcut", buffer.getvalue(), name="a.h5")
    assert sample.clip.shape == (1, 4, 17, 2)
    with h5py.File(buffer, "a") as file:
        del file["tracks"]
        file["tracks"] = np.full((1, 2, 16, 4), 3.0)
    with pytest.raises(BadFile, match="16 nodes, but 17 names"):
        read("deeplabcut", buffer.getvalue(), name="a.h5")


@pytest.mark.parametrize("format_", ["c3d", "bvh"])
def test_a_missing_package_is_one_line(format_, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, {"c3d": "c3d", "bvh": "bvhio"}[format_], None)
    with pytest.raises(ValueError, match=r"requires the package .*requirements-extra\.txt"):
        read(format_, b"")


@pytest.mark.parametrize("format_", FORMATS)
def test_bytes_of_another_kind_are_refused(format_, monkeypatch):
    if format_ in ("c3d", "bvh"):
        pytest.importorskip({"c3d": "c3d", "bvh": "bvhio"}[format_])
    for content in (b"", b"\x00" * 100, b"[" * 5000, b"PK\x03\x04", b"\x89HDF\r\n\x1a\n", b"{}"):
        with pytest.raises(ValueError, match=r"a\.x"):
            read(format_, content, name="a.x")


def write_skeleton(folder, *names):
    path = folder / "own.yaml"
    bones = ", ".join(f"{child}: {parent}" for parent, child in pairwise(names))
    path.write_text(f"joints: [{', '.join(names)}]\nbones: {{{bones}}}\nroot: {names[0]}\n")
    return str(path)


BVH = """HIERARCHY
ROOT Hips
{
  OFFSET 0 0 0
  CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
  JOINT Chest
  {
    OFFSET 0 2 0
    CHANNELS 3 Zrotation Xrotation Yrotation
    End Site
    {
      OFFSET 0 1 0
    }
  }
}
MOTION
Frames: 2
Frame Time: 0.04
1 2 3 0 0 0 0 0 0
1 2 3 90 0 0 0 0 0
"""


def test_positions_of_bvh_by_forward_kinematics(tmp_path):
    pytest.importorskip("bvhio")
    skeleton = write_skeleton(tmp_path, "Hips", "Chest")
    (sample,) = read("bvh", BVH.encode(), name="a.bvh", skeleton=skeleton)
    assert sample.rate == pytest.approx(25)
    expected = [[[1, 2, 3], [1, 4, 3]], [[1, 2, 3], [-1, 2, 3]]]  # turned by 90 degrees about z
    np.testing.assert_allclose(sample.clip[0], expected, atol=1e-5)
    for bad in (BVH[:200], BVH.replace("1 2 3 90", "1 2 90"), BVH.replace("}", "", 1)):
        with pytest.raises(BadFile, match=r"a\.bvh"):
            read("bvh", bad.encode(), name="a.bvh", skeleton=skeleton)


def c3d_file(points: np.ndarray, unit: str, *labels: str) -> bytes:
    """Of points (T, markers, x y z residual camera) at 100 Hz."""
    c3d = pytest.importorskip("c3d")
    writer = c3d.Writer(point_rate=100, point_units=unit)
    writer.set_point_labels(list(labels))
    writer.add_frames([(frame, np.zeros((0, 0))) for frame in points.astype(np.float32)])
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the absence of analog data
        writer.write(file)
    return file.getvalue()


@pytest.mark.parametrize(("unit", "factor"), [("mm  ", 1000), ("cm", 100), ("M", 1)])
def test_markers_of_c3d(unit, factor, tmp_path):
    points = np.zeros((4, 3, 5))
    points[..., :3] = np.arange(1, 37).reshape(4, 3, 3)
    points[2, 1, 3:] = -1  # the marker "top" was not seen
    content = c3d_file(points, unit, "other", "top", "hip")
    skeleton = write_skeleton(tmp_path, "hip", "top")
    (sample,) = read("c3d", content, name="a.c3d", skeleton=skeleton)
    assert sample.rate == 100 and sample.clip.shape == (1, 4, 2, 3)
    expected = points[:, [2, 1], :3] / factor
    expected[2, 1] = 0
    np.testing.assert_allclose(sample.clip[0], expected, rtol=1e-6)


def test_markers_of_another_unit_or_fewer_frames_than_announced_are_refused(tmp_path):
    skeleton, points = write_skeleton(tmp_path, "hip", "top"), np.zeros((200, 2, 5))
    with pytest.raises(BadFile, match=r"a\.c3d has the unit 'ft'"):
        read("c3d", c3d_file(points, "ft", "hip", "top"), name="a.c3d", skeleton=skeleton)
    content = c3d_file(points, "mm", "hip", "top")[:-1024]
    with pytest.raises(BadFile, match=r"a\.c3d has 1\d\d frames, but announces 200"):
        read("c3d", content, name="a.c3d", skeleton=skeleton)


@pytest.mark.parametrize("compressed", [True, False])
def test_every_kind_of_number_of_matlab_is_read_and_others_are_passed_over(compressed):
    arrays = {
        name: (np.arange(6).reshape(1, 2, 3) * 7 % 100).astype(name)
        for name in ("f4", "f8", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8")
    }
    others = {"text": "abc", "cell": np.array([1, "a"], object), "struct": {"a": 1}}
    others |= {"complex": np.ones((2, 2), complex), "small": np.ones((1, 1))}
    buffer = io.BytesIO()
    savemat(buffer, arrays | others, do_compression=compressed)
    found = arrays_of(buffer.getvalue())
    assert set(found) == {*arrays, "small"}
    for name, array in arrays.items():
        assert np.array_equal(found[name], array) and found[name].dtype == array.dtype


def test_the_index_of_an_archive_is_read_once(tmp_path, monkeypatch):
    """Not for every member, which took hours for the 56,880 clips of NTU RGB+D."""
    path = tmp_path / "many.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(20):
            archive.writestr(f"{number:02d}.json", str(number))
    opened = []
    original = zipfile.ZipFile.__init__

    def counted(self, *args, **kwargs):
        opened.append(args)
        original(self, *args, **kwargs)

    monkeypatch.setattr(zipfile.ZipFile, "__init__", counted)
    assert [raw.content() for raw in members_of(path)] == [b"%d" % i for i in range(20)]
    assert len(opened) == 1


MANY = RNG.normal(size=(6, 5, 17, 3))  # (N, T, V, C)
ALONG = {
    "NTVC": MANY,
    "TVCN": MANY.transpose(1, 2, 3, 0),
    "NTV*C": MANY.reshape(6, 5, 51),
    "NCTVM": np.stack([MANY, MANY + 1], axis=-1).transpose(0, 3, 1, 2, 4),
}


def file_of(format_: str, array: np.ndarray, **told: np.ndarray) -> bytes:
    """A file of an array and others."""
    file = io.BytesIO()
    if format_ == "npy":
        np.save(file, array)
    elif format_ == "npz":
        np.savez(file, X=array, **told)
    elif format_ == "mat":
        savemat(file, {"X": array, **told})
    elif format_ == "hdf5":
        with h5py.File(file, "w") as content:
            for name, value in {"X": array, **told}.items():
                content[name] = value.astype("S") if value.dtype.kind == "U" else value
    else:
        lists = {name: value.tolist() for name, value in told.items()}
        return json.dumps({"X": array.tolist(), **lists}).encode()
    return file.getvalue()


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
