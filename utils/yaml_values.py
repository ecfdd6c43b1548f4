"""YAML of strangers -> plain values: not more than a limit, each key once, no octal numbers."""

import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import yaml

from utils.text import one_line

MAX_CHARACTERS, MAX_VALUES = 10**6, 10**5  # aliases count each time
LEADING_ZERO = re.compile(r"[-+]?0[0-9_]+$")
STR, MERGE = "tag:yaml.org,2002:str", "tag:yaml.org,2002:merge"


def yaml_values(text: str, warn: Callable[[str], None] | None = None) -> Any:
    """The values of a YAML file.

    Numbers with a leading zero stay text: YAML 1.1 reads 010, the tenth subject, as 8.

    Args:
        warn: told of a key that is given twice, whose last value counts; None: that is an error.

    Raises:
        ValueError: the text is not YAML of plain values, holds too many, or a key twice.
    """
    if len(text) > MAX_CHARACTERS:
        raise ValueError("it holds more than any file of settings")
    try:
        loader = _Loader(text)
        values = loader.get_single_data()
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(one_line(error, 300)) from error
    if _count(values) > MAX_VALUES:
        raise ValueError("it holds more than any file of settings")
    for key in loader.duplicates:
        if warn is None:
            raise ValueError(f"{key} is given twice")
        warn(key)
    return values


def _count(value: Any) -> int:
    """How many values there are, aliases as often as they are named; it may stop early."""
    ahead, count = [value], 0
    while ahead and count <= MAX_VALUES:
        item = ahead.pop()
        count += 1
        if isinstance(item, dict):
            ahead += [*item, *item.values()]
        elif isinstance(item, (list, tuple, set)):
            ahead += item
    return count


class _Loader(yaml.SafeLoader):
    """Notes the keys that a mapping has twice."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - yaml's own, by the first character
        first: ([(STR, LEADING_ZERO)] if first in "+-0" else []) + known
        for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.duplicates: list[str] = []

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        # Before what is merged (`<<: *base`), which a mapping's own keys may replace.
        keys = [key for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        counts = Counter(key.value for key in keys if key.tag != MERGE)
        self.duplicates += [one_line(key, 80) for key, count in counts.items() if count > 1]
        return super().construct_mapping(node, deep)
