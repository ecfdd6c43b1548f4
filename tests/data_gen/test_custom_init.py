"""What --init proposes: from samples or a folder of recordings to a YAML file that works."""

import json
import pickle
from pathlib import Path

import h5py
import numpy as np
import pytest
import yaml
from own_recordings import failing
from read_raw import file_of

from data_gen import custom_gendata
from data_gen.custom import look
from data_gen.custom.axes import likely_axes
from data_gen.custom.checks import check
from data_gen.custom.propose import propose
from graph.named import skeleton_class

RNG = np.random.default_rng(0)


@pytest.fixture
def folder(tmp_path):
    """24 files of three actions by four subjects, in one folder."""
    (tmp_path / "raw").mkdir()
    for subject in range(1, 5):
        for action in (1, 2, 3):
            for take in range(2):
                path = tmp_path / "raw" / f"a{action:02d}_s{subject}_t{take}.npz"
                np.savez(path, joints=RNG.normal(size=(10 + subject, 17, 3)))
    return tmp_path


def proposed(root, *named):
    """The settings that are proposed, after the plan was made of them without an error."""
    path = root / "proposed.yaml"
    path.write_text(propose([root / name for name in named], root))
    custom_gendata.main(["--config", str(path), "--out-folder", str(root / "data"), "--dry-run"])
    return check(yaml.safe_load(path.read_text()))


def test_a_folder_is_as_good_as_its_files(folder, capsys):
    (folder / "raw" / "notes.md").write_text("recorded on a Monday")
    settings = proposed(folder, "raw")
    assert settings.files == "raw" and settings.reader == {"format": "npz", "axes": "TVC"}
    assert settings.split == {"fraction": 0.2, "by": "subject", "seed": 0}
    assert "24 clips" in capsys.readouterr().out


def test_folders_may_be_called_as_a_pattern(folder, capsys):
    root = (folder / "raw").rename(folder / "takes [1]").parent.rename(folder.with_name("mine [2]"))
    names = [path.relative_to(root) for path in sorted(root.glob("*/*.npz"))]
    for named in (["takes [1]"], names):  # the folder, and files
        settings = proposed(root, *named)
        assert settings.split["by"] == "subject"
        assert "24 clips" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("shape", "others", "axes", "joints"),
    [
        ((40, 17, 3), [], "TVC", 17),
        ((3, 40, 17), [], "CTV", 17),
        ((17, 40, 3), [], "VTC", 17),
        ((25, 17, 3), [], "TVC", 17),  # 25 could be joints, too
        ((17, 25, 3), [(17, 30, 3), ()], "VTC", 17),  # but not if their number differs
        ((17, 25, 3), [(20, 25, 3)], "TVC", 25),
        ((2, 40, 17, 3), [], "MTVC", 17),  # two persons, not two channels
        ((2, 40, 17, 2), [], "MTVC", 17),
        ((3, 300, 25, 2), [], "CTVM", 25),  # as in ST-GCN's arrays
        ((40, 2, 17, 3), [], "TMVC", 17),
        ((1, 17, 17, 3), [], "MTVC", 17),
        ((400, 60, 17, 3), [], "NTVC", 17),  # 60 persons are too many
        ((60, 3, 400, 17), [], "NCTV", 17),
        ((400, 3, 300, 25, 2), [], "NCTVM", 25),  # as of ST-GCN
        ((400, 2, 60, 17, 3), [], "NMTVC", 17),
    ],
)
def test_axes_are_told_by_their_sizes(shape, others, axes, joints):
    assert likely_axes(shape, others) == (axes, joints)


def test_other_files_tell_frames_from_joints(tmp_path):
    (tmp_path / "raw").mkdir()
    for take, frames in enumerate((25, 30, 20)):
        np.savez(tmp_path / "raw" / f"a1_s{take}.npz", joints=RNG.normal(size=(17, frames, 3)))
    (tmp_path / "raw" / "a1_s9.npz").write_bytes(b"damaged")
    text = propose([tmp_path / "raw"], tmp_path)
    assert yaml.safe_load(text)["reader"] == {"format": "npz", "axes": "VTC"}


