"""The command for bones: beside every joint file, for every skeleton."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from golden_arrays import golden_arrays
from one_error import error_of
from store_data import write_store

from data_gen import gen_bone_data
from graph import ucla
from graph.bone import bones_from_joints
from utils.cli import PROJECT


def store(folder: Path, joints: np.ndarray, parts: tuple[str, ...] = ("train", "val")) -> None:
    folder.mkdir(parents=True)
    for part in parts:
        np.save(folder / f"{part}_data_joint.npy", joints)


@pytest.fixture
def golden():
    return golden_arrays("bone")


@pytest.mark.parametrize(
    ("dataset", "folders", "key"),
    [
        ("ntu", ("ntu/xsub", "ntu/xview"), "ntu/xsub"),
        ("ntu120", ("ntu120/xsub", "ntu120/xset"), "ntu/xsub"),
        ("kinetics", ("kinetics",), "kinetics"),
        ("my/own --graph graph.kinetics.AdjMatrixGraph", ("my/own",), "kinetics"),
    ],
)
def test_every_part_gets_the_published_bones(tmp_path, golden, dataset, folders, key):
    for folder in folders:
        store(tmp_path / folder, golden[f"{key}/joint"])
    gen_bone_data.main(["--data-folder", str(tmp_path), "--dataset", *dataset.split()])
    for folder in folders:
        for part in ("train", "val"):
            bones = np.load(tmp_path / folder / f"{part}_data_bone.npy")
            assert bones.dtype == np.float32
            assert np.array_equal(bones, golden[f"{key}/bone"])


def test_the_skeleton_of_nw_ucla_is_known_and_chunks_leave_no_trace(tmp_path, monkeypatch):
    joints = np.random.default_rng(0).standard_normal((7, 3, 4, 20, 1))
    store(tmp_path / "nw-ucla", joints)
    monkeypatch.setattr(gen_bone_data, "CHUNK_BYTES", 2 * joints[0].nbytes)
    gen_bone_data.main(["--dataset", "nw-ucla", "--data-folder", str(tmp_path)])
    bones = np.load(tmp_path / "nw-ucla" / "train_data_bone.npy")
    assert bones.dtype == np.float64
    assert np.array_equal(bones, bones_from_joints(joints, ucla.AdjMatrixGraph.bones))


def test_motions_are_written_on_request_and_only_then(tmp_path, golden, monkeypatch):
    joints, bones = golden["ntu/xsub/joint"], golden["ntu/xsub/bone"]
    store(tmp_path / "ntu", joints, parts=("val",))
    monkeypatch.setattr(gen_bone_data, "CHUNK_BYTES", joints[0].nbytes)
    line = f"--dataset ntu --data-folder {tmp_path} --stream joint_motion bone_motion"
    gen_bone_data.main(line.split())
    assert not (tmp_path / "ntu" / "val_data_bone.npy").exists()
    for stream, clips in (("joint", joints), ("bone", bones)):
        motion = np.load(tmp_path / "ntu" / f"val_data_{stream}_motion.npy")
        assert np.array_equal(motion[:, :, :-1], np.diff(clips, axis=2))
        assert not motion[:, :, -1].any()


def test_the_published_call_works_from_inside_data_gen(tmp_path, golden):
    store(tmp_path / "ntu" / "xsub", golden["ntu/xsub/joint"])
    command = [sys.executable, "gen_bone_data.py", "--dataset", "ntu"]
    command += ["--data-folder", str(tmp_path)]
    done = subprocess.run(
        command, cwd=PROJECT / "data_gen", capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    bones = np.load(tmp_path / "ntu" / "xsub" / "val_data_bone.npy")
    assert np.array_equal(bones, golden["ntu/xsub/bone"])


def failing(capsys, folder: Path) -> str:
    """The one line that a failing call prints; no bones may be written."""
    argv = ["--dataset", "ntu", "--data-folder", str(folder)]
    line = error_of(lambda: gen_bone_data.main(argv), capsys)
    assert not list(folder.rglob("*bone*"))
    return line


def test_no_joints_is_an_error(tmp_path, capsys):
    assert "Make it first" in failing(capsys, tmp_path)


def test_a_compact_store_is_no_place_for_bones_and_what_to_do_is_said(tmp_path, capsys):
    clips = [np.ones((1, 4, 25, 3), np.float32)]
    write_store(tmp_path / "ntu" / "clips", clips, [0], (3, 300, 25, 2))
    err = failing(capsys, tmp_path)
    assert "clips is a compact store" in err and "set stream: bone or joint_motion" in err


@pytest.mark.parametrize("shape", [(2, 3, 4, 19, 2), (2, 25), (2, 3, 4, 25)])
def test_an_unknown_skeleton_stops_before_anything_is_written(tmp_path, golden, capsys, shape):
    store(tmp_path / "ntu" / "xsub", golden["ntu/xsub/joint"])
    store(tmp_path / "ntu" / "xview", np.zeros(shape), parts=("val",))
    err = failing(capsys, tmp_path)
    assert str(shape) in err
    assert (
        "each of the 19 joints" if len(shape) == 5 else "must hold clips (N, C, T, V, M)"
    ) in err


def test_a_cut_file_is_named(tmp_path, golden, capsys):
    store(tmp_path / "ntu" / "xsub", golden["ntu/xsub/joint"])
    file = tmp_path / "ntu" / "xsub" / "train_data_joint.npy"
    file.write_bytes(file.read_bytes()[:5000])
    assert "train_data_joint.npy is not a readable array" in failing(capsys, tmp_path)
