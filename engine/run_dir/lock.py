"""One run at a time in a work dir."""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

try:
    import fcntl
except ImportError:  # on Windows, where runs are not kept apart
    fcntl = None

NAME = "lock"

_held: dict[Path, IO[str]] = {}


@contextmanager
def unlocked_at_end() -> Iterator[None]:
    """Within it work dirs may be locked; at its end they are free."""
    try:
        yield
    finally:
        while _held:
            _held.popitem()[1].close()


def lock(work_dir: Path) -> None:
    """Keep other processes from this work dir until this one ends, however it ends.

    The system releases the lock with the process, so that none is ever stale; the file, which
    names the holder, stays. Loading processes do not inherit it.

    Raises:
        ValueError: another process holds it.
    """
    if fcntl is None:
        return
    path = (work_dir / NAME).resolve()
    held = _held.get(path)
    # NOTE: closing any file object of the same file would release the lock.
    if held and path.exists() and os.path.samestat(os.fstat(held.fileno()), path.stat()):
        return
    if held:
        _held.pop(path).close()
    file = path.open("a+", encoding="utf-8")
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        file.seek(0)
        holder = _holder(file.read())
        file.close()
        raise ValueError(
            f"--work-dir {work_dir} is in use by another run{holder}. Wait for it, or choose "
            "another folder."
        ) from None
    except OSError:  # a file system without locks
        file.close()
        return
    file.truncate(0)
    file.write(json.dumps({"host": socket.gethostname(), "process": os.getpid()}) + "\n")
    file.flush()
    _held[path] = file


def _holder(text: str) -> str:
    try:
        holder = json.loads(text)
        return f" (process {holder['process']} on {holder['host']})"
    except (ValueError, LookupError, TypeError):
        return ""
