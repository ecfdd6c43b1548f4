"""A user's recordings on disk, and a YAML file about them."""

from pathlib import Path

import numpy as np
import yaml
from one_error import error_of

from data_gen import custom_gendata

SETTINGS = {
    "name": "gestures",
    "files": "raw/*.npz",
    "reader": {"format": "npz", "key": "joints", "axes": "TVC"},
    "skeleton": "coco17",
    "label": {"regex": r"a(\d+)", "first": 1},
    "classes": ["wave", "point", "clap"],
    "subject": {"regex": r"s(\d+)"},
    "split": {"by": "subject", "train": [1, 2, 3]},
    "normalise": "centre+scale",
    "frames": 12,
}


def clip(action, rng, frames=10):
    """(T, 17, 3): how far the joints swing is the class."""
    body = np.random.default_rng(0).normal(size=(17, 3))
    swing = np.sin(np.arange(frames) / 2)[:, None, None] * action
    return body + swing * np.arange(17)[None, :, None] / 17 + rng.normal(0, 0.01, (frames, 17, 3))


def make(tmp_path: Path) -> Path:
    """24 files of three actions by four subjects, in tmp_path/raw; tmp_path."""
    (tmp_path / "raw").mkdir()
    rng = np.random.default_rng(1)
    for subject in range(1, 5):
        for action in (1, 2, 3):
            for take in range(2):
                path = tmp_path / "raw" / f"a{action:02d}_s{subject}_t{take}.npz"
                np.savez(path, joints=clip(action, rng, 10 + subject + 5 * take))
    return tmp_path


def write(folder: Path, **changes) -> list[str]:
    """The arguments of the command for SETTINGS with changes."""
    return write_settings(folder, **{**SETTINGS, **changes})


def write_settings(folder: Path, **settings) -> list[str]:
    path = folder / "my.yaml"
    path.write_text(yaml.safe_dump(settings))
    return ["--config", str(path), "--out-folder", str(folder / "data"),
            "--config-folder", str(folder / "config")]  # fmt: skip


def failing(capsys, argv) -> str:
    return error_of(lambda: custom_gendata.main(argv), capsys, may_warn=True)
