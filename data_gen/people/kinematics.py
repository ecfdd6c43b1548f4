"""A 25-joint body in motion: the bone lengths of a subject, and joints from a posture by forward
and two-bone inverse kinematics.

The body frame is right-handed: x to the body's own left, y up, z forward; the floor is y = 0 and
the feet stand around the origin. Lengths are metres, angles radians as (pitch forward, yaw to the
left, roll to the right).
"""
# Shapes: T frames, V joints (25).

from dataclasses import dataclass

import numpy as np

from graph.ntu_rgb_d import AdjMatrixGraph

JOINT = {name: index for index, name in enumerate(AdjMatrixGraph.joint_names)}
NUM_JOINTS = len(JOINT)
SIDES = {"left": 1.0, "right": -1.0}

# The channels of a posture and their sizes; `solve` says what they mean.
POSITIONS = (
    "pelvis",
    "left_wrist",
    "right_wrist",
    "left_palm",
    "right_palm",
    "left_point",
    "right_point",
    "left_foot",
    "right_foot",
)
ANGLES = ("hips", "spine", "head")
WEIGHTS = ("left_swivel", "right_swivel", "left_grasp", "right_grasp", "left_toe", "right_toe")
CHANNEL_SIZES = {**dict.fromkeys(POSITIONS + ANGLES, 3), **dict.fromkeys(WEIGHTS, 1)}

Posture = dict[str, np.ndarray]


@dataclass(frozen=True)
class Body:
    """Bone lengths of one subject, in metres; the trunk, the limbs, and how far hips and shoulders
    stand out from the spine.
    """

    pelvis_to_mid: float
    mid_to_shoulder: float
    neck: float
    head: float
    half_shoulders: float
    shoulder_drop: float
    upper_arm: float
    forearm: float
    hand: float
    hand_tip: float
    thumb: float
    half_hips: float
    hip_drop: float
    thigh: float
    shin: float
    foot: float
    ankle_height: float

    @property
    def arm(self) -> float:
        """Shoulder to wrist."""
        return self.upper_arm + self.forearm

    @property
    def leg(self) -> float:
        """Hip to ankle."""
        return self.thigh + self.shin

    @property
    def pelvis_height(self) -> float:
        """Height of the base of the spine when standing, knees barely bent."""
        return self.ankle_height + 0.99 * self.leg + self.hip_drop

    @property
    def shoulder_height(self) -> float:
        """Height of the spine between the shoulders when standing upright."""
        return self.pelvis_height + self.pelvis_to_mid + self.mid_to_shoulder


# Bone lengths as fractions of a body's height: the usual anthropometric tables, bent to what a
# Kinect reports.
PROPORTIONS = Body(
    pelvis_to_mid=0.165,
    mid_to_shoulder=0.125,
    neck=0.04,
    head=0.085,
    half_shoulders=0.1,
    shoulder_drop=0.022,
    upper_arm=0.165,
    forearm=0.143,
    hand=0.042,
    hand_tip=0.045,
    thumb=0.035,
    half_hips=0.047,
    hip_drop=0.018,
    thigh=0.245,
    shin=0.24,
    foot=0.072,
    ankle_height=0.045,
)


def random_body(rng: np.random.Generator) -> Body:
    """A subject of 1.5 to 1.95 m whose limbs, breadth and single bones depart from the average by
    some percent.
    """
    height = rng.uniform(1.5, 1.95)
    limbs, breadth = np.clip(rng.normal(0.0, 0.035, 2), -0.07, 0.07)
    trend = dict.fromkeys(("upper_arm", "forearm", "thigh", "shin"), limbs) | dict.fromkeys(
        ("half_shoulders", "half_hips"), 2 * breadth
    )
    own = np.clip(rng.normal(0.0, 0.025, len(vars(PROPORTIONS))), -0.05, 0.05)
    lengths = zip(vars(PROPORTIONS).items(), own, strict=True)
    return Body(
        **{
            name: float(height * fraction * (1 + trend.get(name, 0.0) + by))
            for (name, fraction), by in lengths
        }
    )


