"""The commands for NTU RGB+D 60 and 120: the published arrays, and nothing half-written."""

import json
import os
import pickle
import shutil
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from golden_arrays import ASSETS, golden_arrays
from one_error import error_of

from data_gen import ntu120_gendata, ntu_gendata
from data_gen.pipeline import ntu_plan
from data_gen.pipeline import workers as parallel
from data_gen.pipeline.ntu_plan import read_bodies
from data_gen.readers.ntu import read_skeleton
from engine.data.clips import Clips
from engine.data.datasets import compare_with_manifest
from feeders.feeder import Feeder
from formats.clip_store import dense_clip
from utils.cli import PROJECT

RAW, MISSING = ASSETS / "ntu_raw", ASSETS / "ntu_missing.txt"
PARTS = {
    "ntu": ("xsub/train", "xsub/val", "xview/train", "xview/val"),
    "ntu120": ("xsub/train", "xsub/val", "xset/train", "xset/val"),
}

NOTES = ["dataset.json", "gendata_report.json"]
ENDS = ["data_joint.npy", "label.npz", "label.pkl"]


def copy_clips(folder: Path, pattern: str) -> Path:
    folder.mkdir()
    for file in sorted(RAW.glob(pattern)):
        shutil.copy(file, folder)
    return folder


@pytest.fixture
def raw_60(tmp_path):
    return copy_clips(tmp_path / "nturgb+d_skeletons", "S00*.skeleton")


@pytest.fixture
def raw_120(tmp_path):
    return copy_clips(tmp_path / "nturgb+d_skeletons120", "S0[12]*.skeleton")


def assert_published(dataset: str, out: Path) -> None:
    golden = golden_arrays("ntu_gendata")
    for part in PARTS[dataset]:
        key = f"{dataset}/{part}"
        joints = np.load(out / f"{part}_data_joint.npy")
        names, labels = pickle.loads((out / f"{part}_label.pkl").read_bytes())
        assert joints.dtype == np.float32 and joints.shape == golden[f"{key}/data"].shape
        assert np.abs(joints - golden[f"{key}/data"]).max() < 1e-6
        assert names == golden[f"{key}/names"].tolist()
        assert labels == golden[f"{key}/labels"].tolist()


def everything_in(folder: Path) -> list[str]:
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())


def published_call(script: str, *flags: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, script, *flags]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=60)


def test_ntu_60_gives_the_published_arrays(raw_60, tmp_path, capsys):
    out = tmp_path / "out"
    line = f"--data_path {raw_60} --ignored_sample_path {MISSING} --out_folder {out}"
    ntu_gendata.main(line.split())
    assert_published("ntu", out)
    files = [f"{part}_{end}" for part in PARTS["ntu"] for end in ENDS]
    assert everything_in(out) == sorted([*files, *NOTES])
    assert "xsub/train: 5 samples, 5 classes, 4 subjects" in capsys.readouterr().out


def test_ntu_120_gives_the_published_arrays(raw_60, raw_120, tmp_path):
    out = tmp_path / "out"
    line = f"--part1-path {raw_60} --part2-path {raw_120} --ignored-sample-path {MISSING}"
    ntu120_gendata.main([*line.split(), "--out-folder", str(out)])
    assert_published("ntu120", out)


@pytest.mark.parametrize(
    ("format_", "where"),
    [
        ("dense", {"data_path": "xview/val_data_joint.npy", "label_path": "xview/val_label.pkl"}),
        ("compact", {"data_path": "clips", "split": "xview/val"}),
    ],
)
def test_a_part_of_the_data_set_is_noted_by_the_command_and_before_training(
    raw_60, tmp_path, capsys, caplog, format_, where
):
    line = f"--data_path {raw_60} --ignored_sample_path {MISSING} --out_folder {tmp_path / 'out'}"
    ntu_gendata.main([*line.split(), "--format", format_])
    note = "Not the published number of clips: xsub/train 5 of 40,091, xsub/val 3 of 16,487, xview/"
    assert note in capsys.readouterr().out
    paths = {key: str(tmp_path / "out" / name) for key, name in where.items() if key != "split"}
    clips = Clips(Feeder(**{**where, **paths}))
    caplog.clear()
    with caplog.at_level("INFO"):
        compare_with_manifest({"num_class": 60}, clips)
    assert [record.levelname for record in caplog.records] == ["INFO"]
    assert note in caplog.text