def test_folders_called_train_and_test_are_the_split(tmp_path):
    for part in ("train", "test"):
        for action in ("wave", "clap"):
            (tmp_path / "raw" / part / action).mkdir(parents=True)
            for take in range(2):
                name = tmp_path / "raw" / part / action / f"clip{take}.npy"
                np.save(name, RNG.normal(size=(10, 17, 3)))
    settings = proposed(tmp_path, "raw")
    assert settings.label == {"folder": 1}
    assert settings.split == {"folder": 2, "train": ["train"], "val": ["test"]}


@pytest.mark.parametrize(
    ("last", "places", "is_score"),
    [((0, 1), 640, True), ((0, 1), 1, False), ((-1, 1), 640, False), ((0, 3), 640, False)],
)
@pytest.mark.parametrize("format_", ["npy", "npz", "mat", "hdf5"])
def test_shares_of_one_beside_pixels_are_a_confidence(tmp_path, last, places, is_score, format_):
    for take in range(2):
        joints = RNG.uniform(0, places, size=(10, 17, 3))
        joints[..., 2] = RNG.uniform(*last, size=(10, 17))
        (tmp_path / f"a1_{take}.{format_}").write_bytes(file_of(format_, joints))
    settings = proposed(tmp_path, f"a1_0.{format_}", f"a1_1.{format_}")
    assert settings.reader.get("score") == ("keep" if is_score else None)


@pytest.mark.parametrize("format_", ["npy", "npz", "hdf5"])
def test_of_a_large_array_the_first_rows_are_enough(tmp_path, format_, monkeypatch):
    monkeypatch.setattr(look, "MAX_VALUES", 20 * 17 * 3 * look.HEAD)
    clips = RNG.uniform(0, 1, size=(look.HEAD + 20, 20, 17, 3))
    clips[:, ..., :2] *= 640
    clips[look.HEAD :] = np.inf  # which would be seen
    (tmp_path / f"all.{format_}").write_bytes(file_of(format_, clips))
    reader = yaml.safe_load(propose([tmp_path / f"all.{format_}"], tmp_path))["reader"]
    assert reader == {"format": format_, "axes": "NTVC", "score": "keep"}


def test_text_of_a_row_a_joint(tmp_path):
    for action, frames in ((1, 7), (2, 9), (3, 10)):
        rows = RNG.normal(size=(20 * frames, 4))
        np.savetxt(tmp_path / f"a{action:02d}_s01_e01_skeleton3D.txt", rows)
    settings = proposed(tmp_path, *sorted(path.name for path in tmp_path.glob("*.txt")))
    assert settings.reader == {"format": "txt", "axes": "T*VC", "score": "keep"}
    assert settings.skeleton == "kinect_v1"


def test_a_hand_of_mediapipe_is_told_from_a_body(tmp_path):
    point = {"x": 0.1, "y": 0.2, "z": 0.3}
    for frames in ([[point] * 21], [{"hand_landmarks": [[point] * 21]}]):
        (tmp_path / "a1_s1.json").write_text(json.dumps(frames * 3))
        settings = proposed(tmp_path, "a1_s1.json")
        assert settings.reader == {"format": "mediapipe"} and settings.skeleton == "hand21"


