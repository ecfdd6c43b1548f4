"""Settings: a YAML file sets the defaults of the command line's flags."""

import argparse
import difflib
import importlib
import inspect
import typing
from collections.abc import Sequence
from pathlib import Path
from types import NoneType, UnionType
from typing import Any

import yaml

from utils.cli import ArgumentParser


def parse(parser: argparse.ArgumentParser, argv: Sequence[str] | None) -> argparse.Namespace:
    """Command line over YAML (`--config`) over default.

    Values of the file pass through the type and choices of their flag. Mappings of both sources
    are merged, the command line's keys winning.

    Raises:
        FileNotFoundError: no such YAML file.
        ValueError: the file is not a mapping, has an unknown key or a value of the wrong type.
    """
    first_pass = ArgumentParser(add_help=False, allow_abbrev=False)
    first_pass.add_argument("--config", type=Path)
    path = first_pass.parse_known_args(argv)[0].config
    settings = _read_settings(parser, path) if path else {}
    parser.set_defaults(**settings)
    args = parser.parse_args(argv)
    for name, value in settings.items():
        if isinstance(value, dict):
            setattr(args, name, {**value, **getattr(args, name)})
    return args


def _read_settings(parser: argparse.ArgumentParser, path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise FileNotFoundError(f"no configuration file {path}. See config/ for those there are.")
    try:
        settings = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from error
    if not isinstance(settings, dict):
        raise ValueError(f"{path} must hold 'name: value' lines. Got {type(settings).__name__}.")
    actions = {action.dest: action for action in parser._actions if action.dest != "help"}
    coerced = {}
    for key, value in settings.items():
        name = str(key).replace("-", "_")
        if name not in actions:
            nearest = difflib.get_close_matches(name, actions, n=1, cutoff=0.0)[0]
            raise ValueError(f"unknown key '{key}' in {path}. Did you mean '{nearest}'?")
        if value is None:  # an empty value leaves the default
            continue
        try:
            coerced[name] = _coerce(actions[name], value)
        except (ValueError, TypeError, argparse.ArgumentTypeError) as error:
            raise ValueError(f"{path}: '{key}: {value}' is not usable: {error}.") from error
    return coerced


def _coerce(action: argparse.Action, value: Any) -> Any:
    """The value of a YAML file as the flag's own type."""
    if action.nargs in ("+", "*"):
        values = value if isinstance(value, list) else [value]  # `device: 0` means [0]
        return [_coerce_one(action, item) for item in values]
    return _coerce_one(action, value)


def _coerce_one(action: argparse.Action, value: Any) -> Any:
    if action.type is mapping:
        return mapping(value)
    if isinstance(value, (dict, list)):
        raise TypeError(f"expected one value, got a {type(value).__name__}")
    value = (action.type or str)(str(value))
    if action.choices and value not in action.choices:
        raise ValueError(f"choose from {', '.join(map(str, action.choices))}")
    return value


def mapping(text: str | dict) -> dict[str, Any]:
    """Type of flags whose value is a mapping, written as YAML: '{num_class: 60}'."""
    try:
        value = yaml.safe_load(text) if isinstance(text, str) else text
    except yaml.YAMLError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not valid YAML") from error
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError(f"{text!r} is no mapping such as '{{name: value}}'")
    return value


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
        ValueError: an argument is unknown or missing.
    """
    target = import_class(name)
    signature = inspect.signature(target)
    parameters = signature.parameters.values()
    any_name = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)
    if not any_name and (unknown := sorted(kwargs.keys() - signature.parameters.keys())):
        raise ValueError(f"{name} knows no {unknown}. It takes {', '.join(signature.parameters)}.")
    try:
        signature.bind(**kwargs)
    except TypeError as error:
        raise ValueError(f"{name}: {error}. Add it to the YAML file.") from error
    for key, value in kwargs.items():
        if key in signature.parameters:
            _check_type(f"{name}: {key}", value, signature.parameters[key].annotation)
    return target(**kwargs)


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
