"""A user's recordings by a YAML file only: arrays, manifest, configs that train."""

import json
import os
import pickle
import shutil
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
import yaml
from one_error import error_of

import main
from data_gen import custom_gendata, ucla_gendata
from data_gen.pipeline.custom_plan import find_files
from data_gen.pipeline.custom_settings import ABOUT, CustomSettings, check
from data_gen.raw_formats import raw_format
from data_gen.readers.bad_files import BadFile
from data_gen.readers.found import single_file
from feeders.feeder import Feeder
from formats.clip_store import StoreSplit
from formats.labels import load_labels
from formats.manifest import read_manifest
from graph.named import skeleton_class
from tools import convert

SETTINGS = {
    "name": "gestures",
    "files": "raw/*.npz",
    "reader": {"format": "npz", "key": "joints", "axes": "TVC"},
    "skeleton": "coco17",
    "label": {"regex": r"a(\d+)", "first": 1},
    "classes": ["wave", "point", "clap"],
    "subject": {"regex": r"s(\d+)"},
    "split": {"by": "subject", "train": [1, 2, 3]},
    "normalise": "centre+scale",
    "frames": 12,
}


def clip(action, rng, frames=10):
    """(T, 17, 3): how far the joints swing is the class."""
    body = np.random.default_rng(0).normal(size=(17, 3))
    swing = np.sin(np.arange(frames) / 2)[:, None, None] * action
    return body + swing * np.arange(17)[None, :, None] / 17 + rng.normal(0, 0.01, (frames, 17, 3))


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "raw").mkdir()
    rng = np.random.default_rng(1)
    for subject in range(1, 5):
        for action in (1, 2, 3):
            for take in range(2):
                path = tmp_path / "raw" / f"a{action:02d}_s{subject}_t{take}.npz"
                np.savez(path, joints=clip(action, rng, 10 + subject + 5 * take))
    return tmp_path


def write(folder: Path, **changes) -> list[str]:
    path = folder / "my.yaml"
    path.write_text(yaml.safe_dump({**SETTINGS, **changes}))
    return ["--config", str(path), "--out-folder", str(folder / "data"),
            "--config-folder", str(folder / "config")]  # fmt: skip


def failing(capsys, argv) -> str:
    return error_of(lambda: custom_gendata.main(argv), capsys, may_warn=True)


@pytest.mark.parametrize("format_", ["dense", "compact"])
def test_files_become_arrays_that_train(folder, format_, monkeypatch):
    custom_gendata.main([*write(folder), "--format", format_])
    manifest = json.loads((folder / "data" / "dataset.json").read_text())
    assert manifest["classes"] == ["wave", "point", "clap"] and manifest["skeleton"] == "coco17"
    assert manifest["counts"] == {"train": 18, "val": 6}
    if format_ == "dense":
        clips = np.load(folder / "data" / "train_data_joint.npy")
        assert clips.shape == (18, 3, 12, 17, 1) and np.abs(clips).max() == 1
        assert not clips[:, :, 0, 0].any()  # the nose of the first frame
        names, labels = load_labels(folder / "data" / "val_label.pkl")
        assert names[0] == "a01_s4_t0.npz" and labels == [0, 0, 1, 1, 2, 2]
    else:
        store = StoreSplit(folder / "data" / "clips", "train")
        assert store.subjects == [1, 1, 2, 2, 3, 3] * 3
    monkeypatch.chdir(folder)
    for stream in ("joint", "bone"):
        argv = ["--config", str(folder / "config" / f"train_{stream}.yaml"), "--device", "cpu"]
        argv += ["--batch-size", "6", "--forward-batch-size", "6", "--num-epoch", "3", "--half",
        "no",
                 "--model-args", "{width: 6, num_gcn_scales: 2, num_g3d_scales: 1}",
                 "--num-worker", "0", "--eval-interval", "1"]  # fmt: skip
        main.main(argv)
        summary = json.loads((folder / f"work_dir/gestures/{stream}/summary.json").read_text())
        assert summary["epochs"] == 3