def test_files_in_the_formats_of_ntu_rgb_d_and_kinetics(tmp_path):
    body = "\n".join(["1", "7 0 0", "17", *["0.5 1 2 0 0"] * 17])
    person = {"pose": [0.5] * 34, "score": [0.5] * 17}
    frames = [{"frame_index": i, "skeleton": [person] * (i > 1)} for i in (1, 2)]
    for action in ("wave", "clap"):
        (tmp_path / f"{action}_s1.skeleton").write_text("\n".join(["3", "0", body, body, ""]))
        content = json.dumps({"data": frames, "label": action, "label_index": 3})
        (tmp_path / f"{action}_s1.json").write_text(content)
    settings = proposed(tmp_path, "wave_s1.skeleton", "clap_s1.skeleton")
    assert settings.reader == {"format": "ntu", "rate": 30}
    assert skeleton_class(settings.skeleton).joint_names == skeleton_class("coco17").joint_names
    settings = proposed(tmp_path, "wave_s1.json", "clap_s1.json")
    assert settings.reader == {"format": "kinetics"} and settings.skeleton == "coco17"
    assert settings.label == {"field": "label"}


def test_text_of_many_clips_after_their_numbers(tmp_path):
    """As of Florence 3D: clip, subject and class before the joints."""
    rows = [[clip, 1 + clip // 3, 1 + clip % 4, *RNG.normal(size=45)] for clip in range(1, 9)
            for _ in range(6)]  # fmt: skip
    np.savetxt(tmp_path / "all.txt", rows, "%.6g")
    settings = proposed(tmp_path, "all.txt")
    assert settings.reader == {"format": "txt", "axes": "TV*C", "skip_columns": 3, "clip": 1}
    assert settings.skeleton == "kinect_15" and settings.files == "all.txt"
    assert settings.label == {"field": "column 3", "first": 1}


@pytest.mark.parametrize("place", [".", "raw"])
@pytest.mark.parametrize("lists", [("train.txt", "test.txt"), ("training_set.csv", "val.csv")])
def test_lists_of_train_and_test_clips_are_the_split(tmp_path, place, lists):
    (tmp_path / "raw").mkdir()
    for take in range(4):
        np.save(tmp_path / "raw" / f"a1_t{take}.npy", RNG.normal(size=(10, 17, 3)))
    for name, takes in zip(lists, ((0, 1), (2, 3)), strict=True):
        (tmp_path / place / name).write_text("".join(f"a1_t{take} 7\n" for take in takes))
    (tmp_path / "train_notes.txt").write_text("what was recorded when\n")
    names = [str(Path(place) / name) for name in lists]
    split = proposed(tmp_path, "raw").split
    assert split == {"lists": {"train": names[0], "val": names[1]}}


def test_text_of_two_people_after_the_number_of_the_frame(tmp_path):
    for action in ("01", "02"):
        for take in ("001", "002"):
            place = tmp_path / "sbu" / "s01s02" / action / take
            place.mkdir(parents=True)
            rows = np.c_[np.arange(1, 13), RNG.uniform(size=(12, 90))]
            np.savetxt(place / "skeleton_pos.txt", rows, delimiter=",")
    settings = proposed(tmp_path, "sbu")
    assert settings.reader == {
        "format": "txt", "axes": "TM*V*C", "channels": 3, "skip_columns": 1,
    }  # fmt: skip
    assert (settings.skeleton, settings.persons) == ("kinect_15", 2)
    assert settings.label == {"folder": 1, "first": 1}
    assert "# Folders 2 up: 01, 02\n" in (tmp_path / "proposed.yaml").read_text()


COCO = skeleton_class("coco17").joint_names
POINTS = RNG.normal(size=(6, 17, 3)).round(4)
WIDE = [[f"{joint}_{axis}" for joint in COCO for axis in "xyz"], *POINTS.reshape(6, 51).tolist()]
LONG = [["frame", "joint", "x", "y", "z"],
        *([t, joint, *POINTS[t, v]] for t in range(6) for v, joint in enumerate(COCO))]  # fmt: skip
TIMED = [["time"] + ["value"] * 51, *([t / 30, *row] for t, row in enumerate(WIDE[1:]))]
PIXELS = [[320.5, 240.5, 0.9] * 17] * 6
KEYPOINTS = [{"image_id": f"{t}.jpg", "keypoints": [0.5] * 51, "score": 1.0} for t in range(6)]
INSTANCES = [{"frame_id": t, "instances": [{"keypoints": [[1, 2]] * 17,
              "keypoint_scores": [0.5] * 17}]} for t in range(6)]  # fmt: skip
BODIES = [{"bodies": [{"body_id": 1, "joint_positions": [[1.0, 2.0, 3.0]] * 32}]}] * 6
LANDMARKS = [[{"x": 0.1, "y": 0.2, "z": 0.3, "visibility": 0.9}] * 33] * 6


@pytest.mark.parametrize(
    ("name", "content", "reader", "skeleton"),
    [
        ("a1.json", {"n": 3, "take": {"42": POINTS.tolist()}},
         {"format": "json", "path": "take.42", "axes": "TVC"}, "coco17"),
        ("a1.json", POINTS.tolist(), {"format": "json", "axes": "TVC"}, "coco17"),
        ("a1.json", KEYPOINTS, {"format": "coco"}, "coco17"),
        ("a1.json", INSTANCES, {"format": "mmpose"}, "coco17"),
        ("a1.json", {"meta_info": {}, "instance_info": INSTANCES}, {"format": "mmpose"}, "coco17"),
        ("a1.json", {"frames": BODIES}, {"format": "kinect"}, "azure_kinect32"),
        ("a1.json", LANDMARKS, {"format": "mediapipe"}, "mediapipe33"),
        ("a1.json", [{"worldLandmarks": frame} for frame in LANDMARKS], {"format": "mediapipe"},
         "mediapipe33"),
        ("a1.csv", WIDE, {"format": "csv", "columns": "{joint}_{axis}"}, "coco17"),
        ("a1.csv", LONG, {"format": "csv"}, "coco17"),
        ("a1.csv", WIDE[1:], {"format": "csv"}, "coco17"),
        ("a1.csv", TIMED, {"format": "csv", "skip_columns": 1}, "coco17"),
        ("a1.csv", PIXELS, {"format": "csv", "score": "keep"}, "coco17"),
        ("a1.csv", [[0.5] * 132] * 6, {"format": "mediapipe"}, "mediapipe33"),
    ],
)  # fmt: skip
def test_what_a_file_holds_tells_its_reader(tmp_path, name, content, reader, skeleton):
    for take in (1, 2):
        path = tmp_path / name.replace("1", str(take))
        rows = [",".join(map(str, row)) for row in content]
        path.write_text("\n".join(rows) if path.suffix == ".csv" else json.dumps(content))
    settings = proposed(tmp_path, name)
    assert (settings.reader, settings.skeleton) == (reader, skeleton)


def test_a_table_may_begin_with_a_line_without_cells(tmp_path):
    rows = [[], *POINTS.reshape(6, 51).tolist()]
    for take in (1, 2):
        text = "\n".join(",".join(map(str, row)) for row in rows)
        (tmp_path / f"a{take}.csv").write_text(text)
    assert proposed(tmp_path, "a1.csv").reader == {"format": "csv"}


def test_labels_of_yolo_are_folders_and_their_videos_words_of_folders(tmp_path):
    person = "0 0.5 0.5 0.2 0.8 " + " ".join(["0.5"] * 51)
    for name in ("clap/s1", "clap/s2", "wave/s1", "wave/s2"):
        folder = tmp_path / "raw" / name / "labels"
        folder.mkdir(parents=True)
        for frame in range(9, 12):
            (folder / f"take_{frame}.txt").write_text(f"{person} 1\n")
    settings = proposed(tmp_path, "raw")
    assert settings.reader == {"format": "yolo", "image": [1920, 1080]}
    assert (settings.skeleton, settings.label) == ("coco17", {"folder": 2})
    assert settings.subject == {"regex": r"s(\d+)"}


@pytest.mark.parametrize("names", [("xsub_train", "xsub_val"), ("train", "test")])
def test_annotations_of_pyskl_need_no_change(tmp_path, names):
    clips = [
        {"frame_dir": f"v{n}", "label": n % 2, "total_frames": 6, "img_shape": (1080, 1920),
         "keypoint": RNG.uniform(0, 900, size=(1 + n % 2, 6, 17, 2)).astype(np.float16),
         "keypoint_score": np.ones((1 + n % 2, 6, 17), np.float16)}
        for n in range(6)
    ]  # fmt: skip
    split = {"all": [], names[0]: ["v0", "v1", "v2", "v3"], names[1]: ["v4", "v5"]}
    (tmp_path / "hrnet.pkl").write_bytes(pickle.dumps({"split": split, "annotations": clips}))
    settings = proposed(tmp_path, "hrnet.pkl")
    assert (settings.files, settings.skeleton, settings.persons) == ("hrnet.pkl", "coco17", 2)
    assert settings.split == {"field": "split", "train": [names[0]], "val": [names[1]]}


def test_arrays_of_ctrgcn_need_no_change(tmp_path):
    parts = {f"x_{part}": RNG.normal(size=(4, 6, 150)) for part in ("train", "test")}
    labels = {f"y_{part}": np.eye(4) for part in ("train", "test")}
    np.savez(tmp_path / "NTU60_CS.npz", **parts, **labels)
    settings = proposed(tmp_path, "NTU60_CS.npz")
    assert (settings.skeleton, settings.persons, settings.normalise) == ("ntu_rgb_d", 2, "none")
    assert settings.split == {"field": "split", "train": ["train"], "val": ["val"]}


def test_a_first_file_is_proposed_and_works(folder, capsys):
    samples = sorted(map(str, (folder / "raw").iterdir()))[:3]
    path = folder / "proposed.yaml"
    custom_gendata.main(["--init", *samples, "--config", str(path)])
    settings = check(yaml.safe_load(path.read_text()))
    assert settings.files == "raw/*.npz" and settings.skeleton in ("coco17", "h36m17")
    assert settings.reader == {"format": "npz", "axes": "TVC"}
    assert settings.label == {"regex": r"a(\d+)", "first": 1}
    custom_gendata.main(["--config", str(path), "--out-folder", str(folder / "data"), "--dry-run"])
    assert "24 clips" in capsys.readouterr().out
    assert "exists already" in failing(capsys, ["--init", samples[0], "--config", str(path)])


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.csv", b"", "is empty"),
        ("a.csv", b"\n", "is empty"),
        ("a.npy", b"junk", "is not an .npy file"),
        ("a.npz", b"PK\5\6" + bytes(18), "holds no array"),
        ("a.json", b"{", "is not a usable sample of json"),
        ("frames/0.json", b'{"people": [3]}', "0.json is not a frame of OpenPose"),
        ("frames/0.txt", b"", "is empty"),
        ("frames/0.xyz", b"", "holds no file of a known format"),
        ("a.xyz", b"", "no reader for .xyz files"),
    ],
)
def test_a_bad_sample_is_one_line_and_nothing_is_written(tmp_path, capsys, name, content, reason):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    sample = path.parent if "/" in name else path
    line = failing(capsys, ["--init", str(sample), "--config", str(tmp_path / "my.yaml")])
    assert reason in line and len(line.strip().splitlines()) == 1
    assert (sample.name in line or ".xyz" in line) and not (tmp_path / "my.yaml").exists()


