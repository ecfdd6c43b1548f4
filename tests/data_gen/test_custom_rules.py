"""Which class and which part a clip belongs to, and YAML files that cannot be."""

import json

import numpy as np
import pytest
from own_recordings import SETTINGS, failing, make, write

from data_gen import custom_gendata
from data_gen.custom.checks import READER_KINDS
from data_gen.readers.formats import FORMATS
from formats.labels import load_labels


@pytest.fixture
def folder(tmp_path):
    return make(tmp_path)


@pytest.mark.parametrize(
    ("split", "train", "val"),
    [
        ({"by": "subject", "train": ["1"], "val": [4]}, {1}, {4}),
        ({"fraction": 0.5, "by": "subject", "seed": 3}, None, None),
        ({"csv": "split.csv", "file": "clip", "column": "part"}, {1}, {2}),
        ({"csv": "split.csv", "file": "clip", "column": None, "val": "none"}, {1}, {3}),
        ({"csv": "split.csv", "file": "clip", "train": ["none", "train"]}, {1, 3}, {2}),
    ],
)
def test_rules_of_the_split(folder, split, train, val):
    parts = {"1": "train", "2": "val", "3": "none"}  # the table does not list subject 4
    names = [path.name for path in (folder / "raw").iterdir()]
    lines = ["clip,part", *(f"{name},{parts[name[5]]}" for name in names if name[5] in parts)]
    (folder / "split.csv").write_text("\n".join(lines))
    custom_gendata.main(write(folder, split=split))
    found = [{int(name[5]) for name in load_labels(folder / "data" / f"{part}_label.pkl")[0]}
             for part in ("train", "val")]  # fmt: skip
    assert not found[0] & found[1]
    if train:
        assert found == [train, val]
    else:
        assert len(found[0]) == len(found[1]) == 2


def test_subjects_may_have_leading_zeros(folder):
    """YAML 1.1 would read subject 010 as 8."""
    for path in (folder / "raw").iterdir():
        path.rename(path.with_name(path.name.replace("_s2_", "_s008_").replace("_s3_", "_s010_")))
    argv = write(folder)
    text = (folder / "my.yaml").read_text()
    (folder / "my.yaml").write_text(text.replace("- 1\n  - 2\n  - 3\n", "- 001\n  - 010\n"))
    custom_gendata.main(argv)
    names, _ = load_labels(folder / "data" / "train_label.pkl")
    assert {name.split("_")[1] for name in names} == {"s1", "s010"}


def test_recordings_may_lie_in_the_users_home(folder, monkeypatch):
    monkeypatch.setenv("HOME", str(folder))
    (folder / "elsewhere").mkdir()
    argv = write(folder / "elsewhere", files="~/raw/*.npz")
    custom_gendata.main(argv)
    assert len(load_labels(folder / "elsewhere" / "data" / "train_label.pkl")[0]) == 18


def test_a_key_given_twice_is_one_line(tmp_path, capsys):
    argv = write(tmp_path)
    (tmp_path / "my.yaml").write_text("name: a\nname: b")
    assert "my.yaml is not valid YAML: name is given twice" in failing(capsys, argv)


@pytest.mark.parametrize("how", [{"folder": 2}, {"regex": "^(train|test|odd)/"}])
def test_parts_are_folders(tmp_path, caplog, how):
    for part, takes in {"train": (1, 2), "test": (1,), "odd": (1,)}.items():
        for name in ("clap", "wave"):
            (tmp_path / "raw" / part / name).mkdir(parents=True)
            for take in takes:
                np.savez(tmp_path / f"raw/{part}/{name}/{take}.npz", joints=np.ones((3, 17, 3)))
    changes = {"files": "raw", "label": {"folder": 1}, "classes": None, "subject": None}
    custom_gendata.main(write(tmp_path, **changes, split={**how, "val": ["test"]}))
    train, val = (load_labels(tmp_path / f"data/{p}_label.pkl") for p in ("train", "val"))
    assert train == ([f"train/{n}/{t}.npz" for n in ("clap", "wave") for t in (1, 2)], [0, 0, 1, 1])
    assert val == (["test/clap/1.npz", "test/wave/1.npz"], [0, 1])
    said = "`split` puts 2 clips nowhere: they are left out (odd/clap/1.npz, odd/wave/1.npz)"
    assert said in caplog.text


def test_parts_named_train_and_val_need_no_names(folder):
    for path in (folder / "raw").iterdir():
        path.rename(path.with_name(f"{'val' if '_s4_' in path.name else 'train'}_{path.name}"))
    split = {"regex": "^(train|val)_", "train": None}
    custom_gendata.main(write(folder, split=split, label={"regex": r"a(\d\d)", "first": 1}))
    names, _ = load_labels(folder / "data" / "val_label.pkl")
    assert len(names) == 6 and all(name.startswith("val_") for name in names)


