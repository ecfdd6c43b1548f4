"""Check the kinds of the values of a file's mapping."""

from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

from utils.text import one_line


class Kind(NamedTuple):
    """Of values: what they are called, and whether one is."""

    words: str
    fits: Callable[[Any], bool]


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and abs(value) < 1e15


def list_of(kind: Kind, length: int | None = None) -> Kind:
    """A list, perhaps of one length."""

    def fits(value: Any) -> bool:
        is_list = isinstance(value, (list, tuple)) and length in (None, len(value))
        return is_list and all(map(kind.fits, value))

    return Kind(f"a list of {length or ''}".rstrip() + f" values, each {kind.words}", fits)


def mapping_to(kind: Kind) -> Kind:
    """A mapping from text."""

    def fits(value: Any) -> bool:
        pairs = value.items() if isinstance(value, Mapping) else [(None, None)]
        return all(isinstance(name, str) and kind.fits(one) for name, one in pairs)

    return Kind(f"a mapping from names to values, each {kind.words}", fits)


def either(*kinds: Kind) -> Kind:
    return Kind(" or ".join(kind.words for kind in kinds), lambda v: any(k.fits(v) for k in kinds))


TEXT = Kind("text", lambda value: isinstance(value, str))
WHOLE = Kind("a whole number", lambda value: type(value) is int and _is_number(value))
COUNT = Kind("a whole number from 0", lambda value: WHOLE.fits(value) and value >= 0)
NUMBER = Kind("a number", _is_number)
YES_NO = Kind("true or false", lambda value: type(value) is bool)
MAPPING = Kind("a mapping", lambda value: isinstance(value, Mapping))


def check_kinds(
    content: Mapping[str, Any],
    kinds: Mapping[str, Kind],
    what: str = "",
    never_empty: Collection[str] = (),
) -> None:
    """Every value is of its key's kind, or None; other keys may have any.

    Args:
        never_empty: the keys that may be absent, but not None.

    Raises:
        ValueError: one is not; the message begins with `what`.
    """
    if empty := [key for key, value in content.items() if value is None and key in never_empty]:
        raise ValueError(f"{what}{empty[0]} has no value.")
    for key, kind in kinds.items():
        value = content.get(key)
        if value is not None and not kind.fits(value):
            raise ValueError(f"{what}{key} must be {kind.words}. Got {one_line(repr(value), 80)}.")
