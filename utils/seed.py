"""Random state that follows from the seed and the epoch, so that a resumed run repeats itself."""

import random

import numpy as np
import torch


def set_seed(seed: int, epoch: int = 0) -> None:
    """Seed python, numpy and torch (all devices) for one epoch."""
    mixed = int(np.random.SeedSequence((seed, epoch)).generate_state(1)[0])
    random.seed(mixed)
    np.random.seed(mixed)  # noqa: NPY002 - for feeders of users that draw from numpy's global state
    torch.manual_seed(mixed)
