"""What goes wrong in long runs: one clear line, and what was saved stays intact."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from small_run import fails_with, weights

import main
from engine import step as training
from engine.failures import explained

ROOT = Path(__file__).parents[1]


def test_a_bad_batch_is_named_and_its_step_not_taken(settings, tmp_path, data, capsys):
    path = data / "train_data_joint.npy"
    clips = np.load(path)
    clips[5] = np.nan
    np.save(path, clips)
    message = fails_with([*settings, "--save-steps", "1"], capsys)
    assert "the loss is nan" in message and "non-finite-batch.json" in message
    bad = json.loads((tmp_path / "run" / "non-finite-batch.json").read_text())
    assert [clip["name"] for clip in bad["clips"] if not clip["data_finite"]] == ["train_005"]
    assert len(bad["clips"]) == 8 and bad["epoch"] == 1
    saved = weights(tmp_path / "run")
    assert len(saved) == bad["step"] - 1
    for state in saved.values():
        assert all(torch.isfinite(value).all() for value in state.values())


def test_an_infinite_gradient_stops_before_the_step(settings, monkeypatch, tmp_path, capsys):
    """The loss is finite, and a gradient is not."""
    step = training.launch_step

    def with_bad_gradient(state, *args):
        if state.progress.step == 1:
            state.model.fc.weight.register_hook(lambda gradient: gradient * float("inf"))
        return step(state, *args)

    monkeypatch.setattr(training, "launch_step", with_bad_gradient)
    message = fails_with([*settings, "--save-steps", "1"], capsys)
    assert "the gradient's norm is" in message and "set --max-grad-norm" in message
    assert list(weights(tmp_path / "run")) == ["weights-0-1.pt"]


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
        RuntimeError(
            "[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory"
        ),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
        MemoryError(),
    ],
)
def test_too_little_memory_names_the_flags(error):
    with pytest.raises(OSError, match=r"size 4: lower it.* --half yes"), explained(4, "run"):
        raise error


def test_too_little_memory_ends_a_run_with_one_line(settings, monkeypatch, capsys):
    def fail(*args):
        raise MemoryError

    monkeypatch.setattr(training, "launch_step", fail)
    assert "out of memory with --forward-batch-size 4" in fails_with(settings, capsys)


def test_other_errors_keep_their_traceback():
    with pytest.raises(RuntimeError, match="ours"), explained(4, "run"):
        raise RuntimeError("a bug of ours")


class FailingFeeder(torch.utils.data.Dataset):
    """A user's, with an error of its own."""

    def __len__(self):
        return 1

    def __getitem__(self, index):
        raise RuntimeError("no clip there")


def test_an_error_of_a_feeder_in_a_loading_process_stays_its_own():
    loader = torch.utils.data.DataLoader(FailingFeeder(), num_workers=1)
    with pytest.raises(RuntimeError, match="no clip there"), explained(4, "run"):
        next(iter(loader))


# In a process of its own: torch says it from a signal handler, in the middle of anything, which may
# leave files open.
def test_a_dead_loading_process_is_said(settings):
    argv = [*settings, "--feeder", "small_feeder.DyingFeeder", "--num-worker", "1"]
    done = subprocess.run(
        [sys.executable, ROOT / "main.py", *argv], cwd=ROOT, capture_output=True, text=True
    )
    message = done.stderr.splitlines()[-1]
    assert done.returncode == 1
    assert "a process that loads clips died" in message and "--resume auto" in message


LIMITED = """
import resource, sys
import main
from engine import epochs
from utils.cli import run
finish = epochs.finish_epoch
def limited(run_, lr):
    if run_.state.progress.epoch == 1:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
    finish(run_, lr)
epochs.finish_epoch = limited
run(lambda: main.main(sys.argv[1:]))
"""


def test_a_full_disk_leaves_the_earlier_files(settings, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, *settings, "--model-args", "{width: 8000}"],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 1
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert "weights-2-6.pt" in line or "File too large" in line
    assert "Traceback" not in done.stderr
    run = tmp_path / "run"
    assert [path.name for path in (run / "checkpoints").iterdir()] == ["checkpoint-1-fwbz4-3.pt"]
    assert list(weights(run)) == ["weights-1-3.pt"]
    assert not list(run.rglob("*.tmp*"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_an_unwritable_work_dir(settings, tmp_path, capsys):
    (tmp_path / "closed").mkdir(mode=0o500)
    message = fails_with([*settings, "--work-dir", str(tmp_path / "closed" / "run")], capsys)
    assert "Permission denied" in message


def test_a_work_dir_below_a_file(settings, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    message = fails_with([*settings, "--work-dir", str(tmp_path / "file" / "run")], capsys)
    assert "Not a directory" in message


@pytest.mark.slow
def test_a_closed_stdin_is_not_asked(settings, tmp_path):
    main.main([*settings, "--num-epoch", "1"])
    shutil.rmtree(tmp_path / "run" / "checkpoints")
    done = subprocess.run(
        [sys.executable, "main.py", *settings, "--num-epoch", "1"],
        cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0 and "they are kept" in done.stdout


# ---- speed -------------------------------------------------------------------------------------


def test_a_compiler_that_fails_is_only_a_warning(settings, tmp_path, monkeypatch):
    def fail(*args, **kwargs):
        raise RuntimeError("no compiler\nand more")

    monkeypatch.setattr(torch, "compile", fail)
    main.main([*settings, "--compile", "--num-epoch", "1"])
    log = (tmp_path / "run" / "log.txt").read_text()
    assert "torch.compile does not work here (no compiler); continuing without." in log
    assert list(weights(tmp_path / "run")) == ["weights-1-3.pt"]


@pytest.mark.slow
def test_a_compiled_model_trains_and_keeps_its_keys(settings, tmp_path):
    main.main([*settings, "--num-epoch", "1", "--work-dir", str(tmp_path / "eager")])
    main.main([*settings, "--num-epoch", "1", "--compile"])
    one, other = (weights(tmp_path / name)["weights-1-3.pt"] for name in ("eager", "run"))
    assert one.keys() == other.keys()
    for key, value in one.items():
        torch.testing.assert_close(other[key], value, rtol=1e-3, atol=1e-4)