def test_empty_values_leave_the_defaults(folder):
    split = {"fraction": 0.4, "by": "subject"}
    custom_gendata.main(write(folder, split={**split, "seed": 0}))
    expected = load_labels(folder / "data" / "val_label.pkl")
    reader = {**SETTINGS["reader"], "axes": None, "rate": None}
    empty = {"seed": None, "train": None}
    custom_gendata.main(write(folder, split={**split, **empty}, reader=reader))
    assert load_labels(folder / "data" / "val_label.pkl") == expected


def test_classes_by_folder_or_table(folder):
    for path in (folder / "raw").iterdir():
        new = folder / "raw" / f"kind {path.name[2]}" / path.name
        new.parent.mkdir(exist_ok=True)
        path.rename(new)
    custom_gendata.main(write(folder, files="raw", label={"folder": 1}, classes=None))
    manifest = json.loads((folder / "data" / "dataset.json").read_text())
    assert manifest["classes"] == ["kind 1", "kind 2", "kind 3"]
    assert load_labels(folder / "data" / "val_label.pkl")[1] == [0, 0, 1, 1, 2, 2]


def test_classes_by_a_field_of_the_file(folder):
    for path in (folder / "raw").iterdir():
        told = {"label": np.array([int(path.name[2])]), "image": "a.png", "note": "by hand"}
        np.savez(path, joints=np.load(path)["joints"], **told)
    custom_gendata.main(write(folder, label={"field": "label", "first": 1}))
    assert load_labels(folder / "data" / "val_label.pkl")[1] == [0, 0, 1, 1, 2, 2]


@pytest.mark.parametrize(("first", "is_said"), [(1, False), (0, True)])
def test_numbers_of_classes_that_begin_with_1_are_asked_about(folder, caplog, first, is_said):
    label = {"regex": r"a(\d+)", "first": first}
    custom_gendata.main(write(folder, label=label, classes=None))
    said = "no clip is of class 0. If the numbers of classes begin with 1"
    assert (said in caplog.text) == is_said


@pytest.mark.parametrize(
    ("classes", "more", "expected"),
    [
        ([1, 2, 3], {}, [0, 0, 1, 1, 2, 2]),
        ([3, 10, 1, 2], {}, [2, 2, 3, 3, 0, 0]),
        (["1", "2", "3"], {"first": 1}, [0, 0, 1, 1, 2, 2]),
        ([0, 1, 2, 3], {"first": 0}, [1, 1, 2, 2, 3, 3]),
    ],
)
def test_names_of_classes_may_be_numbers(folder, classes, more, expected):
    """Then a01, a02, a03 are names, unless `first` says that they count."""
    custom_gendata.main(write(folder, label={"regex": r"a(\d+)", **more}, classes=classes))
    assert load_labels(folder / "data" / "val_label.pkl")[1] == expected
    manifest = json.loads((folder / "data" / "dataset.json").read_text())
    assert manifest["classes"] == list(map(str, classes))


def test_a_number_that_is_no_class_is_said(folder, capsys):
    argv = [*write(folder, label={"regex": r"a(\d+)"}, classes=[1, 20, 30]), "--strict"]
    assert "2 is none of the classes 1, 20, 30. If numbers count" in failing(capsys, argv)


