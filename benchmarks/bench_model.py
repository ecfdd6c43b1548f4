"""Speed and memory of the model against its literal form, which does what the published code does.

python3 -m benchmarks.bench_model [--only NAME ...] [--tables] [--against DIR] [--json FILE]

Each side runs in a process of its own; turns alternate, medians count. `--against DIR` takes
another checkout's `model.msg3d.Model` instead of the literal form (tests/helpers/oracle.py).
"""
# Shapes: N clips, C channels, T frames, V joints, M persons.

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from utils.cli import PROJECT
from utils.files import atomic_write

NTU = {"num_class": 60, "num_point": 25, "num_person": 2, "num_gcn_scales": 13,
       "num_g3d_scales": 6, "graph": "graph.ntu_rgb_d.AdjMatrixGraph"}  # fmt: skip
UCLA = {"num_class": 10, "num_point": 20, "num_person": 1, "num_gcn_scales": 8,
        "num_g3d_scales": 4, "graph": "graph.ucla.AdjMatrixGraph"}  # fmt: skip
KINETICS = {"num_class": 400, "num_point": 18, "num_person": 2, "num_gcn_scales": 8,
            "num_g3d_scales": 8, "graph": "graph.kinetics.AdjMatrixGraph"}  # fmt: skip
UDIVA = {**UCLA, "num_point": 24, "graph": "graph.udiva.AdjMatrixGraph"}
OURS, ORACLE = "model.msg3d.Model", "oracle.Model"
# Every block mapped from the system and given back when freed: what is resident is in use.
MAPPED = {"MALLOC_MMAP_THRESHOLD_": str(1 << 17)}


@dataclass(frozen=True)
class Side:
    """One of two that are compared; fields as in `model_worker.Worker`."""

    model: str = OURS
    path: str = str(PROJECT)  # of the model
    model_args: tuple = tuple(NTU.items())
    batch: int = 2
    frames: int = 300
    training: bool = True
    absent: int = 0
    engine: bool = False
    half: bool = False
    keep: bool = True
    environment: tuple = ()

    def start(self) -> "Process":
        args = dict(self.model_args)
        shape = [self.batch, 3, self.frames, args["num_point"], args["num_person"]]
        settings = {name: getattr(self, name) for name in
                    ("model", "training", "absent", "engine", "half", "keep")}  # fmt: skip
        return Process(self, {**settings, "model_args": args, "shape": shape})


class Process:
    """A worker under way."""

    def __init__(self, side: Side, settings: dict[str, Any]) -> None:
        environment = {**os.environ, "PYTHONPATH": side.path, **dict(side.environment)}
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("model_worker.py"))],
            **{"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "env": environment},
            text=True,
            cwd=side.path.split(os.pathsep)[0],
        )
        self._send(settings)

    def _send(self, content: Any) -> None:
        self._process.stdin.write(json.dumps(content) + "\n")
        self._process.stdin.flush()

    def ask(self, what: str) -> float:
        """`seconds` of one turn, or `memory_mb` so far."""
        self._send(what)
        answer = self._process.stdout.readline()
        if not answer:
            self.end()
            raise ValueError("a side of the benchmark failed; see its traceback above.")
        return json.loads(answer)

    def end(self) -> None:
        self._process.communicate()  # closes its input, at which it ends


def compare(ours: Side, other: Side, rounds: int) -> dict[str, float]:
    """Medians of both sides' seconds, and their memory; turns alternate after one to warm up."""
    sides = {"ours": ours.start(), "other": other.start()}
    times: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds + 1):
        for name, process in sides.items():
            times[name].append(process.ask("seconds"))
    result = {f"{name}_s": statistics.median(values[1:]) for name, values in times.items()}
    result |= {f"{name}_mb": process.ask("memory_mb") for name, process in sides.items()}
    for process in sides.values():
        process.end()
    result["time"] = result["ours_s"] / result["other_s"]
    result["memory"] = result["ours_mb"] / result["other_mb"]
    return result


@dataclass(frozen=True)
class Case:
    """A comparison, and the target that it is to keep."""

    name: str
    ours: Side
    other: Side
    target: float
    what: str = "time"  # or memory