def rotation(angles: np.ndarray) -> np.ndarray:
    """(..., 3) pitch, yaw, roll -> (..., 3, 3): roll about z, then pitch about x, yaw about y."""
    sin, cos = np.moveaxis(np.sin(angles), -1, 0), np.moveaxis(np.cos(angles), -1, 0)
    (sp, sy, sr), (cp, cy, cr) = sin, cos
    rows = (
        (cy * cr + sy * sp * sr, -cy * sr + sy * sp * cr, sy * cp),
        (cp * sr, cp * cr, -sp),
        (-sy * cr + cy * sp * sr, sy * sr + cy * sp * cr, cy * cp),
    )
    return np.stack([np.stack(row, -1) for row in rows], -2)


def unit(vectors: np.ndarray) -> np.ndarray:
    """(..., 3) -> (..., 3) of length 1; a zero vector stays (nearly) zero."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)


def apply(rotations: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """(..., 3, 3), (..., 3) -> (..., 3), both broadcast."""
    return (rotations @ np.asarray(vectors, float)[..., None])[..., 0]


def two_bones(
    start: np.ndarray, target: np.ndarray, first: float, second: float, bend: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Middle joint and end of a two-bone limb from `start` that reaches for `target`, the middle
    joint towards `bend`.

    start, target, bend: (T, 3); first, second: bone lengths. -> two (T, 3). Out of reach, the limb
    points at the target, almost stretched; too close, it folds as far as a limb does. The bones
    keep their lengths in either case.
    """
    away = target - start
    distance = np.clip(
        np.linalg.norm(away, axis=-1, keepdims=True),
        abs(first - second) + 0.25 * min(first, second),
        0.997 * (first + second),
    )
    along = unit(away)
    foot = (first**2 - second**2 + distance**2) / (2 * distance)
    across = unit(bend - (bend * along).sum(-1, keepdims=True) * along)
    middle = start + foot * along + np.sqrt(np.maximum(first**2 - foot**2, 0.0)) * across
    return middle, start + distance * along


def clear_of_trunk(points: np.ndarray, body: Body) -> np.ndarray:
    """(T, 3) in the chest frame -> (T, 3): what lies inside the trunk moves straight out to its
    surface, an upright elliptic cylinder.
    """
    half_width, half_depth = 0.95 * body.half_shoulders, 0.62 * body.half_shoulders
    inside = np.hypot(points[:, 0] / half_width, points[:, 2] / half_depth)
    below = 1 / (1 + np.exp((points[:, 1] - 0.02) / 0.02))  # the trunk ends at the shoulders
    out = 1 + below * (1 / np.clip(inside, 0.3, 1.0) - 1)
    return points * np.stack([out, np.ones_like(out), out], -1)


def solve(body: Body, posture: Posture) -> np.ndarray:
    """Joints (T, V, 3) of a body in the postures {channel: (T, size)}.

    pelvis: offset of the base of the spine from standing, in leg lengths. hips: angles of the
    pelvis. spine, head: angles relative to the pelvis and to the chest. wrist: target in the chest
    frame (origin between the shoulders), metres. palm: pull on the direction of the hand away from
    the forearm's, chest frame. grasp: how far (0 to 1) the point, metres in the body frame,
    replaces the wrist's target. swivel: how far the elbow is lifted outwards, radians. foot: offset
    of the ankle from its footprint, in leg lengths. toe: pitch of the foot downwards, radians.
    """
    num_frames = len(posture["pelvis"])
    joints = np.empty((num_frames, NUM_JOINTS, 3))
    _solve_trunk(body, posture, joints)
    pelvis = rotation(posture["hips"])
    chest = pelvis @ rotation(posture["spine"])
    for side in SIDES:
        _solve_arm(body, posture, side, chest, joints)
        _solve_leg(body, posture, side, pelvis, joints)
    return joints


