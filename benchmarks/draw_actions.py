"""Draw docs/actions.png, five moments of each action: python3 -m benchmarks.draw_actions"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from data_gen.people.performance import ACTIONS
from data_gen.synthetic import Performance, scene
from graph.ntu_rgb_d import AdjMatrixGraph

COLOURS = ("#1f6fb4", "#d9822b")
TURN = np.deg2rad(-25)  # of one person, to show depth: knees, bows and kicks
SUBJECT, REPETITION, MOMENTS = 3, 1, 5


def draw(axes: plt.Axes, action: int) -> None:
    """Moments side by side, from the left."""
    joints = scene(Performance(SUBJECT, REPETITION, action), seed=0)  # (M, T, V, 3)
    joints = joints - joints[0, 0, 0] * (1, 0, 1)
    alone = len(joints) == 1
    turn = TURN if alone else 0.0
    across = joints[..., 0] * np.cos(turn) + joints[..., 2] * np.sin(turn)
    frames = np.linspace(0.1, 0.75, MOMENTS) * joints.shape[1]
    for place, frame in enumerate(frames.astype(int)):
        for person, colour in zip(range(len(joints)), COLOURS, strict=False):
            x = across[person, frame] + place * (1.15 if alone else 1.9)
            y = joints[person, frame, :, 1]
            for bone in AdjMatrixGraph.edges:
                axes.plot(x[list(bone)], y[list(bone)], color=colour, lw=1.3)
    axes.axhline(0, color="0.85", lw=1, zorder=0)
    axes.set_aspect("equal")
    axes.axis("off")
    axes.set_title(ACTIONS[action].name, fontsize=9)


def main() -> None:
    figure, grid = plt.subplots(3, 4, figsize=(11, 4.4))
    for axes, action in zip(grid.flat, ACTIONS, strict=True):
        draw(axes, action)
    figure.subplots_adjust(0, 0, 1, 0.95, 0.02, 0.12)
    figure.savefig(Path(__file__).with_name("actions.png"), dpi=80)


if __name__ == "__main__":
    main()
