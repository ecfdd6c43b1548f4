"""A time line of movements: channels glide from value to value with minimum jerk, tremble, and are
sampled frame by frame.
"""
# Shapes: T frames.

from dataclasses import dataclass

import numpy as np

from data_gen.people.kinematics import ANGLES, CHANNEL_SIZES, POSITIONS, Body, Posture

FRAMES_PER_SECOND = 30
MIN_FRAMES, MAX_FRAMES = 30, 120


@dataclass(frozen=True)
class Style:
    """How somebody moves: the habits of a subject, or those habits as they came out in one
    performance.

    tempo: speed relative to the average. amplitude: size of free movements. height: -1 to 1, how
    high gestures are held. width: -1 to 1, how far elbows and hands are held from the trunk. stoop:
    pitch of the spine at rest, radians. stance: extra distance of each foot from the middle, in leg
    lengths. restless: size of the idle sway.
    """

    tempo: float
    amplitude: float
    height: float
    width: float
    stoop: float
    stance: float
    restless: float


def random_habits(rng: np.random.Generator) -> Style:
    """The style of a subject."""
    return Style(
        tempo=np.exp(np.clip(rng.normal(0.0, 0.16), -0.35, 0.35)),
        amplitude=np.exp(np.clip(rng.normal(0.0, 0.15), -0.35, 0.3)),
        height=np.clip(rng.normal(0.0, 0.5), -1, 1),
        width=np.clip(rng.normal(0.0, 0.5), -1, 1),
        stoop=rng.uniform(-0.02, 0.14),
        stance=rng.uniform(0.0, 0.1),
        restless=rng.uniform(0.5, 1.5),
    )


def vary(habits: Style, rng: np.random.Generator) -> Style:
    """The habits as they come out today."""
    return Style(
        tempo=habits.tempo * np.exp(np.clip(rng.normal(0.0, 0.1), -0.25, 0.25)),
        amplitude=habits.amplitude * np.exp(np.clip(rng.normal(0.0, 0.12), -0.3, 0.25)),
        height=np.clip(habits.height + rng.normal(0.0, 0.3), -1, 1),
        width=np.clip(habits.width + rng.normal(0.0, 0.3), -1, 1),
        stoop=habits.stoop + rng.normal(0.0, 0.02),
        stance=habits.stance + rng.uniform(0.0, 0.03),
        restless=habits.restless * rng.uniform(0.7, 1.4),
    )


def minimum_jerk(s: np.ndarray) -> np.ndarray:
    """0 to 1 for s from 0 to 1, flat outside (Flash and Hogan, 1985)."""
    s = np.clip(s, 0.0, 1.0)
    return s**3 * (10 - 15 * s + 6 * s**2)


