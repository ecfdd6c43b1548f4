"""Two processes on the CPU against one, and runs under torchrun as users start them."""

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
import small_data
import torch
import torch.nn.functional as F
import yaml
from small_run import epochs, equal, msg3d, weights, write_settings
from torch import nn

import main
from engine.device.sync_batchnorm import CpuSyncBatchNorm, synchronize

ROOT = Path(__file__).parents[1]
# Started once a process: torchrun hands over to it the rank and the size of the group.
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]


def environment() -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": f"{ROOT}:{ROOT / 'tests/helpers'}"}


def torchrun(*argv: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [*TORCHRUN, *argv], cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=300
    )


@pytest.fixture
def odd_settings(tmp_path):
    """A run whose clips divide evenly neither for training nor for evaluation."""
    data = tmp_path / "odd"
    for part, count, seed in (("train", 27, 1), ("val", 11, 2)):
        labels = [i % 3 for i in range(count)]
        small_data.write(data, part, small_data.clips(count, seed), labels)
    return write_settings(tmp_path, data, num_epoch=2, base_lr=0.01)


@pytest.mark.parametrize(
    "more", [[], pytest.param(["--precise-bn"], marks=pytest.mark.slow)], ids=["", "precise-bn"]
)
def test_with_synchronised_batchnorm_two_processes_equal_one(odd_settings, tmp_path, more):
    """In double precision; in float32 rounding alone moves weights of so small a model by 1e-4."""
    two, one = tmp_path / "two", tmp_path / "one"
    argv = [
        "tests/helpers/double_run.py",
        *odd_settings,
        *msg3d(),
        "--num-epoch",
        "1",
        "--save-score",
        *more,
    ]
    done = torchrun(*argv, "--work-dir", str(two), "--sync-bn")
    assert done.returncode == 0, done.stderr
    alone = subprocess.run(
        [sys.executable, *argv, "--work-dir", str(one)], cwd=ROOT, env=environment(),
        capture_output=True, text=True,
    )  # fmt: skip
    assert alone.returncode == 0, alone.stderr
    a, b = weights(two)["weights-1-3.pt"], weights(one)["weights-1-3.pt"]
    assert b["fc.weight"].dtype == torch.float64
    for key, value in b.items():
        torch.testing.assert_close(a[key], value, rtol=0, atol=1e-10)
    for line, other in zip(epochs(two), epochs(one), strict=True):
        assert line["val"] == pytest.approx(other["val"], abs=1e-8)
        for name in ("loss", "acc"):
            assert line["train"][name] == pytest.approx(other["train"][name], abs=1e-6)
    scores = [pickle.loads((f / "epoch1_test_score.pkl").read_bytes()) for f in (two, one)]
    assert list(scores[0]) == list(scores[1]) and len(scores[0]) == 11
    for name, score in scores[1].items():
        assert scores[0][name] == pytest.approx(score, abs=1e-8)


@pytest.mark.slow
def test_without_it_each_process_has_its_own_statistics(odd_settings, tmp_path):
    """And one line each: only the first process writes."""
    two, one = tmp_path / "two", tmp_path / "one"
    argv = [*odd_settings, "--num-epoch", "1"]
    assert torchrun("main.py", *argv, "--work-dir", str(two)).returncode == 0
    main.main([*argv, "--work-dir", str(one)])
    a, b = (weights(folder)["weights-1-3.pt"] for folder in (two, one))
    assert not torch.allclose(a["data_bn.running_var"], b["data_bn.running_var"])
    assert [line["epoch"] for line in epochs(two)] == [1]
    assert (two / "log.txt").read_text().count("epoch 1/1: test") == 1


@pytest.mark.slow
def test_two_processes_go_on_as_if_never_stopped(odd_settings, tmp_path):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert torchrun("main.py", *odd_settings, "--work-dir", str(whole)).returncode == 0
    argv = ["main.py", *odd_settings, "--work-dir", str(parts), "--resume", "auto"]
    assert torchrun(*argv, "--num-epoch", "1").returncode == 0
    done = torchrun(*argv)
    assert done.returncode == 0, done.stderr
    one, other = (weights(folder)["weights-2-6.pt"] for folder in (whole, parts))
    assert equal(one, other)
    assert [line["epoch"] for line in epochs(parts)] == [1, 2]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["stgcn", "agcn", "aagcn", "ctrgcn"])