def test_a_first_file_of_matlab_s_newer_format_is_proposed(tmp_path):
    with h5py.File(tmp_path / "a1.mat", "w", userblock_size=512) as file:
        file["joints"] = np.zeros((5, 17, 3))
    config = tmp_path / "my.yaml"
    custom_gendata.main(["--init", str(tmp_path / "a1.mat"), "--config", str(config)])
    assert yaml.safe_load(config.read_text())["reader"] == {"format": "mat", "axes": "TVC"}


@pytest.mark.parametrize("folder_name", ["12", "null", "a: b #c", "wei\u00df", "it's", "- x"])
def test_odd_names_do_not_break_a_proposed_file(tmp_path, folder_name):
    sample = tmp_path / folder_name / "a1_s2\nfiles: other.npy"
    sample.parent.mkdir()
    np.save(sample, np.zeros((5, 17, 3)))
    config = sample.parent / "my.yaml"
    custom_gendata.main(["--init", str(sample), "--config", str(config)])
    settings = yaml.safe_load(config.read_text(encoding="utf-8"))
    assert settings["files"] == "*.npy" and isinstance(settings["name"], str)
    custom_gendata.main(["--init", str(sample), "--config", str(tmp_path / "my.yaml")])
    settings = yaml.safe_load((tmp_path / "my.yaml").read_text(encoding="utf-8"))
    assert settings["files"] == f"{folder_name}/*.npy"


