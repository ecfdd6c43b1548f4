"""Weights, checkpoints and settings of strangers, and runs that get into each other's way."""

import json
import os
import struct
import subprocess
import sys
import zipfile
from collections import OrderedDict

import pytest
import small_data
import small_network
import torch
import yaml
from small_run import fails_with, msg3d, write_settings

import main
from engine.run_dir.about import about_weights
from engine.run_dir.lock import lock
from engine.run_dir.torch_files import read
from engine.run_dir.weights import load_weights
from engine.settings.parse import read_yaml
from utils.cli import PROJECT

MODEL = small_network.Model(**small_network.MODEL_ARGS)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run of one epoch: its folder, and the arguments that repeat it."""
    folder = tmp_path_factory.mktemp("trained")
    argv = write_settings(folder, small_data.learnable(folder / "data"), num_epoch=1)
    main.main(argv)
    return folder / "run", argv


# ---- files of weights --------------------------------------------------------------------------


class Runs:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_a_file_of_weights_runs_nothing(tmp_path):
    torch.save({"fc.weight": Runs(tmp_path / "touched")}, tmp_path / "w.pt")
    with pytest.raises(ValueError, match="it holds more than tensors and plain values"):
        read(tmp_path / "w.pt")
    assert not (tmp_path / "touched").exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "it is empty"),
        (b"<!DOCTYPE html><title>Quota exceeded</title>", "it is a web page"),
        (b"\n <html>", "it is a web page"),
        (b"PK\x03\x04 and no end", "its end is missing"),
        (b"version https://git-lfs.github.com/spec/v1", "Fetch it again"),
        (b"\x80\x02}q\x00.", "not a usable torch file"),
        (struct.pack("<Q", 2**62) + b"{}", "not a usable torch file"),
    ],
)
def test_what_is_no_file_of_weights_is_said_without_torch_s_advice(tmp_path, content, said):
    path = tmp_path / "w.pt"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=said) as error:
        read(path)
    assert "weights_only" not in str(error.value)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (torch.eye(3).to_sparse(), "sparse"),
        (torch.empty(3, device="meta"), "meta"),
    ],
)
def test_tensors_without_values_are_refused(tmp_path, value, kind):
    torch.save({"a": [{"b": value}]}, tmp_path / "w.pt")
    with pytest.raises(ValueError, match=kind):
        read(tmp_path / "w.pt")


def test_weights_of_old_versions_without_counts_of_batches_are_read(tmp_path):
    state = {key: value for key, value in MODEL.state_dict().items() if "num_batches" not in key}
    torch.save(state, tmp_path / "w.pt")
    assert set(load_weights(MODEL, tmp_path / "w.pt")) == set(state)
    del state["fc.weight"]
    torch.save(state, tmp_path / "w.pt")
    with pytest.raises(ValueError, match=r"1 missing: fc\.weight"):
        load_weights(MODEL, tmp_path / "w.pt")


# ---- checkpoints -------------------------------------------------------------------------------

WRONG = {
    "an epoch without end": lambda c: c.update(epoch=float("inf")),
    "an epoch of text": lambda c: c.update(epoch="1"),
    "progress of text": lambda c: c.update(progress="far"),
    "progress with another entry": lambda c: c["progress"].update(colour=1),
    "steps of text": lambda c: c["progress"].update(step="3"),
    "steps below 0": lambda c: c["progress"].update(step=-3),
    "totals of text": lambda c: c["progress"].update(totals={"loss": "1"}),
    "a best that is none": lambda c: c["progress"].update(best=float("nan")),
    "milestones of another kind": lambda c: c["lr_scheduler_states"].update(milestones=[3]),
    "milestones of text": lambda c: c["lr_scheduler_states"].update(milestones={"3": 1}),
    "a learning rate of text": lambda c: c["optimizer_states"]["param_groups"][0].update(lr="1"),
    "a learning rate without end": lambda c: c["optimizer_states"]["param_groups"][0].update(
        lr=float("inf")
    ),
    "no groups": lambda c: c["optimizer_states"].update(param_groups=3),
    "states of a list": lambda c: c["optimizer_states"].update(state=[1]),
    "a state of text": lambda c: c["optimizer_states"]["state"].update({0: "x"}),
    "random states of a number": lambda c: c.update(random_states=3),
    "random states of text": lambda c: c.update(random_states=["x"]),
    "a random state of another kind": lambda c: c["random_states"][0].update(torch=torch.ones(3)),
    "no numpy state": lambda c: c["random_states"][0].pop("numpy"),
    "a meta tensor": lambda c: c.update(extra=torch.empty(3, device="meta")),
    "a sparse tensor": lambda c: c.update(extra=torch.eye(3).to_sparse()),
}


@pytest.mark.parametrize("how", WRONG)
def test_a_checkpoint_of_other_content_is_one_line(trained, tmp_path, capsys, how):
    run, argv = trained
    path = run / "checkpoints" / "checkpoint-1-fwbz4-3.pt"
    content = torch.load(path, weights_only=True)
    WRONG[how](content)
    torch.save(content, tmp_path / "checkpoint.pt")
    weights = run / "weights" / "weights-1-3.pt"
    resume = ["--start-epoch", "1", "--weights", str(weights), "--num-epoch", "2"]
    resume += ["--checkpoint", str(tmp_path / "checkpoint.pt"), "--work-dir", str(tmp_path / "b")]
    message = fails_with([*argv, *resume], capsys)
    assert ("checkpoint.pt" in message and "does not fit" in message) or "not a usable" in message
    assert not (tmp_path / "b").exists()


# ---- what weights were trained on --------------------------------------------------------------


def test_weights_know_their_clips_and_load_as_ever(trained):
    run, _ = trained
    content = torch.load(run / "weights" / "weights-1-3.pt", weights_only=True)
    assert type(content) is OrderedDict
    MODEL.load_state_dict(content, strict=True)
    about = about_weights(run / "weights" / "weights-1-3.pt", content)
    assert about == {"stream": "joint", "skeleton": small_network.MODEL_ARGS["graph"]}


@pytest.mark.parametrize("known", ["by the file", "by its work dir"])
def test_a_test_on_another_stream_says_so(trained, tmp_path, known):
    run, argv = trained
    weights = run / "weights" / "weights-1-3.pt"
    if known == "by its work dir":
        weights = tmp_path / "run" / "weights" / "w.pt"
        weights.parent.mkdir(parents=True)
        torch.save(MODEL.state_dict(), weights)
        config = {"train_feeder_args": {"stream": "joint"}, "model_args": {}}
        (tmp_path / "run" / "config.yaml").write_text(yaml.safe_dump(config))
    test = ["--phase", "test", "--weights", str(weights)]
    for stream in ("joint", "bone"):
        args = ["--test-feeder-args", f"{{stream: {stream}}}", "--work-dir", str(tmp_path / stream)]
        main.main([*argv, *test, *args])
        log = (tmp_path / stream / "log.txt").read_text()
        assert ("the stream differs (joint, now bone)" in log) == (stream == "bone")


# ---- YAML files --------------------------------------------------------------------------------

BOMB = "a0: &a0 [x]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12)
)


@pytest.mark.parametrize(
    "text",
    [BOMB, "[" * 2000, "- 1", "a: [", "3", "\x00", "a: !!python/object/apply:os.system [x]",
     "x: " + "y" * 2_000_000],
    ids=["aliases", "levels", "a list", "open", "a number", "a zero", "a python object", "long"],
)  # fmt: skip
def test_what_is_no_file_of_settings_is_one_line(tmp_path, text):
    (tmp_path / "c.yaml").write_text(text)
    with pytest.raises(ValueError, match=r"c\.yaml"):
        read_yaml(tmp_path / "c.yaml")


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--num-worker", "10000000"], "--num-worker must be at least 0 and below 1025"),
        (["--model", "..x"], "cannot import '..x'"),
        (["--model", "os.system", "--model-args", "{command: 'touch x'}"], "is not a class"),
        (["--feeder", "subprocess.Popen"], "Nothing was run"),
        (msg3d(graph="os.getcwd"), "is not a class"),
        (msg3d(graph="subprocess.Popen"), "Nothing was run"),
        (["--train-feeder-args", "{3: 4}"], "must be text. Got 3"),
    ],
)
def test_settings_that_cannot_be_are_one_line(trained, tmp_path, capsys, flags, said):
    _, argv = trained
    assert said in fails_with([*argv, *flags, "--work-dir", str(tmp_path / "b")], capsys)
    assert not (tmp_path / "b").exists()


# ---- two runs, no standard output --------------------------------------------------------------

HOLD = """
import sys
from pathlib import Path
from engine.run_dir.lock import lock
lock(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_two_runs_do_not_share_a_work_dir(trained, tmp_path, capsys):
    _, argv = trained
    work_dir = tmp_path / "b"
    work_dir.mkdir()
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(work_dir)],
        cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert holder.stdout.readline() == "held\n"
    message = fails_with([*argv, "--work-dir", str(work_dir)], capsys)
    assert f"is in use by another run (process {holder.pid} on " in message
    assert sorted(path.name for path in work_dir.iterdir()) == ["lock"]
    holder.kill()  # no chance to tidy up: the lock is free all the same
    holder.communicate()
    main.main([*argv, "--work-dir", str(work_dir)])
    assert (work_dir / "summary.json").exists()
    assert json.loads((work_dir / "lock").read_text())["process"] == os.getpid()


