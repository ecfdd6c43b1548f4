"""A cache of what depends only on the weights, for evaluation with fixed weights."""

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
    """A context within which the weights of models in evaluation mode do not change.

    Args:
        kept: the cache, for weights that are fixed for longer than one context.
    """
    outer = _kept.get()
    token = _kept.set(kept if kept is not None else {} if outer is None else outer)
    try:
        yield
    finally:
        _kept.reset(token)


def constants_of(block: nn.Module, what: Hashable, make: Callable[[], T]) -> T:
    """`make()`, or its cached result for this block while weights are fixed.

    With gradients or torch.compile it is computed each time.

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
