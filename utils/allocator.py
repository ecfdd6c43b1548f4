"""The C library's memory allocator, set for a program whose blocks are large and come back."""

import ctypes

# Numbers of glibc's <malloc.h>.
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD = -1, -2, -3


def keep_freed_memory() -> None:
    """Let freed tensors be used again instead of going back to the system; CPU runs only.

    By default glibc maps each large block anew, and every one of its pages then costs a fault:
    about a fifth of a training step. Other C libraries do not know the call; they are left alone.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return
    mallopt(M_MMAP_THRESHOLD, 1 << 30)
    mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
    mallopt(M_TOP_PAD, 64 << 20)
