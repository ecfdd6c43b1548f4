"""What needs a CUDA device: `pytest -m gpu` on a machine that has one."""

import json

import golden_model
import pytest
import small_data
import torch
import yaml

import main

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]


@pytest.fixture
def settings(tmp_path):
    data = small_data.learnable(tmp_path / "data")
    content = {
        "work_dir": str(tmp_path / "run"),
        "train_feeder_args": small_data.feeder_args(data, "train"),
        "test_feeder_args": small_data.feeder_args(data, "val"),
        "model_args": small_data.MODEL_ARGS,
        "batch_size": 8,
        "forward_batch_size": 8,
        "base_lr": 0.05,
        "num_epoch": 4,
        "num_worker": 0,
    }
    path = tmp_path / "settings.yaml"
    path.write_text(yaml.safe_dump(content))
    return ["--config", str(path)]


def losses(folder) -> list[float]:
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    return [json.loads(line)["loss"] for line in lines if '"train"' in line]


@pytest.mark.parametrize("name", golden_model.NAMES)
def test_logits_equal_the_golden_ones(name):
    model, clips = golden_model.build(name).cuda().eval(), golden_model.clips(name).cuda()
    with torch.no_grad():
        logits = model(clips).cpu()
    golden = torch.from_numpy(golden_model.numbers(name)["logits"])
    torch.testing.assert_close(logits, golden, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("half", ["yes", "no"])
def test_training_learns_and_resumes(settings, tmp_path, half):
    main.main([*settings, "--half", half])
    run = tmp_path / "run"
    assert losses(run)[-1] < losses(run)[0]
    more = ["--num-epoch", "5", "--start-epoch", "4", "--work-dir", str(tmp_path / "more")]
    more += ["--weights", str(run / "weights" / "weights-4-12.pt")]
    more += ["--checkpoint", str(run / "checkpoints" / "checkpoint-4-fwbz8-12.pt")]
    main.main([*settings, "--half", half, *more])
    assert losses(tmp_path / "more")[0] < losses(run)[0]


@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="needs two CUDA devices")
def test_two_devices_share_a_batch_and_save_plain_weights(settings, tmp_path):
    main.main([*settings, "--device", "0", "1"])
    assert losses(tmp_path / "run")[-1] < losses(tmp_path / "run")[0]
    weights = torch.load(tmp_path / "run" / "weights" / "weights-4-12.pt", weights_only=True)
    assert not [key for key in weights if key.startswith("module.")]
