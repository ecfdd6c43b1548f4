"""Export a network with its weights, and check that the result computes the same."""
# Shapes: N clips, C channels, T frames, V joints, M persons, K outputs.

import contextlib
import importlib
import io
import logging
import time
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import numpy as np
import torch
from torch import nn
from torch.export import Dim, ExportedProgram

from engine.data.datasets import build_test_clips
from engine.settings.table import Settings
from engine.trained import TrainedNetwork, load_network, settings_of
from formats.exported import KEY, NetworkInfo
from tools.predicting.networks import OnnxNetwork, info_beside
from utils.files import atomic_write

DEFAULT_FRAMES = 64
NUM_REAL = 8
TOLERANCE = 1e-4  # of outputs, as a share of the largest
SECONDS = 1.0

logger = logging.getLogger(__name__)

Check = Callable[[np.ndarray], np.ndarray]


class _Function(nn.Module):
    """A network as a function of clips whose weights are constants."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.function = network.requires_grad_(False).forward  # which makes it no part of this

    def forward(self, clips: torch.Tensor) -> torch.Tensor:
        return self.function(clips)


class Exported(NamedTuple):
    """A network on the CPU in float32, and clips to check it with."""

    info: NetworkInfo
    model: nn.Module
    network: TrainedNetwork  # clips (N, C, T, V, M) -> outputs (N, K)
    real: np.ndarray | None  # (N, C, T, V, M) of the test clips, where they are there
    clip_shape: tuple[int, int, int, int]
    fixed: bool

    @classmethod
    def of(cls, weights: Path, config: Path | None, frames: int | None, fixed: bool) -> "Exported":
        """With the weights loaded.

        Raises:
            FileNotFoundError, ValueError: weights or settings are missing or do not fit.
        """
        info = info_beside(weights, config)
        settings = settings_of(info).replace(half=False, compile=False, num_worker=0)
        network = load_network(settings, weights, ["cpu"])
        real = _real_clips(settings, info)
        if real is None:
            shape = info.clip_shape(frames or info.num_frames or DEFAULT_FRAMES)
            if shape is None:
                raise ValueError(f"{weights}: model_args name no num_point and num_person.")
            return cls(info, network.model, network, None, shape, fixed)
        if frames:
            real = real.take(np.arange(frames) % real.shape[2], axis=2)
        return cls(info, network.model, network, real, real.shape[1:], fixed)

    def random(self, clips: int, frames: int | None = None) -> np.ndarray:
        """Clips of normal numbers; the last person of the last clip is absent."""
        channels, length, joints, persons = self.clip_shape
        shape = (clips, channels, frames or length, joints, persons)
        drawn = np.random.default_rng(0).normal(size=shape).astype(np.float32)
        drawn[-1, ..., -1] = 0
        return drawn

    def program(self) -> ExportedProgram:
        """The program of torch.export; what depends only on the weights is constant in it."""
        # Three, as a size that another axis has by chance could be taken for the same.
        example = torch.from_numpy(self.random(3))
        sizes = {0: Dim.AUTO} if self.fixed else {0: Dim.AUTO, 2: Dim.AUTO}
        self.network(self.random(1))  # now the constants are there
        with self.network.fixed_weights(), torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return torch.export.export(
                _Function(self.model), (example,), dynamic_shapes=(sizes,), strict=False
            )


def to_onnx(exported: Exported, path: Path) -> list[str]:
    """Write and check an .onnx file; returns the lines to print.

    Raises:
        ValueError: a package is missing, or the file computes something else.
    """
    onnx = _package("onnx")
    _package("onnxscript")
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # of packages that are not needed
    program = exported.program()
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        made = torch.onnx.export(
            program, input_names=["clips"], output_names=["outputs"], verbose=False
        )
    proto = made.model_proto
    entry = proto.metadata_props.add()
    entry.key, entry.value = KEY, exported.info.as_text()
    onnx.checker.check_model(proto)
    with atomic_write(path) as temporary:
        onnx.save(proto, str(temporary))
        network = OnnxNetwork(temporary)
        lines = compared(exported, network)
    clips = exported.random(4)
    ours, theirs = _clips_per_second(exported.network, clips), _clips_per_second(network, clips)
    size = path.stat().st_size / 1e6
    lines.append(f"{size:.1f} MB; onnxruntime {theirs:.1f} clips/s, torch {ours:.1f} clips/s")
    return lines


def to_pt2(exported: Exported, path: Path) -> list[str]:
    """Write and check a .pt2 file.

    Raises:
        ValueError: the file computes something else.
    """
    with atomic_write(path) as temporary:
        extra = {KEY: exported.info.as_text()}
        torch.export.save(exported.program(), temporary, extra_files=extra)
        module = torch.export.load(temporary).module()

        @torch.no_grad()
        def network(clips: np.ndarray) -> np.ndarray:
            return module(torch.from_numpy(clips)).numpy()

        return compared(exported, network)


def to_safetensors(exported: Exported, path: Path) -> list[str]:
    """Write the weights, which are compared bit for bit.

    Raises:
        ValueError: the package is missing.
    """
    _package("safetensors")
    from safetensors.torch import load_file, save_file

    state = {
        name: t.detach().contiguous().clone() for name, t in exported.model.state_dict().items()
    }
    with atomic_write(path) as temporary:
        save_file(state, temporary, metadata={KEY: exported.info.as_text(), "format": "pt"})
        _check_equal(state, load_file(temporary))
    return [f"{len(state)} tensors, {sum(t.numel() for t in state.values()):,} numbers"]


def _check_equal(state: Mapping[str, torch.Tensor], found: Mapping[str, torch.Tensor]) -> None:
    same = state.keys() == found.keys()
    if not same or not all(torch.equal(state[name], found[name]) for name in state):
        raise ValueError("the file holds other weights than were written. Is the disk damaged?")


def compared(exported: Exported, network: Check) -> list[str]:
    """Differences between a file's outputs and torch's, on random and real clips.

    Raises:
        ValueError: they differ.
    """
    length = exported.clip_shape[1]
    tries = {"3 random clips": exported.random(3), "1 random clip": exported.random(1)}
    if not exported.fixed:
        other = max(8, length // 2 + 3)
        tries[f"2 random clips of {other} frames"] = exported.random(2, other)
    if exported.real is not None:
        tries[f"{len(exported.real)} clips of the test data"] = exported.real
    lines = []
    for what, clips in tries.items():
        expected, found = exported.network(clips), network(clips)
        error = float(np.abs(found - expected).max())
        lines.append(f"{what}: largest difference {error:.2g}")
        if not error <= TOLERANCE * max(1.0, float(np.abs(expected).max())):
            raise ValueError(f"{what}: the outputs differ from torch's by {error:.2g}.")
    return lines


def _clips_per_second(network: Check, clips: np.ndarray) -> float:
    network(clips)
    begun, count = time.perf_counter(), 0
    while time.perf_counter() - begun < SECONDS:
        network(clips)
        count += len(clips)
    return count / (time.perf_counter() - begun)


def _real_clips(settings: Settings, info: NetworkInfo) -> np.ndarray | None:
    try:
        clips = build_test_clips(settings.data, model_args=info.model_args)
        count = min(NUM_REAL, len(clips))
        return np.stack([np.asarray(clips[i][0]) for i in range(count)])
    except (FileNotFoundError, ValueError) as error:
        logger.warning("no real clips to check with: %s", error)
        return None


def _package(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ValueError(
            f"this format requires {name}: pip install -r requirements-extra.txt"
        ) from error
