"""A seated person who talks, with gestures that depend on personality, in UDIVA's skeleton.

Five habits of movement tell people apart: speed, amplitude, smoothness, directness, and how often
they nod. Each follows from the five traits and from chance, so that there is something to find and
no way to find it without error.
"""
# Shapes: T frames, V joints (24 of UDIVA, 25 of the body that moves).

from dataclasses import dataclass

import numpy as np

from data_gen.people.kinematics import JOINT, random_body, solve
from data_gen.people.motions import seated
from data_gen.people.timeline import FRAMES_PER_SECOND, Style, Timeline, random_habits
from graph.udiva import AdjMatrixGraph

UDIVA_FRAMES_PER_SECOND = 25
# How the traits O, C, E, A, N (columns) show in the habits (rows: speed, amplitude, smoothness,
# directness, nodding): every trait mainly in one, so that all can be told from movement.
LOADINGS = np.array(
    [
        [0.1, 0.9, 0.3, 0.0, 0.1],
        [0.1, -0.2, 0.9, 0.1, -0.2],
        [0.1, 0.2, 0.0, 0.1, -0.9],
        [-0.9, 0.2, 0.1, 0.0, 0.1],
        [0.2, 0.0, 0.1, 0.9, -0.1],
    ]
)
CHANCE = 0.3  # standard deviation of what is not personality
TREMBLE = 0.006  # metres, of somebody of average smoothness


@dataclass(frozen=True)
class Temperament:
    """Habits of movement, each around 0 with standard deviation about 1."""

    speed: float
    amplitude: float
    smoothness: float
    directness: float
    nodding: float


def temperament(traits: np.ndarray, rng: np.random.Generator) -> Temperament:
    """The habits of somebody with z-scores (5,) of O, C, E, A, N."""
    return Temperament(*np.clip(LOADINGS @ traits + rng.normal(0.0, CHANCE, 5), -2.5, 2.5))


def talk(
    num_frames: int, person: Temperament, body_rng: np.random.Generator, rng: np.random.Generator
) -> np.ndarray:
    """Joints (T, 24, 3) float64, metres, at 25 frames per second; `body_rng` gives the build, `rng`
    the gestures.
    """
    body, habits = random_body(body_rng), random_habits(body_rng)
    tempo, amplitude = np.exp(0.3 * person.speed), np.exp(0.35 * person.amplitude)
    style = Style(tempo, 1.0, habits.height, habits.width, habits.stoop, habits.stance, 1.0)
    line = Timeline(body, style, rng)
    line.begin(**{name: np.broadcast_to(value, line.values[name].shape)
                  for name, value in seated(line).items()})  # fmt: skip
    line.rest = dict(line.values)
    seconds = num_frames / UDIVA_FRAMES_PER_SECOND
    while line.now < seconds:
        gesture(line, amplitude, person.directness)
    nod(line, seconds, np.exp(0.8 * person.nodding))
    speed = FRAMES_PER_SECOND / UDIVA_FRAMES_PER_SECOND
    posture = line.sample(num_frames, speed)
    tremble = TREMBLE * np.exp(-0.6 * person.smoothness)
    for side in ("left", "right"):
        posture[f"{side}_wrist"] += tremble * shaking(rng, num_frames, 3)
    posture["head"] += 2 * tremble * shaking(rng, num_frames, 3)
    return to_udiva(solve(body, posture))


def gesture(line: Timeline, amplitude: float, directness: float) -> None:
    """One or both hands move to another place before the trunk, straight or in an arc."""
    rng, body = line.rng, line.body
    sides = (("left",), ("right",), ("left", "right"))[rng.integers(3)]
    targets = {}
    for side in sides:
        outward = 1.0 if side == "left" else -1.0
        middle = np.array([outward * 0.25, -0.5, 0.55]) * body.arm
        reach = amplitude * rng.uniform(-1, 1, 3) * (0.22, 0.3, 0.22) * body.arm
        targets[f"{side}_wrist"] = middle + reach
    around = rng.choice((-1, 1)) * 0.16 * np.exp(-0.7 * directness)
    line.move(rng.uniform(0.5, 0.9), (around, 0.3 * abs(around), 0.0), **targets)
    line.wait(rng.uniform(0.0, 0.4))


def nod(line: Timeline, seconds: float, often: float) -> None:
    """Nods in between, `often` times as many as usual."""
    rng = line.rng
    for start in np.sort(rng.uniform(0.0, seconds, rng.poisson(0.5 * often * seconds))):
        line.now = float(start)
        line.wave(2, 0.5, head=(0.25, 0.0, 0.0))


def shaking(rng: np.random.Generator, num_frames: int, size: int) -> np.ndarray:
    """(T, size) of quick smooth noise, standard deviation 1: sines between 3 and 7 Hz."""
    time = np.arange(num_frames)[:, None, None] / UDIVA_FRAMES_PER_SECOND
    frequency = rng.uniform(3.0, 7.0, (1, 6, size))
    phase = rng.uniform(0.0, 2 * np.pi, (1, 6, size))
    return np.sin(2 * np.pi * frequency * time + phase).sum(axis=1) / np.sqrt(3)


def to_udiva(joints: np.ndarray) -> np.ndarray:
    """(T, 25, 3) of the body that moves -> (T, 24, 3): joints of the same name, and those of spine
    and collars on the way between their neighbours.
    """
    place = {name: joints[:, number] for name, number in JOINT.items()}
    base, middle, top = place["spine_base"], place["spine_mid"], place["spine_shoulder"]
    place |= {
        "pelvis": base,
        "spine_lower": 0.5 * (base + middle),
        "spine_middle": middle,
        "spine_upper": 0.5 * (middle + top),
        "left_collar": top + 0.3 * (place["left_shoulder"] - top),
        "right_collar": top + 0.3 * (place["right_shoulder"] - top),
    }
    return np.stack([place[name] for name in AdjMatrixGraph.joint_names], axis=1)
