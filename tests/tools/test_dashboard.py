"""`make dashboard`: what a person sees in TensorBoard, by the command that the Makefile starts."""

import json
import socket
import subprocess
import sys
import time
import urllib.request

import browser
import matplotlib.image
import pytest

import main
from utils.cli import PROJECT


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def dashboard(settings, tmp_path):
    """A run with class names, and TensorBoard's address; the folder stands for all work dirs."""
    pytest.importorskip("tensorboard")
    names = {"dataset": "own", "classes": ["wave", "clap", "jump"]}
    (tmp_path / "data" / "dataset.json").write_text(json.dumps(names))
    main.main([*settings, "--num-epoch", "2"])
    makefile = (PROJECT / "Makefile").read_text()
    (line,) = [li for li in makefile.splitlines() if li.endswith("--logdir work_dir")]
    command = line.split()[1:]  # python3 -m tensorboard.main --logdir work_dir
    (tmp_path / "work_dir").symlink_to(tmp_path / "run")
    port = free_port()
    with subprocess.Popen(
        [sys.executable, *command, "--port", str(port)], cwd=tmp_path,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        address = f"http://localhost:{port}"
        try:
            for _ in range(100):
                try:
                    if asked(f"{address}/data/runs"):
                        break
                except OSError:
                    pass
                time.sleep(0.3)
            yield address
        finally:
            process.kill()


def asked(address: str) -> object:
    with urllib.request.urlopen(address) as answer:
        return json.loads(answer.read())


def test_curves_and_confusions_are_there_to_see(dashboard, tmp_path):
    tags = asked(f"{dashboard}/data/plugin/scalars/tags")
    (train,) = [run for run in tags if run.endswith("train")]
    (val,) = [run for run in tags if run.endswith("val")]
    assert {"loss", "acc", "lr"} <= set(tags[train]) and {"loss", "acc"} <= set(tags[val])
    (image, *_) = asked(f"{dashboard}/data/plugin/images/images?run={val}&tag=confusion&sample=0")
    with urllib.request.urlopen(f"{dashboard}/data/plugin/images/{image_path(image)}") as answer:
        (tmp_path / "a.png").write_bytes(answer.read())
    picture = matplotlib.image.imread(tmp_path / "a.png")
    # Names of classes stand beside the matrix: ink left of it, in three rows.
    left = picture[:, : picture.shape[1] // 8, :3].min(axis=2) < 0.5
    assert left.any()
    with browser.opened(f"{dashboard}/#scalars") as page:
        page.get_by_text("acc", exact=True).first.wait_for(timeout=20_000)
        page.goto(f"{dashboard}/#images")
        page.get_by_text("confusion", exact=True).first.wait_for(timeout=20_000)


def image_path(image: dict) -> str:
    return f"individualImage?{image['query']}"
