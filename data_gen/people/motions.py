"""What one person does: the actions as movements on a `Timeline`, written for right-handed people.

Wrist targets are in the chest frame (x to the body's left, so the right hand is at negative x);
times are at average tempo.
"""

import numpy as np

from data_gen.people.timeline import Timeline


def drink_water(line: Timeline) -> None:
    """A001: bring a cup to the mouth, tilt the head back for one to three sips."""
    rng, body, style = line.rng, line.body, line.style
    held = (-0.12 - 0.04 * style.width, -0.3 * body.arm, 0.45 * body.arm)
    if rng.random() < 0.4:  # cup in hand from the start
        line.begin(right_wrist=held, right_palm=(0.0, 0.0, 0.4))
    mouth = np.array([-0.07, 0.9 * body.neck + 0.3 * body.head, 0.1 + 0.75 * body.head])
    mouth += rng.normal((0.0, 0.02 * style.height, 0.0), 0.02)
    swivel = rng.uniform(0.2, 1.0) + 0.2 * style.width
    line.move(
        rng.uniform(0.6, 1.0),
        (0.0, 0.0, 0.12),
        right_wrist=mouth,
        right_swivel=swivel,
        right_palm=(0.4, 0.5, 0.1),
    )
    for _ in range(rng.integers(1, 4)):
        tilt = style.amplitude * rng.uniform(0.12, 0.4)
        raised = np.add(mouth, (0.01, 0.25 * tilt * body.head, -0.02))
        line.move(
            rng.uniform(0.25, 0.45),
            head=(-tilt, 0.0, 0.0),
            right_wrist=raised,
            right_swivel=swivel + 0.5 * tilt,
        )
        line.wait(rng.uniform(0.1, 0.5))
        line.move(
            rng.uniform(0.25, 0.4), head=(0.0, 0.0, 0.0), right_wrist=mouth, right_swivel=swivel
        )
    if rng.random() < 0.5:
        line.move(0.8, (0.0, 0.0, 0.06), right_wrist=held, right_swivel=0.35)
    else:
        line.relax(0.9, (0.0, 0.0, 0.12))


def sitting_down(line: Timeline) -> None:
    """A008: bend forward, lower the hips onto a chair, straighten, hands in the lap."""
    rng, seat = line.rng, seated(line)
    line.move(
        0.45,
        spine=(rng.uniform(0.1, 0.3), 0.0, 0.0),
        hips=(rng.uniform(0.15, 0.4), 0.0, 0.0),
        pelvis=(0.0, -0.08, -0.1),
    )
    line.now -= 0.15
    line.move(
        rng.uniform(0.6, 1.1),
        (0.0, 0.02, 0.06),
        **seat | {"hips": (rng.uniform(0.2, 0.5), 0.0, 0.0)},
    )
    line.now -= 0.1
    line.move(0.5, hips=seat["hips"], spine=seat["spine"])
    line.wait(rng.uniform(0.2, 1.0))


def standing_up(line: Timeline) -> None:
    """A009: lean forward on the chair, push up, straighten."""
    rng, seat = line.rng, seated(line)
    line.begin(**seat)
    line.wait(rng.uniform(0.1, 0.8))
    line.move(
        rng.uniform(0.4, 0.6), hips=(rng.uniform(0.25, 0.55), 0.0, 0.0), head=(-0.15, 0.0, 0.0)
    )
    line.now -= 0.15
    line.relax(rng.uniform(0.7, 1.2), (0.0, 0.0, 0.06))
    line.wait(rng.uniform(0.1, 0.5))


def seated(line: Timeline) -> dict[str, np.ndarray]:
    """Channels of somebody who sits on a chair of 0.40 to 0.48 m, hands on the thighs."""
    rng, body = line.rng, line.body
    height = rng.uniform(0.40, 0.48) + 0.06
    seat = {
        "pelvis": np.array(
            [
                0.0,
                (height - body.pelvis_height) / body.leg,
                -rng.uniform(0.78, 0.9) * body.thigh / body.leg,
            ]
        )
    }
    seat |= {
        "hips": np.array([rng.uniform(-0.2, 0.05), 0.0, 0.0]),
        "spine": np.array([rng.uniform(0.05, 0.3), 0.0, 0.0]),
    }
    for side, outward in (("left", 1.0), ("right", -1.0)):
        reach = rng.uniform(0.45, 0.65)
        seat[f"{side}_wrist"] = np.array(
            [outward * rng.uniform(0.07, 0.19), -0.72 * body.arm - 0.02, reach * body.arm]
        )
        seat[f"{side}_foot"] = np.array([outward * line.style.stance, 0.0, rng.uniform(-0.04, 0.1)])
    return seat


