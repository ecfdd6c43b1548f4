"""Speed and memory on a GPU, training and at inference, against the literal form of the network.

python3 -m benchmarks.bench_gpu [--precision NAME ...] [--json FILE] [--markdown FILE]

The networks (--networks) are measured side by side, too, with their kernels started one by one and
recorded. Everything is measured in one process; turns of the sides alternate, and medians count.
"""
# Shapes: N clips, T frames, M persons.

import argparse
import gc
import json
import platform
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import torch

from benchmarks.gpu_sides import FORMS, MEASURED, NETWORKS, ONE_BY_ONE, PRECISIONS, RECORDED, Side
from utils.files import atomic_write

TARGETS = {"training": 1 / 3, "inference": 1 / 5}  # of the literal form's time
MEMORY_TARGET = 0.5  # of its memory in training
CTRGCN_TARGET = 111 / 353  # of CTR-GCN's clips per second: as published, on a 2080Ti
SHAPES = (("NTU RGB+D", 32, 300), ("NTU RGB+D", 64, 64), ("NW-UCLA", 16, 52))  # clips, frames
WARM_UPS = 5  # of which the later ones are recorded


def milliseconds(work: Callable[[], object], steps: int, device: torch.device) -> float:
    """Of one call, where `steps` follow each other without waiting."""
    begun = time.perf_counter()
    for _ in range(steps):
        work()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return 1000 * (time.perf_counter() - begun) / steps


def measure(
    sides: Sequence[Side], phase: str, device: torch.device, rounds: int, steps: int
) -> list[dict[str, float]]:
    """Median milliseconds of a batch and peak memory in MB of each side."""
    found: list[dict[str, float]] = []
    works = []
    for side in sides:
        gc.collect()
        before = _start_of_memory(device)
        work = getattr(side, phase)(device)
        for _ in range(WARM_UPS):
            work()
        found.append({"memory_mb": _peak_memory(device, before)})
        works.append(work)
    times: list[list[float]] = [[] for _ in sides]
    for _ in range(rounds):
        for number, work in enumerate(works):
            times[number].append(milliseconds(work, steps, device))
    for facts, values in zip(found, times, strict=True):
        facts["ms"] = statistics.median(values)
    return found


def _start_of_memory(device: torch.device) -> int:
    if device.type != "cuda":
        return 0
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    return torch.cuda.memory_allocated()


def _peak_memory(device: torch.device, before: int) -> float:
    return (torch.cuda.max_memory_allocated() - before) / 2**20 if device.type == "cuda" else 0.0


def rows(
    base: Side, forms: Sequence[str], phase: str, device: torch.device, rounds: int, steps: int
) -> list[dict[str, object]]:
    sides = [replace(base, form=form) for form in forms]
    found = measure(sides, phase, device, rounds, steps)
    literal = found[0]
    return [
        {
            "phase": phase,
            "precision": base.precision,
            "absent": base.absent,
            "form": side.form,
            **_in_numbers(side, facts),
            "time_ratio": round(facts["ms"] / literal["ms"], 3),
            "memory_ratio": round(facts["memory_mb"] / max(literal["memory_mb"], 1), 3),
        }
        for side, facts in zip(sides, found, strict=True)
    ]


def beside_each_other(
    networks: Sequence[str], base: Side, device: torch.device, rounds: int, steps: int
) -> list[dict[str, object]]:
    """Clips per second of each network, kernels started one by one and recorded."""
    found = []
    forms = (ONE_BY_ONE, RECORDED) if device.type == "cuda" else (ONE_BY_ONE,)
    for phase in ("training", "inference"):
        sides = [replace(base, network=name, form=form) for name in networks for form in forms]
        measured = measure(sides, phase, device, rounds, steps)
        for side, facts in zip(sides, measured, strict=True):
            found.append(
                {
                    "phase": phase,
                    "data": side.data,
                    "batch": side.batch,
                    "frames": side.frames,
                    "network": side.network,
                    "form": side.form,
                    **_in_numbers(side, facts),
                }
            )
    return found


def _in_numbers(side: Side, facts: dict[str, float]) -> dict[str, float]:
    return {
        "ms": round(facts["ms"], 2),
        "clips_per_second": round(1000 * side.batch / facts["ms"], 1),
        "memory_mb": round(facts["memory_mb"]),
    }


