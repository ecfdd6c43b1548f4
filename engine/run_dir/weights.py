"""state_dicts on disk: the released ones, and those that training writes."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from engine.contracts import Renamed
from engine.run_dir.about import ATTRIBUTE
from engine.run_dir.torch_files import read, write

PREFIX = "module."  # DataParallel's, in the released files
SHOWN_KEYS = 6
COUNTS = "num_batches_tracked"  # of BatchNorm; files of torch before 0.4.1 lack them


def load_weights(model: nn.Module, path: Path, ignore: Sequence[str] = ()) -> list[str]:
    """Load a state_dict strictly, except for keys named in `ignore` (exactly or by prefix).

    Returns the keys that were loaded.

    Raises:
        ValueError: keys are missing, unexpected or of another shape; the message lists them.
    """
    weights = read_weights(path, model, ignore)
    model.load_state_dict(weights, strict=False)  # all but the ignored were just checked
    return list(weights)


def read_weights(path: Path, model: nn.Module, ignore: Sequence[str] = ()) -> dict[str, Tensor]:
    """A state_dict that fits a model, without a `module.` prefix and without ignored keys.

    Raises:
        ValueError: as `load_weights`.
    """
    content = read(path)
    if not isinstance(content, Mapping) or not all(
        isinstance(key, str) and isinstance(value, Tensor) for key, value in content.items()
    ):
        raise ValueError(f"{path} is not a state_dict. Give a file of a weights/ folder.")
    weights = {key.removeprefix(PREFIX): value for key, value in content.items()}
    if isinstance(model, Renamed):
        weights = {model.current_key(key): value for key, value in weights.items()}
    weights = {key: value for key, value in weights.items() if not key.startswith(tuple(ignore))}
    _check_keys(path, weights, model.state_dict(), ignore)
    return weights


def _check_keys(
    path: Path, weights: Mapping[str, Tensor], expected: Mapping[str, Tensor], ignore: Sequence[str]
) -> None:
    common = weights.keys() & expected.keys()
    problems = {
        "missing": [
            key
            for key in expected
            if key not in weights and not key.startswith(tuple(ignore)) and COUNTS not in key
        ],
        "unexpected": [key for key in weights if key not in expected],
        "of another shape": [
            f"{key} {tuple(weights[key].shape)}, the model's is {tuple(expected[key].shape)}"
            for key in expected
            if key in common and weights[key].shape != expected[key].shape
        ],
    }
    found = [f"{len(keys)} {kind}: {_some(keys)}" for kind, keys in problems.items() if keys]
    if found:
        raise ValueError(
            f"{path} does not fit the model. {'. '.join(found)}. "
            "Check --model-args, or leave keys out with --ignore-weights."
        )


def _some(keys: Sequence[str]) -> str:
    shown = ", ".join(keys[:SHOWN_KEYS])
    return shown if len(keys) <= SHOWN_KEYS else f"{shown}, ..."


def save_weights(
    state: Mapping[str, Tensor], path: Path, about: Mapping[str, Any] | None = None
) -> None:
    """A plain state_dict of CPU tensors.

    Args:
        about: what the weights were trained on; an attribute of the dict in the file.
    """
    content = OrderedDict((key, value.detach().cpu()) for key, value in state.items())
    setattr(content, ATTRIBUTE, dict(about or {}))
    write(content, path)
