"""The command for NW-UCLA, on small clips of our own in the data set's format."""

import json
import pickle
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from one_error import error_of

from data_gen import ucla_gendata
from data_gen.readers.ucla import normalise, read_clips
from utils.cli import PROJECT

CLIPS = {  # name -> label, frames
    "a01_s01_e00_v01.json": (1, 4),
    "a12_s02_e01_v02.json": (10, 9),
    "a08_s03_e00_v03.json": (7, 1),
}


def clip_text(name: str, label: int, num_frames: int) -> str:
    rng = np.random.default_rng(sum(name.encode()))
    skeletons = (rng.uniform(-1, 1, (num_frames, 20, 3)) + np.array((0, 0, 3))).round(6)
    return json.dumps({"file_name": name[:-5], "skeletons": skeletons.tolist(), "label": label})


@pytest.fixture
def raw(tmp_path):
    """A folder as the archive unpacks to."""
    folder = tmp_path / "nw_ucla" / "all_sqe"
    folder.mkdir(parents=True)
    for name, (label, num_frames) in CLIPS.items():
        (folder / name).write_text(clip_text(name, label, num_frames))
    (folder / "notes.json").write_text("[]")
    (folder / "._a01_s01_e00_v01.json").write_bytes(b"\0\xff")
    return folder


def convert(raw: Path, out: Path) -> dict[str, tuple[np.ndarray, list[str], list[int]]]:
    ucla_gendata.main(["--data-path", str(raw), "--out-folder", str(out)])
    return {
        part: (
            np.load(out / f"{part}_data_joint.npy"),
            *pickle.loads((out / f"{part}_label.pkl").read_bytes()),
        )
        for part in ("train", "val")
    }


def failing(capsys, raw: Path, out: Path) -> str:
    """The one line that a failing strict call prints; nothing may be written."""
    line = f"--data-path {raw} --out-folder {out} --strict"
    error = error_of(lambda: ucla_gendata.main(line.split()), capsys)
    assert not out.exists() or not list(out.iterdir())
    return error


def test_views_1_and_2_train_view_3_validates_and_labels_come_from_the_files(raw, tmp_path):
    parts = convert(raw, tmp_path / "out")
    joints, names, labels = parts["train"]
    assert joints.shape == (2, 3, 9, 20, 1) and joints.dtype == np.float32
    assert (names, labels) == (["a01_s01_e00_v01.json", "a12_s02_e01_v02.json"], [0, 9])
    joints, names, labels = parts["val"]
    assert joints.shape == (1, 3, 9, 20, 1)  # as long as the longest of both parts
    assert (names, labels) == (["a08_s03_e00_v03.json"], [6])


def test_clips_are_centred_on_the_first_spine_fit_one_and_end_with_zeros(raw, tmp_path):
    joints = convert(raw, tmp_path / "out")["train"][0][0, ..., 0]
    skeleton = json.loads((raw / "a01_s01_e00_v01.json").read_text())["skeletons"]
    centred = np.array(skeleton) - skeleton[0][1]
    expected = (centred / np.abs(centred).max()).transpose(2, 0, 1)
    np.testing.assert_allclose(joints[:, :4], expected, atol=1e-7)
    assert np.abs(joints).max() == 1 and not joints[:, 0, 1].any() and not joints[:, 4:].any()


def test_joints_that_were_not_seen_stay_zero_and_a_point_stays_finite():
    skeleton = np.random.default_rng(0).standard_normal((3, 20, 3))
    skeleton[1, 5] = 0
    before = skeleton.copy()
    assert not normalise(skeleton)[1, 5].any()
    assert np.array_equal(skeleton, before)
    assert not normalise(np.ones((3, 20, 3))).any()


@pytest.mark.parametrize("kind", ["zip", "tar", "gztar", "xztar"])
def test_an_archive_gives_the_same_bytes_as_its_folder(raw, tmp_path, kind):
    archive = shutil.make_archive(str(tmp_path / "archive"), kind, raw.parent)
    convert(raw, tmp_path / "a")
    convert(Path(archive), tmp_path / "b")
    for file in [*(tmp_path / "a").glob("*.npy"), *(tmp_path / "a").glob("*.pkl")]:
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes()