def test_the_published_calls_work_from_inside_data_gen(raw_60, raw_120, tmp_path):
    paths = {name: os.path.relpath(path, PROJECT / "data_gen") for name, path in {
        "60": raw_60, "120": raw_120, "missing": MISSING, "out": tmp_path / "out",
    }.items()}  # fmt: skip
    flags = f"--data_path {paths['60']} --ignored_sample_path {paths['missing']} --out_folder"
    done = published_call(
        "ntu_gendata.py", *flags.split(), f"{paths['out']}/ntu", cwd=PROJECT / "data_gen"
    )
    empty = "WARNING: clips kept with nobody in them: 1 (S005C002P021R001A008.skeleton).\n"
    assert (done.returncode, done.stderr) == (0, empty)
    flags = (
        f"--part1-path {paths['60']} --part2-path {paths['120']} "
        f"--ignored-sample-path {paths['missing']} --out-folder {paths['out']}/ntu120"
    )
    done = published_call("ntu120_gendata.py", *flags.split(), cwd=PROJECT / "data_gen")
    assert (done.returncode, done.stderr) == (0, empty)
    assert_published("ntu", tmp_path / "out" / "ntu")
    assert_published("ntu120", tmp_path / "out" / "ntu120")


@pytest.mark.parametrize("format_", ["dense", "compact"])
def test_no_byte_depends_on_the_number_of_workers(raw_60, tmp_path, monkeypatch, format_):
    monkeypatch.setattr(parallel, "ITEMS_PER_WORKER", 1)
    monkeypatch.setattr(parallel, "ITEMS_PER_TASK", 1)
    for workers in ("1", "2"):
        line = f"--data_path {raw_60} --ignored_sample_path {MISSING} --n_cores {workers}"
        out = f"--out_folder {tmp_path / workers} --format {format_}"
        ntu_gendata.main([*line.split(), *out.split()])
    assert everything_in(tmp_path / "1") == everything_in(tmp_path / "2")
    for file in everything_in(tmp_path / "1"):
        assert (tmp_path / "1" / file).read_bytes() == (tmp_path / "2" / file).read_bytes()


def test_each_raw_file_is_read_once_for_all_benchmarks(raw_60, tmp_path, monkeypatch):
    reads = []

    def watched(path: Path) -> np.ndarray:
        reads.append(path.name)
        return read_skeleton(path)

    monkeypatch.setattr(ntu_plan, "read_skeleton", watched)
    line = f"--data_path {raw_60} --ignored_sample_path {MISSING} --out_folder {tmp_path / 'out'}"
    ntu_gendata.main([*line.split(), "--num-worker", "1"])
    golden = golden_arrays("ntu_gendata")
    names = {part: golden[f"ntu/xsub/{part}/names"].tolist() for part in ("train", "val")}
    assert reads == sorted([*names["train"], *names["val"]])


def test_the_manifest_has_the_checksum_of_every_array(raw_60, tmp_path):
    line = f"--data_path {raw_60} --ignored_sample_path {MISSING} --out_folder {tmp_path / 'out'}"
    ntu_gendata.main(line.split())
    manifest = json.loads((tmp_path / "out" / "dataset.json").read_text())
    assert manifest["sources"] == [str(raw_60)] and manifest["versions"]["numpy"] == np.__version__
    for part in PARTS["ntu"]:
        rows = np.load(tmp_path / "out" / f"{part}_data_joint.npy")
        crcs = np.array([zlib.crc32(row.tobytes()) for row in rows], "<u4")
        assert manifest["checksums"][f"{part}_data_joint.npy"] == zlib.crc32(crcs.tobytes())
        assert sum(manifest["class_counts"][part]) == manifest["counts"][part] == len(rows)


@pytest.mark.skipif(sys.platform != "linux", reason="private memory is read from /proc")
def test_memory_does_not_grow_with_the_clips(tmp_path, monkeypatch):
    raw, sizes = copy_clips(tmp_path / "raw", "S001C001P001R001A001*"), []
    for i in range(1, 300):
        name = f"S001C001P{i // 60 + 1:03d}R002A{i % 60 + 1:03d}.skeleton"
        os.link(raw / "S001C001P001R001A001.skeleton", raw / name)

    def watched(path: Path) -> np.ndarray:
        status = Path("/proc/self/status").read_text()
        sizes.append(int(status.split("RssAnon:")[1].split()[0]) / 1024)
        return read_skeleton(path)

    monkeypatch.setattr(ntu_plan, "read_skeleton", watched)
    line = f"--data_path {raw} --ignored_sample_path {MISSING} --out_folder {tmp_path / 'out'}"
    ntu_gendata.main([*line.split(), "--benchmark", "xsub", "--num-worker", "1"])
    megabytes_made = (len(sizes) - 50) * 0.18
    assert len(sizes) == 300 and sizes[-1] - sizes[50] < 0.2 * megabytes_made


