"""Check that a checkpoint has the same structure as one that this run would write."""

import math
from collections.abc import Mapping
from typing import Any

from torch import Tensor


def check_like(what: str, saved: Any, own: Any) -> None:
    """Compare the kind of a value, and of all within it, with that of this run's own.

    Numbers stand for numbers, mappings for mappings with the same keys where these are text, lists
    for lists; tensors must have the same shape. Where the own value is None anything plain may be.

    Raises:
        ValueError: they differ, or a number is not finite.
    """
    if isinstance(saved, Tensor) or isinstance(own, Tensor):
        if getattr(saved, "shape", None) != getattr(own, "shape", None) and own is not None:
            raise ValueError(f"{what} is {_shown(saved)}")
    elif isinstance(own, Mapping):
        if not isinstance(saved, Mapping):
            raise ValueError(f"{what} is {_shown(saved)}, no mapping")
        for key, value in saved.items():
            if not isinstance(key, (str, int)):
                raise ValueError(f"a key of {what} is {_shown(key)}")
            if key in own:
                check_like(f"{what}.{key}", value, own[key])
            elif own and not isinstance(key, type(next(iter(own)))):
                raise ValueError(f"a key of {what} is {_shown(key)}")
    elif isinstance(own, (list, tuple)):
        if not isinstance(saved, (list, tuple)):
            raise ValueError(f"{what} is {_shown(saved)}, no list")
        for number, value in enumerate(saved):
            if own:
                check_like(f"{what}[{number}]", value, own[min(number, len(own) - 1)])
    elif isinstance(own, (int, float)):
        is_number = isinstance(saved, (int, float)) and math.isfinite(saved)
        if not is_number or (isinstance(own, int) and not isinstance(saved, int)):
            raise ValueError(f"{what} is {_shown(saved)}, no number such as {own}")
    elif own is not None and not isinstance(saved, type(own)):
        raise ValueError(f"{what} is {_shown(saved)}")


def check_progress(saved: Any, own: Mapping[str, Any]) -> None:
    """As `check_like` of a run's progress, whose numbers are none before its first evaluation.

    Raises:
        ValueError: it has another form.
    """
    if not isinstance(saved, Mapping):
        raise ValueError(f"progress is {_shown(saved)}, no mapping")
    for name, value in saved.items():
        if name not in own:
            raise ValueError(f"progress has the unknown entry {_shown(name)}")
        if isinstance(own[name], dict):
            if not isinstance(value, Mapping):
                raise ValueError(f"progress.{name} is {_shown(value)}, no mapping")
            for key, number in value.items():
                check_like(f"progress.{name}.{key}", number, 0.0)
        elif name == "best":
            if value is not None:
                check_like("progress.best", value, 0.0)
        else:
            check_like(f"progress.{name}", value, own[name])
            if value < 0:
                raise ValueError(f"progress.{name} is {value}")


def _shown(value: Any) -> str:
    return f"{type(value).__name__} {str(value)[:40]!r}"
