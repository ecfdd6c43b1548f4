"""A user's recordings by a YAML file only: arrays, manifest, configs that train."""

import json
import os
import pickle
import shutil
import tarfile
from pathlib import Path

import numpy as np
import pytest
import yaml
from own_recordings import SETTINGS, clip, failing, make, write, write_settings

import main
from data_gen import custom_gendata, ntu_gendata, synthetic, ucla_gendata
from data_gen.custom.settings import ABOUT, CustomSettings
from feeders.feeder import Feeder
from formats.clip_store import StoreSplit
from formats.labels import load_labels
from formats.manifest import read_manifest
from graph.named import skeleton_class
from tools import convert


@pytest.fixture
def folder(tmp_path):
    return make(tmp_path)


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


def test_ntu_rgb_d_by_a_yaml_alone_has_the_clips_of_its_own_command(tmp_path):
    """Its own command repeats clips to 300 frames, and puts who moves more first; here clips end
    with zeros, and two persons stay in the order of the file.
    """
    synthetic.main(["--out-folder", str(tmp_path / "raw"), "--subjects", "1", "--repetitions", "1",
                    "--cameras", "1", "--num-worker", "0"])  # fmt: skip
    argv = f"--data_path {tmp_path / 'raw'} --out_folder {tmp_path / 'ntu'} --benchmark xsub"
    ntu_gendata.main([*argv.split(), "--keep-incomplete", "--part", "train", "--num-worker", "0"])
    custom_gendata.main(write_settings(
        tmp_path, name="mine", files="raw", reader={"format": "ntu", "rate": 30},
        skeleton="ntu_rgb_d", label={"regex": r"A(\d+)", "first": 1}, persons=2, normalise="ntu",
        split={"fraction": 0.2, "by": "clip"}, frames={"max": 300},
    ))  # fmt: skip
    names, labels = load_labels(tmp_path / "ntu/xsub/train_label.pkl")
    own = dict(zip(names, np.load(tmp_path / "ntu/xsub/train_data_joint.npy"), strict=True))
    label_of = dict(zip(names, labels, strict=True))
    seen, alone = [], 0
    for part in ("train", "val"):
        names, labels = load_labels(tmp_path / "data" / f"{part}_label.pkl")
        clips = np.load(tmp_path / "data" / f"{part}_data_joint.npy")
        for name, label, array in zip(names, labels, clips, strict=True):
            assert array.shape == (3, 300, 25, 2)
            if not array[..., 1].any():
                length = np.flatnonzero(array.any(axis=(0, 2, 3)))[-1] + 1
                np.testing.assert_allclose(array[:, :length], own[name][:, :length], atol=2e-6)
                alone += 1
            assert label == label_of[name]
            seen.append(name)
    assert sorted(seen) == sorted(own) and len(seen) == 12 and alone == 9


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
    assert "4 of 26 clips are bad and left out" in message
    report = json.loads((folder / "data" / "gendata_report.json").read_text())
    reasons = {Path(clip["file"]).name: clip["reason"] for clip in report["bad"]}
    assert (
        "not an .npz file" in reasons["a01_s1_t0.npz"] and "20 joints" in reasons["a02_s2_t0.npz"]
    )
    assert "class 8 is not 0 to 2" in reasons["a09_s2_t9.npz"]
    assert "is not in its name" in reasons["other.npz"]
    assert report["num_usable"] == 22


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


@pytest.mark.parametrize("format_", ["dense", "compact"])
def test_names_that_are_not_utf8_are_kept_as_their_escapes(folder, format_):
    """As of an archive from a Chinese Windows, unpacked on Linux."""
    wave = os.fsdecode("\u6325\u624b".encode("gbk"))
    try:
        (folder / "raw" / wave).mkdir()
    except OSError:
        pytest.skip("a file system that takes only UTF-8")
    for path in (folder / "raw").glob("*.npz"):
        path.rename(path.parent / wave / f"{wave}_{path.name}")
    rules = {"label": {"folder": 1}, "classes": None, "split": {"fraction": 0.3}}
    custom_gendata.main([*write(folder, files="raw", **rules), "--format", format_])
    escaped = r"\udcbb\udcd3\udcca\udcd6"
    assert read_manifest(folder / "data")["classes"] == [escaped]
    if format_ == "dense":
        names, _ = load_labels(folder / "data" / "val_label.pkl")
    else:
        names = StoreSplit(folder / "data" / "clips", "val").names
    assert len(names) == 7 and all(name.startswith(escaped) for name in names)


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
