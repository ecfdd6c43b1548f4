"""Cost of a network: parameters, operations, time on this machine."""
# Shapes: N clips, C channels, T frames, V joints, M persons.

import json
import logging
import platform
import statistics
import time
from collections.abc import Sequence

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from engine import build
from engine.device.precision_choice import choose_precision
from engine.trained import TrainedNetwork, settings_of
from formats.exported import NetworkInfo
from tools.reporting.runs import ScoredRun

SECONDS = 1.5  # of each measurement
BATCH = 4

logger = logging.getLogger(__name__)


def costs_of(runs: Sequence[ScoredRun], with_speed: bool) -> dict[str, dict]:
    """The cost of each run's network, by the run's name; equal networks are measured once.

    A run is left out if the size of its clips is unknown, and has none if its network cannot be
    built.
    """
    known: dict[str, dict] = {}
    found: dict[str, dict] = {}
    for run in runs:
        shape = run.info.clip_shape()
        if shape is None:
            continue
        key = json.dumps([run.info.settings.get("model"), run.info.model_args, shape], default=str)
        if key not in known:
            try:
                known[key] = cost_of(run.info, shape, with_speed)
            except ValueError as error:
                logger.warning("%s: no cost, as its network cannot be built: %s", run.name, error)
                known[key] = {}
        found[run.name] = known[key]
    return found


def cost_of(info: NetworkInfo, clip_shape: tuple[int, ...], with_speed: bool) -> dict:
    """Parameters, operations of a clip (C, T, V, M), and with `with_speed` times on the CPU.

    `flops` counts a multiplication and an addition as two, as torch's FlopCounterMode does; `macs`
    is half of it, which other tools also call FLOPs.

    Raises:
        ValueError: the settings do not make a network.
    """
    device = torch.device("cpu")
    precision = choose_precision(device, False, 1, None, "auto")
    model = build.build_model(settings_of(info).model, device=device, precision=precision).eval()
    network = TrainedNetwork(model, precision)
    # Of every person something, so that all are computed.
    clip = np.random.default_rng(0).normal(size=(1, *clip_shape)).astype(np.float32)
    with FlopCounterMode(display=False) as counter:
        network(clip)
    flops = counter.get_total_flops()
    found = {
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "clip_shape": list(clip_shape),
        "flops": flops,
        "macs": flops // 2,
    }
    if with_speed:
        batch = np.repeat(clip, BATCH, axis=0)
        found |= {
            "latency_ms": round(1000 * _median_seconds(network, clip), 2),
            "clips_per_second": round(BATCH / _median_seconds(network, batch), 2),
            "machine": f"{platform.machine()}, torch {torch.__version__}, CPU "
            f"(threads: {torch.get_num_threads()}), float32",
        }
    return found


def _median_seconds(network: TrainedNetwork, clips: np.ndarray) -> float:
    """Of several passes; the first, which is slower, counts only where there is time for one."""
    times: list[float] = []
    while sum(times) < SECONDS and len(times) < 50:
        begun = time.perf_counter()
        network(clips)
        times.append(time.perf_counter() - begun)
    return statistics.median(times[1:] or times)