def test_benchmark_and_part_narrow_the_work(raw_60, tmp_path):
    out = tmp_path / "out"
    line = f"--data_path {raw_60} --ignored_sample_path {MISSING} --benchmark xview --part val"
    ntu_gendata.main([*line.split(), "--out_folder", str(out)])
    assert everything_in(out) == [*NOTES, *(f"xview/val_{end}" for end in ENDS)]


def test_clips_of_ntu_120_stay_out_of_ntu_60_with_a_warning(tmp_path, caplog):
    line = f"--data_path {RAW} --ignored_sample_path {MISSING} --out_folder {tmp_path}"
    ntu_gendata.main(line.split())
    assert_published("ntu", tmp_path)
    assert "Left out 2 clips of setups above 17" in caplog.text


def test_without_a_list_in_the_data_folder_the_shipped_one_counts(
    raw_60, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr("data_gen.pipeline.ntu_command.PROJECT", tmp_path)
    monkeypatch.setattr("utils.cli.PROJECT", tmp_path)
    ntu_gendata.main(["--data_path", str(raw_60)])
    names, _ = pickle.loads((tmp_path / "data/ntu/xsub/train_label.pkl").read_bytes())
    assert "S001C001P002R001A012.skeleton" in names
    assert "Leaving out 0 incomplete samples of 9: the list shipped" in capsys.readouterr().out


def test_frames_beyond_300_are_cut_with_a_warning(tmp_path, caplog):
    raw = copy_clips(tmp_path / "raw", "S001C001P001*")
    file = next(raw.iterdir())
    lines = file.read_text().splitlines()
    file.write_text("\n".join(["310", *lines[1:], *["0"] * (310 - int(lines[0]))]))
    line = f"--data_path {raw} --ignored_sample_path {MISSING} --benchmark xsub --part train"
    ntu_gendata.main([*line.split(), "--out_folder", str(tmp_path / "out")])
    assert "1 clips have more than 300 frames" in caplog.text
    assert json.loads((tmp_path / "out/gendata_report.json").read_text())["cut"] == [file.name]
    joints = np.load(tmp_path / "out/xsub/train_data_joint.npy")
    bodies, _ = read_bodies(RAW / file.name)
    assert np.array_equal(joints[0], dense_clip(bodies, joints[0].shape, normalize=True))


def failing(capsys, *argv: str) -> str:
    return error_of(lambda: ntu_gendata.main(argv), capsys)


def test_a_bad_file_stops_a_strict_run_and_leaves_nothing_half_written(raw_60, tmp_path, capsys):
    bad = sorted(raw_60.iterdir())[4]
    bad.write_text(bad.read_text()[:5000])
    out = tmp_path / "out"
    err = failing(capsys, *f"--data_path {raw_60} --ignored_sample_path {MISSING}".split(),
                  "--out_folder", str(out), "--strict")  # fmt: skip
    assert bad.name in err and "copy it again" in err
    assert everything_in(out) == []


def test_a_bad_file_leaves_the_arrays_of_an_earlier_strict_run(raw_60, tmp_path, capsys):
    line = f"--data_path {raw_60} --ignored_sample_path {MISSING} --out_folder {tmp_path / 'out'}"
    ntu_gendata.main(line.split())
    sorted(raw_60.iterdir())[-1].write_text("")
    failing(capsys, *line.split(), "--strict")
    assert_published("ntu", tmp_path / "out")
    assert len(everything_in(tmp_path / "out")) == 4 * len(ENDS) + len(NOTES)


def wrong_folders(tmp_path: Path) -> dict[str, tuple[list[str], str]]:
    (tmp_path / "empty").mkdir()
    misnamed = tmp_path / "misnamed"
    misnamed.mkdir()
    (misnamed / "a.skeleton").touch()
    few = copy_clips(tmp_path / "few", "S001C001P001*")
    return {
        "no folder": (["--data_path", str(tmp_path / "no")], "is missing"),
        "no files": (["--data_path", str(tmp_path / "empty")], "has no .skeleton file"),
        "misnamed": (["--data_path", str(misnamed)], "must be named Ssss"),
        "no list": (["--data_path", str(few), "--ignored_sample_path", "no.txt"], "no.txt"),
        "no val": (["--data_path", str(few)], "No sample belongs to xsub/val"),
    }


@pytest.mark.parametrize("what", ["no folder", "no files", "misnamed", "no list", "no val"])
def test_what_is_missing_is_said_in_one_line_and_nothing_is_written(tmp_path, capsys, what):
    flags, message = wrong_folders(tmp_path)[what]
    if "--ignored_sample_path" not in flags:
        flags = [*flags, "--ignored_sample_path", str(MISSING)]
    out = tmp_path / "out"
    assert message in failing(capsys, *flags, "--out_folder", str(out))
    assert not out.exists() or everything_in(out) == []


def test_an_action_beyond_60_is_refused(tmp_path, capsys):
    raw = copy_clips(tmp_path / "raw", "S005*")
    next(raw.iterdir()).rename(raw / "S005C002P021R001A061.skeleton")
    flags = f"--data_path {raw} --ignored_sample_path {MISSING} --out_folder {tmp_path / 'out'}"
    assert "the action must be 1 to 60" in failing(capsys, *flags.split())


def test_the_same_clip_in_both_folders_of_ntu_120_is_refused(raw_60, raw_120, tmp_path):
    shutil.copy(next(raw_60.iterdir()), raw_120)
    flags = f"--part1-path {raw_60} --part2-path {raw_120} --out-folder {tmp_path / 'out'}"
    with pytest.raises(ValueError, match="both hold"):
        ntu120_gendata.main([*flags.split(), "--strict", "--ignored-sample-path", str(MISSING)])


def test_a_failing_call_of_the_script_prints_no_traceback(tmp_path):
    done = published_call("data_gen/ntu_gendata.py", "--data_path", str(tmp_path), cwd=PROJECT)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ") and done.stderr.count("\n") == 1


NAMES = ["S001C001P001R001A001", "S001C001P002R001A012", "S001C002P001R001A050"]
LISTS = {
    "plain": "\n".join(NAMES).encode(),
    "with a byte order mark": b"\xef\xbb\xbf" + "\n".join(NAMES).encode(),
    "UTF-16": "\n".join(NAMES).encode("utf-16"),
    "commas": ",".join(NAMES).encode(),
    "quotes": "\n".join(f'"{name}"' for name in NAMES).encode(),
    "folders": "\n".join(f"raw/{name}.skeleton" for name in NAMES).encode(),
    "Windows": "\r\n".join(NAMES).encode(),
}


@pytest.mark.parametrize("form", LISTS)
def test_a_list_of_incomplete_samples_is_read_whatever_its_form(raw_60, tmp_path, capsys, form):
    path = tmp_path / "list.txt"
    path.write_bytes(LISTS[form])
    line = f"--data_path {raw_60} --ignored_sample_path {path} --out_folder {tmp_path / 'out'}"
    ntu_gendata.main([*line.split(), "--dry-run"])
    assert f"Leaving out 3 incomplete samples of 9: {path}" in capsys.readouterr().out


def test_a_list_that_names_no_clip_is_refused(raw_60, tmp_path, capsys):
    path = tmp_path / "list.txt"
    path.write_text("hello world")
    line = f"--data_path {raw_60} --ignored_sample_path {path} --out_folder {tmp_path / 'out'}"
    assert "names no clip" in failing(capsys, *line.split())


@pytest.mark.parametrize("what", ["a pipe", "too large"])
def test_what_cannot_be_read_whole_is_left_out(raw_60, tmp_path, what):
    bad = sorted(raw_60.iterdir())[4]
    bad.unlink()
    os.mkfifo(bad) if what == "a pipe" else bad.write_bytes(b"1" * 3_000_000)
    line = f"--data_path {raw_60} --ignored_sample_path {MISSING} --out_folder {tmp_path / 'out'}"
    with pytest.raises(ValueError, match="1 of 8 clips are bad"):
        ntu_gendata.main([*line.split(), "--max-file-mb", "2"])
    report = json.loads((tmp_path / "out" / "gendata_report.json").read_text())
    assert report["bad"][0]["file"].endswith(bad.name)
    assert report["bad"][0]["kind"] == {"a pipe": "unreadable"}.get(what, what)
