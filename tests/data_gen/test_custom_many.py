"""Files of many clips: tables, arrays with their classes, and files of any size."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
from own_recordings import SETTINGS, clip, failing, make, write

from data_gen import custom_gendata
from data_gen.custom.checks import check
from data_gen.custom.files import find_files
from data_gen.raw_formats import Custom, find_clips, named_format, raw_format
from data_gen.readers.bad_files import BadFile
from data_gen.readers.found import single_file
from formats.labels import load_labels
from formats.manifest import read_manifest
from graph.named import skeleton_class


@pytest.fixture
def folder(tmp_path):
    return make(tmp_path)


@pytest.mark.parametrize("kind", ["wide", "long"])
def test_a_table_may_hold_many_clips(tmp_path, kind):
    """As of a data set in two tables: one of the joints of all videos, one of their classes."""
    names = skeleton_class("coco17").joint_names
    rows, header = [], ["video", "frame", "joint", "x", "y", "z"]
    if kind == "wide":
        header = ["video", "frame", *(f"{axis}_{name}" for name in names for axis in "xyz")]
    for video in range(8):
        for t, joints in enumerate(clip(video % 2 + 1, np.random.default_rng(video), 5 + video)):
            if kind == "wide":
                rows.append([video, t, *joints.flatten()])
            else:
                rows += [[video, t, name, *xyz] for name, xyz in zip(names, joints, strict=True)]
    lines = [",".join(map(str, row)) for row in [header, *rows]]
    (tmp_path / "joints.csv").write_text("\n".join(lines))
    labels = [f"{video},{('wave', 'clap')[video % 2]}" for video in range(8)]
    (tmp_path / "labels.csv").write_text("\n".join(["video,class", *labels]))
    columns = {"columns": "{axis}_{joint}"} if kind == "wide" else {}
    argv = write(
        tmp_path, files="joints.csv", reader={"format": "csv", "clip": "video", **columns},
        label={"csv": "labels.csv", "file": "video", "column": "class"}, classes=None, subject=None,
        split={"fraction": 0.25}, normalise="none",
    )  # fmt: skip
    custom_gendata.main([*argv, "--max-file-mb", "0.001"])  # of a file of one clip
    found = {}
    for part, count in (("train", 6), ("val", 2)):
        clips = np.load(tmp_path / "data" / f"{part}_data_joint.npy")
        numbers, labels = load_labels(tmp_path / "data" / f"{part}_label.pkl")
        assert clips.shape == (count, 3, 12, 17, 1)
        found |= {n: (array, label) for n, array, label in zip(numbers, clips, labels, strict=True)}
    assert sorted(found) == [str(video) for video in range(8)]
    for name, (array, label) in found.items():
        expected = clip(int(name) % 2 + 1, np.random.default_rng(int(name)), 5 + int(name))
        assert label == 1 - int(name) % 2 and array.any(axis=(0, 2, 3)).sum() == 5 + int(name)
        np.testing.assert_allclose(array[:, 0, :, 0], expected[0].T, rtol=1e-5)
    raw = raw_format(read_manifest(tmp_path / "data"))
    samples = raw.read(single_file(tmp_path / "joints.csv"))
    assert [sample.name for sample in samples] == [str(video) for video in range(8)]


def test_a_table_without_the_column_of_clips_is_said(tmp_path, capsys):
    (tmp_path / "joints.csv").write_text("frame,joint,x,y\n0,0,1,2\n")
    reader = {"format": "csv", "clip": "video"}
    argv = write(tmp_path, files="joints.csv", reader=reader, label={"folder": 1}, subject=None,
                 split={"fraction": 0.5})  # fmt: skip
    assert "joints.csv has no column 'video'" in failing(capsys, argv)


def test_files_may_be_as_large_as_is_said(tmp_path):
    """What --max-file-mb allows is read, and a file of many clips has any size."""
    for name in ("a01_s1.npz", "all.pkl"):
        with (tmp_path / name).open("wb") as file:
            file.truncate(65_000_000)
    own = check({**SETTINGS, "files": "*.npz"})
    with pytest.raises(BadFile, match="has 65 MB, more than --max-file-mb 64"):
        find_files(own, tmp_path)[0].content()
    assert len(find_files(own, tmp_path, 100)[0].content()) == 65_000_000
    pyskl = check({**SETTINGS, "files": "all.pkl", "reader": {"format": "pyskl"}})
    assert len(find_files(pyskl, tmp_path)[0].content()) == 65_000_000


def arrays_and_labels(folder: Path) -> dict:
    """X_test.npy and X_train.npy of many clips, with classes beside them; the settings for them."""
    for seed, (part, count) in enumerate({"test": 4, "train": 9}.items()):
        rng = np.random.default_rng(seed)
        clips = [clip(number % 3 + 1, rng, 12) for number in range(count)]
        np.save(folder / f"X_{part}.npy", np.stack(clips))
        np.save(folder / f"y_{part}.npy", np.eye(3)[np.arange(count) % 3])
    return {
        "files": "X_*.npy", "reader": {"format": "npy", "axes": "NTVC"}, "subject": None,
        "label": {"npy": ["y_test.npy", "y_train.npy"]}, "normalise": "none",
        "split": {"regex": "X_(train|test)", "val": "test"},
    }  # fmt: skip


@pytest.mark.parametrize("files", ["X_*.npy", "X.zip"])
def test_arrays_of_many_clips_with_their_classes(tmp_path, files):
    settings = arrays_and_labels(tmp_path) | {"files": files}
    with zipfile.ZipFile(tmp_path / "X.zip", "w") as archive:
        for path in tmp_path.glob("X_*.npy"):
            archive.write(path, path.name)
    limit = "0.001" if files == "X_*.npy" else "64"
    custom_gendata.main([*write(tmp_path, **settings), "--max-file-mb", limit])
    for part, name, count in (("train", "train", 9), ("val", "test", 4)):
        clips = np.load(tmp_path / "data" / f"{part}_data_joint.npy")
        names, labels = load_labels(tmp_path / "data" / f"{part}_label.pkl")
        assert names == [f"X_{name}_{number:06d}" for number in range(count)]
        assert labels == [number % 3 for number in range(count)]
        expected = np.load(tmp_path / f"X_{name}.npy").transpose(0, 3, 1, 2)[..., None]
        np.testing.assert_allclose(clips, expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("label", "said"),
    [
        ({"npy": "y_test.npy"}, "/X_train.npy. Got 1."),
        ({"npy": ["y_train.npy", "y_test.npy"]}, "of shape (9, 3), no class for each of 4."),
        ({"npy": "none.npy"}, "npy: "),
        ({"npy": "X_test.npy"}, "npy has float64 of shape (4, 12, 17, 3), no class for each"),
        ({"npy": 3}, "label: npy must be text or a list"),
    ],
)
def test_classes_that_do_not_fit_are_one_line(tmp_path, capsys, label, said):
    settings = arrays_and_labels(tmp_path) | {"label": label}
    argv = write(tmp_path, **settings)
    assert said in failing(capsys, [*argv, "--strict"])


def test_one_clip_a_file_has_no_array_of_classes(folder, capsys):
    np.save(folder / "y.npy", np.arange(24))
    argv = [*write(folder, label={"npy": "y.npy"}), "--strict"]
    assert "is one clip. npy requires the axis N in axes." in failing(capsys, argv)


def test_a_file_of_many_clips_of_any_size_is_predicted_and_drawn(tmp_path):
    """Of one clip --max-file-mb says how large it may be."""
    for name in ("a.npz", "all.pkl"):
        with (tmp_path / name).open("wb") as file:
            file.truncate(65_000_000)
    own = {"dataset": "own", "settings": {**SETTINGS, "files": "*.npz"}}
    pyskl = {"dataset": "own", "settings": {**SETTINGS, "reader": {"format": "pyskl"}}}
    (one,) = find_clips([str(tmp_path)], raw_format(own))
    with pytest.raises(BadFile, match="has 65 MB, more than --max-file-mb 64"):
        one.content()
    (many,) = find_clips([str(tmp_path)], raw_format(pyskl))
    assert len(many.content()) == 65_000_000


def test_settings_of_an_earlier_version_say_where_they_are():
    settings = {**SETTINGS, "reader": {"format": "pyskl", "axes": "TVC"}}
    with pytest.raises(ValueError, match=r"in dataset\.json: .* key 'axes', .* arrays again\."):
        raw_format({"dataset": "own", "settings": settings})


def test_a_yaml_file_is_its_format_whatever_its_name_is(tmp_path, folder):
    settings = write(folder, name="ntu", normalise={"mode": "centre", "centre": "nose"})[1]
    assert isinstance(named_format(settings), Custom)
    settings = write(folder, normalise={"mode": "centre", "centre": "tail"})[1]
    with pytest.raises(ValueError, match=r"^normalise: the skeleton has no joint 'tail'"):
        named_format(settings)
