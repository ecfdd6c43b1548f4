"""A run of main.py on small data: its settings, and what it leaves."""

import json
import os
import signal
from pathlib import Path

import pytest
import small_data
import small_network
import torch
import yaml
from one_error import error_of

import main
from engine import epochs as engine

SETTINGS = {
    "model": "small_network.Model",
    "model_args": small_network.MODEL_ARGS,
    "device": "cpu",
    "batch_size": 8,
    "forward_batch_size": 4,
    "base_lr": 0.05,
    "step": [3],
    "num_epoch": 4,
    "num_worker": 0,
    "nesterov": True,
    "show_topk": [1, 2],
}


def msg3d(**changes: object) -> list[str]:
    """The flags that train a small MS-G3D in place of the settings' network."""
    model_args = yaml.safe_dump({**small_data.MODEL_ARGS, **changes})
    return ["--model", "msg3d", "--model-args", model_args]


def write_settings(folder: Path, data: Path, **more: object) -> list[str]:
    """A YAML file of a run in folder/run with 3 steps an epoch; the arguments that use it."""
    content = {
        "work_dir": str(folder / "run"),
        "train_feeder_args": small_data.feeder_args(data, "train", random_scale=[0.9, 1.1]),
        "test_feeder_args": small_data.feeder_args(data, "val"),
        **SETTINGS,
        **more,
    }
    path = folder / "settings.yaml"
    path.write_text(yaml.safe_dump(content))
    return ["--config", str(path)]


def fails_with(argv: list[str], capsys: pytest.CaptureFixture) -> str:
    """The one line that main.py leaves on stderr when it exits with 1."""
    return error_of(lambda: main.main(argv), capsys, may_warn=True)


def interrupt_at(monkeypatch: pytest.MonkeyPatch, step: int, name: str = "SIGTERM") -> None:
    """Send a signal to this process once, after an optimiser step."""
    report, sent = engine.report_step, []

    def report_and_send(run, result):
        report(run, result)
        if run.state.progress.step == step and not sent:
            sent.append(os.kill(os.getpid(), getattr(signal, name)))

    monkeypatch.setattr(engine, "report_step", report_and_send)


def weights(folder: Path) -> dict[str, dict[str, torch.Tensor]]:
    """All files weights-*.pt of a work dir."""
    paths = sorted((folder / "weights").glob("weights-*.pt"))
    return {path.name: torch.load(path, weights_only=True) for path in paths}


def equal(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    """Whether two state_dicts are equal bit for bit."""
    return one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)


def epochs(folder: Path) -> list[dict]:
    """The lines of metrics.jsonl."""
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
