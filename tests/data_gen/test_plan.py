"""The plan: who goes where, how much room it takes, and what is printed before any work."""

import json
import shutil
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest
from golden_arrays import ASSETS

from data_gen import kinetics_gendata, ntu120_gendata, ntu_gendata
from data_gen.pipeline import plan
from data_gen.pipeline.ntu_splits import DATASETS

RAW, MISSING = ASSETS / "ntu_raw", ASSETS / "ntu_missing.txt"


@pytest.fixture
def raw(tmp_path):
    ignored = shutil.ignore_patterns("S018*", "S020*")
    return Path(shutil.copytree(RAW, tmp_path / "raw", ignore=ignored))


def flags(raw: Path, out: Path, *more: str) -> list[str]:
    line = f"--data_path {raw} --ignored_sample_path {MISSING} --out_folder {out} --num-worker 1"
    return [*line.split(), *more]


@pytest.mark.parametrize("format_", ["dense", "compact"])
def test_a_dry_run_prints_clips_size_and_room_and_writes_nothing(raw, tmp_path, capsys, format_):
    ntu_gendata.main(flags(raw, tmp_path / "out", "--dry-run", "--format", format_))
    out = capsys.readouterr().out
    assert "ntu: 8 clips" in out and "xsub/train 5, xsub/val 3" in out
    assert "GB are free" in out and f"GB in {tmp_path / 'out'}" in out
    assert not (tmp_path / "out").exists()


def test_the_expected_size_is_the_size(raw, tmp_path, capsys):
    ntu_gendata.main(flags(raw, tmp_path / "out"))
    capsys.readouterr()
    size = sum(np.load(file, mmap_mode="r").nbytes for file in (tmp_path / "out").rglob("*.npy"))
    ntu_gendata.main(flags(raw, tmp_path / "out", "--dry-run"))
    assert f"{size / 1e9:.2f} GB in" in capsys.readouterr().out


def test_names_alone_are_enough_for_a_dry_run_of_the_splits(tmp_path, capsys):
    names = [f"S{s:03d}C{c:03d}P{p:03d}R001A{a:03d}" for s in (1, 2, 18) for c in (1, 2, 3)
             for p in (1, 3) for a in (1, 120)]  # fmt: skip
    listed = tmp_path / "names.txt"
    listed.write_text("\n".join([*names[:5], "", *(f"{name}.skeleton" for name in names[5:])]))
    line = f"--dry-run --names-from {listed} --ignored-sample-path {MISSING}"
    ntu120_gendata.main(line.split())
    out = capsys.readouterr().out
    assert "xsub/train 18, xsub/val 18, xset/train 24, xset/val 12" in out
    table = [row.split() for row in out.splitlines()[-4:]]
    assert table == [
        ["class", "xsub/train", "xsub/val", "xset/train", "xset/val"],
        ["0", "9", "9", "12", "6", "drink", "water"],
        ["119", "9", "9", "12", "6", "rock-paper-scissors"],
        ["all", "18", "18", "24", "12"],
    ]


def test_a_list_of_names_needs_a_dry_run_and_must_be_there(tmp_path):
    line = f"--names-from {tmp_path / 'no.txt'} --ignored-sample-path {MISSING}"
    with pytest.raises(ValueError, match="it requires --dry-run"):
        ntu_gendata.main(line.split())
    with pytest.raises(FileNotFoundError, match=r"no list of clip names .*no\.txt"):
        ntu_gendata.main([*line.split(), "--dry-run"])


@pytest.mark.parametrize("format_", ["dense", "compact"])
def test_too_small_a_disk_is_an_error_before_any_work(raw, tmp_path, monkeypatch, format_):
    usage = namedtuple("usage", "total used free")(10**6, 0, 10**5)
    monkeypatch.setattr(plan.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(OSError, match=r"needs 0\.0. GB, but only 0\.00 GB are free") as error:
        ntu_gendata.main(flags(raw, tmp_path / "out", "--format", format_))
    assert ("--format compact" in str(error.value)) == (format_ == "dense")
    assert not (tmp_path / "out").exists()


def test_kinetics_plans_too(tmp_path, capsys):
    line = f"--data_path {ASSETS / 'kinetics_raw'} --out_folder {tmp_path / 'out'} --dry-run"
    kinetics_gendata.main(line.split())
    assert "kinetics: 4 clips\n  val 4\n" in capsys.readouterr().out


def test_the_published_counts_add_up():
    for name, size in (("ntu", 56_578), ("ntu120", 113_945)):
        for benchmark in DATASETS[name].benchmarks:
            counts = DATASETS[name].published_counts
            total = 56_578 if benchmark.startswith("ntu60") else size
            assert counts[f"{benchmark}/train"] + counts[f"{benchmark}/val"] == total


def test_ntu_60_comes_out_of_the_pass_over_ntu_120(tmp_path):
    both, alone = tmp_path / "both", tmp_path / "alone"
    line = f"--part1-path {RAW} --part2-path {RAW} --ignored-sample-path {MISSING}"
    line += f" --benchmark xset ntu60-xsub ntu60-xview --out-folder {both} --num-worker 1"
    ntu120_gendata.main(line.split())
    ntu_gendata.main(flags(RAW, alone))
    for benchmark in ("xsub", "xview"):
        for file in (alone / benchmark).iterdir():
            made = both / f"ntu60-{benchmark}" / file.name
            assert made.read_bytes() == file.read_bytes()
    class_counts = json.loads((both / "dataset.json").read_text())["class_counts"]
    num_classes = {split.split("/")[0]: len(counts) for split, counts in class_counts.items()}
    assert num_classes == {"xset": 120, "ntu60-xsub": 60, "ntu60-xview": 60}
