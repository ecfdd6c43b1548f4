"""Names of classes, joints and files in pictures: as they are written, in any script."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from matplotlib import font_manager, get_cachedir, rc_context

FIRST = "DejaVu Sans"  # comes with matplotlib: Latin, Greek, Cyrillic, Arabic
# Fonts of other scripts that systems bring along, or that are easily installed.
OTHERS = (
    "Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans SC", "Source Han Sans SC",
    "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "Droid Sans Fallback", "Microsoft YaHei", "SimHei",
    "PingFang SC", "PingFang HK", "Hiragino Sans GB", "STHeiti", "Yu Gothic", "Malgun Gothic",
    "Apple SD Gothic Neo", "NanumGothic", "Noto Sans Devanagari", "Noto Sans Thai",
    "Arial Unicode MS",
)  # fmt: skip
MISSING = "missing from"  # in matplotlib's warning of a character

logger = logging.getLogger(__name__)


@contextmanager
def names_as_written(*, by_browser: bool = False) -> Iterator[None]:
    """Within it, figures that are made and drawn show any name; also a decorator.

    A pair of dollars does not make a formula (of which most names would be an invalid one, and end
    the run). Characters that matplotlib's own font lacks are taken from installed fonts; where none
    has them, one warning says so.

    Args:
        by_browser: whether a browser draws the text, in fonts of its own.
    """
    style = {"text.parse_math": False, "font.family": _families()}
    with rc_context(style), warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        yield
    for each in found:
        if MISSING not in str(each.message):
            warnings.warn_explicit(each.message, each.category, each.filename, each.lineno)
        elif not by_browser:
            _warn_of_boxes()


@cache
def _families() -> list[str]:
    installed = {font.name for font in font_manager.fontManager.ttflist}
    return [FIRST, *(name for name in OTHERS if name in installed)]


@cache
def _warn_of_boxes() -> None:
    logger.warning(
        "some names are drawn as boxes, as no known font has their characters. Install one, such "
        "as fonts-noto-cjk (apt), and remove matplotlib's list of fonts, %s/fontlist*.json.",
        get_cachedir(),
    )
