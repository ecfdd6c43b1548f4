"""Diagrams of a report as SVG text, and mistaken clips as PNG."""

import base64
import io
import re
from collections.abc import Sequence

from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from tools.drawing.canvas import contact_sheet
from tools.drawing.shown import ShownClip
from tools.reporting.measures import Reliability
from tools.reporting.runs import ScoredRun
from utils.figures import names_as_written

COLOURS = ("#2f7ed8", "#d9483b", "#17a2a2", "#e8912d", "#7b3fa0", "#4a4f59")
STYLE = {
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "report",  # names of parts are the same in every report
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


@names_as_written(by_browser=True)
def reliability_diagram(found: Sequence[tuple[str, Reliability]]) -> str:
    """Accuracy over confidence, one line per run; the bars are the samples of the first."""
    with rc_context(STYLE):
        figure = Figure((4.6, 4.2), layout="constrained")
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], color="#9aa1ac", linewidth=1, linestyle="--")
        first = found[0][1]
        shares = first.counts / max(first.counts.sum(), 1)
        middles = (first.edges[:-1] + first.edges[1:]) / 2
        axes.bar(middles, shares, 0.9 / len(middles), color="#e3e7ec", label="share of samples")
        for (name, each), colour in zip(found, _colours(len(found)), strict=True):
            filled = each.counts > 0
            label = f"{name}, ECE {100 * each.ece:.1f} %"
            axes.plot(each.confidence[filled], each.accuracy[filled], "o-", color=colour,
                      markersize=4, linewidth=1.4, label=label, clip_on=False)  # fmt: skip
        axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="confidence", ylabel="accuracy")
        axes.legend(frameon=False, fontsize=8, loc="upper left")
        return _svg(figure)


@names_as_written(by_browser=True)
def curves_diagram(runs: Sequence[ScoredRun]) -> str | None:
    """Loss and metric over epochs: thin for training, thick for evaluation; None without any."""
    with_curves = [run for run in runs if run.curves]
    if not with_curves:
        return None
    metric = "mse" if with_curves[0].info.is_of_traits else "acc"
    with rc_context(STYLE):
        figure = Figure((9.2, 3.4), layout="constrained")
        for axes, name in zip(figure.subplots(1, 2), ("loss", metric), strict=True):
            for run, colour in zip(with_curves, _colours(len(with_curves)), strict=True):
                for part, width in (("train", 0.9), ("val", 2.0)):
                    points = [
                        (line["epoch"], line[part][name])
                        for line in run.curves
                        if isinstance(line.get(part), dict) and name in line[part]
                    ]
                    if points:
                        axes.plot(
                            *zip(*points, strict=True),
                            color=colour,
                            linewidth=width,
                            marker="." if len(points) < 40 else None,
                            label=f"{run.name} ({part})",
                        )
            axes.set(xlabel="epoch", ylabel={"acc": "accuracy"}.get(name, name))
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
            axes.grid(color="#eef0f3")
        figure.axes[1].legend(frameon=False, fontsize=7.5)
        return _svg(figure)


@names_as_written()
def strip(clip: ShownClip, moments: int = 6) -> str:
    """A clip's moments as a data URI."""
    figure = contact_sheet([clip], moments=moments)
    content = io.BytesIO()
    figure.savefig(content, dpi=70)
    return "data:image/png;base64," + base64.b64encode(content.getvalue()).decode("ascii")


def _colours(count: int) -> list[str]:
    return [COLOURS[number % len(COLOURS)] for number in range(count)]


def _svg(figure: Figure) -> str:
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None})
    svg = text.getvalue()
    # Without the declaration, which has no place within a page, comments and metadata.
    return re.sub(r"<!--.*?-->|<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.S)
