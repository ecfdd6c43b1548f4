"""Bad raw files: left out, named with their reason, and never silently."""

import json
import pickle
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from golden_arrays import ASSETS, golden_arrays
from one_error import error_of

from data_gen import kinetics_gendata, ntu120_gendata, ntu_gendata
from data_gen.pipeline import report as outcome
from formats.clip_store import ClipStore

RAW, MISSING = ASSETS / "ntu_raw", ASSETS / "ntu_missing.txt"
VICTIM = "S001C003P003R002A058.skeleton"  # in xsub/val and xview/train


@pytest.fixture
def raw(tmp_path):
    """The clips of NTU RGB+D 60 among the golden ones."""
    folder = tmp_path / "raw"
    shutil.copytree(RAW, folder, ignore=shutil.ignore_patterns("S018*", "S020*"))
    return folder


def convert(raw: Path, out: Path, *flags: str) -> None:
    line = f"--data_path {raw} --ignored_sample_path {MISSING} --out_folder {out} --n_cores 1"
    ntu_gendata.main([*line.split(), *flags])


def report(out: Path) -> dict:
    return json.loads((out / "gendata_report.json").read_text())


def finished_files(out: Path) -> list[Path]:
    """All files but those that are not finished, whose own or folder's name starts with a dot."""
    files = [path.relative_to(out) for path in out.rglob("*") if path.is_file()]
    return [file for file in files if not any(part[0] == "." for part in file.parts)]