def test_classes_that_nothing_teaches_are_said(folder, capsys, caplog):
    for path in (folder / "raw").glob("a03_s[123]*"):
        path.unlink()
    custom_gendata.main([*write(folder), "--dry-run"])
    assert "val has classes of which train has no clip: they cannot be" in caplog.text
    assert "recognised: 1 (clap)." in caplog.text
    table = capsys.readouterr().out.splitlines()[-5:]
    assert [line.split() for line in table[1:4]] == [
        ["0", "6", "2", "wave"], ["1", "6", "2", "point"], ["2", "0", "2", "clap"]
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"colour": 1}, "unknown key 'colour'"),
        ({"files": None}, "files is missing"),
        ({"files": "none/*.npz"}, "no files"),
        ({"reader": {"format": "xls"}}, "format must be one of npy"),
        ({"reader": {"format": "npz", "colour": 1}}, "reader: npz does not take the key 'colour'"),
        ({"reader": {"format": "pyskl", "axes": "TVC"}}, "pyskl does not take the key 'axes', but"),
        ({"reader": {"format": "csv", "key": "joints"}}, "csv does not take the key 'key', but"),
        ({"reader": {"format": "npz", "axes": "TV"}}, "axes must be the letters"),
        ({"reader": {"format": "npz", "axes": ""}}, "axes must be the letters"),
        ({"skeleton": "coco18"}, "no skeleton 'coco18'"),
        ({"label": {"regex": "a"}}, "needs a group in brackets"),
        (
            {"label": {"regex": "a(.)", "column": "c"}},
            "label by regex: unknown key 'column'. It ta",
        ),
        ({"label": {"regex": "a(.)", "frist": 1}}, "unknown key 'frist'. It takes regex, first."),
        ({"subject": {"regex": "s(.)", "first": 1}}, "subject by regex: unknown key 'first'. It "),
        ({"label": {"regex": "("}}, "'(' is not a valid regex"),
        ({"label": 3}, "label must have one of csv, field, folder, npy, regex"),
        ({"split": {"by": "camera", "train": [1]}}, "split by camera requires the key camera"),
        ({"split": {"fraction": 2}}, "fraction must be in (0, 1)"),
        ({"split": {"by": "subject", "train": [9]}}, "No sample belongs to train"),
        ({"normalise": "whiten"}, "normalise must be one of"),
        ({"normalise": "ntu"}, "requires joints named hips, spine and shoulders"),
        ({"normalise": {"mode": "centre", "centre": "tail"}}, "no joint 'tail'"),
        ({"frames": 0}, "frames must be 1 or more"),
        ({"frames": None}, "frames is missing"),
        ({"frames": {"most": 3}}, "frames: unknown key 'most'. It takes max."),
        ({"frames": {"max": None}}, "frames must be 1 or more"),
        ({"persons": "many"}, "persons must be 1 or more"),
        ({"classes": "absent.txt"}, "classes: "),
        ({"name": "../up"}, "name must be letters"),
        ({"reader": {"format": ["npz"]}}, "format must be one of npy"),
        ({"reader": {"format": "npz", "rate": [30]}}, "reader: rate must be a number"),
        ({"reader": {"format": "npz", "image": [0, 9]}}, "reader: image must be above 0"),
        ({"reader": {"format": "npz", "image": [1920, "h"]}}, "reader: image must be a list of 2"),
        ({"reader": {"format": "npz", "image": [0, 9], "rate": "fps"}}, "image must be above 0"),
        ({"reader": {"format": "bvh", "rate": "fps"}}, "bvh has no fields. rate and image must be"),
        ({"rate": "fast"}, "rate must be a number"),
        ({"label": {"regex": ["a"]}}, "label: regex must be text"),
        ({"label": {"csv": None}}, "label: csv has no value"),
        ({"split": {"fraction": "half"}}, "split: fraction must be a number"),
        ({"split": {"regex": "train"}}, "split: regex needs a group in brackets"),
        ({"split": {"train": [1]}}, "one of by, csv, field, folder, fraction, lists, regex"),
        ({"split": {"by": "subject", "train": {"a": 1}}}, "split: train must be a list"),
        ({"normalise": {"mode": "centre+scale", "scale": "arm"}}, "scale must be box or torso"),
        ({"classes": {"a": 1}}, "classes must be text or a list"),
        ({"split": {"by": "subject", "trian": [1]}}, "split: unknown key 'trian'. It takes by, tr"),
        (
            {"split": {"fraction": 0.5, "by": "subject", "train": [1]}},
            "split by fraction: unknown key 'train'. It takes fraction, by, seed.",
        ),
        (
            {"split": {"csv": "split.csv", "by": "subject"}},
            "split by csv: unknown key 'by'. It takes csv, file, column, columns, train, val.",
        ),
        ({"normalise": {"mode": "centre", "center": "nose"}}, "normalise: unknown key 'center'"),
        ({"frames": {"max": 300, "min": 10}}, "frames: unknown key 'min'. It takes max."),
        (
            {"split": {"regex": "_(s[12])_", "train": ["s1"]}},
            "split: no clip is of val. Say which of s1, s2 is val, as in {..., val: [NAME]}.",
        ),
    ],
)
def test_settings_that_cannot_be_are_one_line(folder, capsys, changes, said):
    message = failing(capsys, write(folder, **changes))
    assert said in message
    assert not list((folder / "data").glob("*.npy")) if (folder / "data").exists() else True


def test_every_key_of_the_reader_is_of_a_format():
    assert {key for known in FORMATS.values() for key in known.all_keys} == set(READER_KINDS)


def test_track_keeps_people_apart(tmp_path):
    """Two people whom the estimator lists in either order."""
    results = [
        {"image_id": t, "keypoints": [place, 1, 0.9] * 17}
        for t in range(6)
        for place in ((10, 90) if t % 2 else (90, 10))
    ]
    for name in ("wave", "clap"):
        (tmp_path / f"{name}.json").write_text(json.dumps(results))
    argv = write(
        tmp_path, files="*.json", reader={"format": "coco"}, label={"regex": "(wave|clap)"},
        classes=None, subject=None, split={"fraction": 0.5}, normalise="none", persons=2,
    )  # fmt: skip
    spread = []
    for more in ([], ["--track"]):
        custom_gendata.main([*argv, *more])
        (array,) = np.load(tmp_path / "data/train_data_joint.npy")
        spread.append(np.ptp(array[0, :6, 0], axis=0).tolist())
    assert spread == [[80, 80], [0, 0]]


def test_track_of_files_without_people_is_refused(folder, capsys):
    message = failing(capsys, [*write(folder), "--track"])
    assert "npz does not take the key 'track', but format, rate" in message
