"""All networks side by side: python3 -m benchmarks.bench_models

Parameters, operations of a clip, and on this machine's CPU (or --device 0) clips per second and
peak memory of training and inference, for clips of NTU RGB+D with one and with two persons. Every
figure comes from a process of its own, so that no memory is left over from another one. With
--literal the time of clips of 64 frames and two persons is compared with that of the literal form
of each network (tests/helpers/oracle_zoo.py), which computes what the published code does; with
--against DIR, with the published code itself, whose checkout DIR is: its network runs in a process
without this project's packages. Some published codes run on a GPU only.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.published_side import PLACES, passes, seconds
from model.ten_units import subsets_of
from utils.cli import PROJECT
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
# Ours on NW-UCLA, joint stream, where trained (docs/results/nw-ucla).
NW_UCLA = {"ctrgcn": "92.7, 89.9 (100, 85 passes)", "msg3d": "93.7 (105 passes, 3 seeds)"}


def measure(
    name: str, frames: int, persons: int, batch: int, device: str, literal: bool = False
) -> dict[str, float]:
    """Of one network and one size of clips: what the table shows."""
    torch.manual_seed(0)
    place = torch.device("cuda", int(device)) if device != "cpu" else torch.device("cpu")
    model = build(f"model.{name}.Model", NETWORKS[name]).to(place)
    clips = torch.randn(batch, 3, frames, 25, 2, device=place)
    clips[..., persons:] = 0
    labels = torch.arange(batch, device=place) % 60

    infer, train = passes(model, clips, labels, _literal(name, model) if literal else None)
    found: dict[str, float] = {"parameters": sum(p.numel() for p in model.parameters())}
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model.eval()(clips[:1])
    found["gmacs"] = counter.get_total_flops() / 2e9
    start = _memory(place)
    found["infer"] = batch / seconds(infer, place)
    found["infer_mb"] = _memory(place) - start
    model.train()
    found["train"] = batch / seconds(train, place)
    found["train_mb"] = _memory(place) - start
    return found


def _literal(name: str, model: nn.Module) -> Callable[[torch.Tensor], torch.Tensor]:
    """The literal form with the model's own parameters."""
    import oracle_zoo  # in tests/helpers/, which the caller puts on the path

    state = {**dict(model.named_buffers()), **dict(model.named_parameters())}
    subsets = model.A if name == "stgcn" else subsets_of("ntu_rgb_d", None, 25)
    subsets = subsets.to(next(model.parameters()).device)
    return lambda clips: oracle_zoo.scores(name, state, subsets, clips, model.training)


def _memory(place: torch.device) -> float:
    """The peak so far in MB."""
    if place.type == "cuda":
        return torch.cuda.max_memory_allocated(place) / 2**20
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


def rows(names: Sequence[str], batch: int, device: str) -> Iterator[str]:
    """The lines of the table."""
    yield (
        "| network | frames | persons | parameters, million | GMACs per clip | training, clips/s "
        "| MB | inference, clips/s | MB | published, xsub | ours, NW-UCLA joint |"
    )
    yield "|---|---|---|---|---|---|---|---|---|---|---|"
    for name in names:
        for frames in (64, 300):
            for persons in (1, 2):
                one = cell(name, frames, persons, batch, device)
                yield (
                    f"| {name} | {frames} | {persons} | {one['parameters'] / 1e6:.2f} | "
                    f"{one['gmacs']:.2f} | {one['train']:.1f} | {one['train_mb']:.0f} | "
                    f"{one['infer']:.1f} | {one['infer_mb']:.0f} | {PUBLISHED[name]} | "
                    f"{NW_UCLA.get(name, '')} |"
                )


def cell(
    name: str, frames: int, persons: int, batch: int, device: str, literal: bool = False
) -> dict[str, float]:
    """`measure` in a process of its own."""
    arguments = [name, str(frames), str(persons), str(batch), device, str(literal)]
    paths = [str(PROJECT), str(PROJECT / "tests/helpers")]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.bench_models", "--cell", *arguments],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
    )
    return json.loads(done.stdout)


def published_cell(
    checkout: Path, name: str, frames: int, persons: int, batch: int, device: str
) -> dict[str, float]:
    """Clips per second of the network of a published checkout.

    Raises:
        ValueError: it does not run here.
    """
    arguments = [checkout.resolve(), name, frames, persons, batch, device]
    script = PROJECT / "benchmarks" / "published_side.py"
    line = [sys.executable, str(script), *map(str, arguments)]
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(line, capture_output=True, text=True, env=environment)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise ValueError(f"{name} of {checkout} does not run here: {reason}")
    return json.loads(done.stdout.splitlines()[-1])


def shares_of(
    names: Sequence[str], title: str, ours: Callable[[str], dict], other: Callable[[str], dict]
) -> Iterator[str]:
    """Our time as a share of the other's, one line per network; turns alternate."""
    yield f"| network | training, ours / {title} | inference, ours / {title} |"
    yield "|---|---|---|"
    for name in names:
        turns = [(ours(name), other(name)) for _ in "ab"]
        shares = [
            statistics.median(theirs[what] / own[what] for own, theirs in turns)
            for what in ("train", "infer")
        ]
        yield f"| {name} | {shares[0]:.2f} | {shares[1]:.2f} |"


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=NETWORKS, default=[*NETWORKS])
    parser.add_argument("--batch", type=int, default=8, help="clips (default: 8)")
    parser.add_argument("--device", default="cpu", help="cpu or a GPU's number")
    parser.add_argument("--literal", action="store_true", help="compare with the literal forms")
    parser.add_argument(
        "--against", type=Path, metavar="DIR", help="compare with a checkout of the published code"
    )
    parser.add_argument("--cell", nargs=6, help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    if args.cell:
        name, *numbers, device, literal = args.cell
        print(json.dumps(measure(name, *map(int, numbers), device, literal == "True")))
        return
    size = (64, 2, args.batch, args.device)
    if args.against:
        files = {name: PLACES[name][0].replace(".", "/") + ".py" for name in args.only}
        names = [name for name, file in files.items() if (args.against / file).is_file()]
        if not names:
            parser.error(f"--against {args.against} is not a checkout of {', '.join(args.only)}.")
        theirs = partial(published_cell, args.against)
        table = shares_of(names, "published", lambda n: cell(n, *size), lambda n: theirs(n, *size))
    elif args.literal:
        names = [name for name in args.only if name != "msg3d"]  # which bench_model.py compares
        literal = partial(cell, literal=True)
        table = shares_of(names, "literal", lambda n: cell(n, *size), lambda n: literal(n, *size))
    else:
        table = rows(args.only, args.batch, args.device)
    try:
        for row in table:
            print(row, flush=True)
    except ValueError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
