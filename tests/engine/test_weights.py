"""Weights of every origin load strictly, and give the golden logits."""

import golden_model
import numpy as np
import pytest
import small_data
import torch

from engine.run_dir import weights as files
from model.msg3d import Model


@pytest.fixture
def model():
    torch.manual_seed(0)
    return Model(**small_data.MODEL_ARGS)


@pytest.mark.parametrize("prefix", ["", "module."])
@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "2020"])
def test_released_files_give_the_golden_logits(tmp_path, prefix, zipped):
    published = {prefix + key: value for key, value in golden_model.state_dict("ntu60").items()}
    path = tmp_path / "released.pt"
    torch.save(published, path, _use_new_zipfile_serialization=zipped)
    model = Model(**golden_model.contract("ntu60")["model_args"]).double()
    files.load_weights(model, path)
    with torch.no_grad():
        logits = model.eval()(golden_model.clips("ntu60"))
    golden = golden_model.numbers("ntu60")["logits"]
    np.testing.assert_allclose(logits, golden, rtol=1e-6, atol=1e-6)


def test_saved_weights_are_plain_and_load_again(tmp_path, model):
    path = tmp_path / "weights.pt"
    files.save_weights(model.state_dict(), path)
    saved = torch.load(path, weights_only=True)
    assert saved.keys() == model.state_dict().keys()
    other = Model(**small_data.MODEL_ARGS)
    files.load_weights(other, path)
    assert all(torch.equal(a, b) for a, b in zip(saved.values(), other.state_dict().values()))  # noqa: B905


@pytest.mark.parametrize("ignored", ["fc", "fc.weight"])
def test_ignored_keys_keep_their_fresh_values(tmp_path, model, ignored):
    path = tmp_path / "weights.pt"
    files.save_weights(model.state_dict(), path)
    other = Model(**small_data.MODEL_ARGS)
    fresh = other.fc.weight.clone()
    loaded = files.load_weights(other, path, [ignored])
    assert "fc.weight" not in loaded and "data_bn.weight" in loaded
    assert torch.equal(other.fc.weight, fresh)
    assert torch.equal(other.fc.bias, model.fc.bias) == (ignored == "fc.weight")
    assert torch.equal(other.data_bn.weight, model.data_bn.weight)


def test_another_models_weights_are_refused_with_their_keys(tmp_path, model):
    path = tmp_path / "weights.pt"
    weights = model.state_dict()
    weights["extra"] = weights.pop("fc.bias")
    weights["fc.weight"] = torch.zeros(7, 24)
    torch.save(weights, path)
    with pytest.raises(ValueError) as error:
        files.load_weights(model, path)
    assert "1 missing: fc.bias" in str(error.value)
    assert "1 unexpected: extra" in str(error.value)
    assert "fc.weight (7, 24), the model's is (3, 24)" in str(error.value)
    assert "--ignore-weights" in str(error.value)


def test_a_file_that_would_run_code_is_refused(tmp_path, model):
    path = tmp_path / "weights.pt"
    torch.save({"fc.weight": print}, path)
    with pytest.raises(ValueError, match="is not a usable torch file"):
        files.load_weights(model, path)


def test_files_that_are_no_weights_are_named(tmp_path, model):
    path = tmp_path / "weights.pt"
    with pytest.raises(FileNotFoundError, match=r"no file .*weights\.pt"):
        files.load_weights(model, path)
    path.write_bytes(b"not a torch file")
    with pytest.raises(ValueError, match=r"weights\.pt is not a usable torch file"):
        files.load_weights(model, path)
    torch.save({"epoch": 3}, path)
    with pytest.raises(ValueError, match="is not a state_dict"):
        files.load_weights(model, path)
