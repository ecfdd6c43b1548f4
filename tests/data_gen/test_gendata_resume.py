"""A killed run: nothing half-written has a name, and the compact store resumes where it stopped."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from golden_arrays import ASSETS

from data_gen import ntu_gendata
from data_gen.pipeline import ntu_plan, store_writer
from data_gen.pipeline.ntu_plan import find_clips, make_plan
from data_gen.readers.ntu import read_skeleton
from utils.cli import PROJECT

MISSING = ASSETS / "ntu_missing.txt"
TEXT = (ASSETS / "ntu_raw" / "S001C001P001R001A001.skeleton").read_text()
KILLED = """
import sys, time
from data_gen.pipeline import ntu_plan
from data_gen.pipeline import store_writer
from data_gen import ntu_gendata
store_writer.CHECKPOINT = 10
read = ntu_plan.read_skeleton
def slow(path):
    time.sleep(0.01)
    return read(path)
ntu_plan.read_skeleton = slow
ntu_gendata.main(sys.argv[1:])
"""


@pytest.fixture
def raw(tmp_path):
    folder = tmp_path / "raw"
    folder.mkdir()
    for i in range(200):
        name = f"S001C00{i % 3 + 1}P00{i % 8 + 1}R00{i // 60 + 1}A0{i % 60 + 1:02d}.skeleton"
        (folder / name).write_text(TEXT)
    return folder


def flags(raw: Path, out: Path, *more: str) -> list[str]:
    line = f"--data_path {raw} --ignored_sample_path {MISSING} --out_folder {out} --n_cores 1"
    return [*line.split(), *more]


def start(code: str, arguments: list[str]) -> subprocess.Popen:
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)


def kill_when(process: subprocess.Popen, ready) -> None:
    deadline = time.monotonic() + 30
    while not ready() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    assert process.poll() is None, "it ended before it could be killed"
    process.send_signal(signal.SIGKILL)
    process.wait()


def content(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir())}


def test_a_killed_compact_run_goes_on_where_it_stopped(raw, tmp_path, monkeypatch):
    out, whole = tmp_path / "out", tmp_path / "whole"
    journal = out / ".clips.partial" / "journal.jsonl"
    process = start(KILLED, flags(raw, out, "--format", "compact"))
    kill_when(process, lambda: journal.is_file() and journal.read_text().count("\n") > 20)
    assert [path.name for path in out.iterdir()] == [".clips.partial"]
    done = journal.read_text().count("\n") - 1
    reads = []
    monkeypatch.setattr(ntu_plan, "read_skeleton", lambda p: reads.append(p) or read_skeleton(p))
    ntu_gendata.main(flags(raw, out, "--format", "compact", "--resume"))
    assert len(reads) == len(list(raw.iterdir())) - done and done >= 20
    ntu_gendata.main(flags(raw, whole, "--format", "compact"))
    assert content(out / "clips") == content(whole / "clips")
    assert (out / "dataset.json").read_text() == (whole / "dataset.json").read_text()
    assert not journal.parent.exists()


def test_a_killed_dense_run_leaves_no_name_and_can_be_started_again(raw, tmp_path):
    out = tmp_path / "out"
    process = start(KILLED, flags(raw, out, "--benchmark", "xsub"))
    kill_when(process, lambda: len(list(out.rglob(".*npy"))) == 2)
    assert all(file.name[0] == "." for file in (out / "xsub").iterdir())
    ntu_gendata.main(flags(raw, out, "--benchmark", "xsub"))
    ends = ("data_joint.npy", "label.npz", "label.pkl")
    names = [f"{part}_{end}" for part in ("train", "val") for end in ends]
    assert sorted(file.name for file in (out / "xsub").iterdir()) == names


def test_resume_is_for_the_store_alone(raw, tmp_path):
    with pytest.raises(ValueError, match="--resume requires --format compact"):
        ntu_gendata.main(flags(raw, tmp_path / "out", "--resume"))


def test_resume_refuses_other_clips(raw, tmp_path):
    files, _ = find_clips([raw])
    plan = make_plan("ntu", files, set(), ("xsub",), ("train",), tmp_path / "out")
    names = [clip.name for clip in plan.clips]
    store_writer.ClipStoreWriter(plan.store, names, (25, 3)).__exit__(None, None, None)
    with pytest.raises(ValueError, match="of other clips"):
        ntu_gendata.main(flags(raw, tmp_path / "out", "--format", "compact", "--resume"))
