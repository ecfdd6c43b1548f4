"""Damage the files of every reader at random, and count the outcomes.

python3 -m benchmarks.attack [--mutants 10000] [--only NAME ...]

Prints the table of docs/reliability.md. A mutant is either read, with the right shape and finite
numbers, or refused with the reader's own one-line error; anything else is a fault, printed with the
seed that repeats it. Each reader runs in a process of its own with 2 GB of address space.
"""

import argparse
import logging
import multiprocessing
import random
import resource
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.attacked import TARGETS
from benchmarks.attacked.target import Target

MEMORY = 2 * 2**30  # of address space beyond what is in use at the start
WORDS = (
    b"0",
    b"-1",
    b"1e39",
    b"1e999",
    b"nan",
    b"NaN",
    b"null",
    b"true",
    b'"0.5"',
    b"\x00",
    b"\n",
    b"\t",
    b"\x0c",
    b"[",
    b"]",
    b"{",
    b"}",
    b"*a",
    b"9" * 400,
    b"\xff\xff\xff\x7f",
)
ODD = (None, True, -1, 0, 0.5, 1e300, float("nan"), 10**30, "", "a", "9" * 5000, "\u0663", "x\ny",
       [], {}, [[]], [None], [[[1]]], {"x": 1}, [1, "a"], [0.5] * 51)  # fmt: skip


def mutate(content: bytes, rng: random.Random) -> bytes:
    """A few bytes or words replaced, removed, doubled or moved."""
    out = bytearray(content)
    for _ in range(rng.randint(1, 6)):
        at, length = rng.randrange(len(out) + 1), rng.choice((1, 1, 2, 4, 16, 200))
        kind = rng.randrange(6)
        if kind == 0 and at < len(out):
            out[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            del out[at : at + length]
        elif kind == 2:
            out[at:at] = out[at : at + length]
        elif kind == 3:
            out[at:at] = rng.choice(WORDS)
        elif kind == 4:
            out[at : at + length] = rng.choice(WORDS)
        else:
            out[at : at + length] = rng.randbytes(length)
    return bytes(out)


def mutate_tree(tree: Any, rng: random.Random) -> Any:
    """A copy with one part, met on a walk from the top, odd, missing, renamed or duplicate."""
    if not isinstance(tree, (dict, list, tuple)) or not tree or rng.random() < 0.15:
        return rng.choice(ODD)
    kind = rng.randrange(12)  # from 3 on: go deeper
    if isinstance(tree, dict):
        key = rng.choice([*tree])
        rest = {name: part for name, part in tree.items() if name != key}
        if kind == 0:
            return rest
        if kind < 3:
            return {**rest, rng.choice(("", "a", "frames", "label")): tree[key]}
        return {
            name: mutate_tree(part, rng) if name == key else part for name, part in tree.items()
        }
    at, parts = rng.randrange(len(tree)), list(tree)
    if kind == 0:
        del parts[at]
    elif kind < 3:
        parts.insert(at, parts[at])
    else:
        parts[at] = mutate_tree(parts[at], rng)
    return type(tree)(parts)


def mutant_of(target: Target, rng: random.Random) -> bytes:
    """A damaged file: of its bytes or, every other time where it has any, of its tree."""
    if target.trees and rng.random() < 0.5:
        return target.dump(mutate_tree(rng.choice(target.trees), rng))
    return mutate(rng.choice(target.seeds), rng)


class Outcome(NamedTuple):
    """Of all mutants of one reader."""

    counts: Counter
    faults: list[str]
    seconds: float
    memory_mb: float  # peak, beyond that of the start


def attack(name: str, number: int, seed: int = 0) -> Outcome:
    """Try a number of mutants of one reader, in this process."""
    warnings.simplefilter("ignore")
    counts, faults = Counter(), []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        target = TARGETS[name](folder)
        before, begun = peak_mb(), time.monotonic()
        for mutant in range(number):
            rng = random.Random(f"{name} {seed} {mutant}")
            path = folder / f"mutant{target.suffix}"
            path.write_bytes(mutant_of(target, rng))
            try:
                target.read(path)
                counts["read"] += 1
            except (ValueError, OSError) as error:
                counts["refused" if "\n" not in str(error).strip() else "in several lines"] += 1
            except Exception as error:  # what the attack looks for
                counts["fault"] += 1
                faults.append(f"{name}, mutant {mutant}: {type(error).__name__}: {error}")
        return Outcome(counts, faults, time.monotonic() - begun, peak_mb() - before)


def peak_mb() -> float:
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


def _limited(name: str, number: int) -> Outcome:
    logging.disable(logging.WARNING)
    if sys.platform == "linux":
        in_use = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (in_use + 2 * MEMORY, in_use + 2 * MEMORY))
    return attack(name, number)


def rows(names: Sequence[str], number: int) -> Iterator[str]:
    """The lines of the table; faults go to stderr."""
    yield "| file | mutants | read | refused in one line | faults | seconds | memory, MB |"
    yield "|---|---|---|---|---|---|---|"
    for name in names:
        counts, faults, seconds, memory = _in_own_process(name, number)
        bad = number - counts["read"] - counts["refused"]
        print(*faults[:5], sep="\n", end="\n" if faults else "", file=sys.stderr)
        shown = f"{counts['read']:,} | {counts['refused']:,} | {bad}"
        yield f"| {name} | {number:,} | {shown} | {seconds:.0f} | {memory:.0f} |"


def _in_own_process(name: str, number: int) -> Outcome:
    """The attack's outcome; a reader that ends the process is a fault of all mutants."""
    context = multiprocessing.get_context("spawn")
    try:
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            return pool.submit(_limited, name, number).result()
    except BrokenProcessPool:
        return Outcome(Counter(), [f"{name}: a mutant ended the process"], 0.0, 0.0)


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--mutants", type=int, default=10_000, help="of each reader's files")
    parser.add_argument("--only", nargs="+", choices=TARGETS, default=[*TARGETS])
    args = parser.parse_args(argv)
    for row in rows(args.only, args.mutants):
        print(row, flush=True)


if __name__ == "__main__":
    main()
