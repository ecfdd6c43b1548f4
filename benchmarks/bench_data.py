"""Speed, memory and disk space of the data commands: python3 -m benchmarks.bench_data

Makes a synthetic NTU RGB+D and Kinetics-like clips in a temporary folder, runs the real commands
on them, and prints ratios as a Markdown table. Rounds alternate; times are medians. A run waits
until other programs leave the processor alone, and is repeated if they do not stay away. Linux
only: private memory and the time of other programs are read from /proc.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import orjson
import torch
from torch.utils.data import DataLoader

from data_gen import synthetic
from feeders.feeder import Feeder
from utils.cli import PROJECT, run
from utils.machine import available_cores

SAMPLE_SECONDS = 0.05
MAX_FOREIGN = 0.06  # of a run's time: what other programs may use of one core
MAX_TRIES, MAX_WAIT = 10, 600.0  # seconds
MB = 1e6


def private_memory(process: int) -> int:
    """RssAnon in bytes of a process and all that it started."""
    total = 0
    try:
        status = Path(f"/proc/{process}/status").read_text().split("RssAnon:")
        total += int(status[1].split()[0]) * 1024 if len(status) > 1 else 0
        for task in Path(f"/proc/{process}/task").iterdir():
            total += sum(map(private_memory, map(int, (task / "children").read_text().split())))
    except (FileNotFoundError, ProcessLookupError):
        pass  # it has ended
    return total


def command(script: str, *flags: object) -> tuple[float, list[int]]:
    """Run data_gen/<script>.py; wall-clock seconds, and samples of its private memory in bytes."""
    words = [sys.executable, "-m", f"data_gen.{script}", *map(str, flags)]
    start = time.perf_counter()
    process = subprocess.Popen(
        words, cwd=PROJECT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    samples: list[int] = []
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(SAMPLE_SECONDS):
            samples.append(private_memory(process.pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    code = process.wait()
    seconds = time.perf_counter() - start
    ended.set()
    watcher.join()
    if code:
        raise ValueError(f"{' '.join(words)} failed.")
    return seconds, samples


def foreign_seconds() -> float:
    """Processor time that other programs have used since the system started."""
    fields = list(map(int, Path("/proc/stat").read_text().split("\n")[0].split()[1:]))
    idle, waiting = fields[3:5]
    busy = (sum(fields) - idle - waiting) / os.sysconf("SC_CLK_TCK")
    return busy - sum(os.times()[:4])


def wait_for_rest() -> None:
    """Wait until other programs do nothing for half a second, but not for ever."""
    deadline = time.monotonic() + MAX_WAIT
    while time.monotonic() < deadline:
        before = foreign_seconds()
        time.sleep(0.5)
        if foreign_seconds() - before <= MAX_FOREIGN * 0.5:
            return


def undisturbed(script: str, *flags: object, out: Path) -> tuple[float, list[int]]:
    """`command` into an empty folder, again and again until other programs let it be."""
    for _ in range(MAX_TRIES):
        fresh(out)
        wait_for_rest()
        before = foreign_seconds()
        seconds, samples = command(script, *flags, "--out_folder", out)
        if foreign_seconds() - before <= MAX_FOREIGN * seconds:
            return seconds, samples
    print(f"{script}: other programs were busy in all {MAX_TRIES} runs", file=sys.stderr)
    return seconds, samples


def parse_all(files: Sequence[Path], parse: Callable[[bytes], object]) -> float:
    """Seconds that `parse` takes for the contents of all files, on one core."""
    seconds = 0.0
    for file in files:
        content = file.read_bytes()
        start = time.perf_counter()
        parse(content)
        seconds += time.perf_counter() - start
    return seconds


def words_to_floats(content: bytes) -> list[float]:
    """The yardstick."""
    return [float(word) for word in content.decode().split()]


def make_kinetics(folder: Path, num_clips: int) -> None:
    """Clips of 299 frames with two persons, as OpenPose's files are."""
    clips, labels = folder / "kinetics_train", {}
    clips.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    for number in range(num_clips):
        values = rng.uniform(0, 1, (299, 2, 54)).round(3)
        frames = [
            {
                "frame_index": index,
                "skeleton": [{"pose": p[:36].tolist(), "score": p[36:].tolist()} for p in persons],
            }
            for index, persons in enumerate(values, start=1)
        ]
        content = {"data": frames, "label": "synthetic", "label_index": number % 400}
        (clips / f"clip_{number:05d}.json").write_text(json.dumps(content))
        entry = {"has_skeleton": True, "label": "synthetic", "label_index": number % 400}
        labels[f"clip_{number:05d}"] = entry
    (folder / "kinetics_train_label.json").write_text(json.dumps(labels))


def feeding(store: Path) -> float:
    """Clips per second that one worker process reads from a compact store."""
    feeder = Feeder(data_path=str(store), label_path=None, split="xsub/train")
    loader = DataLoader(feeder, batch_size=32, num_workers=1, prefetch_factor=4)
    num_clips, start = 0, 0.0
    for _ in range(2):
        for batch in loader:
            num_clips += len(batch[0]) if start else 0
            start = start or time.perf_counter()  # the worker's start does not count
    return num_clips / (time.perf_counter() - start)


