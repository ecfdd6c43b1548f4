"""Human-readable progress of a run: the console, and log.txt."""

import logging
import sys
from logging.handlers import MemoryHandler
from pathlib import Path

from torch import nn

from utils.cli import give_up_stdout

MAX_KEPT = 1000  # records before the log file is open
LINE = {"format": "[ %(asctime)s ] %(message)s", "datefmt": "%Y-%m-%d %H:%M:%S"}


class Console(logging.StreamHandler):
    """Standard output; once it is closed or full, the run continues without it."""

    def handleError(self, record: logging.LogRecord) -> None:
        if not isinstance(sys.exc_info()[1], (OSError, ValueError)):
            super().handleError(record)
            return
        logging.getLogger().removeHandler(self)
        give_up_stdout()


def start_logging(first: bool = True) -> None:
    """Send log records to the console, and keep them for the log file that comes later.

    Args:
        first: whether this process speaks for all; the others say only what is wrong.
    """
    console, memory = Console(sys.stdout), MemoryHandler(MAX_KEPT, sys.maxsize)
    level = logging.INFO if first else logging.ERROR
    logging.basicConfig(level=level, handlers=[console, memory], force=True, **LINE)
    logging.getLogger("matplotlib").setLevel(logging.WARNING)  # it tells of its fonts


def log_to_file(path: Path) -> None:
    """Send log records, the earlier ones included, to the end of a file instead of the last one."""
    file = logging.FileHandler(path, encoding="utf-8", errors="backslashreplace")
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


def log_sizes(model: nn.Module, num_train: int, num_val: int) -> None:
    """One line about the network and the numbers of clips."""
    parameters = f"{sum(parameter.numel() for parameter in model.parameters()):,}"
    text = "%s parameters, %d clips to train on, %d to evaluate on"
    logging.getLogger(__name__).info(text, parameters, num_train, num_val)
