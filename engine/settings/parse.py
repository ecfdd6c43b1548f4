"""Settings from the command line and from a YAML file, which may build on another one."""

import argparse
import dataclasses
import difflib
import logging
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from engine.settings.table import About, Settings, default_of, flag, groups
from formats.exported import weights_file
from utils.cli import ArgumentParser, str2bool
from utils.files import at_home, regular_file
from utils.text import one_line
from utils.yaml_values import yaml_values

GIVEN_TWICE = "%s gives %s twice; the last value counts. Remove one."
BASE = "base"  # the key of a YAML file that names the file it builds on

logger = logging.getLogger(__name__)


class _HelpFormatter(argparse.ArgumentDefaultsHelpFormatter):
    """Shows defaults only where there are any, and no shouted names of values."""

    def _get_help_string(self, action: argparse.Action) -> str:
        empty = action.default in (None, "", {}, [], argparse.SUPPRESS)
        return action.help if empty else super()._get_help_string(action)

    def _get_default_metavar_for_optional(self, action: argparse.Action) -> str:
        names = {int: "N", float: "X", Path: "PATH", weights_file: "PATH", str2bool: "yes|no"}
        return names.get(action.type, "NAME")


def make_parser() -> ArgumentParser:
    """The parser of main.py, made from the table of settings."""
    parser = ArgumentParser(
        prog="main.py",
        description="Train or test a skeleton model. Settings come from a YAML file (--config); "
        "flags given here win. Mappings are YAML text, e.g. --model-args '{width: 48}', and are "
        "merged over the file's.",
        formatter_class=_HelpFormatter,
        allow_abbrev=False,
    )
    for number, (title, fields) in enumerate(groups()):
        group = parser.add_argument_group(title)
        if not number:
            group.add_argument("--config", type=Path, help="YAML file with settings, see config/")
        for name, field in fields.items():
            _add(group, name, field)
    return parser


def _add(group: argparse._ArgumentGroup, name: str, field: dataclasses.Field) -> None:
    about: About = field.metadata["about"]
    options: dict[str, Any] = {"help": about.help, "default": default_of(field)}
    options["type"] = mapping if about.type is dict else about.type
    if about.choices:
        options["choices"] = about.choices
    if about.metavar:
        options["metavar"] = about.metavar
    if about.many:
        options["nargs"] = "+"
    if about.type is str2bool:
        options |= {"nargs": "?", "const": True}  # --half alone means yes
    group.add_argument(flag(name), **options)


def parse(argv: Sequence[str] | None = None) -> Settings:
    """Command line over YAML (`--config`) over default.

    Values of the file pass through the type and choices of their flag. Mappings of both sources
    are merged, the command line's keys winning; one without a value takes the file's away.

    Raises:
        FileNotFoundError: no such YAML file.
        ValueError: the file is not a mapping, has an unknown key or a value of the wrong type.
    """
    parser = make_parser()
    first_pass = ArgumentParser(add_help=False, allow_abbrev=False)
    first_pass.add_argument("--config", type=Path)
    path = first_pass.parse_known_args(argv)[0].config
    values = read_values(path) if path else {}
    parser.set_defaults(**values)
    given = vars(parser.parse_args(argv))
    merged = {
        name: _without_emptied({**value, **given[name]}, value)
        for name, value in values.items()
        if isinstance(value, dict) and given[name] is not value
    }
    return Settings.of(given | merged)


def read_values(path: Path) -> dict[str, Any]:
    """The settings that a YAML file gives, or the file that it builds on, by name.

    Raises:
        FileNotFoundError, ValueError: as `parse`.
    """
    actions = {action.dest: action for action in make_parser()._actions if action.dest != "help"}
    coerced = {}
    for key, value in read_yaml(path).items():
        name = str(key).replace("-", "_")
        if name not in actions:
            nearest = difflib.get_close_matches(name, [*actions, BASE], n=1, cutoff=0.0)[0]
            raise ValueError(
                f"unknown key '{one_line(key, 80)}' in {path}. Did you mean '{nearest}'?"
            )
        if value is None:  # an empty value leaves the default
            continue
        try:
            coerced[name] = _coerce(actions[name], value)
        except (ValueError, TypeError, argparse.ArgumentTypeError) as error:
            raise ValueError(
                f"{path}: '{key}: {one_line(value, 80)}' is not usable: {one_line(error, 300)}."
            ) from error
    return coerced


def read_yaml(path: Path, above: Sequence[Path] = ()) -> dict[str, Any]:
    """A YAML file's mapping, over that of the file its key `base` names, relative to itself.

    Mappings in it are merged key by key; a key without a value takes the base's away.

    Args:
        above: files that build on this one.

    Raises:
        FileNotFoundError: a file is missing.
        ValueError: a file is not a mapping, or builds on itself.
    """
    if path.resolve() in above:
        raise ValueError(f"{above[-1]} builds on {path}, which builds on it. Remove one `base`.")
    own = _load(path)
    base = own.pop(BASE, None)
    if base is None:
        return own
    if not isinstance(base, str):
        raise ValueError(f"{path}: base must be the path of a YAML file. Got {base!r}.")
    return _over(own, read_yaml(path.parent / base, (*above, path.resolve())))


def _over(own: dict[str, Any], base: dict[str, Any]) -> dict[str, Any]:
    """`own` over `base`, mapping by mapping."""
    merged = dict(base)
    for key, value in own.items():
        both = isinstance(value, dict) and isinstance(base.get(key), dict)
        merged[key] = _over(value, base[key]) if both else value
    return _without_emptied(merged, base)


def _without_emptied(merged: dict[str, Any], below: dict[str, Any]) -> dict[str, Any]:
    """A mapping without the keys whose value was taken away: that are empty, but not below it."""
    return {k: v for k, v in merged.items() if v is not None or below.get(k, v) is None}


def _load(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise FileNotFoundError(f"no configuration file {path}. See config/ for those there are.")
    try:
        text = regular_file(path).read_text(encoding="utf-8-sig")
        settings = yaml_values(text, warn=partial(logger.warning, GIVEN_TWICE, path)) or {}
    except ValueError as error:
        raise ValueError(f"{path} is not valid YAML: {one_line(error, 300)}") from error
    if not isinstance(settings, dict):
        raise ValueError(f"{path} must hold 'name: value' lines. Got {type(settings).__name__}.")
    return settings


def _coerce(action: argparse.Action, value: Any) -> Any:
    """The value of a YAML file as the flag's own type."""
    if action.nargs == "+":
        values = value if isinstance(value, list) else [value]  # `device: 0` means [0]
        return [_coerce_one(action, item) for item in values]
    return _coerce_one(action, value)


def _coerce_one(action: argparse.Action, value: Any) -> Any:
    if action.type is mapping:
        return mapping(value)
    if isinstance(value, (dict, list)):
        raise TypeError(f"expected one value, got a {type(value).__name__}")
    value = action.type(at_home(str(value)))
    if action.choices and value not in action.choices:
        raise ValueError(f"choose from {', '.join(map(str, action.choices))}")
    return value


def mapping(text: str | dict) -> dict[str, Any]:
    """Type of flags whose value is a mapping, written as YAML: '{num_class: 60}'."""
    try:
        value = yaml_values(text) if isinstance(text, str) else text
    except ValueError as error:
        reason = one_line(error, 200)
        raise argparse.ArgumentTypeError(f"{text!r} is not valid YAML: {reason}") from error
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError(f"{text!r} is not a mapping such as '{{name: value}}'")
    return at_home(value)
