"""Figures of results, drawn without a display."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.image import imsave

from formats.chunks import TRAITS
from utils.figures import names_as_written
from utils.files import atomic_write

MAX_NAMES = 120  # of classes that a matrix is labelled with


@names_as_written()
def heat_map(
    matrix: np.ndarray, x_label: str, y_label: str, names: Sequence[str] = ()
) -> np.ndarray:
    """A matrix of values in [0, 1] as an image (H, W, 3) uint8.

    Args:
        names: of rows and columns; they are written where there is room for them.
    """
    shown = names if len(names) <= MAX_NAMES else ()
    side = max(7.0, 0.25 * len(shown) + 2)
    figure = Figure(figsize=(side + 1, side), layout="tight")
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    image = axes.imshow(matrix, cmap="viridis", vmin=0, vmax=1)
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
    if shown:
        axes.set_xticks(range(len(shown)), shown, rotation=90, fontsize=7)
        axes.set_yticks(range(len(shown)), shown, fontsize=7)
    figure.colorbar(image)
    return _drawn(canvas)


def traits_against_truth(predicted: np.ndarray, true: np.ndarray) -> np.ndarray:
    """(P, 5) traits twice -> image (H, W, 3) uint8: a panel per trait, a dot per participant."""
    figure = Figure(figsize=(15, 3.4), layout="tight")
    canvas = FigureCanvasAgg(figure)
    for axes, trait, guess, truth in zip(
        figure.subplots(1, len(TRAITS)), TRAITS.values(), predicted.T, true.T, strict=True
    ):
        reach = 1.05 * max(np.abs(guess).max(), np.abs(truth).max(), 1e-3)
        axes.plot([-reach, reach], [-reach, reach], color="grey", linewidth=0.8)
        axes.scatter(truth, guess, s=14)
        axes.set_title(trait, fontsize=8)
        axes.set_xlabel("true")
        axes.set_ylabel("predicted")
        axes.set_aspect("equal")
    return _drawn(canvas)


@names_as_written()
def effort_curves(curves: Mapping[str, np.ndarray], title: str) -> np.ndarray:
    """Curves (T,) by effort -> an image (H, W, 3) uint8, one below the other."""
    figure = Figure(figsize=(11, 1.7 * len(curves)), layout="tight")
    canvas = FigureCanvasAgg(figure)
    fields = figure.subplots(len(curves), 1, sharex=True, squeeze=False)[:, 0]
    for axes, (name, values) in zip(fields, curves.items(), strict=True):
        axes.plot(values, linewidth=0.8)
        axes.set_ylabel(name)
    fields[0].set_title(title)
    fields[-1].set_xlabel("frame")
    return _drawn(canvas)


def save_picture(path: Path, image: np.ndarray) -> None:
    """Write an image (H, W, 3) uint8 as a PNG file."""
    with atomic_write(path) as temporary:
        imsave(temporary, image)


def _drawn(canvas: FigureCanvasAgg) -> np.ndarray:
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()