def test_the_other_networks_in_two_processes_equal_one(odd_settings, tmp_path, name):
    path = Path(odd_settings[1])
    sizes = {"num_class": 3, "num_point": 20, "num_person": 1, "graph": "kinect_v1"}
    sizes |= {"in_channels": 3} if name == "stgcn" else {}
    settings = yaml.safe_load(path.read_text()) | {"model": name, "model_args": sizes}
    path.write_text(yaml.safe_dump(settings))
    two, one = tmp_path / "two", tmp_path / "one"
    argv = ["tests/helpers/double_run.py", *odd_settings, "--num-epoch", "1"]
    done = torchrun(*argv, "--work-dir", str(two), "--sync-bn")
    assert done.returncode == 0, done.stderr
    line = [sys.executable, *argv, "--work-dir", str(one)]
    alone = subprocess.run(line, cwd=ROOT, env=environment(), capture_output=True, text=True)
    assert alone.returncode == 0, alone.stderr
    a, b = weights(two)["weights-1-3.pt"], weights(one)["weights-1-3.pt"]
    for key, value in b.items():
        torch.testing.assert_close(a[key], value, rtol=0, atol=1e-8)


def test_testing_in_two_processes(odd_settings, tmp_path):
    main.main([*odd_settings, "--num-epoch", "1"])
    test = [*odd_settings, "--phase", "test", "--save-score", "--test-batch-size", "4"]
    test += ["--weights", str(tmp_path / "run" / "weights" / "weights-1-3.pt")]
    main.main([*test, "--work-dir", str(tmp_path / "one")])
    assert torchrun("main.py", *test, "--work-dir", str(tmp_path / "two")).returncode == 0
    for name in ("right-samples.txt", "wrong-samples.txt"):
        assert (tmp_path / "two" / name).read_text() == (tmp_path / "one" / name).read_text()


@pytest.mark.slow
def test_batches_that_processes_cannot_share_are_refused(odd_settings):
    done = torchrun("main.py", *odd_settings, "--batch-size", "9", "--forward-batch-size", "9")
    assert done.returncode != 0
    assert "must divide --batch-size, which is of all of them together. Got 9 for 2." in done.stderr
    done = torchrun("main.py", *odd_settings, "--forward-batch-size", "1", "--precise-bn")
    assert "must divide --forward-batch-size" in done.stderr


BATCHNORM = """
import sys, torch, torch.distributed as dist
from engine.device.sync_batchnorm import CpuSyncBatchNorm
dist.init_process_group("gloo")
torch.manual_seed(0)
clips = torch.randn(6, 3, 5, dtype=torch.float64)
part = clips[dist.get_rank()::2].clone().requires_grad_()
norm = CpuSyncBatchNorm(3).double()
out = norm(part)
(out * torch.arange(5.0)).pow(2).sum().backward()
torch.save({"out": out, "grad": part.grad, "mean": norm.running_mean, "var": norm.running_var},
           f"{sys.argv[1]}/{dist.get_rank()}.pt")
dist.destroy_process_group()
"""


@pytest.mark.slow
def test_synchronised_batchnorm_is_that_of_the_whole_batch(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(BATCHNORM)
    done = torchrun(str(script), str(tmp_path))
    assert done.returncode == 0, done.stderr
    torch.manual_seed(0)
    clips = torch.randn(6, 3, 5, dtype=torch.float64, requires_grad=True)
    norm = nn.BatchNorm1d(3).double()
    out = norm(clips)
    (out * torch.arange(5.0)).pow(2).sum().backward()
    for rank in (0, 1):
        saved = torch.load(tmp_path / f"{rank}.pt")
        torch.testing.assert_close(saved["out"], out[rank::2])
        torch.testing.assert_close(saved["grad"], clips.grad[rank::2])
        torch.testing.assert_close(saved["mean"], norm.running_mean)
        torch.testing.assert_close(saved["var"], norm.running_var)


def test_synchronising_keeps_keys_parameters_and_evaluation():
    model = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Sequential(nn.BatchNorm1d(3)))
    model[1].running_mean += 1
    clips, keys = torch.randn(5, 4), list(model.state_dict())
    expected, parameters = model.eval()(clips), list(model.parameters())
    synchronised = synchronize(model, torch.device("cpu")).eval()
    assert isinstance(synchronised[2][0], CpuSyncBatchNorm)
    assert list(synchronised.state_dict()) == keys
    assert all(a is b for a, b in zip(synchronised.parameters(), parameters, strict=True))
    torch.testing.assert_close(synchronised(clips), expected)
    assert F.mse_loss(synchronised(clips), expected).item() == 0


def test_a_setting_without_effect_is_said(settings, tmp_path):
    main.main([*settings, "--sync-bn", "--num-epoch", "1"])
    assert "--sync-bn has no effect without torchrun" in (tmp_path / "run" / "log.txt").read_text()
    assert json.loads((tmp_path / "run" / "summary.json").read_text())["epochs"] == 1