def _solve_trunk(body: Body, posture: Posture, joints: np.ndarray) -> None:
    """Fill in the spine, neck and head."""
    pelvis = rotation(posture["hips"])
    middle, chest = pelvis @ rotation(0.5 * posture["spine"]), pelvis @ rotation(posture["spine"])
    base = body.leg * posture["pelvis"] + (0.0, body.pelvis_height, 0.0)
    mid = base + apply(middle, (0.0, body.pelvis_to_mid, 0.0))
    top = mid + apply(chest, (0.0, body.mid_to_shoulder, 0.0))
    neck = top + apply(chest @ rotation(0.4 * posture["head"]), (0.0, body.neck, 0.0))
    head = neck + apply(chest @ rotation(posture["head"]), (0.0, 0.98 * body.head, 0.2 * body.head))
    for name, position in zip(
        ("spine_base", "spine_mid", "spine_shoulder", "neck", "head"),
        (base, mid, top, neck, head),
        strict=True,
    ):
        joints[:, JOINT[name]] = position


def _solve_arm(
    body: Body, posture: Posture, side: str, chest: np.ndarray, joints: np.ndarray
) -> None:
    """Fill in shoulder, elbow, wrist, hand, hand tip and thumb of one side."""
    outward = SIDES[side]
    top = joints[:, JOINT["spine_shoulder"]]
    wrist = clear_of_trunk(posture[f"{side}_wrist"], body)
    lift = 0.35 / (
        1 + np.exp(-8 * (wrist[:, 1] / body.arm - 0.1))
    )  # the shoulder rises with the hand
    collar = np.arctan2(-body.shoulder_drop, body.half_shoulders) + lift
    reach = np.hypot(body.shoulder_drop, body.half_shoulders)
    shoulder = top + apply(
        chest,
        np.stack(
            [outward * reach * np.cos(collar), reach * np.sin(collar), np.zeros_like(collar)], -1
        ),
    )
    grasp = posture[f"{side}_grasp"]
    target = (1 - grasp) * (top + apply(chest, wrist)) + grasp * posture[f"{side}_point"]
    swivel = posture[f"{side}_swivel"][:, 0]
    bend = apply(
        chest,
        np.stack([outward * np.sin(swivel), -np.cos(swivel), np.full_like(swivel, -0.45)], -1),
    )
    elbow, end = two_bones(shoulder, target, body.upper_arm, body.forearm, bend)
    ahead = unit(unit(end - elbow) + apply(chest, posture[f"{side}_palm"]))
    thumbward = apply(chest, (-0.3 * outward, 0.6, 0.8))
    thumbward = unit(thumbward - (thumbward * ahead).sum(-1, keepdims=True) * ahead)
    hand = end + body.hand * ahead
    parts = {
        "shoulder": shoulder,
        "elbow": elbow,
        "wrist": end,
        "hand": hand,
        "hand_tip": hand + body.hand_tip * ahead,
    }
    parts["thumb"] = hand + body.thumb * (0.6 * ahead + 0.8 * thumbward)
    for name, position in parts.items():
        joints[:, JOINT[f"{side}_{name}"]] = position


def _solve_leg(
    body: Body, posture: Posture, side: str, pelvis: np.ndarray, joints: np.ndarray
) -> None:
    """Fill in hip, knee, ankle and foot of one side; the ankle stays on its footprint unless the
    posture lifts it.
    """
    outward = SIDES[side]
    hip = joints[:, JOINT["spine_base"]] + apply(
        pelvis, (outward * body.half_hips, -body.hip_drop, 0.0)
    )
    target = body.leg * posture[f"{side}_foot"] + (
        outward * 1.5 * body.half_hips,
        body.ankle_height,
        0.0,
    )
    heading = rotation(posture["hips"] * (0.0, 1.0, 0.0))
    knee, ankle = two_bones(
        hip, target, body.thigh, body.shin, apply(heading, (0.15 * outward, 0.35, 1.0))
    )
    slope = (
        0.42 + posture[f"{side}_toe"][:, 0]
    )  # the Kinect's foot joint lies low at the toes, the ankle above the heel
    toes = np.stack([np.full_like(slope, 0.15 * outward), -np.sin(slope), np.cos(slope)], -1)
    foot = ankle + body.foot * unit(apply(heading, toes))
    for name, position in {"hip": hip, "knee": knee, "ankle": ankle, "foot": foot}.items():
        joints[:, JOINT[f"{side}_{name}"]] = position
