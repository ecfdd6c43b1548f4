"""Which limb a joint belongs to, and the limbs' colours."""

import re

WORDS = re.compile(r"[_ .-]+|(?<=[a-z0-9])(?=[A-Z])")  # left_hand, LeftHand
FINGERS = ("thumb", "index", "middle", "ring", "pinky")  # of hands by themselves
LIMBS = ("trunk", "left arm", "right arm", "left leg", "right leg", *FINGERS)
# Told apart also where red and green look alike.
COLOURS = {
    "trunk": "#4a4f59",
    "left arm": "#2f7ed8",
    "right arm": "#d9483b",
    "left leg": "#17a2a2",
    "right leg": "#e8912d",
    "thumb": "#d9483b",
    "index": "#e8912d",
    "middle": "#5aa02c",
    "ring": "#17a2a2",
    "pinky": "#2f7ed8",
}
# fmt: off
ARM = {"shoulder", "arm", "elbow", "wrist", "hand", "tip", "thumb", "index", "pinky", "clavicle",
       "collar"}
LEG = {"hip", "leg", "knee", "ankle", "foot", "heel", "toe"}
# fmt: on


def limb_of(name: str) -> str:
    """One of LIMBS; the trunk if the name does not tell."""
    first, *others = (word.lower() for word in WORDS.split(name))
    words = {first, *others}
    sides = words & {"left", "right"}
    if len(sides) != 1:
        return first if first in FINGERS else "trunk"
    side = sides.pop()
    if words & LEG:  # first, as `foot_index` is a toe
        return f"{side} leg"
    return f"{side} arm" if words & ARM else "trunk"


def limb_of_bone(child: str, parent: str) -> str:
    """The limb of the outer joint or, if that belongs to the trunk, of the inner one."""
    outer, inner = limb_of(child), limb_of(parent)
    return inner if outer == "trunk" else outer