@pytest.mark.parametrize("format_", ["npz", "csv"])
def test_a_class_that_stands_in_the_file_is_proposed(tmp_path, format_):
    (tmp_path / "raw").mkdir()
    names = [f"{joint}_{axis}" for joint in skeleton_class("coco17").joint_names for axis in "xyz"]
    for take in range(6):
        action, person = ("wave", "clap")[take % 2], f"person {take // 2}"
        path, joints = tmp_path / "raw" / f"clip{take}.{format_}", RNG.normal(size=(5, 17, 3))
        if format_ == "npz":
            np.savez(path, joints=joints, action=action, subject=person, fps=30)
            continue
        rows = [[action, person, *map(str, row)] for row in joints.reshape(5, 51)]
        path.write_text("\n".join(",".join(row) for row in [["action", "subject", *names], *rows]))
    settings = proposed(tmp_path, "raw")
    assert settings.label == {"field": "action"} and settings.subject == {"field": "subject"}
    assert settings.split == {"fraction": 0.2, "by": "subject", "seed": 0}
    text = (tmp_path / "proposed.yaml").read_text()
    assert f"label: {{field: action}}    # wave in clip0.{format_}\n" in text


@pytest.mark.parametrize("column", ["vid_id", "Video", "clip"])
def test_the_column_that_tells_clips_apart_is_proposed(tmp_path, column):
    names = [f"{axis}_{joint}" for joint in skeleton_class("coco17").joint_names for axis in "xyz"]
    rows = [[n, t, *RNG.normal(size=51)] for n in range(4) for t in range(3)]
    lines = [",".join(map(str, row)) for row in [[column, "frame_order", *names], *rows]]
    (tmp_path / "joints.csv").write_text("\n".join(lines))
    found = yaml.safe_load(propose([tmp_path / "joints.csv"], tmp_path))
    assert found["reader"] == {"format": "csv", "columns": "{axis}_{joint}", "clip": column}
    assert found["files"] == "joints.csv"
    assert found["label"] == {"csv": "labels.csv", "file": column, "column": "label"}
    lines = lines[:4]  # a single clip, whose number stands beside it
    (tmp_path / "joints.csv").write_text("\n".join(lines))
    assert "clip" not in yaml.safe_load(propose([tmp_path / "joints.csv"], tmp_path))["reader"]


def test_an_array_of_many_clips_is_proposed(tmp_path):
    (tmp_path / "raw").mkdir()
    np.save(tmp_path / "raw" / "X.npy", RNG.normal(size=(40, 30, 17, 3)))
    np.save(tmp_path / "y.npy", np.arange(40) % 2)
    settings = proposed(tmp_path, "raw/X.npy")
    assert settings.files == "raw/X.npy" and settings.label == {"npy": "y.npy"}
    assert settings.reader == {"format": "npy", "axes": "NTVC"}
    np.savez(tmp_path / "all.npz", X=RNG.normal(size=(40, 30, 17, 3)), label=np.arange(40) % 2)
    settings = proposed(tmp_path, "all.npz")
    assert settings.files == "all.npz" and settings.label == {"field": "label"}
