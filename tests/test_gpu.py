"""What needs a CUDA device: `pytest -m gpu` on a machine that has one."""

import json

import golden_model
import numpy as np
import pytest
import small_data
import small_run
import torch
import yaml

import main
from engine.device.precision import Precision
from engine.trained import TrainedNetwork

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]


@pytest.fixture
def settings(tmp_path, data):
    argv = small_run.write_settings(tmp_path, data, device=0, forward_batch_size=8, base_lr=0.02)
    return [*argv, *small_run.msg3d()]


def losses(folder) -> list[float]:
    return [line["train"]["loss"] for line in small_run.epochs(folder)]


@pytest.mark.parametrize("name", golden_model.NAMES)
def test_logits_equal_the_golden_ones(name):
    model, clips = golden_model.build(name).cuda().eval(), golden_model.clips(name).cuda()
    with torch.no_grad():
        logits = model(clips).cpu()
    golden = torch.from_numpy(golden_model.numbers(name)["logits"])
    torch.testing.assert_close(logits, golden, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("half", [[], ["--half"]], ids=["float32", "float16"])
@pytest.mark.parametrize("network", small_data.NETWORKS)
def test_replayed_graphs_train_as_kernels_started_one_by_one(
    settings, tmp_path, capsys, network, half
):
    model_args = yaml.safe_dump(small_data.NETWORKS[network])
    argv = [*settings, "--model", network, "--model-args", model_args, "--amp-backend", "native"]
    for graphs in ("yes", "no"):
        work_dir = str(tmp_path / graphs)
        main.main([*argv, *half, "--cuda-graphs", graphs, "--work-dir", work_dir])
    assert "continuing without" not in capsys.readouterr().err
    one, other = (small_run.weights(tmp_path / name)["weights-4-12.pt"] for name in ("yes", "no"))
    exact = network == "msg3d"  # of the others' sums cuDNN adds some up in varying order
    for key, value in one.items():
        close = {"rtol": 1e-3, "atol": 1e-4} if exact else {"rtol": 2e-2, "atol": 2e-3}
        torch.testing.assert_close(value, other[key], **close)


@pytest.mark.parametrize("name", [*golden_model.NAMES, *golden_model.ZOO])
def test_replayed_inference_equals_kernels_started_one_by_one(name, monkeypatch):
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    build = golden_model.build_zoo if name in golden_model.ZOO else golden_model.build
    model, clips = build(name).float().cuda(), golden_model.clips(name).float()
    clips[0] = 0  # bodies that are missing
    network = TrainedNetwork(model, Precision(torch.device("cuda")))
    first = network(clips.numpy())
    for factor in (1, 1, 1, 2, 1):  # recorded from the fourth call on
        again = network((factor * clips).numpy())
    assert network._forward.recorded
    close = {"rtol": 1e-3, "atol": 1e-3}  # other numbers of rows are added up in other orders
    np.testing.assert_allclose(again, first, **close)
    with torch.no_grad():
        np.testing.assert_allclose(model(clips.cuda()).cpu(), first, **close)


@pytest.mark.parametrize("graphs", ["yes", "no"])
def test_a_bad_clip_does_not_reach_the_weights(settings, tmp_path, data, capsys, graphs):
    path = data / "train_data_joint.npy"
    clips = np.load(path)
    clips[5] = np.nan
    np.save(path, clips)
    argv = [*settings, "--cuda-graphs", graphs, "--save-steps", "1"]
    assert " is nan. Check the data" in small_run.fails_with(argv, capsys)
    bad = json.loads((tmp_path / "run" / "non-finite-batch.json").read_text())
    assert [clip["name"] for clip in bad["clips"] if not clip["data_finite"]] == ["train_005"]
    saved = small_run.weights(tmp_path / "run")
    assert len(saved) == bad["step"] - 1
    assert all(value.isfinite().all() for state in saved.values() for value in state.values())


PRECISIONS = {
    "full": [],
    "float16": ["--half"],
    "bfloat16": ["--half", "--amp-dtype", "bfloat16"],
    "level 2": ["--half", "--amp-opt-level", "2"],
    "level 3": ["--half", "--amp-opt-level", "3", "--amp-dtype", "bfloat16"],
    "compiled": ["--compile"],
    "deterministic": ["--deterministic"],
}


@pytest.mark.parametrize("precision", PRECISIONS)
def test_training_learns_stops_and_resumes(settings, tmp_path, monkeypatch, precision):
    argv = [*settings, *PRECISIONS[precision], "--amp-backend", "native"]
    try:
        small_run.interrupt_at(monkeypatch, 5)
        with pytest.raises(SystemExit) as exit_:
            main.main(argv)
        assert exit_.value.code == 143
        main.main([*argv, "--resume", "auto"])
    finally:
        torch.use_deterministic_algorithms(False)
    run = tmp_path / "run"
    first, *later = losses(run)
    assert len(later) == 3 and min(later) < 0.7 * first
    saved = small_run.weights(run)["weights-4-12.pt"]
    assert {value.dtype for value in saved.values()} == {torch.float32, torch.int64}
    best = ["--phase", "test", "--weights", str(run / "weights" / "best.pt")]
    main.main([*argv, *best, "--work-dir", str(tmp_path / "eval")])
    assert (tmp_path / "eval" / "right-samples.txt").exists()


def test_a_deterministic_run_goes_on_bit_for_bit(settings, tmp_path, monkeypatch):
    argv = [*settings, "--deterministic"]
    try:
        main.main([*argv, "--work-dir", str(tmp_path / "whole")])
        small_run.interrupt_at(monkeypatch, 5)
        with pytest.raises(SystemExit):
            main.main(argv)
        main.main([*argv, "--resume", "auto"])
    finally:
        torch.use_deterministic_algorithms(False)
    one, other = (
        small_run.weights(tmp_path / name)["weights-4-12.pt"] for name in ("whole", "run")
    )
    assert small_run.equal(one, other)


@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="needs two CUDA devices")
def test_two_devices_share_a_batch_and_save_plain_weights(settings, tmp_path):
    main.main([*settings, "--device", "0", "1"])
    assert losses(tmp_path / "run")[-1] < losses(tmp_path / "run")[0]
    weights = torch.load(tmp_path / "run" / "weights" / "weights-4-12.pt", weights_only=True)
    assert not [key for key in weights if key.startswith("module.")]
