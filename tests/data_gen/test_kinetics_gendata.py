"""The command for Kinetics-Skeleton: the published arrays, and what it says about bad files."""

import json
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from golden_arrays import ASSETS, golden_arrays
from one_error import error_of

from data_gen import kinetics_gendata
from data_gen.readers.kinetics import looks_like_pixels, read_bodies
from utils.cli import PROJECT


@pytest.fixture
def raw(tmp_path):
    return shutil.copytree(ASSETS / "kinetics_raw", tmp_path / "raw")


def person(x: float, y: float, score: float) -> dict[str, list[float]]:
    return {"pose": [x, y] * 18, "score": [score] * 18}


def write_clip(path: Path, *frames: tuple[int, list[dict]]) -> Path:
    data = [{"frame_index": index, "skeleton": persons} for index, persons in frames]
    path.write_text(json.dumps({"data": data, "label": "a", "label_index": 0}))
    return path


def failing(capsys, raw: Path, out: Path) -> str:
    """The one line that a failing strict call prints; nothing may be written."""
    line = f"--data_path {raw} --out_folder {out} --strict"
    error = error_of(lambda: kinetics_gendata.main(line.split()), capsys)
    assert not out.exists() or not list(out.iterdir())
    return error


def assert_published(out: Path) -> None:
    golden = golden_arrays("kinetics_gendata")
    joints = np.load(out / "val_data_joint.npy")
    names, labels = pickle.loads((out / "val_label.pkl").read_bytes())
    assert joints.dtype == np.float32
    assert np.array_equal(joints, golden["data"])
    assert (names, labels) == (golden["names"].tolist(), golden["labels"].tolist())


def test_the_published_arrays_come_out_when_only_val_is_there(raw, tmp_path, capsys):
    out = tmp_path / "out"
    kinetics_gendata.main(["--data-path", str(raw), "--out-folder", str(out)])
    assert_published(out)
    notes = ["dataset.json", "gendata_report.json"]
    files = [*notes, "val_data_joint.npy", "val_label.npz", "val_label.pkl"]
    assert sorted(file.name for file in out.iterdir()) == files
    assert "4 samples, 4 classes" in capsys.readouterr().out


