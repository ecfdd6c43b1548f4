"""The actions by their NTU RGB+D numbers, and how people perform them: joints without a sensor."""
# Shapes: T frames, V joints (25).

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from data_gen.people import encounters, motions
from data_gen.people.kinematics import Body, solve
from data_gen.people.timeline import (
    FRAMES_PER_SECOND,
    MAX_FRAMES,
    MIN_FRAMES,
    Style,
    Timeline,
    mirror,
)


@dataclass(frozen=True)
class Action:
    """An action of NTU RGB+D; `act` takes the timeline of one person, or those of two and the
    distance between them in metres.
    """

    name: str
    act: Callable[..., None]
    persons: int = 1
    handed: bool = True  # left-handed subjects do it mirrored


ACTIONS = {
    1: Action("drink water", motions.drink_water),
    8: Action("sitting down", motions.sitting_down),
    9: Action("standing up", motions.standing_up),
    10: Action("clapping", motions.clapping),
    23: Action("hand waving", motions.hand_waving),
    24: Action("kicking something", motions.kicking),
    27: Action("jump up", motions.jump_up),
    35: Action("nod head or bow", motions.nod_or_bow),
    38: Action("salute", motions.salute),
    40: Action("cross hands in front", motions.cross_hands),
    52: Action("pushing other person", encounters.pushing, persons=2),
    58: Action("handshaking", encounters.handshaking, persons=2, handed=False),
}


@dataclass(frozen=True)
class Performer:
    """A body, how it moves today, and which hand it uses."""

    body: Body
    style: Style
    left_handed: bool


def perform(
    action: Action, performers: tuple[Performer, ...], rng: np.random.Generator
) -> np.ndarray:
    """Joints (persons, T, V, 3) of one performance, T from 30 to 120, metres, without a sensor.

    One person faces +z at the origin. Two face each other along z, the first, who acts, at negative
    z.
    """
    onset = rng.uniform(0.05, 0.6)
    lines = [Timeline(who.body, who.style, rng, onset) for who in performers]
    distance = rng.uniform(0.72, 0.95)
    action.act(*lines, *([distance] if len(lines) == 2 else []))
    end = max(line.now for line in lines) + rng.uniform(0.0, 0.5)
    for line in lines:
        fidget(line, end)
    if rng.random() < 0.12:  # the camera stops before the person does
        end *= rng.uniform(0.7, 0.92)
    num_frames = int(np.clip(round(end * FRAMES_PER_SECOND), MIN_FRAMES, MAX_FRAMES))
    speed = max(1.0, end * FRAMES_PER_SECOND / num_frames)  # what would be too long is done faster
    bodies = []
    for line, who in zip(lines, performers, strict=True):
        posture = line.sample(num_frames, speed)
        bodies.append(
            solve(who.body, mirror(posture) if who.left_handed and action.handed else posture)
        )
    if len(bodies) == 2:
        bodies = [
            bodies[0] - (0.0, 0.0, distance / 2),
            bodies[1] * (-1.0, 1.0, -1.0) + (0.0, 0.0, distance / 2),
        ]
    return np.stack(bodies)


def fidget(line: Timeline, end: float) -> None:
    """Sometimes something unrelated happens meanwhile: a look aside, a shift of weight, the idle
    hand wanders.
    """
    rng, body = line.rng, line.body
    if rng.random() < 0.3:
        line.now = rng.uniform(0.0, 0.6 * end)
        line.move(0.5, head=line.values["head"] + (0.0, rng.uniform(-0.6, 0.6), 0.0))
    if rng.random() < 0.25:
        line.now = rng.uniform(0.0, 0.6 * end)
        line.move(0.7, pelvis=line.values["pelvis"] + (rng.uniform(-0.05, 0.05), 0.0, 0.0))
    idle = not line.uses("left_wrist")
    if idle and rng.random() < 0.2:
        line.now = rng.uniform(0.0, 0.5 * end)
        place = np.array(
            [
                rng.uniform(0.05, 0.25),
                -rng.uniform(0.2, 0.8) * body.arm,
                rng.uniform(0.35, 0.6) * body.arm,
            ]
        )
        line.move(
            0.6,
            left_wrist=line.values["left_wrist"]
            + rng.uniform(0.3, 0.9) * (place - line.values["left_wrist"]),
        )
        line.wait(rng.uniform(0.1, 0.6))
        line.move(0.6, left_wrist=line.first["left_wrist"])
