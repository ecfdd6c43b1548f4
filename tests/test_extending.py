"""The examples of docs/extending.md, in a copy of the project: they are read, not repeated here."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import small_data
import yaml

from utils.cli import PROJECT

TEXT = (PROJECT / "docs" / "extending.md").read_text()
ROOMS = ("engine", "feeders", "formats", "graph", "model", "utils")


def blocks(kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", TEXT, re.DOTALL)


def settings_of(*names: str) -> dict:
    """All YAML blocks that give one of the keys, merged."""
    loaded = [yaml.safe_load(block) for block in blocks("yaml")]
    found = [block for block in loaded if set(block) & set(names)]
    assert found
    return {key: value for block in found for key, value in block.items()}


def apply(diff: str, root: Path) -> None:
    """Make the changes of a diff whose hunks have no line numbers; each must fit exactly once."""
    path = root / re.search(r"^\+\+\+ b/(\S+)", diff, re.MULTILINE)[1]
    text = path.read_text()
    for hunk in diff.split("@@\n")[1:]:
        lines = hunk.splitlines(keepends=True)
        before = "".join(line[1:] for line in lines if not line.startswith("+"))
        after = "".join(line[1:] for line in lines if not line.startswith("-"))
        assert text.count(before) == 1, f"not once in {path}:\n{before}"
        text = text.replace(before, after)
    path.write_text(text)


@pytest.fixture
def project(tmp_path):
    """A copy of the project with the examples in it."""
    root = tmp_path / "project"
    root.mkdir()
    for room in ROOMS:
        shutil.copytree(PROJECT / room, root / room, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT / "main.py", root)
    (root / "my").mkdir()
    names = re.findall(r"`(my/\w+\.py)`:", TEXT)
    for name, code in zip(names, blocks("python"), strict=True):
        (root / name).write_text(code)
    for diff in blocks("diff"):
        apply(diff, root)
    return root


def train(project: Path, settings: dict) -> dict:
    """The summary of a run."""
    short = {"device": "cpu", "num_epoch": 6, "num_worker": 0, "batch_size": 8, "show_topk": [1]}
    short |= {"forward_batch_size": 8, "work_dir": "run", "base_lr": 0.5}
    (project / "settings.yaml").write_text(yaml.safe_dump(short | settings))
    command = [sys.executable, "main.py", "--config", "settings.yaml"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads((project / "run" / "summary.json").read_text())


def test_a_network_and_a_data_set_of_ones_own(project):
    assert train(project, settings_of("model", "feeder"))["best"]["acc"] > 0.9


def test_an_augmentation_and_an_optimiser(project):
    data = small_data.learnable(project / "data")
    (augmentation,) = (yaml.safe_load(b) for b in blocks("yaml") if "reverse" in b)
    feeder = small_data.feeder_args(data, "train", **augmentation["train_feeder_args"])
    settings = {
        **settings_of("model"),
        **settings_of("optimizer"),
        "base_lr": 0.01,
        "train_feeder_args": feeder,
        "test_feeder_args": small_data.feeder_args(data, "val"),
    }
    assert train(project, settings)["epochs"] == 6
    assert "NAdam" in (project / "run" / "config.yaml").read_text()
