"""Convert joints from one skeleton to another by their names.

A joint that the source lacks is the mean of joints around it: the neck is between the shoulders,
the pelvis between the hips, a hand at the knuckles or else at the wrist. It is an approximation:
estimators do not place joints as a Kinect does.
"""
# Shapes: M persons, T frames, V joints, C channels.

from collections.abc import Mapping, Sequence

import numpy as np

HIPS, SHOULDERS = ("left_hip", "right_hip"), ("left_shoulder", "right_shoulder")
TRUNK = (*HIPS, *SHOULDERS)
HEAD = ("left_ear", "right_ear")
SAME = (
    ("mid_hip", "pelvis", "spine_base", "hip_center", "hip"),
    ("neck", "shoulder_center", "spine_shoulder", "thorax"),
    ("spine_mid", "spine", "spine_middle", "spine_navel", "torso"),
    ("spine_upper", "spine_chest"),
)
# Substitutes of a joint, the best first; {side} is left or right.
BETWEEN: dict[str, tuple[tuple[str, ...], ...]] = {
    **dict.fromkeys(SAME[0], (HIPS,)),
    **dict.fromkeys(SAME[1], (SHOULDERS,)),
    **dict.fromkeys(SAME[2], (TRUNK,)),
    **dict.fromkeys(SAME[3], ((*SHOULDERS, *TRUNK), SHOULDERS)),
    "spine_lower": ((*HIPS, *TRUNK), HIPS),
    "neck_upper": (("neck", "head"), (*SHOULDERS, *HEAD), (*SHOULDERS, "nose"), ("neck",)),
    "head_top": (("head",), HEAD, ("nose",)),
    "head": (HEAD, ("left_eye", "right_eye"), ("nose",)),
    "nose": (("left_eye", "right_eye"), ("head",)),
    "{side}_hand": (("{side}_index", "{side}_pinky"), ("{side}_hand_tip",), ("{side}_wrist",)),
    "{side}_hand_tip": (("{side}_index",), ("{side}_hand",), ("{side}_wrist",)),
    "{side}_thumb": (("{side}_hand",), ("{side}_wrist",)),
    "{side}_index": (("{side}_hand_tip",), ("{side}_hand",), ("{side}_wrist",)),
    "{side}_pinky": (("{side}_hand",), ("{side}_wrist",)),
    "{side}_wrist": (("{side}_hand",),),
    "{side}_foot": (("{side}_foot_index",), ("{side}_big_toe",), ("{side}_ankle",)),
    "{side}_foot_index": (("{side}_foot",), ("{side}_big_toe",), ("{side}_ankle",)),
    "{side}_big_toe": (("{side}_foot_index",), ("{side}_foot",), ("{side}_ankle",)),
    "{side}_small_toe": (("{side}_foot_index",), ("{side}_foot",), ("{side}_ankle",)),
    "{side}_heel": (("{side}_ankle",),),
    "{side}_ankle": (("{side}_foot",),),
    "{side}_collar": (("{side}_shoulder", "neck"), ("{side}_shoulder",)),
    "{side}_clavicle": (("{side}_shoulder", "neck"), ("{side}_shoulder",)),
    "{side}_eye": (("nose",), ("head",)),
    "{side}_ear": (("{side}_eye",), ("head",)),
    "{side}_eye_inner": (("{side}_eye",), ("nose",), ("head",)),
    "{side}_eye_outer": (("{side}_eye",), ("nose",), ("head",)),
    "mouth_{side}": (("nose",), ("head",)),
}


def converted(
    clip: np.ndarray, names: Sequence[str], wanted: Sequence[str], has_score: bool = False
) -> np.ndarray:
    """(M, T, V, C) of joints `names` -> (M, T, V', C) of joints `wanted`; a new array.

    A mean of joints is 0 where one of them was not seen; its score is the lowest of theirs.

    Args:
        has_score: whether the last channel is a confidence.

    Raises:
        ValueError: nothing stands for a joint.
    """
    sources = matched(names, wanted)
    out = np.zeros((*clip.shape[:2], len(wanted), clip.shape[3]), clip.dtype)
    for number, name in enumerate(wanted):
        parts = clip[:, :, [names.index(source) for source in sources[name]]]  # (M, T, P, C)
        place = parts.mean(axis=2)
        if has_score:
            place[..., -1] = parts[..., -1].min(axis=2)
        seen = parts.any(axis=3).all(axis=2)
        out[:, :, number] = np.where(seen[..., None], place, 0)
    return out


def matched(names: Sequence[str], wanted: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """For each wanted joint the given ones whose mean it is.

    Raises:
        ValueError: nothing stands for a joint.
    """
    return {name: _sources(name, names) for name in wanted}


def _sources(name: str, names: Sequence[str]) -> tuple[str, ...]:
    if name in names:
        return (name,)
    for group in SAME:
        if name in group and (same := [other for other in group if other in names]):
            return (same[0],)
    for option in _options(name, BETWEEN):
        if set(option) <= set(names):
            return option
    raise ValueError(
        f"no joint stands for {name!r} among {', '.join(names)}. Convert to another skeleton."
    )


def _options(name: str, table: Mapping[str, tuple[tuple[str, ...], ...]]) -> list[tuple[str, ...]]:
    found = list(table.get(name, ()))
    for side in ("left", "right"):
        general = name.replace(side, "{side}")
        if general != name:
            options = table.get(general, ())
            found += [tuple(source.format(side=side) for source in each) for each in options]
    return found
