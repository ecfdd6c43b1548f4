"""A network with trained weights, ready for inference; used by tools/."""
# Shapes: N clips, C channels, T frames, V joints, M persons, K outputs.

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import torch
from torch import nn

from engine import build
from engine.contracts import Precision
from engine.device.cuda_graphs import RecordedForward
from engine.device.devices import prepare_devices
from engine.evaluation import fixed_weights
from engine.settings.table import ABOUT, Settings
from formats.exported import NetworkInfo


class TrainedNetwork:
    """A network as a test of main.py computes it.

    Args:
        model: on its device, in its precision.
        precision: how it computes.
    """

    def __init__(self, model: nn.Module, precision: Precision) -> None:
        self.model, self.precision = model.eval(), precision
        self._constants: dict = {}
        self._forward = RecordedForward(model, precision)

    def __call__(self, clips: np.ndarray) -> np.ndarray:
        """Clips (N, C, T, V, M) float32 -> outputs (N, K) float32."""
        with self.fixed_weights():
            return self._forward(torch.from_numpy(clips)).cpu().numpy()

    def fixed_weights(self) -> AbstractContextManager[None]:
        """A context that caches what depends only on the weights, over several calls."""
        return fixed_weights(self.model, self._constants)


def settings_of(info: NetworkInfo) -> Settings:
    """The settings of a network, as far as this version has them; without weights."""
    known = {name: value for name, value in info.settings.items() if name in ABOUT}
    return Settings.of(known | {"work_dir": None, "weights": None, "freeze_loaded": False})


def load_network(
    settings: Settings, weights: Path, device: Sequence[str] | None = None
) -> TrainedNetwork:
    """The network of settings with weights, as `main.py --phase test` uses it.

    Args:
        device: GPU numbers or cpu, as main.py's, of which the first is used; None: a GPU if there
            is one.

    Raises:
        FileNotFoundError: the weights are missing.
        ValueError: the weights do not fit the settings.
    """
    settings = settings.replace(weights=weights)
    device = device or (["0"] if torch.cuda.is_available() else ["cpu"])
    place, _ = prepare_devices(device[:1], settings.run.deterministic)
    precision = build.build_precision(settings.precision, device=place)
    model = build.build_model(settings.model, device=place, precision=precision)
    model, _ = precision.attach(model, None)
    return TrainedNetwork(model, precision)