def test_the_published_call_works_from_inside_data_gen(raw, tmp_path):
    command = [sys.executable, "kinetics_gendata.py", "--data_path", str(raw)]
    command += ["--out_folder", str(tmp_path / "out")]
    done = subprocess.run(
        command, cwd=PROJECT / "data_gen", capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert_published(tmp_path / "out")


def test_persons_are_centred_and_sorted_by_score_in_each_frame(tmp_path):
    two = [person(0.75, 0.25, 0.5), person(0.5, 1, 1), person(0.1, 0.1, 0)]
    bodies, _ = read_bodies(write_clip(tmp_path / "a.json", (1, two), (3, two[:1])))
    assert bodies.shape == (2, 300, 18, 3) and bodies.dtype == np.float32
    assert bodies[:, 1, 0].tolist() == [[0, -0.5, 1], [0.25, 0.25, 0.5]]
    assert bodies[:, 3, 0].tolist() == [[0.25, 0.25, 0.5], [0, 0, 0]]
    assert not bodies[:, [0, 2]].any() and not bodies[:, 4:].any()


def test_persons_after_the_fifth_are_passed_over(tmp_path):
    persons = [person(0.5, 0.5, 0.1)] * 5 + [person(1, 1, 1)]
    bodies, _ = read_bodies(write_clip(tmp_path / "a.json", (1, persons)))
    assert bodies.max() == np.float32(0.1)


def test_joints_without_score_are_in_the_middle(tmp_path):
    bodies, _ = read_bodies(write_clip(tmp_path / "a.json", (1, [person(0.9, 0.9, 0)])))
    assert not bodies.any()


@pytest.mark.parametrize(
    ("frames", "message"),
    [
        ([(-1, [])], "frame_index must be a whole number from 0. Got -1"),
        ([(1.0, [])], "frame_index must be a whole number from 0. Got 1.0"),
        ([(True, [])], "frame_index must be a whole number from 0. Got True"),
        ([("1", [])], "frame_index must be a whole number from 0. Got 1"),
        ([(1, [{"pose": ["0.5"] * 36, "score": [1] * 18}])], "something else than numbers"),
        ([(1, [{"pose": [True] * 36, "score": [1] * 18}])], "something else than numbers"),
        ([(1, [{"pose": [1e39] * 36, "score": [1] * 18}])], "numbers beyond 100000"),
        ([(5, []), (5, [])], "frame_index 5 is duplicate"),
        ([(1, [{"pose": [0.5], "score": [1]}])], "not a clip"),
        ([(1, [{"pose": [0.5] * 36}])], "no 'score'"),
    ],
)
def test_a_bad_clip_is_named_and_nothing_is_written(raw, tmp_path, capsys, frames, message):
    write_clip(raw / "kinetics_val" / "golden_02.json", *frames)
    err = failing(capsys, raw, tmp_path / "out")
    assert message in err and "golden_02.json" in err


def test_a_cut_file_is_named(raw, tmp_path, capsys):
    file = raw / "kinetics_val" / "golden_01.json"
    file.write_text(file.read_text()[:999])
    assert "golden_01.json is not a clip" in failing(capsys, raw, tmp_path / "out")


def test_the_misspelt_label_file_is_pointed_out(raw, tmp_path, capsys):
    (raw / "kinetics_val_label.json").rename(raw / "keintics_val_label.json")
    err = failing(capsys, raw, tmp_path / "out")
    assert "Rename it to kinetics_val_label.json" in err and "keintics_val_label.json is" in err


def test_a_folder_without_its_label_file_is_an_error_that_names_both(raw, tmp_path, capsys):
    (raw / "kinetics_val_label.json").unlink()
    err = failing(capsys, raw, tmp_path / "out")
    assert "kinetics_val_label.json is missing" in err and "folder kinetics_val." in err


@pytest.mark.parametrize("content", ["[", "[]", '{"golden_00": 1}'])
def test_a_file_that_holds_no_labels_is_refused(raw, tmp_path, capsys, content):
    (raw / "kinetics_val_label.json").write_text(content)
    assert "is not a label file" in failing(capsys, raw, tmp_path / "out")


@pytest.mark.parametrize("label", ["null", '"abc"', "-1", "400", "true"])
def test_a_label_that_is_no_class_is_refused(raw, tmp_path, capsys, label):
    entry = f'{{"golden_00": {{"has_skeleton": true, "label_index": {label}}}}}'
    (raw / "kinetics_val_label.json").write_text(entry)
    err = failing(capsys, raw, tmp_path / "out")
    assert "1 entries, such as golden_00, lack has_skeleton or a label_index of 0 to 399" in err


def test_nan_is_refused_with_the_files_name(raw, tmp_path, capsys):
    clip = raw / "kinetics_val" / "golden_00.json"
    content = json.loads(clip.read_text())
    content["data"][0]["skeleton"][0]["score"][3] = float("nan")
    clip.write_text(json.dumps(content))
    err = failing(capsys, raw, tmp_path / "out")
    assert "golden_00.json is not a clip" in err


def test_a_clip_without_label_is_refused(raw, tmp_path, capsys):
    write_clip(raw / "kinetics_val" / "other.json")
    err = failing(capsys, raw, tmp_path / "out")
    assert "it has no entry in" in err and "kinetics_val_label.json" in err


def test_labels_without_file_are_counted_in_a_warning(raw, tmp_path, caplog):
    (raw / "kinetics_val" / "golden_03.json").unlink()
    kinetics_gendata.main(["--data_path", str(raw), "--out_folder", str(tmp_path / "out")])
    assert "1 clips of kinetics_val_label.json have no file" in caplog.text


def test_neither_part_is_an_error(tmp_path, capsys):
    err = failing(capsys, tmp_path, tmp_path / "out")
    assert "neither kinetics_train nor kinetics_val" in err


def test_frames_beyond_the_last_row_are_cut_and_counted(raw, tmp_path, caplog):
    nobody = person(0.5, 0.5, 0.1)
    path = write_clip(tmp_path / "a.json", (299, [nobody]), (300, [nobody]), (12345, [nobody]))
    bodies, is_cut = read_bodies(path)
    assert is_cut and bodies[0, 299].any() and not bodies[:, :299].any()


def test_pixels_instead_of_shares_are_said(tmp_path):
    bodies, _ = read_bodies(write_clip(tmp_path / "a.json", (1, [person(640, 360, 0.9)])))
    assert "like pixels" in looks_like_pixels(bodies)
    bodies, _ = read_bodies(write_clip(tmp_path / "a.json", (1, [person(0.9, 1.1, 0.9)])))
    assert looks_like_pixels(bodies) is None
