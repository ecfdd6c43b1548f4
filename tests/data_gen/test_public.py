"""The YAML files of public data sets, on small files laid out as these data sets are."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import scipy.io

from data_gen import custom_gendata
from formats.labels import load_labels
from graph.named import skeleton_class
from utils.cli import PROJECT

FILES = sorted((PROJECT / "data_gen" / "public").glob("*.yaml"))
Expected = dict[str, dict[str, int]]  # labels of clips by part


def joints(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.uniform(0.1, 1, shape)


def write(path: Path, rows: np.ndarray, delimiter: str = " ") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savetxt(path, rows, "%.6g", delimiter)


def msr_action3d(raw: Path, rng: np.random.Generator) -> Expected:
    for name in ("a01_s01_e01", "a20_s02_e03"):
        rows = joints(rng, 8 * 20, 4)
        write(raw / "MSRAction3DSkeletonReal3D" / f"{name}_skeleton3D.txt", rows)
    return {"train": {"a01_s01_e01_skeleton3D.txt": 0}, "val": {"a20_s02_e03_skeleton3D.txt": 19}}


def utd_mhad(raw: Path, rng: np.random.Generator) -> Expected:
    (raw / "Skeleton").mkdir(parents=True)
    for name in ("a1_s1_t1", "a27_s8_t4"):
        path = raw / "Skeleton" / f"{name}_skeleton.mat"
        scipy.io.savemat(path, {"d_skel": joints(rng, 20, 3, 9)})
    return {"train": {"a1_s1_t1_skeleton.mat": 0}, "val": {"a27_s8_t4_skeleton.mat": 26}}


def sbu_kinect(raw: Path, rng: np.random.Generator) -> Expected:
    for name in ("s01s02/01/001", "s02s03/08/002"):
        rows = joints(rng, 7, 1 + 2 * 15 * 3)
        rows[:, 0] = np.arange(1, 8)
        write(raw / name / "skeleton_pos.txt", rows, ",")
    return {
        "val": {"s01s02/01/001/skeleton_pos.txt": 0},
        "train": {"s02s03/08/002/skeleton_pos.txt": 7},
    }


def florence3d(raw: Path, rng: np.random.Generator) -> Expected:
    rows = joints(rng, 12, 3 + 15 * 3)
    rows[:5, :3], rows[5:, :3] = (1, 1, 1), (2, 7, 9)
    write(raw / "Florence_dataset_WorldCoordinates.txt", rows)
    stem = "Florence_dataset_WorldCoordinates"
    return {"train": {f"{stem}_1": 0}, "val": {f"{stem}_2": 8}}


def shrec17(raw: Path, rng: np.random.Generator) -> Expected:
    clips = {"train": (1, 1, 3, 2), "val": (14, 2, 28, 1)}
    for numbers in clips.values():
        place = "gesture_{}/finger_{}/subject_{}/essai_{}".format(*numbers)
        write(raw / place / "skeletons_world.txt", joints(rng, 20, 66))
    lists = {"train": "train_gestures.txt", "val": "test_gestures.txt"}
    for part, (gesture, finger, subject, trial) in clips.items():
        line = f"{gesture} {finger} {subject} {trial} {gesture} {2 * gesture} 20\n"
        (raw / lists[part]).write_text(line)
    return {
        "train": {"gesture_1/finger_1/subject_3/essai_2/skeletons_world.txt": 0},
        "val": {"gesture_14/finger_2/subject_28/essai_1/skeletons_world.txt": 13},
    }


def dhg(raw: Path, rng: np.random.Generator) -> Expected:
    clips = {"val": (1, 1, 1, 5), "train": (14, 2, 20, 1)}
    names, rows = {}, []
    for part, numbers in clips.items():
        place = "gesture_{}/finger_{}/subject_{}/essai_{}".format(*numbers)
        write(raw / place / "skeleton_world.txt", joints(rng, 30, 66))
        rows.append((*numbers, 5, 20))
        names[part] = {f"{place}/skeleton_world_5-20": numbers[0] - 1}
    write(raw / "informations_troncage_sequences.txt", np.array(rows))
    return names


def pku_mmd(raw: Path, rng: np.random.Generator) -> Expected:
    for name in ("0002-L", "0002-M"):
        rows = joints(rng, 90, 150)
        rows[:, 75:] = 0
        write(raw / "skeleton" / f"{name}.txt", rows)
        (raw / "label").mkdir(exist_ok=True)
        (raw / "label" / f"{name}.txt").write_text("1,10,30,2\n51,40,90,1\n")
    return {
        "val": {"0002-L_10-30": 0, "0002-L_40-90": 50},
        "train": {"0002-M_10-30": 0, "0002-M_40-90": 50},
    }


LAYOUTS: dict[str, Callable[[Path, np.random.Generator], Expected]] = {
    "dhg14-28": dhg, "florence3d": florence3d, "msr-action3d": msr_action3d, "pku-mmd": pku_mmd,
    "sbu-kinect": sbu_kinect, "shrec17": shrec17, "utd-mhad": utd_mhad,
}  # fmt: skip


def test_every_file_has_a_layout_here():
    assert [path.stem for path in FILES] == [*LAYOUTS]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_clips_labels_and_split_are_those_of_the_data_set(path, tmp_path):
    expected = LAYOUTS[path.stem](tmp_path / f"data/{path.stem}_raw", np.random.default_rng(0))
    config = tmp_path / "data_gen" / "public" / path.name
    config.parent.mkdir(parents=True)
    shutil.copy(path, config)
    custom_gendata.main(
        ["--config", str(config), "--out-folder", str(tmp_path / "out"), "--num-worker", "0",
         "--config-folder", str(tmp_path / "config"), "--strict"]
    )  # fmt: skip
    for part, labels in expected.items():
        names, found = load_labels(tmp_path / "out" / f"{part}_label.pkl")
        assert dict(zip(names, found, strict=True)) == labels
        clips = np.load(tmp_path / "out" / f"{part}_data_joint.npy")
        assert clips.shape[:2] == (len(labels), 3)
        assert clips[:, :, :5].any(axis=(1, 2, 3, 4)).all()


@pytest.mark.parametrize("name", ["hand21", "hand22"])
def test_hands_have_five_fingers_of_four_joints(name):
    body = skeleton_class(name)
    parent, joints_of = dict(body.bones), body.joint_names
    tips = [joint for joint, title in enumerate(joints_of) if title.endswith("tip")]
    for tip in tips:
        finger = [tip]
        while joints_of[parent[finger[-1]]].split("_")[0] == joints_of[tip].split("_")[0]:
            finger.append(parent[finger[-1]])
        assert len(finger) == 4
    assert len(tips) == 5