def clapping(line: Timeline) -> None:
    """A010: both hands meet again and again in front of the chest."""
    rng, body, style = line.rng, line.body, line.style
    swing = style.amplitude * rng.uniform(0.04, 0.11)
    height, ahead = (
        (0.12 * style.height + rng.uniform(-0.5, -0.2)) * body.arm,
        rng.uniform(0.5, 0.68) * body.arm,
    )
    cycles, period = rng.integers(3, 8), rng.uniform(0.28, 0.5)
    apart = 0.035 + swing
    palms = dict.fromkeys(("left_palm", "right_palm"), (0.0, 1.2, 2.5))
    line.move(
        0.6,
        (0.0, 0.0, 0.08),
        left_wrist=(apart, height, ahead),
        right_wrist=(-apart, height, ahead),
        left_swivel=0.6,
        right_swivel=0.6,
        **palms,
    )
    line.wave(cycles, period, left_wrist=(-swing, 0.0, 0.0), right_wrist=(swing, 0.0, 0.0))
    line.wait(cycles * period)
    line.relax(0.7, (0.0, 0.0, 0.06))


def hand_waving(line: Timeline) -> None:
    """A023: one hand beside the head or above it swings from side to side."""
    rng, body, style = line.rng, line.body, line.style
    height = rng.uniform(0.15, 0.6) + 0.25 * style.height
    aside = body.half_shoulders + (rng.uniform(0.12, 0.4) + 0.1 * style.width) * body.arm
    raised = (-aside, height * body.arm, rng.uniform(0.2, 0.5) * body.arm)
    line.move(
        rng.uniform(0.5, 0.8),
        (0.0, 0.0, 0.1),
        right_wrist=raised,
        right_swivel=rng.uniform(0.3, 0.9),
        right_palm=(0.0, 0.9, 0.1),
    )
    cycles, period = rng.integers(2, 6), rng.uniform(0.4, 0.75)
    swing = style.amplitude * rng.uniform(0.05, 0.14)
    line.wave(
        cycles,
        period,
        right_wrist=(swing, -0.1 * swing, 0.0),
        right_palm=(rng.uniform(0.2, 0.7), 0.0, 0.0),
    )
    line.wait(cycles * period)
    line.relax(0.7, (-0.03, 0.0, 0.1))


def kicking(line: Timeline) -> None:
    """A024: swing one foot back, then forward and up; once or twice."""
    rng, style = line.rng, line.style
    line.move(0.4, pelvis=(0.04, -0.03, 0.0), hips=(0.0, 0.0, -0.04))
    for _ in range(rng.integers(1, 3)):
        high, far = (
            rng.uniform(0.12, 0.45) * style.amplitude,
            rng.uniform(0.65, 0.95) * np.sqrt(style.amplitude),
        )
        line.move(
            0.35,
            right_foot=(0.0, 0.12, -0.28),
            right_toe=0.6,
            spine=(0.1, -0.08, 0.0),
            left_wrist=swung(line, "left", 0.2),
        )
        line.move(
            rng.uniform(0.25, 0.4),
            right_foot=(0.03, high, far),
            right_toe=rng.uniform(-0.4, 0.3),
            hips=(-0.2 * far, 0.15, -0.04),
            spine=(0.05, -0.1, 0.0),
            left_wrist=swung(line, "left", 0.35),
            right_wrist=swung(line, "right", -0.25),
        )
        line.wait(rng.uniform(0.0, 0.1))
        line.relax(0.55)


def swung(line: Timeline, side: str, by: float) -> np.ndarray:
    """Target of a wrist whose hanging arm has swung forward by the angle `by`, radians."""
    rest, arm = line.rest[f"{side}_wrist"], line.body.arm
    return rest + arm * np.array([0.0, 1 - np.cos(by), np.sin(by)])


