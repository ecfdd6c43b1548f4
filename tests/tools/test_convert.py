"""To other toolboxes and back, to the bit."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import small_data
import yaml

from data_gen import custom_gendata
from tools import convert
from utils.cli import PROJECT, run

SETTINGS = {
    "pyskl": {"reader": {"format": "pyskl"}, "frames": {"max": 8}},
    "ctrgcn": {
        "reader": {"format": "ctrgcn", "persons": 2},
        "frames": {"max": 8},
    },
}


def custom(folder: Path, file: str, to: str) -> list[str]:
    settings = {
        "name": "back", "files": file, "skeleton": "kinect_v1", "persons": 2,
        "label": {"field": "label"}, "split": {"field": "split"}, "normalise": "none",
        **SETTINGS[to],
    }  # fmt: skip
    path = folder / "back.yaml"
    path.write_text(yaml.safe_dump(settings))
    return ["--config", str(path), "--out-folder", str(folder / "back"),
            "--config-folder", str(folder / "config")]  # fmt: skip


@pytest.fixture
def data(tmp_path):
    for part, seed in (("train", 1), ("val", 2)):
        clips = small_data.clips(6, seed, persons=2)
        clips[2, :, 5:] = 0  # a shorter one
        clips[4, ..., 1] = 0  # of one person
        order = np.abs(clips).sum(axis=(1, 2, 3))  # most active first, as the command keeps them
        clips = np.stack(
            [clip[..., np.argsort(-o, kind="stable")] for clip, o in zip(clips, order, strict=True)]
        )
        small_data.write(tmp_path / "data", part, clips, [0, 1, 2, 0, 1, 2])
    return tmp_path


@pytest.mark.parametrize("to", ["pyskl", "ctrgcn"])
def test_a_round_trip_changes_no_bit(data, to):
    file = {"pyskl": "x.pkl", "ctrgcn": "x.npz"}[to]
    convert.main(["--data", str(data / "data"), "--to", to, "--out", str(data / file)])
    custom_gendata.main(custom(data, file, to))
    for part in ("train", "val"):
        name = f"{part}_data_joint.npy"
        assert np.array_equal(np.load(data / "data" / name), np.load(data / "back" / name))


def test_a_store_gives_the_same_file_as_its_arrays(data):
    convert.main(["--data", str(data / "data"), "--to", "ctrgcn", "--out", str(data / "x.npz")])
    custom_gendata.main([*custom(data, "x.npz", "ctrgcn"), "--format", "compact"])
    convert.main(["--data", str(data / "back"), "--to", "ctrgcn", "--out", str(data / "y.npz")])
    one, other = (np.load(data / name) for name in ("x.npz", "y.npz"))
    for name in one.files:
        assert np.array_equal(one[name], other[name])


def test_what_cannot_be_is_one_line(tmp_path, capsys):
    for argv, said in (
        (["--data", str(tmp_path), "--to", "pyskl", "--out", "x.pkl"], "holds neither"),
        (["--data", str(tmp_path), "--to", "pyskl", "--out", "x.npz"], "must end with .pkl"),
    ):
        with pytest.raises(SystemExit):
            run(lambda argv=argv: convert.main(argv))
        assert said in capsys.readouterr().err


def test_it_works_from_its_own_folder():
    done = subprocess.run(
        [sys.executable, "convert.py", "--help"],
        cwd=PROJECT / "tools",
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0 and "--benchmark" in done.stdout