def spoil(file: Path, how: str) -> None:
    text = file.read_text()
    if how == "unreadable":
        file.unlink()
        file.mkdir()
    else:
        file.write_text({
            "truncated": text[: len(text) // 2],
            "empty": "",
            "non-numeric": re.sub(r"\n25\n\S+", "\n25\nabc", text, count=1),
            "wrong joint count": text.replace("\n25\n", "\n20\n", 1),
        }[how])  # fmt: skip


REASONS = {  # how it is spoilt -> the kind of it, the reason
    "unreadable": ("unreadable", "is a folder, pipe or device"),
    "truncated": ("truncated", "expected "),
    "empty": ("empty", "line 1: expected the number of frames"),
    "non-numeric": ("no number", "expected x y z of a joint"),
    "wrong joint count": ("wrong joints", "expected 25 joints. Got 20"),
}


@pytest.mark.parametrize("format_", ["dense", "compact"])
@pytest.mark.parametrize("how", REASONS)
def test_a_bad_file_is_left_out_and_all_others_are_as_published(
    raw, tmp_path, monkeypatch, caplog, how, format_
):
    monkeypatch.setattr(outcome, "MAX_BAD_SHARE", 0.5)
    spoil(raw / VICTIM, how)
    out = tmp_path / "out"
    convert(raw, out, "--format", format_)
    found = report(out)
    assert (found["num_files"], found["num_usable"], found["num_bad"]) == (8, 7, 1)
    assert found["bad"][0]["file"] == str(raw / VICTIM)
    kind, reason = REASONS[how]
    assert reason in found["bad"][0]["reason"] and found["bad"][0]["kind"] == kind
    assert found["num_bad_by_kind"] == {kind: 1}
    assert f"left out: {raw / VICTIM}" in caplog.text
    assert f"1 of 8 clips are bad and left out (1 {kind})" in caplog.text
    golden = golden_arrays("ntu_gendata")
    for split in ("xsub/train", "xsub/val", "xview/train", "xview/val"):
        names = golden[f"ntu/{split}/names"].tolist()
        good = [row for row, name in enumerate(names) if name != VICTIM]
        found_names, joints = load(out, split, format_)
        assert found_names == [names[row] for row in good]
        assert np.abs(joints - golden[f"ntu/{split}/data"][good]).max() < 1e-6


def load(out: Path, split: str, format_: str) -> tuple[list[str], np.ndarray]:
    if format_ == "dense":
        names, _ = pickle.loads((out / f"{split}_label.pkl").read_bytes())
        return names, np.load(out / f"{split}_data_joint.npy")
    store = ClipStore(out / "clips")
    rows = store.split(split).tolist()
    return [store.names[row] for row in rows], np.stack([store.dense_clip(row) for row in rows])


@pytest.mark.parametrize("format_", ["dense", "compact"])
def test_one_percent_of_bad_files_is_an_error_but_the_others_are_complete(
    raw, tmp_path, capsys, format_
):
    spoil(raw / VICTIM, "empty")
    out = tmp_path / "out"
    err = error_of(lambda: convert(raw, out, "--format", format_), capsys)
    assert "1 of 8 clips are bad" in err and "gendata_report.json names them all" in err
    assert len(load(out, "xview/train", format_)[0]) == 4
    assert json.loads((out / "dataset.json").read_text())["counts"]["xview/train"] == 4


@pytest.mark.parametrize("format_", ["dense", "compact"])
def test_strict_stops_at_the_first_bad_file_and_nothing_gets_a_name(raw, tmp_path, capsys, format_):
    spoil(raw / VICTIM, "empty")
    out = tmp_path / "out"
    err = error_of(lambda: convert(raw, out, "--strict", "--format", format_), capsys)
    assert VICTIM in err
    assert finished_files(out) == []


def test_misnamed_clips_and_unknown_actions_are_named(raw, tmp_path, monkeypatch):
    monkeypatch.setattr(outcome, "MAX_BAD_SHARE", 0.5)
    shutil.copy(raw / VICTIM, raw / "holiday.skeleton")
    shutil.copy(raw / VICTIM, raw / "S001C003P003R002A061.skeleton")
    spoil(raw / VICTIM, "empty")
    spoil(raw / "S001C001P001R001A001.skeleton", "empty")
    convert(raw, tmp_path / "out")
    kinds = {"empty": 2, "misnamed": 1, "unknown action": 1}
    assert report(tmp_path / "out")["num_bad_by_kind"] == kinds
    assert next(iter(report(tmp_path / "out")["num_bad_by_kind"])) == "empty"
    reasons = {Path(clip["file"]).name: clip["reason"] for clip in report(tmp_path / "out")["bad"]}
    assert "must be named SsssCccc" in reasons["holiday.skeleton"]
    assert "the action must be 1 to 60" in reasons["S001C003P003R002A061.skeleton"]


def test_a_clip_in_two_folders_is_taken_once(raw, tmp_path, monkeypatch):
    monkeypatch.setattr(outcome, "MAX_BAD_SHARE", 0.5)
    second = tmp_path / "second"
    shutil.copytree(RAW, second, ignore=shutil.ignore_patterns("S00[1345]*"))
    line = f"--part1-path {raw} --part2-path {second} --ignored-sample-path {MISSING}"
    ntu120_gendata.main([*line.split(), "--out-folder", str(tmp_path / "out"), "--num-worker", "1"])
    found = report(tmp_path / "out")
    assert [Path(clip["file"]).name for clip in found["bad"]] == sorted(
        file.name for file in second.glob("S002*")
    )
    assert f"{raw} and {second} both hold" in found["bad"][0]["reason"]
    assert found["num_bad_by_kind"] == {"duplicate": len(found["bad"])}


def test_no_usable_clip_at_all_is_an_error(raw, tmp_path, capsys):
    for file in raw.iterdir():
        spoil(file, "empty")
    for format_ in ("dense", "compact"):
        err = error_of(lambda f=format_: convert(raw, tmp_path / "out", "--format", f), capsys)
        assert "is usable. The first: " in err
    assert finished_files(tmp_path / "out") == []


@pytest.fixture
def kinetics(tmp_path, monkeypatch):
    monkeypatch.setattr(outcome, "MAX_BAD_SHARE", 0.9)
    return shutil.copytree(ASSETS / "kinetics_raw", tmp_path / "kinetics")


def kinetics_reasons(raw: Path, out: Path) -> dict[str, str]:
    line = f"--data_path {raw} --out_folder {out} --num-worker 1"
    kinetics_gendata.main(line.split())
    names, _ = pickle.loads((out / "val_label.pkl").read_bytes())
    assert len(np.load(out / "val_data_joint.npy")) == len(names) == report(out)["num_usable"]
    return {Path(clip["file"]).name: clip["reason"] for clip in report(out)["bad"]}


def test_bad_clips_of_kinetics_are_named_with_their_reason(kinetics, tmp_path):
    folder = kinetics / "kinetics_val"
    shutil.copy(folder / "golden_00.json", folder / "unknown.json")
    clip = json.loads((folder / "golden_01.json").read_text())
    clip["label_index"] = 399
    (folder / "golden_01.json").write_text(json.dumps(clip))
    clip = json.loads((folder / "golden_02.json").read_text())
    clip["data"][0]["frame_index"] = -1
    (folder / "golden_02.json").write_text(json.dumps(clip))
    reasons = kinetics_reasons(kinetics, tmp_path / "out")
    assert set(reasons) == {"unknown.json", "golden_01.json", "golden_02.json"}
    kinds = dict.fromkeys(("without label", "wrong label", "frame_index out of place"), 1)
    assert report(tmp_path / "out")["num_bad_by_kind"] == kinds
    assert "it has no entry in" in reasons["unknown.json"]
    assert "has label_index 399, but the label file says" in reasons["golden_01.json"]
    assert "frame_index must be a whole number from 0. Got -1" in reasons["golden_02.json"]


def test_a_clip_in_both_parts_of_kinetics_is_taken_once(kinetics, tmp_path):
    train = kinetics / "kinetics_train"
    train.mkdir()
    shutil.copy(kinetics / "kinetics_val" / "golden_00.json", train)
    shutil.copy(kinetics / "kinetics_val" / "golden_01.json", train / "other.json")
    labels = json.loads((kinetics / "kinetics_val_label.json").read_text())
    labels = {"golden_00": labels["golden_00"], "other": labels["golden_01"]}
    (kinetics / "kinetics_train_label.json").write_text(json.dumps(labels))
    kinetics_gendata.main(f"--data_path {kinetics} --out_folder {tmp_path / 'out'}".split())
    found = report(tmp_path / "out")
    twice = kinetics / "kinetics_val" / "golden_00.json"
    assert [clip["file"] for clip in found["bad"]] == [str(twice)]
    assert found["num_bad_by_kind"] == {"duplicate": 1} and found["num_usable"] == 5


def test_both_formats_hold_the_same_clips_to_the_bit(raw, tmp_path):
    out = tmp_path / "out"
    convert(raw, out)
    dense = json.loads((out / "dataset.json").read_text())
    convert(raw, out, "--format", "compact")
    compact = json.loads((out / "dataset.json").read_text())
    for split in dense["counts"]:
        names, joints = load(out, split, "dense")
        stored_names, stored = load(out, split, "compact")
        assert names == stored_names and joints.tobytes() == stored.tobytes()
        assert dense["counts"][split] == compact["counts"][split] == len(names)