NUMBERED = {"clap": ("000", "001"), "wave": ("000", "001", "002")}


@pytest.fixture
def class_folders(tmp_path):
    """raw/<class>/<number>.npz, as many keep their clips: files of one name in several folders.

    The joints of a class are its number plus a tenth of the clip's.
    """
    for label, (name, takes) in enumerate(NUMBERED.items()):
        (tmp_path / "raw" / name).mkdir(parents=True)
        for take, stem in enumerate(takes):
            joints = np.full((4, 17, 3), 1 + label + take / 10)
            np.savez(tmp_path / "raw" / name / f"{stem}.npz", joints=joints)
    shutil.make_archive(str(tmp_path / "raw"), "zip", tmp_path / "raw")
    return tmp_path


@pytest.mark.parametrize(
    ("files", "format_"), [("raw", "dense"), ("raw", "compact"), ("raw.zip", "dense")]
)
def test_files_of_one_name_in_several_folders_are_clips_of_their_own(class_folders, files, format_):
    changes = {"files": files, "label": {"folder": 1}, "classes": None, "subject": None,
               "split": {"fraction": 0.4, "by": "clip"}, "normalise": "none"}  # fmt: skip
    custom_gendata.main([*write(class_folders, **changes), "--format", format_])
    found = {}
    for part, count in (("train", 3), ("val", 2)):
        if format_ == "compact":
            clips = StoreSplit(class_folders / "data" / "clips", part)
            names, labels = clips.names, clips.labels
        else:
            clips = np.load(class_folders / "data" / f"{part}_data_joint.npy")
            names, labels = load_labels(class_folders / "data" / f"{part}_label.pkl")
        assert len(names) == count
        for i, name in enumerate(names):
            found[name] = labels[i], clips[i].max()
    expected = {
        f"{name}/{stem}.npz": (label, pytest.approx(1 + label + take / 10))
        for label, (name, takes) in enumerate(NUMBERED.items())
        for take, stem in enumerate(takes)
    }
    assert found == expected
    recipe = yaml.safe_load((class_folders / "config" / "recipe.yaml").read_text())
    assert recipe["batch_size"] == recipe["forward_batch_size"] == 3  # as there are clips
    assert recipe["precise_bn"]


def test_of_a_folder_only_files_of_the_format_are_clips(class_folders, caplog):
    raw = class_folders / "raw"
    (raw / "README.txt").write_text("what these are")
    (raw / "clap" / "000.npz").rename(raw / "clap" / "000.NPZ")
    changes = {"files": "raw", "label": {"folder": 1}, "classes": None, "subject": None,
               "split": {"fraction": 0.4}}  # fmt: skip
    custom_gendata.main(write(class_folders, **changes))
    report = json.loads((class_folders / "data" / "gendata_report.json").read_text())
    assert report["num_files"] == report["num_usable"] == 5
    assert "ignored files whose names do not end with .npz: 1 (README.txt)" in caplog.text
    for path in raw.glob("*/*.*"):
        path.rename(path.with_suffix(".dat"))  # none has the ending: all are taken
    (raw / "README.txt").unlink()
    custom_gendata.main(write(class_folders, **changes))


def test_a_table_among_the_recordings_is_no_recording(tmp_path):
    (tmp_path / "raw").mkdir()
    joints = np.arange(51).reshape(1, 51) + np.zeros((3, 1))
    names = [f"{j}_{axis}" for j in skeleton_class("coco17").joint_names for axis in "xyz"]
    lines = ["file,label"]
    for number in range(4):
        path = tmp_path / "raw" / f"{number}.csv"
        np.savetxt(path, joints, delimiter=",", header=",".join(names), comments="")
        lines.append(f"{number},{number % 2}")
    (tmp_path / "raw" / "labels.csv").write_text("\n".join(lines))
    custom_gendata.main(write(
        tmp_path, files="raw", reader={"format": "csv", "columns": "{joint}_{axis}"},
        label={"csv": "raw/labels.csv"}, classes=None, subject=None, split={"fraction": 0.5},
    ))  # fmt: skip
    report = json.loads((tmp_path / "data" / "gendata_report.json").read_text())
    assert report["num_files"] == report["num_usable"] == 4


