"""What an evaluation computes of the weights alone, kept while they do not change."""

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

import torch
from torch import nn

T = TypeVar("T")
Kept = dict[tuple[int, Hashable], tuple[nn.Module, object]]
_kept: ContextVar[Kept | None] = ContextVar("kept", default=None)  # of a thread


@contextmanager
def fixed_weights(kept: Kept | None = None) -> Iterator[None]:
    """Within it nothing changes the weights of models in evaluation mode.

    Args:
        kept: what was computed so far, for weights that are fixed for longer than one context.
    """
    outer = _kept.get()
    token = _kept.set(kept if kept is not None else {} if outer is None else outer)
    try:
        yield
    finally:
        _kept.reset(token)


def constants_of(block: nn.Module, what: Hashable, make: Callable[[], T]) -> T:
    """`make()`, or what it gave for this block before, where the weights are fixed.

    Where a gradient is wanted, or torch.compile looks on, it is made anew.

    Args:
        what: tells the constants of a block apart, such as by their type.
    """
    compiled = torch.compiler.is_dynamo_compiling()  # not so while tools/export.py exports
    kept = None if compiled or torch.is_grad_enabled() else _kept.get()
    if kept is None:
        return make()
    key = id(block), what
    if key not in kept:
        kept[key] = block, make()  # the block is kept alive: its id is its own
    return kept[key][1]