def fresh(folder: Path) -> Path:
    """The folder, empty, and the disk at rest: what earlier commands left to do does not count."""
    shutil.rmtree(folder, ignore_errors=True)
    os.sync()
    return folder


def bench_ntu(folder: Path, num_clips: int, rounds: int) -> list[tuple[str, str, str]]:
    """Rows of the table: what, measured, target."""
    raw, out = folder / "raw", folder / "ntu"
    synthetic.main(["--out-folder", str(raw), "--clips", str(num_clips)])
    files = sorted(raw.glob("*.skeleton"))
    times: dict[str, list[float]] = {}
    memory: list[int] = []
    for _ in range(rounds):
        wait_for_rest()
        times.setdefault("yardstick", []).append(parse_all(files, words_to_floats))
        # Not timed: a virtual machine may have given idle memory back to its host, and the first
        # run that wants it again would pay for that (0.7 s of 3.6 s where this was written).
        command("ntu_gendata", "--data_path", raw, "--out_folder", out / "dense", "--num-worker", 1)
        for workers in (1, 2):
            for format_ in ("dense", "compact"):
                flags = ("--data_path", raw, "--num-worker", workers, "--format", format_)
                seconds, memory_now = undisturbed("ntu_gendata", *flags, out=out / format_)
                times.setdefault(f"{format_}, {workers} workers", []).append(seconds)
                if format_ == "dense" and workers == 2:
                    memory = memory_now
    medians = {name: statistics.median(values) for name, values in times.items()}
    yardstick = medians["yardstick"]
    dense, two = medians["dense, 1 workers"], medians["dense, 2 workers"]
    compact, two_compact = medians["compact, 1 workers"], medians["compact, 2 workers"]
    middle = sorted(memory[len(memory) // 4 :])
    early, late = (statistics.median(part) for part in np.array_split(memory[2:-2], 2))
    places = {"xsub": "dense", "xview": "dense", "clips": "compact"}
    sizes = {name: size(out / format_ / name) for name, format_ in places.items()}
    clips = f"{len(files):,} clips"
    return [
        (f"yardstick, {clips}", f"{yardstick:.2f} s, {len(files) / yardstick:.0f} clips/s", ""),
        ("dense, both benchmarks, 1 worker", f"{dense:.2f} s", ""),
        ("... / yardstick", f"{dense / yardstick:.2f}", "<= 0.45"),
        ("dense, 2 workers", f"{two:.2f} s, {dense / two:.2f} times faster", ">= 1.8"),
        ("compact, 1 worker", f"{compact:.2f} s, {compact / yardstick:.2f} of the yardstick", ""),
        ("compact, 2 workers", f"{two_compact:.2f} s, {compact / two_compact:.2f} times", ""),
        ("private memory, 2 workers, peak", f"{middle[-1] / MB:.0f} MB", "< 1000 MB"),
        ("... 1st half -> 2nd half", f"{early / MB:.0f} -> {late / MB:.0f} MB", "flat"),
        (
            "size, dense both benchmarks -> compact",
            f"{(sizes['xsub'] + sizes['xview']) / MB:.0f} -> {sizes['clips'] / MB:.0f} MB",
            "",
        ),
        (
            "Feeder on the store, 1 worker",
            f"{feeding(out / 'compact' / 'clips'):.0f} clips/s",
            ">= 400",
        ),
    ]


def bench_kinetics(folder: Path, num_clips: int, rounds: int) -> list[tuple[str, str, str]]:
    """Rows of the table: what, measured, target."""
    raw, out = folder / "kinetics_raw", folder / "kinetics"
    make_kinetics(raw, num_clips)
    files = sorted((raw / "kinetics_train").iterdir())
    loads, converts = [], []
    for _ in range(rounds):
        wait_for_rest()
        loads.append(parse_all(files, orjson.loads))
        flags = ("--data_path", raw, "--num-worker", 1)
        converts.append(undisturbed("kinetics_gendata", *flags, out=out)[0])
    load, convert = statistics.median(loads), statistics.median(converts)
    return [
        (f"orjson.loads, {len(files):,} clips", f"{load:.2f} s", ""),
        ("Kinetics dense, 1 worker / orjson.loads", f"{convert / load:.2f}", "<= 3"),
    ]


def size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir())


def machine() -> str:
    """What the numbers were measured on."""
    names = [line for line in Path("/proc/cpuinfo").read_text().split("\n") if "model name" in line]
    name = names[0].split(":")[1].strip() if names else platform.machine()
    versions = f"Python {platform.python_version()}, numpy {np.__version__}"
    return f"{available_cores()} cores of {name}; {versions}, torch {torch.__version__}"


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--clips", type=int, default=3000, help="synthetic clips of NTU RGB+D")
    parser.add_argument("--kinetics-clips", type=int, default=600)
    parser.add_argument("--rounds", type=int, default=3, help="of which the median counts")
    parser.add_argument("--folder", type=Path, help="where the temporary folder goes")
    args = parser.parse_args(argv)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        rows = bench_ntu(Path(folder), args.clips, args.rounds)
        rows += bench_kinetics(Path(folder), args.kinetics_clips, args.rounds)
    print(f"\n{machine()}\n\n| what | measured | target |\n|---|---|---|")
    for row in rows:
        print(f"| {' | '.join(row)} |")


if __name__ == "__main__":
    run(main)