def test_a_config_that_no_longer_fits_is_kept_and_said(class_folders, caplog):
    changes = {"files": "raw", "label": {"folder": 1}, "classes": None, "subject": None,
               "split": {"fraction": 0.4}, "normalise": "none"}  # fmt: skip
    argv = write(class_folders, **changes)
    custom_gendata.main(argv)
    custom_gendata.main(argv)
    assert not caplog.text
    shutil.copytree(class_folders / "raw" / "wave", class_folders / "raw" / "zoom")
    custom_gendata.main(argv)
    path = class_folders / "config" / "network.yaml"
    said = f"{path} stays as it is, but the data have changed (num_class: 2, now 3). Remove it"
    assert said in caplog.text
    assert yaml.safe_load(path.read_text())["model_args"]["num_class"] == 2
    path.write_text("model_args: [")
    custom_gendata.main(argv)


def test_folders_of_frames_lie_in_folders_of_classes(tmp_path, caplog):
    for name, takes in NUMBERED.items():
        for take in takes:
            folder = tmp_path / "raw" / name / take
            folder.mkdir(parents=True)
            for frame in range(3):
                points = np.random.default_rng(frame).uniform(1, 9, 75).tolist()
                content = {"people": [{"pose_keypoints_2d": points}]}
                (folder / f"{frame:012d}_keypoints.json").write_text(json.dumps(content))
    (tmp_path / "raw" / "about.json").write_text("{}")  # beside the classes: no frame
    changes = {"files": "raw", "reader": {"format": "openpose"}, "skeleton": "openpose_body25",
               "label": {"folder": 1}, "classes": None, "subject": None,
               "split": {"fraction": 0.4}}  # fmt: skip
    custom_gendata.main(write(tmp_path, **changes))
    data = tmp_path / "data"
    train, val = (load_labels(data / f"{part}_label.pkl")[0] for part in ("train", "val"))
    assert sorted(train + val) == [f"{name}/{t}" for name in NUMBERED for t in NUMBERED[name]]
    assert "nobody" not in caplog.text
    (tmp_path / "raw" / "wave" / "003").mkdir()
    custom_gendata.main(write(tmp_path, **changes))
    assert "clips kept with nobody in them: 1 (wave/003)" in caplog.text


def test_tables_name_such_files_by_as_much_of_the_path_as_is_wanted(class_folders, capsys):
    rows = ["file,label,part,who", "clap/000,clap,train,ann", "raw/wave/000.npz,wave,train,ann",
            "clap/001.npz,clap,val,bob", "wave/001,wave,val,bob", "002,wave,train,ann"]  # fmt: skip
    (class_folders / "all.csv").write_text("\n".join(rows))
    table = {"csv": "all.csv"}
    changes = {"files": "raw", "label": table, "classes": ["wave", "clap"], "subject": None,
               "split": {**table, "column": "part"}}  # fmt: skip
    custom_gendata.main(write(class_folders, **changes))
    train, val = (
        load_labels(class_folders / f"data/{part}_label.pkl") for part in ("train", "val")
    )
    assert train == (["clap/000.npz", "wave/000.npz", "wave/002.npz"], [1, 0, 0])
    assert val == (["clap/001.npz", "wave/001.npz"], [1, 0])
    (class_folders / "all.csv").write_text("file,label\n000,clap\n000,wave\n")
    line = failing(capsys, write(class_folders, **changes | {"split": {"fraction": 0.5}}))
    assert "all.csv has 'clap' and 'wave' for '000'. Where files share a name" in line


