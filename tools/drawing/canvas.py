"""Draw frames of clips with matplotlib."""
# Shapes: M persons, T frames, V joints; H, W of a picture in pixels.

import textwrap
from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from tools.drawing.limbs import COLOURS, LIMBS
from tools.drawing.shown import ShownClip, turned
from utils.figures import names_as_written

AZIMUTH, ELEVATION = 25.0, 8.0  # degrees
PANEL_INCHES, MOMENT_INCHES, DPI = 3.2, 2.1, 100
LINE_INCHES, FOOT_INCHES = 0.15, 0.06  # of titles of 8.5 points; below the last row
MARGIN = 1.12
GROUND = "#e9ecf0"
VECTOR = "#7b3fa0"


class Panel:
    """One clip of a picture, whose frames are shown in turn on fixed axes."""

    def __init__(self, axes: object, clip: ShownClip, angles: tuple[float, float]) -> None:
        self.clip = clip
        middle, half = clip.box()
        angles = (0.0, 0.0) if clip.flat else angles
        self.joints = turned(clip.joints - middle, *angles) / half
        self.vectors = None if clip.vectors is None else turned(clip.vectors, *angles) / half
        self._lines = [LineCollection([], capstyle="round", zorder=3) for _ in self.joints]
        self._dots = [
            axes.scatter([], [], s=9, c="#2b2f36", linewidths=0, zorder=4) for _ in self.joints
        ]
        self._arrows = LineCollection([], colors=VECTOR, linewidths=1.4, zorder=5)
        for lines in (*self._lines, self._arrows):
            axes.add_collection(lines)
        if not clip.flat:
            _ground(axes, clip, middle, half, angles)
        axes.set(xlim=(-MARGIN, MARGIN), ylim=(-MARGIN, MARGIN), aspect="equal")
        axes.axis("off")
        axes.set_title(_lines(clip.title, 38), fontsize=8.5, color="#22262d")
        style = {"transform": axes.transAxes, "ha": "center", "fontsize": 7.5, "color": "#7a808a"}
        self._time = axes.text(0.5, 0.0, "", **style)

    def show(self, frame: int) -> None:
        """Draw a frame; beyond the end, the last one."""
        t = min(frame, self.clip.num_frames - 1)
        colours = [COLOURS[limb] for limb in LIMBS]
        for person, (lines, dots) in enumerate(zip(self._lines, self._dots, strict=True)):
            joints = self.joints[person, t]  # (V, 3)
            seen = np.isfinite(joints).all(axis=1)
            kept = [i for i, (c, p) in enumerate(self.clip.bones) if seen[c] and seen[p]]
            depth = [joints[list(self.clip.bones[i]), 2].mean() for i in kept]
            kept = [kept[i] for i in np.argsort(depth)]  # the nearest last
            lines.set_segments([joints[list(self.clip.bones[i]), :2] for i in kept])
            lines.set_color([colours[self.clip.limbs[i]] for i in kept])
            lines.set_linewidth(3.0 if person == 0 else 1.8)
            lines.set_alpha(1.0 if person == 0 else 0.75)
            dots.set_offsets(joints[seen, :2] if seen.any() else np.empty((0, 2)))
        if self.vectors is not None:
            starts, ends = self.joints[:, t], self.joints[:, t] + self.vectors[:, t]
            pairs = np.stack([starts, ends], axis=2)[..., :2].reshape(-1, 2, 2)
            self._arrows.set_segments(pairs[np.isfinite(pairs).all(axis=(1, 2))])
        self._time.set_text(f"{t / self.clip.rate:.2f} s")


def _ground(
    axes: object, clip: ShownClip, middle: np.ndarray, half: float, angles: tuple[float, float]
) -> None:
    """A disc below the lowest joint, which shows the viewing angle."""
    low = np.nanmin(clip.joints[..., 1]) if np.isfinite(clip.joints).any() else 0.0
    circle = np.linspace(0, 2 * np.pi, 60)
    flat = np.stack([np.cos(circle), np.zeros(60), np.sin(circle)], axis=1) * half * 0.8
    flat[:, 1] = low - middle[1]
    disc = turned(flat, *angles) / half
    axes.fill(*disc[:, :2].T, color=GROUND, zorder=1, linewidth=0)


def _lines(title: str, width: int) -> str:
    """A title of at most three lines."""
    lines = [part for line in title.splitlines() for part in textwrap.wrap(line, width)]
    return "\n".join(lines[:3])


def pictures(
    clips: Sequence[ShownClip],
    angles: tuple[float, float] = (AZIMUTH, ELEVATION),
    columns: int | None = None,
) -> Iterator[np.ndarray]:
    """All clips side by side, frame by frame: (H, W, 3) uint8."""
    titles = [_lines(clip.title, 38) for clip in clips]
    with names_as_written():
        figure, grid = _grid(titles, columns or min(4, len(clips)), PANEL_INCHES)
        panels = [Panel(axes, clip, angles) for axes, clip in zip(grid, clips, strict=False)]
    canvas = FigureCanvasAgg(figure)
    for frame in range(max(clip.num_frames for clip in clips)):
        for panel in panels:
            panel.show(frame)
        with names_as_written():
            canvas.draw()
        yield np.asarray(canvas.buffer_rgba())[..., :3].copy()


@names_as_written()
def contact_sheet(
    clips: Sequence[ShownClip],
    angles: tuple[float, float] = (AZIMUTH, ELEVATION),
    moments: int = 6,
) -> Figure:
    """One row per clip: a number of frames, evenly from the first to the last."""
    titles = [_lines(clip.title, 90) for clip in clips for _ in range(moments)]
    figure, grid = _grid(titles, moments, MOMENT_INCHES)
    for row, clip in enumerate(clips):
        frames = np.linspace(0, clip.num_frames - 1, moments).round().astype(int)
        for column, frame in enumerate(frames):
            panel = Panel(grid[row * moments + column], clip, angles)
            panel.show(int(frame))
            grid[row * moments + column].set_title("")
        title = titles[row * moments]
        grid[row * moments].set_title(title, fontsize=8.5, loc="left", color="#22262d")
    FigureCanvasAgg(figure)
    return figure


def _grid(titles: Sequence[str], columns: int, inches: float) -> tuple[Figure, list]:
    """A figure with square panels in rows, and room above each for the longest title."""
    rows = -(-len(titles) // columns)
    head = 0.08 + LINE_INCHES * max(title.count("\n") + 1 for title in titles)
    height = rows * (inches + head) + FOOT_INCHES
    figure = Figure((inches * columns, height), dpi=DPI, facecolor="white")
    grid = list(figure.subplots(rows, columns, squeeze=False).ravel())
    top, bottom = 1 - head / height, FOOT_INCHES / height
    figure.subplots_adjust(left=0.01, right=0.99, top=top, bottom=bottom, hspace=head / inches)
    for axes in grid:
        axes.axis("off")
    return figure, grid
