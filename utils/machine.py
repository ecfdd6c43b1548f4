"""The machine: processor cores, and the C library's memory allocator."""

import ctypes
import os
import sys

# Numbers of glibc's <malloc.h>.
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD = -1, -2, -3


def keep_freed_memory() -> None:
    """Reuse the memory of freed tensors instead of returning it to the system; for CPU runs.

    By default glibc maps each large block again, and every page of it then costs a fault. On two
    cores this took 0.95 s of a training step on NW-UCLA down to 0.76 s. It does nothing with other
    systems and C libraries.
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    # Older versions of glibc take at most 32 MB as threshold.
    if mallopt and (mallopt(M_MMAP_THRESHOLD, 1 << 30) or mallopt(M_MMAP_THRESHOLD, 32 << 20)):
        mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
        mallopt(M_TOP_PAD, 64 << 20)


def available_cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS and Windows
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
