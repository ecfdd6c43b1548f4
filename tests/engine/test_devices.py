"""Which devices a run uses."""

import pytest
import torch

from engine.device import devices
from engine.device.compilation import compile_model


def test_devices(monkeypatch, caplog):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert devices.choose_devices(["cpu"]) == (torch.device("cpu"), [])
    assert not caplog.records
    assert devices.choose_devices(["0"]) == (torch.device("cpu"), [])
    assert "running on the CPU" in caplog.text
    with pytest.raises(ValueError, match=r"GPU numbers or cpu\. Got tpu"):
        devices.choose_devices(["tpu"])


def test_several_gpus_mean_data_parallel(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    current = []
    monkeypatch.setattr(torch.cuda, "set_device", current.append)
    assert devices.choose_devices(["1", "0"]) == (torch.device("cuda", 1), [1, 0])
    assert current == [1]
    with pytest.raises(ValueError, match=r"--device \[3\]: this machine has GPUs 0 to 1"):
        devices.choose_devices(["3"])


def test_what_data_parallel_copies_is_not_compiled(monkeypatch, caplog):
    monkeypatch.setattr(torch, "compile", lambda *args, **kwargs: pytest.fail("it is compiled"))
    model = torch.nn.Linear(1, 1)
    assert compile_model(model, torch.device("cuda"), num_devices=2) is model
    assert "--compile does not work with several GPUs" in caplog.text
    assert "torchrun" in caplog.text