def test_validation_clips_that_are_also_trained_on_are_counted(raw, tmp_path, caplog):
    text = (raw / "a01_s01_e00_v01.json").read_text()
    (raw / "a01_s01_e00_v03.json").write_text(text)
    convert(raw, tmp_path / "out")
    assert "1 of 2 val clips have exactly the skeletons of a train clip" in caplog.text


def test_the_command_works_from_inside_data_gen(raw, tmp_path):
    command = [sys.executable, "ucla_gendata.py", "--data_path", str(raw)]
    command += ["--out_folder", str(tmp_path / "out")]
    done = subprocess.run(
        command, cwd=PROJECT / "data_gen", capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "train: 2 samples, 2 classes, 2 subjects" in done.stdout


GOOD = {"skeletons": np.ones((2, 20, 3)).tolist(), "label": 3}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({**GOOD, "label": 0}, "label must be 1 to 10. Got 0"),
        ({**GOOD, "label": "1"}, "label must be 1 to 10. Got '1'"),
        ({**GOOD, "skeletons": np.ones((2, 25, 3)).tolist()}, "(frames, 20, 3). Got (2, 25, 3)"),
        ({**GOOD, "skeletons": []}, "must be lists of numbers"),
        ({**GOOD, "skeletons": [[1, 2], [3]]}, "is not a clip"),
        ({**GOOD, "skeletons": np.full((2, 20, 3), np.nan).tolist()}, "is not a clip"),
        ({**GOOD, "skeletons": np.full((2, 20, 3), 1e39).tolist()}, "places beyond 10^6 m"),
        ({**GOOD, "skeletons": np.full((2, 20, 3), "0.5").tolist()}, "must be lists of numbers"),
        ({**GOOD, "skeletons": np.full((2, 20, 3), True).tolist()}, "must be lists of numbers"),
        ({**GOOD, "skeletons": [[[10**400] * 3] * 20]}, "is not a clip"),
        ({**GOOD, "label": 1.0}, "label must be 1 to 10. Got 1.0"),
        ({**GOOD, "label": True}, "label must be 1 to 10. Got True"),
        ({"label": 3}, "is not a clip"),
        ([], "is not a clip"),
    ],
)
def test_a_bad_clip_is_named_and_nothing_is_written(raw, tmp_path, capsys, fields, message):
    (raw / "a02_s01_e00_v01.json").write_text(json.dumps(fields))
    err = failing(capsys, raw, tmp_path / "out")
    assert message in err and "a02_s01_e00_v01.json" in err


def test_a_cut_clip_and_an_unknown_view_are_named(raw, tmp_path, capsys):
    (raw / "a02_s01_e00_v04.json").write_text(json.dumps(GOOD))
    assert "a02_s01_e00_v04.json: the view must be" in failing(capsys, raw, tmp_path / "out")
    (raw / "a02_s01_e00_v04.json").write_text(json.dumps(GOOD)[:99])
    assert "a02_s01_e00_v04.json is not a clip" in failing(capsys, raw, tmp_path / "out")


BAD = {  # name -> content, kind
    "a02_s01_e00_v01.json": (json.dumps(GOOD | {"label": 11}), "wrong label"),
    "a02_s01_e01_v01.json": (json.dumps(GOOD)[:99], "not JSON"),
    "a02_s01_e02_v01.json": ("", "empty"),
    "a02_s01_e03_v01.json": (json.dumps(GOOD | {"skeletons": [[[1, 2, 3]]]}), "wrong joints"),
    "a02_s01_e04_v01.json": ('{"label": 3}', "of another form"),
    "a02_s01_e05_v01.json": (None, "unreadable"),
    "a02_s01_e06_v01.json": (json.dumps(GOOD).replace("1.0", "1e39", 1), "out of range"),
    "a02_s01_e07_v09.json": (json.dumps(GOOD), "misnamed"),
    "copy/a01_s01_e00_v01.json": (json.dumps(GOOD), "duplicate"),
}


def test_bad_clips_are_left_out_and_counted_by_kind_and_1_percent_is_an_error(raw, tmp_path):
    (raw / "copy").mkdir()
    for name, (content, _) in BAD.items():
        (raw / name).mkdir() if content is None else (raw / name).write_text(content)
    with pytest.raises(ValueError, match=r"9 of 12 clips are bad and left out \(1 wrong label, "):
        convert(raw, tmp_path / "out")
    report = json.loads((tmp_path / "out" / "gendata_report.json").read_text())
    kinds = {clip["file"]: clip["kind"] for clip in report["bad"]}
    assert kinds == {str(raw / name): kind for name, (_, kind) in BAD.items()}
    assert report["num_bad_by_kind"] == dict.fromkeys(kinds.values(), 1)
    assert json.loads((tmp_path / "out" / "dataset.json").read_text())["counts"] == {
        "train": 2,
        "val": 1,
    }


