"""Dotted names in a configuration."""

import importlib
from typing import Any


def import_class(name: str) -> Any:
    """The object that a dotted name such as "feeders.feeder.Feeder" stands for.

    Raises:
        ValueError: no such module, or no such name in it.
    """
    module_name, _, attribute = name.rpartition(".")
    try:
        return getattr(importlib.import_module(module_name), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise ValueError(f"cannot import {name!r}: {error}. Check the dotted name.") from error
