"""Build the objects that settings name, after a check of the class and its arguments."""

import importlib
import inspect
import math
import re
import typing
from collections.abc import Callable, Collection, Mapping, Sequence
from types import NoneType, UnionType
from typing import Any

REFUSED = "This setting requires another kind of class. Nothing was run."
EXPONENT = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)[eE][+-]?\d+")


def import_class(name: str) -> type:
    """The class that a dotted name such as "feeders.feeder.Feeder" stands for.

    NOTE: importing a module runs it. Whoever names a class in a YAML file names code to run.

    Raises:
        ValueError: no such module, no such name in it, or it is not a class.
    """
    module_name, _, attribute = name.rpartition(".")
    try:
        found = getattr(importlib.import_module(module_name), attribute)
    except (ImportError, AttributeError, ValueError, TypeError) as error:
        raise ValueError(f"cannot import {name!r}: {error}. Check the dotted name.") from error
    if not isinstance(found, type):
        raise ValueError(
            f"{name} is not a class but a {type(found).__name__}. Check the dotted name."
        )
    return found


def build(
    name: str,
    arguments: Mapping[str, Any] | None = None,
    *,
    has: Collection[str] = (),
    base: type = object,
) -> Any:
    """Make an object of the class `name`.

    Args:
        arguments: by keyword.
        has: attributes that the class must have, or set in a method: what it is to be used for.
        base: what it must be derived from.

    Raises:
        ValueError: it is another kind of class, and is then not called; or an argument is unknown,
            missing or of the wrong type.
    """
    return build_class(import_class(name), name, arguments, has=has, base=base)


def build_class(
    target: type,
    name: str,
    arguments: Mapping[str, Any] | None = None,
    *,
    has: Collection[str] = (),
    base: type = object,
) -> Any:
    """As `build`, for a class; errors call it `name`."""
    if not issubclass(target, base):
        raise ValueError(f"{name} is not a subclass of {base.__name__}. {REFUSED}")
    if lacking := sorted(set(has) - _attributes_of(target)):
        raise ValueError(f"{name} has no {lacking[0]}. {REFUSED}")
    kwargs = coerced(target, arguments or {}, name)
    try:
        inspect.signature(target).bind(**kwargs)
    except TypeError as error:
        raise ValueError(f"{name}: {error}. Add it to the YAML file.") from error
    return target(**kwargs)


def _attributes_of(cls: type) -> set[str]:
    """What instances of a class have: its own attributes, and those that its methods name."""
    names = set(dir(cls))
    for each in cls.__mro__:
        names |= set(vars(each).get("__annotations__", ()))
        for member in vars(each).values():
            if inspect.isfunction(member):
                names |= set(member.__code__.co_names)
    return names


def coerced(target: Callable, kwargs: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Arguments from a YAML file, whose names and types are those of a signature.

    Text such as 1e-3, which YAML takes for text, becomes a number where one is wanted.

    Args:
        name: of the target, in messages.

    Raises:
        ValueError: an argument is unknown, or of the wrong type.
    """
    if odd := [key for key in kwargs if not isinstance(key, str)]:
        raise ValueError(f"{name}: the name of an argument must be text. Got {odd[0]!r}.")
    parameters = inspect.signature(target).parameters
    any_name = any(each.kind is each.VAR_KEYWORD for each in parameters.values())
    if not any_name and (unknown := sorted(kwargs.keys() - parameters.keys())):
        raise ValueError(f"{name} knows no {unknown}. It takes {', '.join(parameters)}.")
    return {
        key: _coerced(f"{name}: {key}", value, parameters[key].annotation)
        if key in parameters
        else value
        for key, value in kwargs.items()
    }


def _coerced(what: str, value: Any, annotation: Any) -> Any:
    """A value that fits what YAML can express: plain types, lists of them and `| None`."""
    if isinstance(annotation, UnionType):
        plain = [member for member in typing.get_args(annotation) if member is not NoneType]
        fits = value is None or len(plain) > 1
        return value if fits else _coerced(what, value, plain[0])
    if typing.get_origin(annotation) is tuple:
        types = typing.get_args(annotation)
        if not isinstance(value, (list, tuple)) or len(value) != len(types):
            raise ValueError(f"{what} must be a list of {len(types)} values. Got {value!r}.")
        return [_coerced(what, item, type_) for item, type_ in zip(value, types, strict=True)]
    if typing.get_origin(annotation) is Sequence:
        if not isinstance(value, (list, tuple)):
            raise ValueError(f"{what} must be a list. Got {value!r}.")
        return [_coerced(what, item, *typing.get_args(annotation)) for item in value]
    if annotation in (bool, int, float, str):
        if annotation is float and isinstance(value, str) and EXPONENT.fullmatch(value.strip()):
            return float(value)
        accepted = (int, float) if annotation is float else annotation
        if not isinstance(value, accepted) or isinstance(value, bool) != (annotation is bool):
            raise ValueError(f"{what} must be of type {annotation.__name__}. Got {value!r}.")
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"{what} must be finite. Got {value}.")
    return value
