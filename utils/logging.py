"""What a run tells: the console, log.txt, metrics.jsonl and TensorBoard curves."""

import json
import logging
import shutil
import sys
from logging.handlers import MemoryHandler
from pathlib import Path

import numpy as np
from tensorboardX import SummaryWriter

from utils.files import write_lines

PARTS = ("train", "val")
MAX_KEPT = 1000  # records before the log file is open
LINE = {"format": "[ %(asctime)s ] %(message)s", "datefmt": "%Y-%m-%d %H:%M:%S"}


def start_logging(first: bool = True) -> None:
    """Send log records to the console, and keep them for the log file that comes later.

    Args:
        first: whether this process speaks for all; the others say only what is wrong.
    """
    console, memory = logging.StreamHandler(sys.stdout), MemoryHandler(MAX_KEPT, sys.maxsize)
    level = logging.INFO if first else logging.ERROR
    logging.basicConfig(level=level, handlers=[console, memory], force=True, **LINE)
    logging.getLogger("matplotlib").setLevel(logging.WARNING)  # it tells of its fonts


def log_to_file(path: Path) -> None:
    """Send log records, the earlier ones included, to the end of a file instead of the last one."""
    file = logging.FileHandler(path)
    file.setFormatter(logging.Formatter(LINE["format"], LINE["datefmt"]))
    root = logging.getLogger()
    for handler in list(root.handlers):
        if isinstance(handler, MemoryHandler):
            handler.setTarget(file)
            handler.close()  # hands over what it kept
            root.removeHandler(handler)
        elif isinstance(handler, logging.FileHandler):  # that of the seed before
            handler.close()
            root.removeHandler(handler)
    root.addHandler(file)


class Curves:
    """Training curves: TensorBoard events in `trainlogs/{train,val}` and `metrics.jsonl`.

    Use as a context manager, which flushes and closes the files.

    Args:
        step: optimiser steps done; later points of an earlier run, which a resumed one repeats,
            are dropped.
        epoch: likewise, the epochs whose line is written.
    """

    def __init__(self, work_dir: Path, step: int = 0, epoch: int = 0) -> None:
        self._jsonl = work_dir / "metrics.jsonl"
        if step:
            self._drop_lines(epoch)
        self._writers = {
            part: SummaryWriter(
                str(work_dir / "trainlogs" / part), purge_step=step + 1 if step else None
            )
            for part in PARTS
        }

    def scalars(self, part: str, step: int, **values: float) -> None:
        """Add points at optimiser step `step` to the curves of `part`, train or val."""
        for name, value in values.items():
            self._writers[part].add_scalar(name, value, step)

    def picture(self, part: str, step: int, name: str, image: np.ndarray) -> None:
        """Add an image (H, W, 3) uint8."""
        self._writers[part].add_image(name, image, step, dataformats="HWC")

    def epoch(self, content: dict) -> None:
        """Append one JSON line, and let the curves be seen."""
        with self._jsonl.open("a") as file:
            file.write(json.dumps(content, allow_nan=False) + "\n")
        for writer in self._writers.values():
            writer.flush()

    def _drop_lines(self, epoch: int) -> None:
        if self._jsonl.exists():
            lines = self._jsonl.read_text().splitlines()
            write_lines(self._jsonl, [line for line in lines if _epoch_of(line) <= epoch])

    def __enter__(self) -> "Curves":
        return self

    def __exit__(self, *exception: object) -> None:
        for writer in self._writers.values():
            writer.close()


class NoCurves(Curves):
    """What processes other than the first write: nothing."""

    def __init__(self) -> None:
        self._writers = {}

    def scalars(self, part: str, step: int, **values: float) -> None:
        pass

    def picture(self, part: str, step: int, name: str, image: np.ndarray) -> None:
        pass

    def epoch(self, content: dict) -> None:
        pass


def _epoch_of(line: str) -> float:
    """The epoch of a line of metrics.jsonl; that of half a line, of a killed run, is infinite."""
    try:
        return json.loads(line)["epoch"]
    except (ValueError, KeyError, TypeError):
        return float("inf")


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
