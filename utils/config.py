"""Objects that settings name: dotted names, and their arguments checked before they are called."""

import importlib
import inspect
import typing
from collections.abc import Callable, Mapping, Sequence
from types import NoneType, UnionType
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


def build(name: str, **kwargs: Any) -> Any:
    """Call the class or function `name` with keyword arguments.

    Raises:
        ValueError: an argument is unknown, missing or of the wrong type.
    """
    target = import_class(name)
    check_arguments(target, kwargs, name)
    try:
        inspect.signature(target).bind(**kwargs)
    except TypeError as error:
        raise ValueError(f"{name}: {error}. Add it to the YAML file.") from error
    return target(**kwargs)


def check_arguments(target: Callable, kwargs: Mapping[str, Any], name: str) -> None:
    """Compare names and types of arguments with a signature.

    Args:
        name: of the target, in messages.

    Raises:
        ValueError: an argument is unknown, or of the wrong type.
    """
    parameters = inspect.signature(target).parameters
    any_name = any(each.kind is each.VAR_KEYWORD for each in parameters.values())
    if not any_name and (unknown := sorted(kwargs.keys() - parameters.keys())):
        raise ValueError(f"{name} knows no {unknown}. It takes {', '.join(parameters)}.")
    for key, value in kwargs.items():
        if key in parameters:
            _check_type(f"{name}: {key}", value, parameters[key].annotation)


def _check_type(what: str, value: Any, annotation: Any) -> None:
    """Compare a value with what YAML can express: plain types, lists of them and `| None`."""
    if isinstance(annotation, UnionType):
        plain = [member for member in typing.get_args(annotation) if member is not NoneType]
        if value is not None and len(plain) == 1:
            _check_type(what, value, plain[0])
    elif typing.get_origin(annotation) is tuple:
        types = typing.get_args(annotation)
        if not isinstance(value, (list, tuple)) or len(value) != len(types):
            raise ValueError(f"{what} must be a list of {len(types)} values. Got {value!r}.")
        for item, type_ in zip(value, types, strict=True):
            _check_type(what, item, type_)
    elif typing.get_origin(annotation) is Sequence:
        if not isinstance(value, (list, tuple)):
            raise ValueError(f"{what} must be a list. Got {value!r}.")
        for item in value:
            _check_type(what, item, *typing.get_args(annotation))
    elif annotation in (bool, int, float, str):
        accepted = (int, float) if annotation is float else annotation
        if not isinstance(value, accepted) or isinstance(value, bool) != (annotation is bool):
            raise ValueError(f"{what} must be of type {annotation.__name__}. Got {value!r}.")
