"""Load trained networks: weights of a work dir, released weights, exported files."""
# Shapes: N clips, C channels, T frames, V joints, M persons, K outputs.

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np

from engine.settings.parse import read_values
from formats.exported import KEY, NetworkInfo, info_of
from formats.safetensors_header import metadata_of
from utils.files import regular_file
from utils.text import one_line

ONNX, PT2, SAFETENSORS = ".onnx", ".pt2", ".safetensors"
NETWORKS = (".pt", ".pth", SAFETENSORS, ONNX, PT2)  # supported endings


class InferenceNetwork(Protocol):
    """Clips (N, C, T, V, M) float32 -> outputs (N, K) float32."""

    def __call__(self, clips: np.ndarray) -> np.ndarray: ...


class Opened(NamedTuple):
    """A network and its description."""

    path: Path
    info: NetworkInfo
    network: InferenceNetwork


def open_network(path: Path, config: Path | None, device: Sequence[str] | None) -> Opened:
    """Load a network for inference.

    Args:
        path: weights of a work dir or released ones (.pt, .safetensors), or a network (.onnx).
        config: the settings of weights that do not lie in a work dir.
        device: GPU numbers or cpu, as main.py's; None: a GPU if there is one.

    Raises:
        FileNotFoundError: a file is missing.
        ValueError: a file is damaged, or its settings are unknown.
    """
    if not path.exists():
        raise FileNotFoundError(f"no weights {path}. Check the path.")
    if path.suffix == ONNX:
        return _onnx(path, device)
    if path.suffix == PT2:
        raise ValueError(
            f"{path} is a program of torch.export, which is not taken from files. Give the weights "
            "it was made of, or an .onnx file."
        )
    # Only here, as importing torch takes seconds.
    from engine.trained import load_network, settings_of

    info = info_beside(path, config)
    return Opened(path, info, load_network(settings_of(info), path, device))


def info_beside(path: Path, config: Path | None) -> NetworkInfo:
    """The description of weights: from their own metadata, their work dir, or `config`.

    Raises:
        FileNotFoundError: there are no settings.
        ValueError: they are damaged.
    """
    if config is None and path.suffix == SAFETENSORS and (text := metadata_of(path).get(KEY)):
        return NetworkInfo.from_text(text, path)
    work_dir = path.absolute().parent.parent
    found = config or work_dir / "config.yaml"
    if not found.is_file():
        raise FileNotFoundError(
            f"the settings of {path} are unknown: no {found}. Name the YAML file it was trained or "
            "is tested with: --config config/ntu.../test_joint.yaml."
        )
    return info_of(read_values(found), None if config else work_dir)


class OnnxNetwork:
    """A network run by onnxruntime, without torch.

    Raises:
        ValueError: the file is damaged, or its package is missing.
    """

    def __init__(self, path: Path, device: Sequence[str] | None = None) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise ValueError(
                f"{path} requires onnxruntime: pip install -r requirements-extra.txt"
            ) from error
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        wanted = ["CPUExecutionProvider"]
        if device != ["cpu"]:
            wanted.insert(0, "CUDAExecutionProvider")
        providers = [name for name in wanted if name in onnxruntime.get_available_providers()]
        try:
            # As bytes, so that the file cannot name others that hold its weights.
            content = regular_file(path).read_bytes()
            self.session = onnxruntime.InferenceSession(content, options, providers=providers)
        except Exception as error:  # onnxruntime's own classes derive from nothing else
            reason = one_line(error, 200)
            raise ValueError(f"{path} is not a usable .onnx file: {reason}") from error
        (given,) = self.session.get_inputs()
        self.input_name, self.input_shape = given.name, given.shape
        self.metadata = dict(self.session.get_modelmeta().custom_metadata_map)

    def __call__(self, clips: np.ndarray) -> np.ndarray:
        clips = np.ascontiguousarray(clips, np.float32)
        fixed = self.input_shape[0]
        if isinstance(fixed, int) and fixed != len(clips):  # of a fixed number of clips
            parts = [self._run(clips[i : i + fixed]) for i in range(0, len(clips), fixed)]
            return np.concatenate(parts)
        return self._run(clips)

    def _run(self, clips: np.ndarray) -> np.ndarray:
        return self.session.run(None, {self.input_name: clips})[0]


def _onnx(path: Path, device: Sequence[str] | None) -> Opened:
    network = OnnxNetwork(path, device)
    info = NetworkInfo.from_text(network.metadata.get(KEY, ""), path)
    return Opened(path, info, network)
