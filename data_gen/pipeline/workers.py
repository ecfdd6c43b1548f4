"""Applies a function to many raw files on all cores, in order."""

import multiprocessing
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.context import BaseContext
from typing import TypeVar

from utils.cli import ArgumentParser, non_negative
from utils.machine import available_cores

Item = TypeVar("Item")
Result = TypeVar("Result")

ITEMS_PER_TASK = 32
# Below this many items a worker costs more time to start than it saves.
ITEMS_PER_WORKER = 32

_work: tuple[Callable, Sequence]  # in a worker: what it does, and to what


def map_in_order(
    function: Callable[[Item], Result], items: Sequence[Item], num_workers: int, title: str
) -> Iterator[Result]:
    """Yield function(item) for each item, in the order of items, whatever the number of workers.

    `function` must be a module's own, so that the workers can import it. Shows progress under
    `title` when stderr is a terminal.
    """
    num_workers = min(num_workers, len(items) // ITEMS_PER_WORKER)
    if num_workers < 2:
        results = map(function, items)
    else:
        results = _map_in_workers(function, items, num_workers)
    if sys.stderr.isatty():
        from tqdm import tqdm  # 30 ms, a fifth of the start, only for those who look at it

        results = tqdm(results, total=len(items), desc=title, unit=" clips")
    yield from results


def _map_in_workers(
    function: Callable[[Item], Result], items: Sequence[Item], num_workers: int
) -> Iterator[Result]:
    # Workers get all items at their start, which costs nothing where they are forked, and of a task
    # only its bounds: the parent has enough to do with the results.
    pool = ProcessPoolExecutor(num_workers, _context(), _start_worker, (function, items))
    pending: deque[Future[list[Result]]] = deque()
    try:
        for start in range(0, len(items), ITEMS_PER_TASK):
            pending.append(pool.submit(_run_task, start, start + ITEMS_PER_TASK))
            if len(pending) > 2 * num_workers:  # results must not pile up when the disk is slow
                yield from pending.popleft().result()
        while pending:
            yield from pending.popleft().result()
    except BrokenProcessPool:
        raise OSError(
            "a worker process died, perhaps out of memory. Try a smaller --num-worker."
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


def are_forked() -> bool:
    """Whether workers share the memory of the command: they fork on Linux, which takes 10 ms
    instead of 300 ms each; where torch is loaded its threads must not be copied, so there they
    are spawned.
    """
    return sys.platform == "linux" and "torch" not in sys.modules


def _context() -> BaseContext:
    return multiprocessing.get_context("fork" if are_forked() else "spawn")


def _start_worker(function: Callable[[Item], Result], items: Sequence[Item]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # leave Ctrl-C to the parent, which ends us
    global _work
    _work = function, items


def _run_task(start: int, stop: int) -> list[Result]:
    function, items = _work
    return [function(item) for item in items[start:stop]]


def add_num_worker(parser: ArgumentParser) -> None:
    """Add `--num-worker`, which the published data commands call `--n_cores`."""
    parser.add_argument(
        "--num-worker",
        "--n_cores",
        type=non_negative,
        default=available_cores(),
        metavar="N",
        help="worker processes; the output does not depend on it (default: all cores)",
    )
