"""The worked example of docs/data.md: its files, its YAML, its commands, in an empty folder."""

import json
import re
import shlex
import subprocess
import sys

import yaml

from utils.cli import PROJECT

TEXT = (PROJECT / "docs" / "data.md").read_text().partition("## Your own recordings")[2]


def block(kind: str, containing: str) -> str:
    found = re.findall(rf"```{kind}\n(.*?)```", TEXT, re.DOTALL)
    (text,) = [text for text in found if containing in text]
    return text


def test_it_runs_as_written(tmp_path):
    subprocess.run([sys.executable, "-c", block("python", "savez")], cwd=tmp_path, check=True)
    (tmp_path / "my.yaml").write_text(block("yaml", "name: gestures"))
    for line in block("sh", "--config my.yaml").splitlines():
        _, script, *arguments = shlex.split(line)
        command = [sys.executable, str(PROJECT / script), *arguments]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    summary = json.loads((tmp_path / "work_dir/gestures/joint/summary.json").read_text())
    assert summary["best"]["acc"] > 0.9
    log = (tmp_path / "work_dir/gestures/joint_eval/log.txt").read_text()
    assert "top-1" in log
    assert (tmp_path / "work_dir/gestures/joint_eval/epoch1_test_score.pkl").is_file()
    config = yaml.safe_load((tmp_path / "config/gestures/network.yaml").read_text())
    assert config["model_args"]["graph"] == "coco17"
