"""Draw one skeleton per class, with joints as large as their importance."""
# Shapes: V joints, L classes.

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from graph.skeleton import SkeletonGraph
from tools.drawing.skeletons import places_of
from tools.explaining.joints import JointImportance
from utils.figures import names_as_written

MOST = 60  # classes that are drawn
LARGEST = 420  # area of a joint, in square points
COLOURS = "YlOrRd"


@names_as_written()
def figure_of(
    found: JointImportance, classes: Sequence[str], skeleton: type[SkeletonGraph], title: str
) -> Figure:
    """The classes side by side, to one scale; of many those with the most important joints.

    Args:
        classes: names of those in `found`.
    """
    shown = np.sort(np.argsort(-found.fall.max(axis=1), kind="stable")[:MOST])
    if len(shown) < len(classes):
        title += f". {len(shown)} of {len(classes)} classes"
    columns = min(6 if len(shown) <= 24 else 10, len(shown))
    rows = math.ceil(len(shown) / columns)
    figure = Figure((2.3 * columns + 0.9, 3.1 * rows + 0.5), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    places = places_of(skeleton.joint_names, skeleton.bones)
    points = 100 * np.maximum(found.fall, 0)  # of the probability, in %
    scale = Normalize(0, max(float(points.max()), 1.0))
    for axes in grid:
        axes.axis("off")
    for number, axes in zip(shown, grid, strict=False):
        for child, parent in skeleton.edges:
            axes.plot(*places[[child, parent]].T, color="0.75", linewidth=1.4, zorder=1)
        sizes = 8 + LARGEST * scale(points[number])
        axes.scatter(
            *places.T, s=sizes, c=points[number], cmap=COLOURS, norm=scale, zorder=2,
            edgecolors="0.3", linewidths=0.5,
        )  # fmt: skip
        share = f"{100 * found.probability[number]:.0f} %"
        axes.set_title(f"{classes[number]} ({share})", fontsize=9)
        axes.set_aspect("equal")
        axes.margins(0.18)
    bar = figure.colorbar(
        ScalarMappable(scale, COLOURS), ax=grid.tolist(), fraction=0.025, pad=0.01
    )
    bar.set_label("percentage points lost when the joint is replaced by another clip's", fontsize=8)
    figure.suptitle(title, fontsize=10)
    return figure
