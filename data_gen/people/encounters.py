"""What two people do with each other: movements on two timelines, `distance` metres apart.

Each timeline is in its own body's frame, the other stands at z = distance and looks back. Points
that hands touch are given in that frame, so that hands meet whatever the builds of the two.
"""

import numpy as np

from data_gen.people.motions import swung
from data_gen.people.timeline import Timeline


def pushing(line: Timeline, other: Timeline, distance: float) -> None:
    """A052: step up to the other and push, one hand or both; the other stumbles back."""
    rng, body, style = line.rng, line.body, line.style
    hands = ("right",) if rng.random() < 0.3 else ("left", "right")
    chest = other.body.shoulder_height - rng.uniform(0.08, 0.2)
    step = max(0.0, distance - 0.95 * body.arm - 0.1) / body.leg
    ready, touch = {}, {}
    for side in hands:
        outward = 1.0 if side == "left" else -1.0
        ready |= {
            f"{side}_wrist": (outward * 0.16, -0.35 * body.arm, 0.35 * body.arm),
            f"{side}_palm": (0.0, 0.7, 0.3),
            f"{side}_swivel": 0.6,
        }
        line.begin(**{f"{side}_point": (outward * 0.11, chest, distance - 0.1 - body.hand)})
        touch |= {f"{side}_grasp": 1.0, f"{side}_palm": (0.0, 1.0, 0.2)}
    line.move(
        0.5,
        (0.0, 0.0, 0.05),
        **ready,
        pelvis=(0.0, -0.02, 0.4 * step),
        left_foot=line.rest["left_foot"] + (0.0, 0.0, 0.9 * step),
    )
    strength = rng.uniform(0.12, 0.45) * style.amplitude
    line.move(
        0.3,
        **touch,
        pelvis=(0.0, -0.03 - 0.2 * step, step),
        hips=(0.15, 0.0, 0.0),
        spine=(0.05, 0.0, 0.0),
    )
    other.now = line.now - rng.uniform(0.03, 0.1)
    stumble(other, strength)
    line.move(
        0.15,
        **{
            f"{side}_point": line.values[f"{side}_point"] + (0.0, 0.0, 0.6 * strength)
            for side in hands
        },
    )
    line.relax(0.8)


def stumble(line: Timeline, strength: float) -> None:
    """Thrown back by a push of `strength`, in leg lengths: the trunk first, then a step."""
    rng = line.rng
    arms = {f"{side}_wrist": swung(line, side, rng.uniform(0.1, 0.9)) for side in ("left", "right")}
    line.move(
        0.25,
        pelvis=(0.0, -0.02, -0.5 * strength),
        hips=(-0.35 * strength, 0.0, 0.0),
        spine=(-0.2, 0.0, 0.0),
        head=(0.25, 0.0, 0.0),
        **arms,
    )
    line.now -= 0.15
    back = {side: line.rest[f"{side}_foot"] - (0.0, 0.0, strength) for side in ("left", "right")}
    line.move(0.3, left_foot=back["left"], left_toe=0.2, pelvis=(0.0, -0.04, -0.8 * strength))
    line.move(
        0.35,
        right_foot=back["right"],
        left_toe=0.0,
        pelvis=line.rest["pelvis"] - (0.0, 0.0, strength),
        hips=(0.0, 0.0, 0.0),
        spine=line.rest["spine"],
    )
    line.move(0.5, **{name: line.rest[name] for name in ("left_wrist", "right_wrist", "head")})


def handshaking(line: Timeline, other: Timeline, distance: float) -> None:
    """A058: right hands meet halfway (also of the left-handed) and shake."""
    rng = line.rng
    height = 0.5 * (line.body.pelvis_height + other.body.pelvis_height) + rng.uniform(0.02, 0.16)
    cycles, period, size = (
        rng.integers(2, 6),
        rng.uniform(0.28, 0.5),
        line.style.amplitude * rng.uniform(0.015, 0.05),
    )
    approach, held = rng.uniform(0.6, 0.9), rng.uniform(0.0, 0.4)
    meeting = line.now + approach / line.style.tempo
    for who in (line, other):
        rate = who.style.tempo / line.style.tempo  # both keep the time of the first
        who.now = meeting - approach / line.style.tempo
        away = 0.8 * (who.body.hand + 0.5 * who.body.hand_tip)
        who.begin(right_point=(-0.01, height, 0.5 * distance - away))
        ahead = (-0.25 * body_shift(who, distance), 0.0, 0.0)
        who.move(
            approach * rate,
            (0.0, 0.0, 0.04),
            right_wrist=(-0.08, -0.55 * who.body.arm, 0.6 * who.body.arm),
            right_grasp=1.0,
            right_palm=(0.2, 0.1, 1.0),
            right_swivel=0.25,
            spine=(rng.uniform(0.08, 0.22), 0.15, 0.0),
            head=(rng.uniform(-0.1, 0.2), 0.0, 0.0),
            pelvis=(0.0, -0.01, body_shift(who, distance)),
            hips=ahead,
        )
        who.wave(cycles, period * rate, right_point=(0.0, size, 0.0))
        who.wait((cycles * period + held) * rate)
        who.relax(rng.uniform(0.6, 0.9), (0.0, 0.0, 0.03))


def body_shift(line: Timeline, distance: float) -> float:
    """How far the pelvis comes forward, in leg lengths, so that the arm reaches the middle between
    two people.
    """
    return float(np.clip((0.5 * distance - 0.6 * line.body.arm) / line.body.leg, 0.0, 0.12))
