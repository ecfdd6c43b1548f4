"""Pictures of skeletons: joints where they are on a standing person, seen from the front."""
# Shapes: V joints.

import math
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from graph.named import skeleton_class
from utils.figures import names_as_written

# Where joints are on a person of height 1, from the middle to the side; the longest match counts.
PLACES = {
    "head": (0, 0.97), "nose": (0, 0.93), "eye": (0.035, 0.955), "eye_inner": (0.02, 0.955),
    "eye_outer": (0.05, 0.955), "ear": (0.075, 0.94), "mouth": (0.025, 0.9), "neck": (0, 0.85),
    "neck_upper": (0, 0.89), "head_top": (0, 1.02),
    "collar": (0.07, 0.83), "clavicle": (0.07, 0.83), "shoulder": (0.15, 0.81),
    "shoulder_center": (0, 0.82), "spine_shoulder": (0, 0.82), "elbow": (0.22, 0.64),
    "wrist": (0.27, 0.49), "hand": (0.29, 0.45), "hand_tip": (0.31, 0.41), "thumb": (0.25, 0.43),
    "index": (0.31, 0.42), "pinky": (0.34, 0.44), "thorax": (0, 0.8), "spine_upper": (0, 0.76),
    "spine_chest": (0, 0.76), "spine_middle": (0, 0.68), "spine_mid": (0, 0.68), "spine": (0, 0.65),
    "spine_navel": (0, 0.66), "torso": (0, 0.66), "spine_lower": (0, 0.6), "pelvis": (0, 0.52),
    "spine_base": (0, 0.53), "hip_center": (0, 0.53), "mid_hip": (0, 0.53), "hip": (0.08, 0.5),
    "knee": (0.1, 0.28), "ankle": (0.11, 0.06), "heel": (0.09, 0.02), "foot": (0.15, 0.02),
    "foot_index": (0.17, 0.01), "big_toe": (0.15, 0.0), "small_toe": (0.19, 0.015),
}  # fmt: skip
# Of a hand: a finger's angle to the vertical, degrees, and how far its joints are from the wrist.
FINGERS = {
    "thumb": (52, (0.3, 0.52, 0.72, 0.88)), "index": (20, (0.75, 1.02, 1.2, 1.35)),
    "middle": (3, (0.78, 1.1, 1.3, 1.45)), "ring": (-13, (0.75, 1.04, 1.23, 1.37)),
    "pinky": (-30, (0.72, 0.92, 1.05, 1.17)),
}  # fmt: skip
COLOURS = {"left": "tab:blue", "right": "tab:red", "": "0.25"}


def side_of(name: str) -> str:
    """left, right or neither."""
    found = {"left", "right"} & set(re.split(r"[_ .-]", name.lower()))
    return found.pop() if len(found) == 1 else ""


def places_of(names: Sequence[str], bones: Sequence[tuple[int, int]]) -> np.ndarray:
    """(V, 2) where to draw joints: by their names, else next to their parents.

    Left of the body is at the viewer's right, as on a person who faces us.
    """
    if len({name.split("_")[0] for name in names} & {*FINGERS}) == len(FINGERS):
        return _hand(names)
    places = np.full((len(names), 2), np.nan)
    for number, name in enumerate(names):
        side = side_of(name)
        word = "_".join(p for p in re.split(r"[_ .-]", name.lower()) if p not in ("left", "right"))
        if word in PLACES:
            x, y = PLACES[word]
            middle = 0.0 if not side and word == "hip" else x
            places[number] = {"left": x, "right": -x, "": middle}[side], y
    if np.isnan(places).mean() > 0.5:
        return _tree(bones)
    for child, parent in (*bones, *bones):
        if np.isnan(places[child]).any() and not np.isnan(places[parent]).any():
            places[child] = places[parent] + (0.03, -0.05)
    return np.nan_to_num(places, nan=0.5)


def _hand(names: Sequence[str]) -> np.ndarray:
    """(V, 2) of a right hand seen from its back; fingers have their joints in order."""
    places = np.zeros((len(names), 2))
    for number, name in enumerate(names):
        finger = name.split("_")[0]
        if finger not in FINGERS:
            places[number] = 0, 0.4 * (finger == "palm")
            continue
        angle, distances = FINGERS[finger]
        before = sum(other.startswith(f"{finger}_") for other in names[:number])
        distance = distances[min(before, len(distances) - 1)]
        places[number] = -math.sin(math.radians(angle)), math.cos(math.radians(angle))
        places[number] *= distance
    return places


def _tree(bones: Sequence[tuple[int, int]]) -> np.ndarray:
    """(V, 2): the root in the middle, each joint a step further out than its parent."""
    children: dict[int, list[int]] = {}
    for child, parent in bones:
        if child != parent:
            children.setdefault(parent, []).append(child)
    root = next(child for child, parent in bones if child == parent)
    places = np.zeros((len(bones), 2))
    ahead = [(root, 0.0, 2 * math.pi, 0)]
    while ahead:
        joint, start, width, depth = ahead.pop()
        angle = start + width / 2
        places[joint] = depth * math.cos(angle), depth * math.sin(angle)
        share = width / max(1, len(children.get(joint, ())))
        for number, child in enumerate(children.get(joint, ())):
            ahead.append((child, start + number * share, share, depth + 1))
    return places


def draw(axes: object, name: str, with_names: bool) -> None:
    """One skeleton into a picture."""
    skeleton = skeleton_class(name)
    names, bones = skeleton.joint_names, skeleton.bones
    places = places_of(names, bones)
    tree = {frozenset(bone) for bone in bones}
    for child, parent in skeleton.edges:
        extra = frozenset((child, parent)) not in tree
        side = side_of(names[child]) or side_of(names[parent])
        line = {"linestyle": ":", "linewidth": 0.8} if extra else {"linewidth": 1.8}
        axes.plot(*places[[child, parent]].T, color=COLOURS[side], zorder=1, **line)
    colours = [COLOURS[side_of(joint)] for joint in names]
    axes.scatter(*places.T, s=22, c=colours, zorder=2)
    root = next(child for child, parent in bones if child == parent)
    axes.scatter(*places[[root]].T, s=110, facecolors="none", edgecolors="k", zorder=3)
    for number, (x, y) in enumerate(places):
        label = f"{number} {names[number]}" if with_names else str(number)
        axes.annotate(label, (x, y), xytext=(4, 3), textcoords="offset points", fontsize=6.5)
    axes.set_title(f"{Path(name).stem}, {len(names)} joints", fontsize=9)
    axes.set_aspect("equal")
    axes.margins(0.12)
    axes.axis("off")


@names_as_written()
def picture(names: Sequence[str]) -> Figure:
    """All skeletons in one picture; a single one with the names of its joints."""
    columns = min(5, len(names))
    rows = math.ceil(len(names) / columns)
    width = 7 if len(names) == 1 else 2.7 * columns
    figure = Figure((width, 8 if len(names) == 1 else 3.9 * rows), layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, name in zip(grid, names, strict=False):
        draw(axes, name, with_names=len(names) == 1)
    for axes in grid[len(names) :]:
        axes.axis("off")
    return figure
