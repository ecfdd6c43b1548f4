"""Parity with the published code: the numbers in tests/assets were made by running it."""

import golden_model
import pytest

# The adjacency is float32 in the published code, and is summed in another order here.
RTOL = 1e-6
STAGES = [f"{part}{i}" for i in (1, 2, 3) for part in ("sgcn", "gcn3d", "tcn")]


@pytest.mark.parametrize("name", [*golden_model.NAMES, golden_model.LABAN])
def test_state_dict_has_the_published_keys_and_shapes(name):
    contract = golden_model.contract(name)
    model = golden_model.build(name)
    shapes = {key: list(value.shape) for key, value in model.state_dict().items()}
    assert shapes == contract["state_dict"]
    assert sum(p.numel() for p in model.parameters()) == contract["num_parameters"]


@pytest.mark.parametrize("name", [*golden_model.NAMES, golden_model.LABAN])
def test_logits_and_stages_equal_the_published(name):
    model, golden = golden_model.build(name).eval(), golden_model.numbers(name)
    golden_model.check_outputs(model, golden, golden_model.clips(name), STAGES, RTOL)


@pytest.mark.parametrize("name", golden_model.NAMES)
def test_gradients_and_three_sgd_steps_equal_the_published(name):
    model, golden = golden_model.build(name).train(), golden_model.numbers(name)
    contract = golden_model.contract(name)
    x = golden_model.clips(name)
    num_class = contract["model_args"]["num_class"]
    golden_model.check_training(model, golden, x, num_class, contract["parameters"], RTOL)
