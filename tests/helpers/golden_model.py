"""The rule that filled the published models whose outputs are in tests/assets/*.npz."""

import json
import math
import zlib
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model import msg3d, msg3d_laban

ASSETS = Path(__file__).parents[1] / "assets"
NAMES = ("ntu60", "ntu120", "kinetics")
ZOO = tuple(
    f"{model}_{data}"
    for model, sets in {
        "stgcn": ("ntu60", "kinetics"),
        "agcn": ("ntu60", "kinetics"),
        "aagcn": ("ntu60", "kinetics"),
        "ctrgcn": ("ntu60", "ntu120", "ucla"),
    }.items()
    for data in sets
)
LABAN = "laban"  # has dropout, so that only its eval mode has numbers


def contract(name: str) -> dict:
    """model_args, input_shape, state_dict (key -> shape), parameters (in order) of one model."""
    return json.loads(_file(name, "json").read_text())


def numbers(name: str) -> dict[str, np.ndarray]:
    with np.load(_file(name, "npz")) as file:
        return dict(file)


def _file(name: str, ending: str) -> Path:
    return ASSETS / (f"{name}.{ending}" if name in ZOO else f"msg3d_{name}.{ending}")


def state_dict(name: str) -> dict[str, Tensor]:
    """The published checkpoint: every key filled by the fixed rule, float64."""
    return {key: _entry(key, shape) for key, shape in contract(name)["state_dict"].items()}


def _entry(key: str, shape: list[int]) -> Tensor:
    rng = np.random.Generator(np.random.PCG64(zlib.crc32(key.encode())))
    leaf = key.rpartition(".")[2]
    if leaf == "num_batches_tracked":
        return torch.tensor(0)
    if leaf == "running_var" or (leaf == "weight" and len(shape) == 1):
        return torch.from_numpy(rng.uniform(0.5, 1.5, shape))
    if leaf in ("running_mean", "bias"):
        return torch.from_numpy(0.1 * rng.standard_normal(shape))
    if leaf == "A_res":
        return torch.from_numpy(0.01 * rng.standard_normal(shape))
    if leaf == "PA":
        return torch.from_numpy(0.05 * rng.standard_normal(shape))
    if leaf == "alpha":
        return torch.from_numpy(0.1 * rng.standard_normal(shape))
    if key.startswith("edge_importance."):
        return torch.from_numpy(rng.uniform(0.5, 1.5, shape))
    return torch.from_numpy(rng.standard_normal(shape) / math.sqrt(math.prod(shape[1:])))


def clips(name: str) -> Tensor:
    """The fixed input, (N, C, T, V, M) float64; for the Laban model, positions then features."""
    rng = np.random.Generator(np.random.PCG64(1234))
    shape = contract(name)["input_shape"]
    parts = [rng.standard_normal(shape)]
    if name == LABAN:
        parts.append(rng.standard_normal((shape[0], 12, *shape[2:])))
    return torch.from_numpy(np.concatenate(parts, axis=1))


def build(name: str) -> nn.Module:
    """Our model with the golden weights, float64, strictly loaded."""
    arguments = contract(name)["model_args"]
    if name == LABAN:  # what the fork's edges, in a file of NTU's name, come to
        arguments["graph"] = "graph.udiva.CompleteGraph"
    model = (msg3d_laban if name == LABAN else msg3d).Model(**arguments).double()
    model.load_state_dict(state_dict(name), strict=True)
    return model


def build_zoo(name: str) -> nn.Module:
    """A network of ZOO with the golden weights, float64, strictly loaded.

    Its weights were filled in float32; the stored constant `A` keeps its value.
    """
    module = import_module(f"model.{name.partition('_')[0]}")
    made = contract(name)
    model = module.Model(**made["published_model_args"])
    own = model.state_dict()
    state = {
        key: own[key] if key == "A" else _entry(key, shape).to(own[key].dtype)
        for key, shape in made["state_dict"].items()
    }
    model.load_state_dict(state, strict=True)
    return model.double()


def close(actual: object, expected: np.ndarray, rtol: float) -> None:
    scale = np.abs(expected).max()
    np.testing.assert_allclose(np.asarray(actual), expected, rtol=rtol, atol=rtol * scale)


def check_outputs(
    model: nn.Module, golden: Mapping[str, np.ndarray], x: Tensor, stages: Sequence[str],
    rtol: float,
) -> None:  # fmt: skip
    """Logits, and what the named children give on the way, in evaluation."""
    outputs = {}
    for stage in stages:
        hook = lambda module, args, output, stage=stage: outputs.update({stage: output.clone()})  # noqa: E731
        model.get_submodule(stage).register_forward_hook(hook)
    with torch.no_grad():
        logits = model(x)
    close(logits, golden["logits"], rtol)
    for stage in stages:
        output = outputs[stage].transpose(2, 3)  # published layout: (N*M, C, T, V)
        assert list(output.shape) == golden[f"stage/{stage}/shape"].tolist()
        close([output.mean(), output.std()], golden[f"stage/{stage}/mean_std"], rtol)
        sample = output.flatten()[torch.linspace(0, output.numel() - 1, 32).long()]
        close(sample, golden[f"stage/{stage}/sample"], rtol)


def check_training(
    model: nn.Module, golden: Mapping[str, np.ndarray], x: Tensor, num_class: int,
    parameters: Sequence[str], rtol: float, losses: float | None = None, scores: float = 1e-5,
) -> None:  # fmt: skip
    """Gradients, the losses of three SGD steps, and the scores after them.

    Args:
        rtol: of the gradients, and of the losses where `losses` is not given.
    """
    labels = torch.arange(len(x)) % num_class
    optimizer = torch.optim.SGD(
        model.parameters(), lr=0.05, momentum=0.9, nesterov=True, weight_decay=5e-4
    )
    found = []
    for step in range(3):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), labels)
        loss.backward()
        found.append(loss.item())
        if step == 0:
            own = dict(model.named_parameters())
            close([own[key].grad.norm() for key in parameters], golden["grad_norm"], rtol)
        optimizer.step()
    close(found, golden["train_losses"], losses or rtol)
    with torch.no_grad():
        close(model.eval()(x), golden["logits_after_3_steps"], scores)