def table(results: Sequence[dict[str, object]], heading: str) -> str:
    lines = [heading, "",
             "| what | form | ms | clips/s | memory, MB | time / literal | memory / literal |",
             "|---|---|---|---|---|---|---|"]  # fmt: skip
    for row in results:
        what = f"{row['phase']}, {row['precision']}"
        if row["absent"]:
            what += f", {row['absent']} clips with one person"
        cells = (row[name] for name in ("form", "ms", "clips_per_second", "memory_mb"))
        ratios = (row[name] for name in ("time_ratio", "memory_ratio"))
        lines.append(f"| {what} | {' | '.join(map(str, [*cells, *ratios]))} |")
    return "\n".join(lines) + "\n"


def table_of_networks(results: Sequence[dict[str, object]], precision: str) -> str:
    """With MS-G3D's clips per second as a share of CTR-GCN's, where both are there."""
    lines = [f"Networks beside each other, {precision}:", "",
             "| what | clips | network | kernels | ms | clips/s | memory, MB |",
             "|---|---|---|---|---|---|---|"]  # fmt: skip
    speeds: dict[str, dict[str, float]] = {}
    for row in results:
        kernels = "recorded" if row["form"] == RECORDED else "one by one"
        clips = f"{row['data']}, {row['batch']} of {row['frames']} frames"
        cells = (row["network"], kernels, row["ms"], row["clips_per_second"], row["memory_mb"])
        lines.append(f"| {row['phase']} | {clips} | {' | '.join(map(str, cells))} |")
        case = f"{row['phase']}, {clips}, {kernels}"
        speeds.setdefault(case, {})[row["network"]] = row["clips_per_second"]
    lines += ["", f"MS-G3D's clips/s as a share of CTR-GCN's; target {CTRGCN_TARGET:.2f}:", ""]
    lines += [
        f"- {case}: {speed['msg3d'] / speed['ctrgcn']:.3f}"
        for case, speed in speeds.items()
        if {"msg3d", "ctrgcn"} <= set(speed)
    ]
    return "\n".join(lines) + "\n"


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--precision", nargs="+", choices=tuple(PRECISIONS), default=["float16"])
    parser.add_argument(
        "--forms",
        nargs="+",
        choices=FORMS[1:],
        default=MEASURED,
        help=f"beside the literal one (default: {', '.join(MEASURED)}); compiled takes minutes",
    )
    parser.add_argument(
        "--networks",
        nargs="*",
        choices=tuple(NETWORKS),
        default=["msg3d", "ctrgcn"],
        help="measured side by side (default: msg3d ctrgcn)",
    )
    parser.add_argument("--batch", type=int, default=32, help="clips")
    parser.add_argument("--frames", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3, help="of which the median counts")
    parser.add_argument("--steps", type=int, default=5, help="batches of a round")
    parser.add_argument("--json", type=Path, help="file for the figures")
    parser.add_argument("--markdown", type=Path, help="file for the table")
    args = parser.parse_args(argv)
    gpu = torch.cuda.is_available()
    device = torch.device("cuda" if gpu else "cpu")
    # Without a GPU there are no kernels; it then only shows that everything runs.
    forms = ("literal", *args.forms) if gpu else ("literal", "portable")
    shapes = SHAPES if gpu else (("NW-UCLA", args.batch, args.frames),)
    results: list[dict[str, object]] = []
    networks: dict[str, list[dict[str, object]]] = {}
    for precision in args.precision:
        base = Side("literal", precision, args.batch, args.frames)
        some = replace(base, absent=3 * args.batch // 4)
        for phase, side in (("training", base), ("inference", base), ("training", some)):
            results += rows(side, forms, phase, device, args.rounds, args.steps)
            print(results[-1], file=sys.stderr)
        networks[precision] = []
        for data, batch, frames in shapes if args.networks else ():
            case = replace(base, data=data, batch=batch, frames=frames)
            networks[precision] += beside_each_other(
                args.networks, case, device, args.rounds, args.steps
            )
            print(networks[precision][-1], file=sys.stderr)
    name = torch.cuda.get_device_name() if gpu else f"{torch.get_num_threads()} threads of a CPU"
    heading = (
        f"{name}; Python {platform.python_version()}, torch {torch.__version__}. MS-G3D, batch "
        f"{args.batch}, {args.frames} frames, 2 bodies; medians of {args.rounds}. Targets: time "
        f"{TARGETS['training']:.2f} in training and {TARGETS['inference']:.2f} at inference, "
        f"memory {MEMORY_TARGET} in training."
    )
    text = table(results, heading) + "".join(
        f"\n{table_of_networks(rows, precision)}" for precision, rows in networks.items() if rows
    )
    print(text)
    figures = {"device": name, "results": results, "networks": networks}
    for path, content in (
        (args.json, json.dumps(figures, indent=1) + "\n"),
        (args.markdown, text),
    ):
        if path:
            with atomic_write(path) as temporary:
                temporary.write_text(content)


if __name__ == "__main__":
    main()
