"""Atomic writing, reading of regular files only, and paths in the user's home."""

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any


@contextmanager
def atomic_write(path: Path | str, flush: bool = True) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success flush it to disk and rename it to `path`.

    Without `flush` a power failure, though not a killed process, can damage it: for large files
    that can be regenerated.

    If the body raises, the temporary file is removed and an existing `path` stays as it was.
    Missing parent folders are made.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # The suffix stays last: writers such as numpy.save look at it.
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.tmp{path.suffix}")
    try:
        yield temporary
        if flush:
            with temporary.open("r+b") as file:
                os.fsync(file.fileno())
        temporary.replace(path)
        if flush:
            _flush_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def _flush_folder(folder: Path) -> None:
    """Flush a rename, which is part of the folder, to the disk where the system allows it."""
    with suppress(OSError):  # Windows and some network drives do not
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """Write a text file, each line ended by a newline."""
    with atomic_write(path) as temporary:
        temporary.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def at_home(value: Any) -> Any:
    """Text that begins with `~/`, also within mappings and lists, as a path in the user's home.

    YAML never expands it, and shells do not in `--work-dir=~/runs`.
    """
    if isinstance(value, dict):
        return {key: at_home(item) for key, item in value.items()}
    if isinstance(value, list):
        return [at_home(item) for item in value]
    is_there = isinstance(value, str) and value.startswith("~/")
    return os.path.expanduser(value) if is_there else value  # noqa: PTH111 - it may be a pattern


def regular_file(path: Path) -> Path:
    """The path, if it is a file on a disk: a pipe or a device may never end.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is something else.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise ValueError(f"{path} is a folder, pipe or device. Give a regular file.")
    return path
