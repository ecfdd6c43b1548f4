"""Times a network of a published checkout, in a process without this project's packages.

bench_models.py --against DIR starts it: python3 benchmarks/published_side.py DIR NETWORK FRAMES
PERSONS BATCH DEVICE; it prints clips per second of training and inference as JSON.
"""
# Shapes: N clips, C channels, T frames, V joints, M persons.

import json
import statistics
import sys
import time
from collections.abc import Callable
from importlib import import_module

import torch
import torch.nn.functional as F

SECONDS = 3.0
AGCN = {"num_class": 60, "num_point": 25, "num_person": 2, "graph": "graph.ntu_rgb_d.Graph",
        "graph_args": {"labeling_mode": "spatial"}}  # fmt: skip
# Where each code has its network, and the arguments of its YAML files for NTU RGB+D 60.
PLACES = {
    "stgcn": ("net.st_gcn", {"in_channels": 3, "num_class": 60, "edge_importance_weighting": True,
                             "graph_args": {"layout": "ntu-rgb+d", "strategy": "spatial"}}),
    "agcn": ("model.agcn", AGCN),
    "aagcn": ("model.aagcn", AGCN),
    "ctrgcn": ("model.ctrgcn", AGCN),
    "msg3d": ("model.msg3d", {"num_class": 60, "num_point": 25, "num_person": 2,
                              "num_gcn_scales": 13, "num_g3d_scales": 6,
                              "graph": "graph.ntu_rgb_d.AdjMatrixGraph"}),
}  # fmt: skip


def main(checkout: str, name: str, frames: str, persons: str, batch: str, device: str) -> None:
    sys.path[0] = checkout
    module, arguments = PLACES[name]
    place = torch.device("cuda", int(device)) if device != "cpu" else torch.device("cpu")
    torch.manual_seed(0)
    model = import_module(module).Model(**arguments).to(place)
    clips = torch.randn(int(batch), 3, int(frames), 25, 2, device=place)
    clips[..., int(persons) :] = 0
    labels = torch.arange(int(batch), device=place) % 60

    infer, train = passes(model, clips, labels)
    model.eval()
    found = {"infer": int(batch) / seconds(infer, place)}
    model.train()
    found["train"] = int(batch) / seconds(train, place)
    print(json.dumps(found))


def passes(
    model: torch.nn.Module,
    clips: torch.Tensor,
    labels: torch.Tensor,
    scores: Callable[[torch.Tensor], torch.Tensor] | None = None,
) -> tuple[Callable[[], None], Callable[[], None]]:
    """What is timed: inference, and the gradients of a training step.

    Args:
        scores: another form of the model, with the same parameters.
    """
    forward = scores or model

    def infer() -> None:
        with torch.no_grad():
            forward(clips)

    def train() -> None:
        model.zero_grad()
        F.cross_entropy(forward(clips), labels).backward()

    return infer, train


def seconds(call: Callable[[], None], place: torch.device) -> float:
    """The median time of a call, without the first."""
    times: list[float] = []
    while len(times) < 3 or (sum(times) < SECONDS and len(times) < 100):
        begun = time.perf_counter()
        call()
        if place.type == "cuda":
            torch.cuda.synchronize(place)
        times.append(time.perf_counter() - begun)
    return statistics.median(times[1:])


if __name__ == "__main__":
    main(*sys.argv[1:])
