"""Random state that follows from the seed and the epoch, so that a resumed run repeats itself."""

import os
import random
from typing import Any

import numpy as np
import torch


def set_seed(seed: int, epoch: int = 0, rank: int = 0) -> None:
    """Seed python, numpy and torch (all devices) for one epoch of the process number `rank`."""
    key = (seed, epoch, rank) if rank else (seed, epoch)
    mixed = int(np.random.SeedSequence(key).generate_state(1)[0])
    random.seed(mixed)
    np.random.seed(mixed)  # noqa: NPY002 - for feeders of users that draw from numpy's global state
    torch.manual_seed(mixed)


def random_state() -> dict[str, Any]:
    """All global random state, as tensors and plain values that torch.load takes."""
    _, keys, position, has_gauss, gauss = np.random.get_state()  # noqa: NPY002
    return {
        "python": random.getstate(),
        "numpy": (torch.from_numpy(keys.astype(np.int64)), position, has_gauss, gauss),
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }


def set_random_state(state: dict[str, Any]) -> None:
    """Restore what `random_state` returned; that of GPUs only on the same number of them."""
    random.setstate(state["python"])
    keys, *rest = state["numpy"]
    np.random.set_state(("MT19937", keys.numpy().astype(np.uint32), *rest))  # noqa: NPY002
    torch.set_rng_state(state["torch"])
    if len(state["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(state["cuda"])


def check_random_state(state: Any) -> None:
    """Whether `set_random_state` can put it; on generators of its own, so that nothing changes.

    Raises:
        ValueError, TypeError, LookupError, RuntimeError: it cannot.
    """
    random.Random().setstate(state["python"])
    keys, *rest = state["numpy"]
    legacy = ("MT19937", keys.numpy().astype(np.uint32), *rest)
    np.random.RandomState().set_state(legacy)
    torch.Generator().set_state(state["torch"])
    len(state["cuda"])


def be_deterministic() -> None:
    """Refuse every operation whose result depends on the order in which a GPU's threads end.

    Call it before the first use of CUDA.
    """
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True)
    torch.backends.cudnn.benchmark = False
