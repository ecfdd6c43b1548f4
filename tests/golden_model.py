"""The rule that filled the published models whose outputs are in tests/assets/msg3d_*.npz."""

import json
import math
import zlib
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from model import msg3d, msg3d_laban

ASSETS = Path(__file__).parent / "assets"
NAMES = ("ntu60", "ntu120", "kinetics")
LABAN = "laban"  # has dropout, so that only its eval mode has numbers


def contract(name: str) -> dict:
    """model_args, input_shape, state_dict (key -> shape), parameters (in order) of one model."""
    return json.loads((ASSETS / f"msg3d_{name}.json").read_text())


def numbers(name: str) -> dict[str, np.ndarray]:
    with np.load(ASSETS / f"msg3d_{name}.npz") as file:
        return dict(file)


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
