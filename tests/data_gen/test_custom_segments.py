"""Recordings that hold many clips, cut by a table of segments."""

from pathlib import Path

import numpy as np
import pytest
from own_recordings import failing, write_settings

from data_gen import custom_gendata
from formats.labels import load_labels

SETTINGS = {
    "name": "days",
    "files": "raw/*.npz",
    "skeleton": "coco17",
    "reader": {"format": "npz", "rate": 10},
    "segments": {"csv": "segments.csv", "file": "clip"},
    "label": {"field": "action"},
    "subject": {"field": "recording"},
    "split": {"by": "subject", "train": ["day1"]},
    "normalise": "none",
    "frames": {"max": 50},
}


@pytest.fixture
def recordings(tmp_path):
    """Two recordings of 40 frames; every joint is at the number of the frame."""
    (tmp_path / "raw").mkdir()
    for day in (1, 2):
        joints = np.broadcast_to(np.arange(1.0, 41)[:, None, None], (40, 17, 3))
        np.savez(tmp_path / f"raw/day{day}.npz", joints=joints)
    return tmp_path


def table(folder: Path, *rows: str) -> None:
    (folder / "segments.csv").write_text("\n".join(["clip,start,end,action", *rows]) + "\n")


@pytest.mark.parametrize(
    ("unit", "times"),
    [("frames", ["0,10", "10,40", "35,60"]), ("seconds", ["0,0.9999", "0.9999,4", "3.5,6"])],
)
def test_recordings_are_cut_into_segments(recordings, unit, times):
    rows = [f"{name},{time},{a}" for name in ("day1", "day2.npz") for time, a in
            zip(times, ("wave", "clap", "wave"), strict=True)]  # fmt: skip
    table(recordings, *rows)
    segments = {**SETTINGS["segments"], "unit": unit}
    custom_gendata.main(write_settings(recordings, **{**SETTINGS, "segments": segments}))
    names, labels = load_labels(recordings / "data" / "train_label.pkl")
    expected = [f"day1_{time.replace(',', '-')}" for time in times]
    clips = dict(zip(names, np.load(recordings / "data" / "train_data_joint.npy"), strict=True))
    assert sorted(names) == sorted(expected)
    assert [dict(zip(names, labels, strict=True))[name] for name in expected] == [1, 0, 1]
    for name, (first, last) in zip(expected, ((1, 10), (11, 40), (36, 40)), strict=True):
        seen = clips[name][0, :, 0, 0]
        assert seen[seen > 0].tolist() == list(range(first, last + 1))


def test_what_a_table_of_segments_leaves_out_is_said(recordings, caplog):
    table(recordings, "day1,0,10,wave", "day1,10,20,clap", "day3,0,10,wave")
    custom_gendata.main([*write_settings(recordings, **SETTINGS), "--dry-run"])
    assert "recordings without segments: 1 (day2.npz)" in caplog.text
    assert "without a recording: 1 (day3)" in caplog.text


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("day1,40,50,wave", "has 40 frames, no segment from 40 to 50"),
        ("day1,5,5,wave", "no segment from 5 to 5"),
        ("day1,-1,5,wave", "no segment from -1 to 5"),
        ("day1,nan,5,wave", "no segment from nan to 5"),
        ("day1,x,5,wave", "could not convert"),
        ("day1,5,,wave", "could not convert"),
    ],
)
def test_segments_that_cannot_be_are_one_line(recordings, capsys, row, said):
    table(recordings, row)
    assert said in failing(capsys, write_settings(recordings, **SETTINGS))


@pytest.mark.parametrize(
    ("segments", "said"),
    [
        ({"file": "clip"}, "segments must have csv"),
        ({"csv": "segments.csv", "unit": "hours"}, "unit must be frames or seconds"),
        ({"csv": "none.csv"}, "is not a readable table"),
        ({"csv": "segments.csv", "start": "begin"}, "must have the columns 'file', 'begin', 'end'"),
        ({"csv": 3}, "csv must be text"),
    ],
)
def test_tables_of_segments_that_cannot_be_are_one_line(recordings, capsys, segments, said):
    table(recordings, "day1,0,10,wave")
    assert said in failing(capsys, write_settings(recordings, **{**SETTINGS, "segments": segments}))
