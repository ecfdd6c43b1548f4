"""Parity with the published code: the numbers in tests/assets were made by running it."""

import golden_model
import numpy as np
import pytest
import torch
import torch.nn.functional as F

# The adjacency is float32 in the published code, and is summed in another order here.
RTOL = 1e-6
STAGES = [f"{part}{i}" for i in (1, 2, 3) for part in ("sgcn", "gcn3d", "tcn")]


def close(actual, expected, rtol=RTOL) -> None:
    scale = np.abs(expected).max()
    np.testing.assert_allclose(np.asarray(actual), expected, rtol=rtol, atol=rtol * scale)


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
    outputs = {}
    for stage in STAGES:
        hook = lambda module, args, output, stage=stage: outputs.update({stage: output.clone()})  # noqa: E731
        model.get_submodule(stage).register_forward_hook(hook)
    with torch.no_grad():
        logits = model(golden_model.clips(name))
    close(logits, golden["logits"])
    for stage in STAGES:
        output = outputs[stage].transpose(2, 3)  # published layout: (N*M, C, T, V)
        assert list(output.shape) == golden[f"stage/{stage}/shape"].tolist()
        close([output.mean(), output.std()], golden[f"stage/{stage}/mean_std"])
        sample = output.flatten()[torch.linspace(0, output.numel() - 1, 32).long()]
        close(sample, golden[f"stage/{stage}/sample"])


@pytest.mark.parametrize("name", golden_model.NAMES)
def test_gradients_and_three_sgd_steps_equal_the_published(name):
    model, golden = golden_model.build(name).train(), golden_model.numbers(name)
    contract = golden_model.contract(name)
    x = golden_model.clips(name)
    labels = torch.arange(len(x)) % contract["model_args"]["num_class"]
    optimizer = torch.optim.SGD(
        model.parameters(), lr=0.05, momentum=0.9, nesterov=True, weight_decay=5e-4
    )
    losses = []
    for step in range(3):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), labels)
        loss.backward()
        losses.append(loss.item())
        if step == 0:
            parameters = dict(model.named_parameters())
            norms = [parameters[key].grad.norm() for key in contract["parameters"]]
            close(norms, golden["grad_norm"])
        optimizer.step()
    close(losses, golden["train_losses"])
    with torch.no_grad():
        close(model.eval()(x), golden["logits_after_3_steps"], rtol=1e-5)
