"""All networks side by side: python3 -m benchmarks.bench_models

Parameters, operations of a clip, and on this machine's CPU (or --device 0) clips per second and
peak memory of training and inference, for clips of NTU RGB+D with one and with two persons. Every
figure comes from a process of its own, so that no memory is left over from another one.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch.utils.flop_counter import FlopCounterMode

from utils.config import build

SIZES = {"num_class": 60, "num_point": 25, "num_person": 2, "graph": "ntu_rgb_d"}
NETWORKS: dict[str, dict[str, Any]] = {
    "stgcn": {**SIZES, "in_channels": 3},
    "agcn": SIZES,
    "aagcn": SIZES,
    "ctrgcn": SIZES,
    "msg3d": {**SIZES, "num_gcn_scales": 13, "num_g3d_scales": 6},
}
# Top-1 in % of NTU RGB+D 60 cross-subject, as published: of the joint stream where it is known.
PUBLISHED = {"stgcn": "81.5", "agcn": "88.5 (2 streams)", "aagcn": "90.0 (4 streams)",
             "ctrgcn": "92.4 (4 streams)", "msg3d": "89.4, 91.5 (2 streams)"}  # fmt: skip
SECONDS = 4.0


def measure(name: str, frames: int, persons: int, batch: int, device: str) -> dict[str, float]:
    """Of one network and one size of clips: what the table shows."""
    torch.manual_seed(0)
    place = torch.device("cuda", int(device)) if device != "cpu" else torch.device("cpu")
    model = build(f"model.{name}.Model", NETWORKS[name]).to(place)
    clips = torch.randn(batch, 3, frames, 25, 2, device=place)
    clips[..., persons:] = 0
    labels = torch.arange(batch, device=place) % 60

    def infer() -> None:
        with torch.no_grad():
            model(clips)

    def train() -> None:
        model.zero_grad()
        F.cross_entropy(model(clips), labels).backward()

    found: dict[str, float] = {"parameters": sum(p.numel() for p in model.parameters())}
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model.eval()(clips[:1])
    found["gmacs"] = counter.get_total_flops() / 2e9
    start = _memory(place)
    found["infer"] = batch / _seconds(infer, place)
    found["infer_mb"] = _memory(place) - start
    model.train()
    found["train"] = batch / _seconds(train, place)
    found["train_mb"] = _memory(place) - start
    return found


def _seconds(call: Any, place: torch.device) -> float:
    """The median time of a call."""
    times: list[float] = []
    while len(times) < 3 or (sum(times) < SECONDS and len(times) < 100):
        begun = time.perf_counter()
        call()
        if place.type == "cuda":
            torch.cuda.synchronize(place)
        times.append(time.perf_counter() - begun)
    return statistics.median(times[1:])


def _memory(place: torch.device) -> float:
    """The peak so far in MB."""
    if place.type == "cuda":
        return torch.cuda.max_memory_allocated(place) / 2**20
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


def rows(names: Sequence[str], batch: int, device: str) -> Iterator[str]:
    """The table, a line at a time."""
    yield (
        "| network | frames | persons | parameters, million | GMACs a clip | training, clips/s "
        "| MB | inference, clips/s | MB | published, xsub |"
    )
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for name in names:
        for frames in (64, 300):
            for persons in (1, 2):
                arguments = ["--cell", name, str(frames), str(persons), str(batch), device]
                done = subprocess.run(
                    [sys.executable, "-m", "benchmarks.bench_models", *arguments],
                    capture_output=True, text=True, check=True,
                )  # fmt: skip
                one = json.loads(done.stdout)
                yield (
                    f"| {name} | {frames} | {persons} | {one['parameters'] / 1e6:.2f} | "
                    f"{one['gmacs']:.2f} | {one['train']:.1f} | {one['train_mb']:.0f} | "
                    f"{one['infer']:.1f} | {one['infer_mb']:.0f} | {PUBLISHED[name]} |"
                )


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=NETWORKS, default=[*NETWORKS])
    parser.add_argument("--batch", type=int, default=8, help="clips (default: 8)")
    parser.add_argument("--device", default="cpu", help="cpu or a GPU's number")
    parser.add_argument("--cell", nargs=5, help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    if args.cell:
        name, frames, persons, batch, device = args.cell
        print(json.dumps(measure(name, int(frames), int(persons), int(batch), device)))
        return
    for row in rows(args.only, args.batch, args.device):
        print(row, flush=True)


if __name__ == "__main__":
    main()
