"""A Kinect v2 as the NTU RGB+D recordings used it: where it stands, what it gets wrong, and the
text that it writes.

Camera frame: x to the camera's left, y up, z away from it, metres.
"""
# Shapes: T frames, V joints (25), M persons.

from dataclasses import dataclass

import numpy as np

from data_gen.people.kinematics import JOINT, NUM_JOINTS, rotation, unit
from graph.ntu_rgb_d import AdjMatrixGraph

TRACKED, INFERRED = 2, 1
FIRST_BODY_ID = 72057594037900000  # Kinect's ids have 17 digits and begin like this one

# Standard deviation of the position noise of each joint at 3 m, metres: limbs' ends are small and
# quick.
NOISE_OF_PART = {
    "elbow": 0.006,
    "knee": 0.006,
    "wrist": 0.008,
    "ankle": 0.01,
    "hand": 0.01,
    "foot": 0.014,
    "hand_tip": 0.016,
    "thumb": 0.018,
}
JOINT_NOISE = np.array(
    [
        NOISE_OF_PART.get(name.removeprefix("left_").removeprefix("right_"), 0.004)
        for name in AdjMatrixGraph.joint_names
    ]
)
LIMBS = [
    [
        i
        for i, name in enumerate(AdjMatrixGraph.joint_names)
        if name.startswith(f"{side}_") and name.endswith(ends)
    ]
    for side in ("left", "right")
    for ends in (("elbow", "wrist", "hand", "tip", "thumb"), ("knee", "ankle", "foot"))
]
LEAVES = [
    JOINT[name]
    for name in (
        "head",
        "left_foot",
        "right_foot",
        "left_hand_tip",
        "left_thumb",
        "right_hand_tip",
        "right_thumb",
    )
]


@dataclass(frozen=True)
class Camera:
    """Where a camera stands: direction around the scene (radians, positive to the subject's left),
    distance, height, tilt downwards.
    """

    direction: float
    distance: float
    height: float
    tilt: float


def place_camera(number: int, rng: np.random.Generator) -> Camera:
    """Camera 1 stands in the middle, cameras 2 and 3 at -45 and +45 degrees, as in NTU RGB+D; the
    rest differs from setup to setup.
    """
    direction = np.deg2rad((0.0, -45.0, 45.0)[number - 1] + rng.normal(0.0, 2.0))
    height = rng.uniform(0.7, 1.8)
    distance = rng.uniform(2.7, 3.8)
    return Camera(
        direction, distance, height, np.arctan2(height - 0.95, distance) + rng.normal(0.0, 0.02)
    )


def view(scene: np.ndarray, camera: Camera) -> np.ndarray:
    """(..., 3) of the scene (x, floor at y = 0, z towards camera 1) -> (..., 3) in the camera
    frame: a rigid transform.
    """
    position = np.array(
        [
            camera.distance * np.sin(camera.direction),
            camera.height,
            camera.distance * np.cos(camera.direction),
        ]
    )
    facing = rotation(
        np.array([camera.tilt, camera.direction + np.pi, 0.0])
    )  # columns: the camera's axes in the scene
    return (scene - position) @ facing


@dataclass
class Track:
    """One body as the sensor reports it: joints (T, V, 3), state (T, V) TRACKED or INFERRED, ids
    (T,), 0 where it is not seen.
    """

    joints: np.ndarray
    state: np.ndarray
    ids: np.ndarray


@dataclass(frozen=True)
class Faults:
    """How often a clip suffers from what, as probabilities; the rest of the clips is clean but for
    noise.
    """

    burst: float = 0.15  # a limb jitters for a while, as if hidden
    gap: float = 0.06  # some frames in the middle without any body
    late: float = 0.05  # the first frames without any body
    new_id: float = 0.04  # tracking is lost and found: another id
    swap: float = 0.04  # two bodies change their places in the file
    ghost: float = 0.03  # furniture taken for a body
    ghost_of_pair: float = 0.15  # the same, when two persons are there


FAULTS = Faults()