def jump_up(line: Timeline) -> None:
    """A027: crouch with the arms back, take off with the arms up, fly, land in a crouch; one to
    three times.
    """
    rng, style = line.rng, line.style
    for _ in range(rng.integers(1, 4)):
        deep, high = (
            rng.uniform(0.12, 0.3) * style.amplitude,
            rng.uniform(0.08, 0.35) * style.amplitude,
        )
        back, up = rng.uniform(-0.7, -0.1), rng.uniform(0.3, 2.3) * style.amplitude
        arms_back = {f"{side}_wrist": swung(line, side, back) for side in ("left", "right")}
        arms_up = {f"{side}_wrist": swung(line, side, min(up, 2.6)) for side in ("left", "right")}
        line.move(
            0.45,
            pelvis=(0.0, -deep, -0.35 * deep),
            hips=(1.3 * deep, 0.0, 0.0),
            spine=(1.2 * deep, 0.0, 0.0),
            **arms_back,
        )
        flight = (
            2 * np.sqrt(2 * high * line.body.leg / 9.81) * style.tempo
        )  # gravity knows no tempo
        aloft = {
            "left_foot": line.rest["left_foot"] + (0, high, 0),
            "right_foot": line.rest["right_foot"] + (0, high, 0),
        }
        line.move(
            0.25,
            pelvis=(0.0, 0.0, 0.0),
            hips=(0.0, 0.0, 0.0),
            spine=line.rest["spine"],
            left_toe=0.5,
            right_toe=0.5,
            **arms_up,
        )
        line.now -= 0.06
        line.move(0.06 + flight / 2, pelvis=(0.0, high, 0.0), left_toe=0.8, right_toe=0.8, **aloft)
        landing = {
            "left_foot": line.rest["left_foot"],
            "right_foot": line.rest["right_foot"],
            "left_toe": 0.0,
            "right_toe": 0.0,
        }
        line.move(
            0.06 + flight / 2,
            pelvis=(0.0, -0.4 * deep, 0.0),
            hips=(0.4 * deep, 0.0, 0.0),
            **landing,
        )
        line.relax(rng.uniform(0.35, 0.6))


def nod_or_bow(line: Timeline) -> None:
    """A035: nod with the head, or bow from the hips."""
    rng, style = line.rng, line.style
    bow = max(0.0, rng.uniform(-0.3, 0.8)) * style.amplitude
    for _ in range(1 if bow > 0.3 else rng.integers(1, 4)):
        deep = style.amplitude * rng.uniform(0.3, 0.7)
        line.move(
            0.35 + 0.4 * bow,
            head=(deep, 0.0, 0.0),
            spine=line.rest["spine"] + (0.6 * bow + 0.05, 0.0, 0.0),
            hips=(0.6 * bow, 0.0, 0.0),
            pelvis=(0.0, -0.02 * bow, -0.15 * bow),
        )
        line.wait(rng.uniform(0.0, 0.2 + 0.5 * bow))
        line.relax(0.35 + 0.4 * bow)


def salute(line: Timeline) -> None:
    """A038: the tips of the fingers touch the brow, elbow out; hold."""
    rng, body, style = line.rng, line.body, line.style
    direction = np.array([0.75, 0.6, rng.uniform(0.0, 0.25)])
    brow = np.array(
        [-0.08 - 0.02 * style.width, body.neck + 1.2 * body.head, 0.1 + rng.normal(0.0, 0.015)]
    )
    wrist = (
        brow
        - 0.9 * (body.hand + body.hand_tip) * direction
        + rng.normal(0.0, 0.02, 3)
        + (0.0, 0.02 * style.height, 0.0)
    )
    swivel = rng.uniform(0.7, 1.3) + 0.1 * style.width
    line.move(
        rng.uniform(0.45, 0.9),
        (-0.08, 0.0, 0.06),
        right_wrist=wrist,
        right_swivel=swivel,
        right_palm=3 * direction,
        head=(0.0, 0.0, 0.0),
    )
    line.wait(rng.uniform(0.3, 1.3))
    line.relax(rng.uniform(0.5, 0.8), (-0.06, 0.0, 0.1))


def cross_hands(line: Timeline) -> None:
    """A040: the forearms cross in front of the chest ("stop"); once or twice."""
    rng, body, style = line.rng, line.body, line.style
    height = (rng.uniform(-0.25, 0.1) + 0.15 * style.height) * body.arm
    ahead, past = rng.uniform(0.45, 0.65) * body.arm, rng.uniform(0.03, 0.13)
    for _ in range(rng.integers(1, 3)):
        left, right = (-past, height, ahead), (past, height, ahead + 0.06)
        line.move(
            0.6,
            (0.0, 0.0, 0.1),
            left_wrist=left,
            right_wrist=right,
            left_swivel=0.8,
            right_swivel=0.8,
            left_palm=(-0.3, 0.5, 0.1),
            right_palm=(0.3, 0.5, 0.1),
        )
        line.wait(rng.uniform(0.2, 0.9))
        if rng.random() < 0.4:
            apart = body.half_shoulders + rng.uniform(0.0, 0.1)
            line.move(0.4, left_wrist=(apart, height, ahead), right_wrist=(-apart, height, ahead))
    line.relax(0.7, (0.0, 0.0, 0.08))
