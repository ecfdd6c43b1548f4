"""What an evaluation computes of the weights, kept while they do not change."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import torch
from torch import nn

T = TypeVar("T")
_kept: dict[tuple[int, torch.dtype], tuple[nn.Module, object]] | None = None


@contextmanager
def fixed_weights() -> Iterator[None]:
    """Within it nothing changes the weights of models in evaluation mode."""
    global _kept
    outer, _kept = _kept, {} if _kept is None else _kept
    try:
        yield
    finally:
        _kept = outer


def constants_of(block: nn.Module, dtype: torch.dtype, make: Callable[[], T]) -> T:
    """`make()`, or what it gave for this block before, where the weights are fixed."""
    if _kept is None:
        return make()
    key = id(block), dtype
    if key not in _kept:
        _kept[key] = block, make()  # the block is kept alive: its id is its own
    return _kept[key][1]