def sense(
    bodies: np.ndarray, rng: np.random.Generator, faults: Faults = FAULTS
) -> list[list[tuple[Track, int]]]:
    """(M, T, V, 3) in the camera frame -> for every frame the (track, frame number) pairs that the
    sensor reports, in file order.
    """
    num_frames = bodies.shape[1]
    scale = np.exp(rng.normal(0.0, 0.35))
    tracks = [_noisy_track(body, scale, rng, faults) for body in bodies]
    if rng.random() < (faults.ghost_of_pair if len(tracks) > 1 else faults.ghost):
        tracks.append(_ghost(bodies, rng))
    order = rng.permutation(len(tracks)) if rng.random() < 0.5 else np.arange(len(tracks))
    swap_at = rng.integers(num_frames) if rng.random() < faults.swap else num_frames
    seen = _seen(num_frames, rng, faults)
    frames = []
    for t in range(num_frames):
        present = [(tracks[i], t) for i in order if seen[t] and tracks[i].ids[t]]
        frames.append(present if t < swap_at else present[::-1])
    return frames


def _seen(num_frames: int, rng: np.random.Generator, faults: Faults) -> np.ndarray:
    """(T,) bool: the frames in which the sensor sees anybody."""
    seen = np.ones(num_frames, bool)
    if rng.random() < faults.late:
        seen[: rng.integers(1, 6)] = False
    if rng.random() < faults.gap:
        start = rng.integers(5, num_frames - 5)
        seen[start : start + rng.integers(1, 5)] = False
    return seen


def _new_id(rng: np.random.Generator) -> int:
    return FIRST_BODY_ID + int(rng.integers(30000, 100000))


def _noisy_track(body: np.ndarray, scale: float, rng: np.random.Generator, faults: Faults) -> Track:
    """A person (T, V, 3) with sensor noise: white and slow, more in depth, more where the trunk
    hides a joint or a limb is lost.
    """
    num_frames = len(body)
    hidden = _hidden(body)
    state = np.where(hidden, INFERRED, TRACKED)
    size = scale * JOINT_NOISE * (1 + 1.5 * hidden) * (body[..., 2].mean() / 3) ** 2
    if rng.random() < faults.burst:
        limb, start = LIMBS[rng.integers(len(LIMBS))], rng.integers(num_frames)
        lost = slice(start, start + rng.integers(5, 16))
        size[lost, limb] += rng.uniform(0.02, 0.05)
        state[lost, limb] = INFERRED
    white = 0.6 * rng.normal(size=body.shape)
    slow = _smooth(rng.normal(size=body.shape), 9)
    ids = np.full(num_frames, _new_id(rng))
    if rng.random() < faults.new_id:
        ids[rng.integers(1, num_frames) :] = _new_id(rng)
    return Track(body + size[..., None] * (white + slow) * (1.0, 1.0, 1.3), state, ids)


def _hidden(body: np.ndarray) -> np.ndarray:
    """(T, V, 3) -> (T, V): joints at least 8 cm behind the spine, and nearer than 12 cm to it as
    the camera sees them.
    """
    top, base = body[:, JOINT["spine_shoulder"]], body[:, JOINT["spine_base"]]
    along = np.clip(
        (body[..., 1] - base[:, None, 1]) / (top - base)[:, None, 1].clip(0.05), 0.0, 1.0
    )
    spine = base[:, None] + along[..., None] * (top - base)[:, None]
    away = body - spine
    inside = (body[..., 1] < top[:, None, 1]) & (body[..., 1] > base[:, None, 1] - 0.05)
    return inside & (away[..., 2] > 0.08) & (np.abs(away[..., 0]) < 0.12)


