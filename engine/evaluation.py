"""The outputs of a model for every clip of a data set."""
# Shapes: N clips, B clips of a batch.

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader
from tqdm import tqdm

from engine.contracts import KeepsConstants, Precision
from engine.device import processes


class Interrupted(Exception):
    """A signal came during an evaluation."""


def predict(
    model: nn.Module,
    precision: Precision,
    loader: DataLoader,
    num_clips: int = 1,
    interrupted: Callable[[], object] = lambda: None,
) -> np.ndarray | None:
    """Outputs (N, ...) float32 of every clip, in the data set's order.

    All processes take part; the first gets the outputs, the others None.

    Args:
        num_clips: crops per clip, whose outputs are averaged; above 1 the data set must have
            `set_crop`.

    Raises:
        ValueError: an output is not finite.
        Interrupted: `interrupted` returned true, in a single-process run.
    """
    if num_clips == 1:
        return _predict_once(model, precision, loader, "evaluate", interrupted)
    outputs = []
    try:
        for number in range(num_clips):
            loader.dataset.set_crop(number, num_clips)
            title = f"evaluate {number + 1}/{num_clips}"
            outputs.append(_predict_once(model, precision, loader, title, interrupted))
    finally:
        loader.dataset.set_crop(0, 1)
    return sum(outputs) / num_clips if outputs[0] is not None else None


def fixed_weights(model: nn.Module, kept: dict | None = None) -> AbstractContextManager[None]:
    """A context that caches what depends only on the weights, if the network supports it.

    DataParallel, which makes new replicas for every batch, does not.

    Args:
        kept: as in `KeepsConstants`.
    """
    return model.fixed_weights(kept) if isinstance(model, KeepsConstants) else nullcontext()


@torch.no_grad()
def _predict_once(
    model: nn.Module,
    precision: Precision,
    loader: DataLoader,
    title: str,
    interrupted: Callable[[], object],
) -> np.ndarray | None:
    model.eval()
    processes.share_buffers(model)
    device = next(model.parameters()).device
    outputs, indices = [], []
    quiet = None if processes.is_first() else True
    with fixed_weights(model):
        for clips, _, index in tqdm(loader, desc=title, disable=quiet, leave=False):
            clips = clips.to(device, non_blocking=True)
            with precision.autocast():
                outputs.append(model(precision.inputs(clips)).float())
            indices.append(index)
            if interrupted() and processes.num_processes() == 1:
                raise Interrupted
    parts = processes.gather(_to_numpy(outputs, indices))
    return _merge(parts, loader) if parts else None


def _to_numpy(outputs: list[torch.Tensor], indices: list) -> tuple[np.ndarray, np.ndarray]:
    if not outputs:  # more processes than clips
        return np.empty(0, np.float32), np.empty(0, np.int64)
    return torch.cat(outputs).cpu().numpy(), torch.cat(indices).numpy()


def _merge(parts: list[tuple[np.ndarray, np.ndarray]], loader: DataLoader) -> np.ndarray:
    parts = [part for part in parts if len(part[1])]
    outputs = np.concatenate([part[0] for part in parts])
    order = np.argsort(np.concatenate([part[1] for part in parts]))
    assert len(order) == len(loader.dataset)
    bad = np.flatnonzero(~np.isfinite(outputs[order]).reshape(len(order), -1).all(axis=1))
    if len(bad):
        names = ", ".join(str(loader.dataset.sample_name[i]) for i in bad[:3])
        raise ValueError(
            f"the scores of {len(bad)} clips are not finite, e.g. of {names}. Check the test data "
            "and the weights for NaN."
        )
    return outputs[order]