def test_a_folder_that_was_made_again_is_locked_again(tmp_path):
    for _ in range(2):
        (tmp_path / "run").mkdir()
        lock(tmp_path / "run")
        assert (tmp_path / "run" / "lock").read_text()
        (tmp_path / "run" / "lock").unlink()
        (tmp_path / "run").rmdir()


@pytest.mark.parametrize("closed", [pytest.param("stdout", marks=pytest.mark.slow), "both"])
def test_a_training_goes_on_without_standard_output(trained, tmp_path, closed):
    _, argv = trained
    work_dir = tmp_path / "b"
    redirect = {"stdout": "| true", "both": ">&- 2>&-"}[closed]
    command = " ".join(["sleep 0;", sys.executable, "main.py", *argv, "--work-dir", str(work_dir)])
    script = f"({command}; echo code $? >{tmp_path}/code) {redirect}"
    done = subprocess.run(["bash", "-c", script], cwd=PROJECT, capture_output=True, text=True)
    assert (tmp_path / "code").read_text() == "code 0\n"
    assert (work_dir / "summary.json").exists()
    assert "epoch 1/1: test" in (work_dir / "log.txt").read_text()
    assert "Traceback" not in done.stderr and done.stderr.count("\n") <= 1


def test_a_zip_with_a_password_is_refused(tmp_path):
    path = tmp_path / "w.pt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("w/data.pkl", b"x")
    content = bytearray(path.read_bytes())
    content[6] |= 1  # says that it is encrypted
    path.write_bytes(content)
    with pytest.raises(ValueError, match="not a usable torch file"):
        read(path)