def _smooth(noise: np.ndarray, width: int) -> np.ndarray:
    """Running mean over the frames, rescaled to standard deviation 1."""
    padded = np.pad(noise, ((width // 2, width // 2), (0, 0), (0, 0)), mode="reflect")
    total = np.cumsum(np.concatenate([np.zeros_like(padded[:1]), padded]), 0)
    return (total[width:] - total[:-width]) / np.sqrt(width)


def _ghost(bodies: np.ndarray, rng: np.random.Generator) -> Track:
    """A chair taken for a body: a crumpled skeleton beside the scene that only jitters, for all or
    a part of the clip.
    """
    num_frames = bodies.shape[1]
    shape = bodies[0, 0] - bodies[0, 0, JOINT["spine_base"]]
    shape = shape * (0.5, 0.35, 0.5) @ rotation(rng.uniform(-0.4, 0.4, 3))
    beside = bodies[0, 0, JOINT["spine_base"]] + (
        rng.choice((-1.0, 1.0)) * rng.uniform(0.7, 1.2),
        -0.4,
        rng.uniform(-0.2, 0.8),
    )
    jitter = rng.uniform(0.003, 0.02) * rng.normal(size=(num_frames, NUM_JOINTS, 3))
    ids = np.full(num_frames, _new_id(rng))
    if rng.random() < 0.5:
        start = rng.integers(num_frames)
        ids[:start], ids[start + rng.integers(3, 20) :] = 0, 0
    return Track(beside + shape + jitter, np.full((num_frames, NUM_JOINTS), INFERRED), ids)


def format_clip(frames: list[list[tuple[Track, int]]]) -> str:
    """The text of a .skeleton file, see the module `synthetic`."""
    tracks = {id(track): track for frame in frames for track, _ in frame}
    tables = {key: _joint_table(track) for key, track in tracks.items()}
    lines = [str(len(frames))]
    for frame in frames:
        lines.append(str(len(frame)))
        for track, t in frame:
            lean = _lean(track.joints[t])
            lines.append(BODY_LINES % (track.ids[t], *lean, *tables[id(track)][t]))
    return "\n".join(lines) + "\n"


# Body id, clipped edges, confidence and state of both hands, restricted, lean in x and y, tracking
# state; then the joints.
BODY_LINES = (
    "%d 0 1 1 1 1 0 %.6g %.6g 2\n"
    + f"{NUM_JOINTS}\n"
    + "\n".join(["%.7g %.7g %.7g %.4f %.4f %.4f %.4f %.5g %.5g %.5g %.5g %d"] * NUM_JOINTS)
)


def _lean(joints: np.ndarray) -> tuple[float, float]:
    """How far the trunk leans aside and towards the camera: -1 to 1 for -45 to 45 degrees."""
    trunk = joints[JOINT["spine_shoulder"]] - joints[JOINT["spine_base"]]
    aside, ahead = np.arctan2((trunk[0], -trunk[2]), abs(trunk[1]) + 1e-6) / (np.pi / 4)
    return float(np.clip(aside, -1, 1)), float(np.clip(ahead, -1, 1))


def _joint_table(track: Track) -> list[list[float]]:
    """The 25 x 12 values of every frame: position, depth and colour pixel, orientation, state."""
    joints = track.joints
    depth_x, depth_y = _pixel(joints, 365.0, 256.0, 212.0)
    seen_from_beside = np.add(joints, (0.052, 0.0, 0.0))  # the colour camera's place
    color_x, color_y = _pixel(seen_from_beside, 1060.0, 960.0, 540.0)
    columns = [
        joints,
        np.stack([depth_x, depth_y, color_x, color_y], -1),
        _orientation(joints),
        track.state[..., None],
    ]
    return np.concatenate(columns, -1).reshape(len(joints), -1).tolist()


def _pixel(
    joints: np.ndarray, focal: float, center_x: float, center_y: float
) -> tuple[np.ndarray, np.ndarray]:
    """Pinhole projection; the picture is a mirror image, as the Kinect's are."""
    return center_x + focal * joints[..., 0] / joints[..., 2], center_y - focal * joints[
        ..., 1
    ] / joints[..., 2]


def _orientation(joints: np.ndarray) -> np.ndarray:
    """(T, V, 3) -> (T, V, 4) quaternions W X Y Z that turn +y into the bone to the joint; 0 for the
    ends of limbs, as the Kinect reports.
    """
    bones = np.zeros_like(joints)
    for child, parent in AdjMatrixGraph.edges:
        bones[:, child] = joints[:, child] - joints[:, parent]
    bone = unit(bones)
    x, y, z = np.moveaxis(bone, -1, 0)
    quaternion = np.stack([1 + y, z, np.zeros_like(x), -x], -1)  # halfway between +y and the bone
    quaternion /= np.maximum(np.linalg.norm(quaternion, axis=-1, keepdims=True), 1e-6)
    quaternion[:, LEAVES] = 0.0
    return quaternion
