"""Text from strangers, made safe to print or to put into a YAML file or a page."""

import codecs
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

LONGEST = 1000  # characters of a line; a path may have some hundred
FEW = 3
SAVE_AS_UTF_8 = "Save it as UTF-8"


def one_line(words: object, longest: int = LONGEST) -> str:
    """Text, or an error's, in one line of printable characters.

    A file's name or its content may hold line breaks, codes that move a terminal's cursor, or a
    million digits. White space becomes one blank, other characters that do not print their escapes,
    and of a longer text the middle is left out. An error without words becomes its class's name.

    Args:
        longest: number of characters, at least 20.
    """
    if isinstance(words, BaseException):
        words = str(words).strip() or type(words).__name__
    text = " ".join(str(words).split())
    text = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
    if len(text) <= longest:
        return text
    end = longest // 4
    return f"{text[: longest - end - 5]} ... {text[-end:]}"


def first_of(names: Sequence[object], count: int = FEW) -> str:
    """The first few of many names."""
    return ", ".join(map(str, names[:count])) + (", ..." if len(names) > count else "")


def is_utf_16(content: bytes) -> bool:
    """Whether a file begins with the mark of UTF-16, as what Excel calls Unicode text."""
    return content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))


def text_of(content: bytes) -> str:
    """The text of a file in UTF-8, or in UTF-16 with its mark.

    Raises:
        ValueError: it is in another encoding, or no text.
    """
    try:
        return content.decode("utf-16" if is_utf_16(content) else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"it is not UTF-8 (byte {error.start + 1:,}). {SAVE_AS_UTF_8}") from error


def as_unicode(name: str) -> str:
    """A file's name as text that every file and terminal takes: bytes that are not UTF-8, as in
    archives from a system with another encoding, become escapes.
    """
    return name.encode("utf-8", "backslashreplace").decode("utf-8")


def as_yaml(text: str) -> str:
    """Text as a value of a YAML file, in quotes where it would be something else without."""
    try:
        plain = yaml.safe_load(f"x: {text}") == {"x": text}
    except yaml.YAMLError:
        plain = False
    return text if plain else json.dumps(text, ensure_ascii=False)


def as_script(value: Any) -> str:
    """A value as JSON within a page's script, which a name with `</script>` does not end.

    Raises:
        ValueError: a number in it is not finite.
    """
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c")


def filled_page(template: str, parts: Mapping[str, str]) -> str:
    """A page whose `{{name}}` are replaced by the parts, in which `{{name}}` means nothing."""
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], template)
