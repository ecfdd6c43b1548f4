"""Machine-readable progress of a run: metrics.jsonl and TensorBoard curves."""

import json
import logging
import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import numpy as np
from tensorboardX.event_file_writer import EventsWriter
from tensorboardX.proto.event_pb2 import Event, SessionLog
from tensorboardX.summary import image as image_summary
from tensorboardX.summary import scalar as scalar_summary

from engine.device import processes
from engine.run_dir.checkpoint import Progress
from utils.files import write_lines

PARTS = ("train", "val")
FLUSH_SECONDS = 120  # after which the curves on disk are brought up to date within an epoch

logger = logging.getLogger(__name__)


class _Events:
    """TensorBoard events of one folder, written by the caller itself.

    tensorboardX's SummaryWriter leaves that to a thread behind a queue. On a full disk the thread
    ends, the queue fills up, and the run hangs forever; here the run gets the error.
    """

    def __init__(self, folder: Path, purge_step: int | None) -> None:
        self._folder, self._flushed = folder, time.monotonic()
        with _disk_is_suspected(folder):
            folder.mkdir(parents=True, exist_ok=True)
            self._file = EventsWriter(str(folder / "events"))
        if purge_step is not None:
            self.add(purge_step, file_version="brain.Event:2")
            self.add(purge_step, session_log=SessionLog(status=SessionLog.START))

    def add(self, step: int, **content: object) -> None:
        with _disk_is_suspected(self._folder):
            self._file.write_event(Event(step=step, wall_time=time.time(), **content))
            if time.monotonic() - self._flushed > FLUSH_SECONDS:
                self.flush()

    def flush(self) -> None:
        with _disk_is_suspected(self._folder):
            self._file.flush()
        self._flushed = time.monotonic()

    def close(self) -> None:
        with _disk_is_suspected(self._folder):
            self._file.close()


@contextmanager
def _disk_is_suspected(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or error
        raise OSError(
            f"cannot write the training curves in {folder} ({reason}): is the disk full? Make "
            "room and resume with --resume auto."
        ) from error


class Curves:
    """Training curves: TensorBoard events in `trainlogs/{train,val}` and `metrics.jsonl`.

    Use as a context manager, which flushes and closes the files.

    Args:
        step: optimiser steps done; later points of an earlier run, which a resumed one repeats,
            are dropped.
        epoch: likewise, the epochs whose line is written.

    Raises:
        OSError: from all methods, where nothing can be written.
    """

    def __init__(self, work_dir: Path, step: int = 0, epoch: int = 0) -> None:
        self._jsonl = work_dir / "metrics.jsonl"
        if step:
            self._drop_lines(epoch)
        purge_step = step + 1 if step else None
        self._events = {part: _Events(work_dir / "trainlogs" / part, purge_step) for part in PARTS}

    def scalars(self, part: str, step: int, **values: float) -> None:
        """Add points at optimiser step `step` to the curves of `part`, train or val."""
        for name, value in values.items():
            self._events[part].add(step, summary=scalar_summary(name, value))

    def picture(self, part: str, step: int, name: str, image: np.ndarray) -> None:
        """Add an image (H, W, 3) uint8."""
        self._events[part].add(step, summary=image_summary(name, image, dataformats="HWC"))

    def epoch(self, content: dict) -> None:
        """Append one JSON line, and let the curves be seen."""
        with _disk_is_suspected(self._jsonl.parent), self._jsonl.open("a") as file:
            file.write(json.dumps(content, allow_nan=False) + "\n")
        for events in self._events.values():
            events.flush()

    def _drop_lines(self, epoch: int) -> None:
        if self._jsonl.exists():
            lines = self._jsonl.read_text().splitlines()
            write_lines(self._jsonl, [line for line in lines if _epoch_of(line) <= epoch])

    def __enter__(self) -> "Curves":
        return self

    def __exit__(self, kind: type[BaseException] | None, *exception: object) -> None:
        # An error on its way, perhaps the same one, is not replaced.
        expected = () if kind is None else OSError
        with suppress(expected), ExitStack() as stack:
            for events in self._events.values():
                stack.callback(events.close)  # all of them, even if one fails


class NoCurves(Curves):
    """What processes other than the first write: nothing."""

    def __init__(self) -> None:
        self._events = {}

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


def open_curves(
    work_dir: Path, progress: Progress, assume_yes: bool, next_is_evaluation: bool
) -> Curves:
    """The curves of a run, new or resumed; none in processes other than the first.

    Args:
        assume_yes: whether curves of an earlier run may be deleted without asking.
        next_is_evaluation: whether the last epoch's line is still to be written.
    """
    if not processes.is_first():
        return NoCurves()
    if not progress.step:
        clear_old_curves(work_dir, assume_yes)
    return Curves(work_dir, progress.step, progress.epoch - next_is_evaluation)


def clear_old_curves(work_dir: Path, assume_yes: bool) -> None:
    """Before a run starts from nothing: an earlier run's curves go only with the user's consent.

    Without it they stay, and the new ones are added to them.
    """
    old = [path for path in (work_dir / "trainlogs", work_dir / "metrics.jsonl") if path.exists()]
    if not old:
        return
    question = f"{work_dir} holds the curves of an earlier run. Delete them? [y/N] "
    if assume_yes or (_can_be_asked() and _says_yes(question)):
        for path in old:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    else:
        logger.warning(
            "%s holds the curves of an earlier run; they are kept, and the new ones are added. "
            "Delete them with --assume-yes.",
            work_dir,
        )


def _can_be_asked() -> bool:
    """Whether somebody sits at a terminal that this process may read from.

    In the background (`main.py ... &`) the system stops a process that reads, and processes of
    torchrun share one terminal.
    """
    if processes.started_by_torchrun() or not (sys.stdin and sys.stdin.isatty()):
        return False
    if not hasattr(os, "tcgetpgrp"):  # on Windows
        return True
    try:
        return os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except OSError:  # a terminal, but not the one this process belongs to
        return False


def _says_yes(question: str) -> bool:
    try:
        return input(question).strip().lower() in ("y", "yes")
    except EOFError:  # Ctrl-D
        print()  # the answer left the cursor behind the question
        return False
