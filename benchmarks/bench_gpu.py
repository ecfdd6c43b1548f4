"""Speed and memory on a GPU, training and at inference, against the literal form of the network.

python3 -m benchmarks.bench_gpu [--precision NAME ...] [--json FILE] [--markdown FILE]

Inference is measured beside CTR-GCN's, too. Everything is measured in one process; turns of the
sides alternate, and medians count.
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
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import torch

from benchmarks.gpu_sides import FORMS, MEASURED, PRECISIONS, Side
from utils.files import atomic_write

TARGETS = {"training": 1 / 3, "inference": 1 / 5}  # of the literal form's time
MEMORY_TARGET = 0.5  # of its memory in training
CTRGCN_TARGET = 111 / 353  # of CTR-GCN's clips per second: as published, on a 2080Ti


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
    with ExitStack() as context:
        works = []
        for side in sides:
            gc.collect()
            before = _start_of_memory(device)
            own = context.enter_context(ExitStack())
            work = getattr(side, phase)(device, own)
            for _ in range(3):
                work()
            found.append({"memory_mb": _peak_memory(device, before)})
            works.append(work)
            if side.form == "portable":
                own.close()  # the form is chosen for as long as it is measured
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
            "ms": round(facts["ms"], 2),
            "clips_per_second": round(1000 * base.batch / facts["ms"], 1),
            "memory_mb": round(facts["memory_mb"]),
            "time_ratio": round(facts["ms"] / literal["ms"], 3),
            "memory_ratio": round(facts["memory_mb"] / max(literal["memory_mb"], 1), 3),
        }
        for side, facts in zip(sides, found, strict=True)
    ]


def beside_ctrgcn(base: Side, device: torch.device, rounds: int, steps: int) -> dict[str, object]:
    """Clips per second of MS-G3D's and CTR-GCN's inference, kernels started one by one."""
    sides = [replace(base, form="ours", network=network) for network in ("msg3d", "ctrgcn")]
    found = measure(sides, "inference", device, rounds, steps)
    msg3d, ctrgcn = (round(1000 * base.batch / facts["ms"], 1) for facts in found)
    ratio = round(msg3d / ctrgcn, 3)
    return {"precision": base.precision, "msg3d": msg3d, "ctrgcn": ctrgcn, "ratio": ratio}


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
    results: list[dict[str, object]] = []
    pairs: list[dict[str, object]] = []
    for precision in args.precision:
        base = Side("literal", precision, args.batch, args.frames)
        some = replace(base, absent=3 * args.batch // 4)
        for phase, side in (("training", base), ("inference", base), ("training", some)):
            results += rows(side, forms, phase, device, args.rounds, args.steps)
            print(results[-1], file=sys.stderr)
        pairs.append(beside_ctrgcn(base, device, args.rounds, args.steps))
    name = torch.cuda.get_device_name() if gpu else f"{torch.get_num_threads()} threads of a CPU"
    heading = (
        f"{name}; Python {platform.python_version()}, torch {torch.__version__}. MS-G3D, batch "
        f"{args.batch}, {args.frames} frames, 2 bodies; medians of {args.rounds}. Targets: time "
        f"{TARGETS['training']:.2f} in training and {TARGETS['inference']:.2f} at inference, "
        f"memory {MEMORY_TARGET} in training."
    )
    text = table(results, heading) + "".join(
        f"\nInference beside CTR-GCN, {pair['precision']}: {pair['msg3d']} and {pair['ctrgcn']} "
        f"clips/s, {pair['ratio']} of it; target {CTRGCN_TARGET:.2f}.\n"
        for pair in pairs
    )
    print(text)
    figures = {"device": name, "results": results, "beside_ctrgcn": pairs}
    for path, content in (
        (args.json, json.dumps(figures, indent=1) + "\n"),
        (args.markdown, text),
    ):
        if path:
            with atomic_write(path) as temporary:
                temporary.write_text(content)


if __name__ == "__main__":
    main()
