"""A report as one self-contained HTML page."""

import base64
import html
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from formats.chunks import TRAITS
from tools.reporting.pictures import curves_diagram, reliability_diagram
from tools.reporting.runs import ScoredRun
from utils.files import atomic_write
from utils.text import as_script, filled_page

TEMPLATE = Path(__file__).with_name("report.html")


def write_page(
    path: Path,
    title: str,
    content: dict[str, Any],
    runs: Sequence[ScoredRun],
    mistakes: Sequence[dict[str, Any]],
) -> None:
    """The page.

    Args:
        content: as `content_of` gives it.
        mistakes: of the first run: `pair` (number of the worst pair), `title`, `picture`.
    """
    scored = [(run.name, run.reliability) for run in runs if run.has_scores]
    parts = {
        "title": html.escape(title),
        "reliability": reliability_diagram(scored) if scored else "",
        "curves": curves_diagram(runs) or "",
        "data": as_script(content),
        "explained": as_script(_explaining_pictures(runs)),
        "mistakes": as_script(list(mistakes)),
    }
    page = filled_page(TEMPLATE.read_text(encoding="utf-8"), parts)
    with atomic_write(path) as temporary:
        temporary.write_text(page, encoding="utf-8")


def _explaining_pictures(runs: Sequence[ScoredRun]) -> list[dict[str, str]]:
    """`run`, `title` and `picture` of what tools/explain.py drew."""
    found = []
    for run in runs:
        traits = [trait for trait in TRAITS if trait in run.explained]
        paths = [(trait, run.work_dir / f"importance-{trait}.png") for trait in traits]
        folders = [run.work_dir, run.training, run.weights and run.weights.parent.parent]
        paths += [("actions", each / "importance.png") for each in folders if each]
        drawn: dict[str, Path] = {}  # the first of each
        for title, path in paths:
            if path.is_file():
                drawn.setdefault(title, path)
        for title, path in drawn.items():
            picture = base64.b64encode(path.read_bytes()).decode("ascii")
            found.append({"run": run.name, "title": title, "picture": picture})
    return found
