"""Failures of the machine in a long run, explained in one line."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

OUT_OF_MEMORY = ("can't allocate memory", "out of memory", "ALLOC_FAILED")  # cuBLAS, cuDNN
# NOTE: "Caught RuntimeError in DataLoader worker process 0." is an error of the feeder.
DEAD_PROCESS = "DataLoader worker (pid"


@contextmanager
def explained(forward_batch_size: int, work_dir: object) -> Iterator[None]:
    """Turn out-of-memory errors and dead loading processes into one line that says what to do.

    Raises:
        OSError: instead of torch's error.
    """
    try:
        yield
    except (RuntimeError, MemoryError, ConnectionError) as error:
        text = str(error)
        no_memory = isinstance(error, (MemoryError, torch.OutOfMemoryError))
        if no_memory or any(words in text for words in OUT_OF_MEMORY):
            raise OSError(
                f"out of memory with --forward-batch-size {forward_batch_size}: lower it (the "
                "result stays the same), --test-batch-size if it was in an evaluation, or train "
                f"with --half yes. What is saved in {work_dir} is intact."
            ) from error
        # Its end shows in its exit code or in the connection to it, whichever is noticed first.
        if DEAD_PROCESS in text or isinstance(error, ConnectionError):
            raise OSError(
                "a process that loads clips died, perhaps out of memory (or of /dev/shm, in a "
                f"container). Resume with --resume auto and a smaller --num-worker. What is saved "
                f"in {work_dir} is intact."
            ) from error
        raise
