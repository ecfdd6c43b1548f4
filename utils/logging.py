"""What a run tells: the console, log.txt, metrics.jsonl and TensorBoard curves."""

import json
import logging
import shutil
import sys
from logging.handlers import MemoryHandler
from pathlib import Path

from tensorboardX import SummaryWriter

PARTS = ("train", "val")
MAX_KEPT = 1000  # records before the log file is open
LINE = {"format": "[ %(asctime)s ] %(message)s", "datefmt": "%Y-%m-%d %H:%M:%S"}


def start_logging() -> None:
    """Send log records to the console, and keep them for the log file that comes later."""
    console, memory = logging.StreamHandler(sys.stdout), MemoryHandler(MAX_KEPT, sys.maxsize)
    logging.basicConfig(level=logging.INFO, handlers=[console, memory], force=True, **LINE)


def log_to_file(path: Path) -> None:
    """Send log records, the earlier ones included, to the end of a file as well."""
    file = logging.FileHandler(path)
    file.setFormatter(logging.Formatter(LINE["format"], LINE["datefmt"]))
    root = logging.getLogger()
    for memory in [handler for handler in root.handlers if isinstance(handler, MemoryHandler)]:
        memory.setTarget(file)
        memory.close()  # hands over what it kept
        root.removeHandler(memory)
    root.addHandler(file)


class Curves:
    """Training curves: TensorBoard events in `trainlogs/{train,val}` and `metrics.jsonl`.

    Use as a context manager, which flushes and closes the files.
    """

    def __init__(self, work_dir: Path) -> None:
        self._jsonl = work_dir / "metrics.jsonl"
        self._writers = {part: SummaryWriter(str(work_dir / "trainlogs" / part)) for part in PARTS}

    def scalars(self, part: str, step: int, **values: float) -> None:
        """Add points at optimiser step `step` to the curves of `part`, train or val."""
        for name, value in values.items():
            self._writers[part].add_scalar(name, value, step)

    def epoch(self, **values: float | str) -> None:
        """Append one JSON line."""
        with self._jsonl.open("a") as file:
            file.write(json.dumps(values, allow_nan=False) + "\n")

    def __enter__(self) -> "Curves":
        return self

    def __exit__(self, *exception: object) -> None:
        for writer in self._writers.values():
            writer.close()


def clear_old_curves(work_dir: Path, assume_yes: bool) -> None:
    """Before a run starts from nothing: an earlier run's curves go only with the user's consent.

    Without it they stay, and the new ones are added to them. Nobody is asked when there is no
    terminal to answer at.
    """
    old = [path for path in (work_dir / "trainlogs", work_dir / "metrics.jsonl") if path.exists()]
    if not old:
        return
    question = f"{work_dir} holds the curves of an earlier run. Delete them? [y/N] "
    if assume_yes or (sys.stdin and sys.stdin.isatty() and input(question).lower() in ("y", "yes")):
        for path in old:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    else:
        logging.getLogger(__name__).warning(
            "%s holds the curves of an earlier run; they are kept, and the new ones are added. "
            "Delete them with --assume-yes.",
            work_dir,
        )