def test_under_1_percent_of_bad_clips_is_a_warning_and_changes_no_byte(raw, tmp_path, caplog):
    for episode in range(2, 100):
        name = f"a01_s01_e{episode:02d}_v01.json"
        (raw / name).write_text(clip_text(name, 1, 1))
    convert(raw, tmp_path / "a")
    (raw / "a02_s01_e00_v01.json").write_text("")
    convert(raw, tmp_path / "b")
    assert "1 of 102 clips are bad and left out (1 empty)" in caplog.text
    for file in [*(tmp_path / "a").glob("*.npy"), *(tmp_path / "a").glob("*.pkl")]:
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes()


def test_a_folder_of_bad_clips_alone_is_an_error_with_the_first_reason(raw, tmp_path):
    for name in CLIPS:
        (raw / name).write_text("")
    with pytest.raises(ValueError, match=r"a01_s01_e00_v01\.json is not a clip"):
        convert(raw, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_two_clips_of_one_name_are_refused(raw, tmp_path, capsys):
    shutil.copytree(raw, raw.parent / "copy")
    err = failing(capsys, raw.parent, tmp_path / "out")
    assert "holds a01_s01_e00_v01.json twice" in err


def test_places_without_clips_are_refused(tmp_path, capsys):
    out = tmp_path / "out"
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.tar").write_text("text")
    assert "No clip" in failing(capsys, tmp_path / "empty", out)
    assert "is missing" in failing(capsys, tmp_path / "no", out)
    assert "neither a folder nor a readable" in failing(capsys, tmp_path / "text.tar", out)


@pytest.mark.parametrize("kind", ["zip", "gztar", "xztar", "tar"])
def test_a_cut_archive_is_one_line(raw, tmp_path, capsys, kind):
    archive = Path(shutil.make_archive(str(tmp_path / "archive"), kind, raw.parent))
    archive.write_bytes(archive.read_bytes()[: archive.stat().st_size * 2 // 3])
    assert archive.name in failing(capsys, archive, tmp_path / "out")


@pytest.mark.parametrize("kind", ["zip", "gztar", "xztar"])
def test_a_damaged_archive_is_one_line(raw, tmp_path, capsys, kind):
    archive = Path(shutil.make_archive(str(tmp_path / "archive"), kind, raw.parent))
    content = bytearray(archive.read_bytes())
    middle = len(content) // 3
    content[middle : middle + 40] = bytes(255 - byte for byte in content[middle : middle + 40])
    archive.write_bytes(content)
    failing(capsys, archive, tmp_path / "out")


def test_clips_come_sorted_by_name(raw):
    clips, bad = read_clips(raw)
    assert ([clip.name for clip in clips], bad) == (sorted(CLIPS), [])


def test_json_nested_too_deep_is_named(raw, tmp_path, capsys):
    (raw / "a02_s01_e00_v01.json").write_text("[" * 100_000)
    assert "a02_s01_e00_v01.json is not a clip" in failing(capsys, raw, tmp_path / "out")


def test_an_archive_s_member_that_claims_too_much_is_bad(tmp_path):
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a02_s01_e00_v01.json", json.dumps(GOOD))
        archive.writestr("a02_s01_e01_v01.json", b" " * 3_000_000)
    clips, (bad,) = read_clips(path, max_mb=2)
    assert len(clips) == 1 and bad.kind == "too large" and "--max-file-mb 2" in bad.reason


def test_a_tar_member_that_claims_a_terabyte_is_one_line(tmp_path):
    path = tmp_path / "bomb.tar"
    with tarfile.open(path, "w") as archive:
        member = tarfile.TarInfo("a02_s01_e01_v01.json")
        member.size = 10**12
        archive.fileobj.write(member.tobuf(tarfile.GNU_FORMAT))
    with pytest.raises(ValueError, match=r"cannot be read|unpacks to more"):
        _, (bad,) = read_clips(path)
        raise ValueError(bad.reason)