def cpu_cases(other: Side) -> list[Case]:
    ours = Side()
    mapped = {"keep": False, "environment": tuple(MAPPED.items())}
    ucla = {"model_args": tuple(UCLA.items()), "batch": 16, "frames": 52}
    test, mix = {"training": False}, {"batch": 6, "absent": 5}
    return [
        Case("training", ours, other, 0.90),
        Case("training, live memory", replace(ours, **mapped), replace(other, **mapped), 0.50,
             "memory"),
        Case("training, memory of the process", ours, other, 0.50, "memory"),
        Case("inference", replace(ours, **test), replace(other, **test), 0.90),
        Case("inference, one person", replace(ours, **test, absent=2),
             replace(other, **test, absent=2), 0.50),
        Case("main.py's step, other with system's allocator", replace(ours, engine=True),
             replace(other, keep=False), 0.50),
        Case("training, 5 of 6 with one person, against both", replace(ours, **mix),
             replace(ours, batch=6), 0.70),
        Case("training, NW-UCLA", replace(ours, **ucla), replace(other, **ucla), 0.90),
    ]  # fmt: skip


def table_sides() -> dict[str, Side]:
    """How cost grows with frames, batch, persons and joints."""
    base = Side(batch=2)
    sides = {f"T = {frames}": replace(base, frames=frames) for frames in (64, 100, 150, 200, 300)}
    sides |= {f"N = {batch}, T = 64": replace(base, frames=64, batch=batch) for batch in (1, 4, 8)}
    one, three = ({**NTU, "num_person": persons} for persons in (1, 3))
    sides |= {"M = 1": replace(base, model_args=tuple(one.items())),
              "M = 3": replace(base, model_args=tuple(three.items()))}  # fmt: skip
    for name, args in {"V = 18 (Kinetics)": KINETICS, "V = 20": UCLA, "V = 24": UDIVA}.items():
        two = tuple({**args, "num_person": 2}.items())
        sides[name] = replace(base, model_args=two)
    return sides


def measure_cases(cases: Sequence[Case], rounds: int) -> list[str]:
    lines = ["| what | ours | other | ours / other | target |", "|---|---|---|---|---|"]
    done: dict[tuple[Side, Side], dict[str, float]] = {}
    for case in cases:
        pair = case.ours, case.other
        result = done.setdefault(pair, {}) or compare(*pair, rounds)
        done[pair] = result
        unit = "s" if case.what == "time" else "mb"
        ours, other = result[f"ours_{unit}"], result[f"other_{unit}"]
        shown = (
            f"{ours:.2f} s | {other:.2f} s" if unit == "s" else f"{ours:.0f} MB | {other:.0f} MB"
        )
        lines.append(f"| {case.name} | {shown} | {result[case.what]:.2f} | <= {case.target:.2f} |")
        print(lines[-1], file=sys.stderr)
    return lines


def measure_tables(other: Side, rounds: int) -> list[str]:
    lines = ["| shape | training, s | / other | inference, s | / other | memory, MB | / other |",
             "|---|---|---|---|---|---|---|"]  # fmt: skip
    for name, side in table_sides().items():
        cells = []
        for training in (True, False):
            ours = replace(side, training=training)
            theirs = replace(ours, model=other.model, path=other.path)
            result = compare(ours, theirs, rounds)
            cells.append(f"{result['ours_s']:.2f} | {result['time']:.2f}")
            if training:
                memory = f"{result['ours_mb']:.0f} | {result['memory']:.2f}"
        lines.append(f"| {name} | {' | '.join(cells)} | {memory} |")
        print(lines[-1], file=sys.stderr)
    return lines


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5, help="of which the median counts")
    parser.add_argument("--only", nargs="+", help="cases whose name holds one of these words")
    parser.add_argument("--tables", action="store_true", help="how cost grows, too; takes longer")
    parser.add_argument(
        "--against", type=Path, help="another checkout, instead of the literal form"
    )
    parser.add_argument("--json", type=Path, help="file for the lines")
    args = parser.parse_args(argv)
    if args.against and not (args.against / "model" / "msg3d.py").is_file():
        parser.error(f"--against {args.against} has no model/msg3d.py.")
    literal = Side(
        model=ORACLE, path=os.pathsep.join([str(PROJECT), str(PROJECT / "tests/helpers")])
    )
    other = Side(path=str(args.against.resolve())) if args.against else literal
    gpu = torch.cuda.is_available()
    cases = cpu_cases(other)
    if args.only:
        cases = [case for case in cases if any(word in case.name for word in args.only)]
    name = torch.cuda.get_device_name() if gpu else f"{torch.get_num_threads()} threads of a CPU"
    versions = f"Python {platform.python_version()}, torch {torch.__version__}"
    heading = f"{name}; {versions}; medians of {args.rounds}."
    lines = [heading, "", *measure_cases(cases, args.rounds)]
    if args.tables:
        lines += ["", *measure_tables(other, args.rounds)]
    print("\n".join(lines))
    if args.json:
        with atomic_write(args.json) as temporary:
            temporary.write_text(json.dumps(lines, indent=1) + "\n")


if __name__ == "__main__":
    main()