def test_nw_ucla_by_a_yaml_alone_is_byte_for_byte_that_of_its_own_command(tmp_path):
    rng = np.random.default_rng(0)
    names = [
        f"a{a:02d}_s{s:02d}_e00_v{v:02d}.json"
        for a in (1, 4, 12)
        for s in (1, 2)
        for v in (1, 2, 3)
    ]
    for number, name in enumerate(names):
        skeletons = rng.normal(size=(3 + number % 5, 20, 3))
        skeletons[0, 7] = 0  # not seen
        content = {"label": number % 10 + 1, "skeletons": skeletons.tolist()}
        (tmp_path / name).write_text(json.dumps(content))
    archive = tmp_path / "all_sqe.tar.xz"
    with tarfile.open(archive, "w:xz") as file:
        for name in names:
            file.add(tmp_path / name, arcname=f"all_sqe/{name}")
    ucla_gendata.main(["--data-path", str(archive), "--out-folder", str(tmp_path / "ucla")])
    custom_gendata.main(write(
        tmp_path, files="all_sqe.tar.xz", reader={"format": "json", "path": "skeletons"},
        skeleton="kinect_v1", label={"field": "label", "first": 1}, classes=None,
        subject={"regex": r"_s(\d+)"}, camera={"regex": r"_v(\d+)"},
        split={"by": "camera", "train": [1, 2]}, frames=None,
        normalise={"mode": "centre+scale", "centre": "spine"},
    ))  # fmt: skip
    for name in ("train_data_joint.npy", "train_label.pkl", "val_data_joint.npy", "val_label.pkl"):
        assert (tmp_path / "data" / name).read_bytes() == (tmp_path / "ucla" / name).read_bytes()


def test_bad_files_are_left_out_and_named(folder, capsys):
    raw = folder / "raw"
    (raw / "a01_s1_t0.npz").write_bytes(b"PK")
    np.savez(raw / "a02_s2_t0.npz", joints=np.ones((3, 20, 3)))
    np.savez(raw / "a09_s2_t9.npz", joints=np.ones((3, 17, 3)))
    np.savez(raw / "other.npz", joints=np.ones((3, 17, 3)))
    message = failing(capsys, write(folder))
    assert "4 of 26 files are bad and left out" in message
    report = json.loads((folder / "data" / "gendata_report.json").read_text())
    reasons = {Path(clip["file"]).name: clip["reason"] for clip in report["bad"]}
    assert (
        "not an .npz file" in reasons["a01_s1_t0.npz"] and "20 joints" in reasons["a02_s2_t0.npz"]
    )
    assert "class 8 is not 0 to 2" in reasons["a09_s2_t9.npz"]
    assert "is not in its name" in reasons["other.npz"]
    assert report["num_usable"] == 22


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


def test_rate_and_size_of_the_image_by_fields_of_the_file(folder):
    """Every file has its own: files of more frames a second are longer, not slower."""
    for number, path in enumerate(sorted((folder / "raw").iterdir()), start=1):
        frames, width = (10, 400) if number % 2 else (20, 800)
        joints = np.full((frames, 17, 2), width / 2)  # in the middle of the image,
        joints[:, 16, 0] += width / 4  # but the last one
        told = {"fps": frames, "width": float(width), "height": width, "none": 0}
        np.savez(path, joints=joints, **(told if number > 1 else told | {"fps": "fast"}))
    reader = {"format": "npz", "rate": "fps", "image": ["width", "height"]}
    argv = write(folder, reader=reader, normalise="none", rate=10, frames={"max": 30})
    with pytest.raises(ValueError, match="the field 'fps' is 'fast', no number above 0"):
        custom_gendata.main(argv)
    clips = np.load(folder / "data" / "train_data_joint.npy")
    assert set(np.unique(clips)) == {0, 0.25} and clips.shape[0] == 17
    assert (clips[:, 0, :, 16, 0] == 0.25).sum(axis=1).tolist() == [10] * 17


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"colour": 1}, "unknown key 'colour'"),
        ({"files": None}, "files is missing"),
        ({"files": "none/*.npz"}, "no files"),
        ({"reader": {"format": "xls"}}, "format must be one of npy"),
        ({"reader": {"format": "npz", "colour": 1}}, "reader: unknown key 'colour'"),
        ({"reader": {"format": "npz", "axes": "TV"}}, "axes must be the letters"),
        ({"skeleton": "coco18"}, "no skeleton 'coco18'"),
        ({"label": {"regex": "a"}}, "needs a group in brackets"),
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
        ({"split": {"train": [1]}}, "split must have one of by, csv, field, folder, fraction, reg"),
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
            "split by csv: unknown key 'by'. It takes csv, file, column, train, val.",
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