class Timeline:
    """Writes down what a body does, second by second; `sample` turns it into a posture per frame.

    `now` is the time in seconds at which the next movement begins. Movements add up: one may begin
    before the last has ended.
    """

    def __init__(
        self, body: Body, style: Style, rng: np.random.Generator, start: float = 0.0
    ) -> None:
        self.body, self.style, self.rng = body, style, rng
        self.now = start
        self.values = {channel: np.zeros(size) for channel, size in CHANNEL_SIZES.items()}
        self.values |= rest_posture(body, style, rng)
        self.rest = dict(self.values)
        self.first = dict(self.values)
        self._moves: list[tuple] = []
        self._waves: list[tuple] = []

    def begin(self, **values: tuple) -> None:
        """Start in another posture than standing at rest."""
        for channel, value in values.items():
            self.first[channel] = self.values[channel] = np.array(value, float)

    def wait(self, seconds: float) -> None:
        """Let `seconds` (at average tempo) pass."""
        self.now += seconds / self.style.tempo

    def move(self, seconds: float, arc: tuple = (0.0, 0.0, 0.0), **targets: tuple) -> None:
        """Bring channels to their targets; `seconds` at average tempo, time passes. Wrists bulge by
        `arc` metres on their way.
        """
        duration = seconds / self.style.tempo
        for channel, target in targets.items():
            target = np.broadcast_to(np.asarray(target, float), (CHANNEL_SIZES[channel],))
            lag = self.rng.uniform(0.0, 0.06)
            bulge = np.array(arc) if channel.endswith("wrist") else np.zeros(1)
            self._moves.append(
                (channel, self.now + lag, duration, target - self.values[channel], bulge)
            )
            self.values[channel] = target
        self.now += duration

    def wave(self, cycles: float, period: float, **sizes: tuple) -> None:
        """Swing channels around where they are; `period` in seconds at average tempo, does not pass
        time (see `wait`).
        """
        period /= self.style.tempo
        for channel, size in sizes.items():
            self._waves.append((channel, self.now, cycles * period, period, np.array(size, float)))

    def relax(self, seconds: float, arc: tuple = (0.0, 0.0, 0.0)) -> None:
        """Bring everything back to rest."""
        away = {
            name: rest
            for name, rest in self.rest.items()
            if np.abs(self.values[name] - rest).max() > 1e-6
        }
        self.move(seconds, arc, **away)

    def uses(self, channel: str) -> bool:
        """Whether anything moves the channel, idle sway aside."""
        return any(movement[0] == channel for movement in self._moves + self._waves)

    def sample(self, num_frames: int, speed: float = 1.0) -> Posture:
        """The postures {channel: (T, size)} at 30 frames per second, `speed` times as fast as
        written, with idle sway.
        """
        time = speed * np.arange(num_frames)[:, None] / FRAMES_PER_SECOND
        posture = {
            channel: np.repeat(value[None], num_frames, 0) for channel, value in self.first.items()
        }
        for channel, start, duration, change, arc in self._moves:
            s = np.clip((time - start) / duration, 0.0, 1.0)
            posture[channel] += minimum_jerk(s) * change + 16 * s**2 * (1 - s) ** 2 * arc
        for channel, start, duration, period, size in self._waves:
            since = time - start
            envelope = minimum_jerk(since / (0.5 * period)) * minimum_jerk(
                (duration - since) / (0.5 * period)
            )
            posture[channel] += envelope * np.sin(2 * np.pi * since / period) * size
        for channel, size in IDLE_SWAY.items():
            sway = drift(self.rng, num_frames, CHANNEL_SIZES[channel])
            posture[channel] += np.multiply(size, self.style.restless) * sway
        return posture


# Standard deviation of the slow sway of a person who stands still, in the unit of each channel.
IDLE_SWAY = {
    "pelvis": (0.006, 0.001, 0.006),
    "hips": 0.012,
    "spine": 0.018,
    "head": 0.04,
    "left_wrist": 0.008,
    "right_wrist": 0.008,
}


def drift(rng: np.random.Generator, num_frames: int, size: int) -> np.ndarray:
    """(T, size) of slow smooth noise, standard deviation about 1: sines between 0.1 and 0.8 Hz."""
    time = np.arange(num_frames)[:, None, None] / FRAMES_PER_SECOND
    frequency, phase = (
        rng.uniform(0.1, 0.8, (1, 4, size)),
        rng.uniform(0.0, 2 * np.pi, (1, 4, size)),
    )
    return np.sin(2 * np.pi * frequency * time + phase).sum(1) / np.sqrt(2)


def rest_posture(body: Body, style: Style, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Standing, arms hanging: the values of the channels that are not zero."""
    rest = {
        "spine": np.array([style.stoop, 0.0, 0.0]),
        "head": np.array([-0.5 * style.stoop, 0.0, 0.0]),
    }
    rest["pelvis"] = np.array([0.0, -0.004 - 0.5 * style.stance**2, 0.0])
    for side, outward in (("left", 1.0), ("right", -1.0)):
        aside = body.half_shoulders + body.arm * (
            0.12 + 0.06 * style.width + rng.uniform(-0.03, 0.03)
        )
        down, ahead = -body.shoulder_drop - 0.94 * body.arm, body.arm * rng.uniform(0.02, 0.14)
        rest[f"{side}_wrist"] = np.array([outward * aside, down, ahead])
        rest[f"{side}_swivel"] = np.array([0.35 + 0.15 * style.width])
        rest[f"{side}_foot"] = np.array([outward * style.stance, 0.0, rng.uniform(-0.03, 0.03)])
    return rest


def mirror(posture: Posture) -> Posture:
    """The same postures with left and right exchanged."""
    swap = {"left": "right", "right": "left"}
    mirrored = {}
    for channel, values in posture.items():
        side, _, part = channel.partition("_")
        flip = (
            (-1.0, 1.0, 1.0)
            if channel in POSITIONS
            else (1.0, -1.0, -1.0)
            if channel in ANGLES
            else 1.0
        )
        mirrored[f"{swap[side]}_{part}" if side in swap else channel] = values * flip
    return mirrored
