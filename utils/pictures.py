"""Pictures of results, drawn without a display."""

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure


def heat_map(matrix: np.ndarray, x_label: str, y_label: str) -> np.ndarray:
    """A matrix of values in [0, 1] as an image (H, W, 3) uint8."""
    figure = Figure(figsize=(8, 7), layout="tight")
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    image = axes.imshow(matrix, cmap="viridis", vmin=0, vmax=1)
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
    figure.colorbar(image)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()