def test_every_key_is_documented(capsys):
    custom_gendata.main(["--help-config"])
    text = capsys.readouterr().out
    assert set(ABOUT) == {*CustomSettings.__dataclass_fields__}
    assert all(f"\n{name} (" in text for name in ABOUT)


@pytest.mark.skipif(os.name == "nt", reason="forks")
def test_no_byte_depends_on_the_number_of_workers(folder):
    for i in range(60):  # so that two workers start
        path = folder / "raw" / f"a01_s1_t{i + 10}.npz"
        np.savez(path, joints=clip(1, np.random.default_rng(i)))
    contents = []
    for workers in ("1", "2"):
        custom_gendata.main([*write(folder), "--num-worker", workers, "--format", "compact"])
        contents.append((folder / "data" / "clips" / "joints.npy").read_bytes())
    assert contents[0] == contents[1]


def test_frame_rates_and_lengths(folder):
    reader = {**SETTINGS["reader"], "rate": 30}
    custom_gendata.main(write(folder, reader=reader, rate=15, frames={"max": 8}))
    report = json.loads((folder / "data" / "gendata_report.json").read_text())
    # Clips have 11 to 19 frames, at half the rate 6 to 10: those of more than 8 are cut.
    assert {name[4:9] for name in report["cut"]} == {"s3_t1", "s4_t1"}
    assert np.load(folder / "data" / "train_data_joint.npy").shape[2] == 8


def test_a_confidence_is_told_to_whatever_uses_the_arrays(folder):
    for path in (folder / "raw").iterdir():
        joints = np.load(path)["joints"] * 100
        joints[..., 2] = 0.5
        np.savez(path, joints=joints)
    custom_gendata.main(write(folder, reader={**SETTINGS["reader"], "score": "keep"}))
    assert read_manifest(folder / "data")["has_score"]
    clips = np.load(folder / "data" / "train_data_joint.npy")
    recorded = clips.any(axis=(1, 3, 4), keepdims=True)
    assert np.abs(clips[:, :2]).max() == 1 and set(np.unique(clips[:, 2])) <= {0, 0.5}
    assert recorded.any()
    where = {"data_path": str(folder / "data" / "train_data_joint.npy"),
             "label_path": str(folder / "data" / "train_label.pkl")}  # fmt: skip
    with pytest.raises(ValueError, match="of which the last is a confidence"):
        Feeder(**where, random_rotation=[10])
    clip, _, _ = Feeder(**where, random_scale=[2, 3])[0]
    assert np.abs(clip[:2]).max() >= 2 and clip[2].max() == 0.5
    convert.main(["--data", str(folder / "data"), "--to", "pyskl", "--out", str(folder / "a.pkl")])
    annotation = pickle.loads((folder / "a.pkl").read_bytes())["annotations"][0]
    assert annotation["keypoint"].shape[-1] == 2 and (annotation["keypoint_score"] == 0.5).all()


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


@pytest.mark.parametrize("kind", ["wide", "long"])
def test_a_table_may_hold_many_clips(tmp_path, kind, monkeypatch):
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
        ({"npy": "y_test.npy"}, "X_train.npy: npy names no file for it."),
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


def test_parts_named_train_and_val_need_no_names(folder):
    for path in (folder / "raw").iterdir():
        path.rename(path.with_name(f"{'val' if '_s4_' in path.name else 'train'}_{path.name}"))
    split = {"regex": "^(train|val)_", "train": None}
    custom_gendata.main(write(folder, split=split, label={"regex": r"a(\d\d)", "first": 1}))
    names, _ = load_labels(folder / "data" / "val_label.pkl")
    assert len(names) == 6 and all(name.startswith("val_") for name in names)
