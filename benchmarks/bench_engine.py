"""Speed and memory of main.py's own training step and evaluation, in each precision.

python3 -m benchmarks.bench_engine [--json FILE] [--markdown FILE]
"""
# Shapes: N clips, C channels, T frames, V joints, M persons.

import argparse
import json
import platform
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from engine.device.compilation import compile_model
from engine.device.precision import Precision
from engine.optimization import make_optimizer, make_schedule
from engine.run_dir.checkpoint import TrainState
from engine.step import training_step
from engine.tasks.action import ActionClassification
from model.msg3d import Model
from utils.files import atomic_write
from utils.machine import keep_freed_memory

NTU = {"num_class": 60, "num_point": 25, "num_person": 2, "num_gcn_scales": 13,
       "num_g3d_scales": 6, "graph": "graph.ntu_rgb_d.AdjMatrixGraph"}  # fmt: skip
GPU_MODES = {
    "float32": (0, None, False),
    "float16, level 1": (1, torch.float16, False),
    "bfloat16, level 1": (1, torch.bfloat16, False),
    "float16, level 2": (2, torch.float16, False),
    "bfloat16, level 3": (3, torch.bfloat16, False),
    "float16, level 1, compiled": (1, torch.float16, True),
}
CPU_MODES = {"float32": (0, None, False), "bfloat16, level 1": (1, torch.bfloat16, False)}


def make_state(device: torch.device, level: int, dtype: torch.dtype | None, compiled: bool):
    torch.manual_seed(0)
    precision = Precision(device, level, dtype)
    model = precision.cast(Model(**NTU).to(device))
    optimizer = make_optimizer("SGD", precision.parameters(model), 0.05, 5e-4, nesterov=True)
    schedule = make_schedule(optimizer, "step", [30], 0, 60, 100)
    if compiled:
        model = compile_model(model, device)
    return TrainState(model, optimizer, schedule, precision)


def seconds_of(work: Callable[[], object], device: torch.device, rounds: int) -> float:
    """Median time, after two rounds to warm up."""
    times = []
    for _ in range(rounds + 2):
        begun = time.perf_counter()
        work()
        if device.type == "cuda":
            torch.cuda.synchronize()
        times.append(time.perf_counter() - begun)
    return statistics.median(times[2:])


def measure(device: torch.device, batch: int, slice_size: int, rounds: int, mode: tuple) -> dict:
    """Clips/s of training and inference, and the training's peak memory."""
    state = make_state(device, *mode)
    clips, labels = torch.randn(batch, 3, 300, 25, 2), torch.arange(batch) % 60
    task = ActionClassification()
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats()
    state.model.train()
    training = seconds_of(
        lambda: training_step(state, task, clips, labels, slice_size), device, rounds
    )
    gpu = device.type == "cuda"
    memory = torch.cuda.max_memory_allocated() / 2**20 if gpu else None
    state.model.eval()
    on_device = state.precision.inputs(clips.to(device))

    @torch.no_grad()
    def infer() -> None:
        with state.precision.autocast():
            state.model(on_device)

    inference = seconds_of(infer, device, rounds)
    return {
        "training_clips_per_second": round(batch / training, 1),
        "inference_clips_per_second": round(batch / inference, 1),
        "training_peak_memory_mb": round(memory) if memory else None,
    }


def table(results: dict[str, dict], heading: str) -> str:
    lines = [heading, "", "| precision | training, clips/s | inference, clips/s | memory, MB |",
             "|---|---|---|---|"]  # fmt: skip
    lines += [
        f"| {name} | {' | '.join(str(v) for v in r.values())} |" for name, r in results.items()
    ]
    return "\n".join(lines) + "\n"


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=5, help="of which the median counts")
    parser.add_argument("--json", type=Path, help="file for the figures")
    parser.add_argument("--markdown", type=Path, help="file for the table")
    args = parser.parse_args(argv)
    gpu = torch.cuda.is_available()
    device = torch.device("cuda" if gpu else "cpu")
    batch, slice_size = (32, 32) if gpu else (2, 2)
    if not gpu:
        keep_freed_memory()
    name = torch.cuda.get_device_name() if gpu else f"{torch.get_num_threads()} threads of a CPU"
    results = {}
    for mode, settings in (GPU_MODES if gpu else CPU_MODES).items():
        results[mode] = measure(device, batch, slice_size, args.rounds, settings)
        print(mode, results[mode], file=sys.stderr)
    heading = (
        f"{name}; Python {platform.python_version()}, torch {torch.__version__}. MS-G3D on NTU's "
        f"shape, batch {batch}, 300 frames, 2 bodies; medians of {args.rounds} steps."
    )
    text = table(results, heading)
    print(text)
    if args.json:
        with atomic_write(args.json) as temporary:
            temporary.write_text(json.dumps({"device": name, "results": results}, indent=1) + "\n")
    if args.markdown:
        with atomic_write(args.markdown) as temporary:
            temporary.write_text(text)


if __name__ == "__main__":
    main()
