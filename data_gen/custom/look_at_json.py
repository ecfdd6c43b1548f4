"""Inspect JSON: the files of estimators and sensors, or nested lists."""
# Shapes: T frames, V joints, C channels.

from collections.abc import Iterator
from typing import Any

import numpy as np

from data_gen.custom.axes import Look, look_at_array
from graph.named import skeleton_class

HAND_JOINTS, KINECT_JOINTS, KINETICS_JOINTS = 21, 32, 18
MAX_DEPTH = 4  # of mappings that are searched for arrays


def look_at_json(content: Any) -> Look:
    """What the content of a JSON file probably is."""
    if isinstance(content, dict) and isinstance(content.get("instance_info"), list):
        return _mmpose(content["instance_info"], content.get("meta_info"))
    first = next(iter(content), None) if isinstance(content, list) else None
    entry = first if isinstance(first, dict) else {}
    if {"frame_id", "instances"} <= entry.keys():
        return _mmpose(content, None)
    if "image_id" in entry and isinstance(entry.get("keypoints"), list):
        joints = len(entry["keypoints"]) // 3
        return Look({"format": "coco"}, joints, f"{len(content)} keypoint results")
    point = first[0] if isinstance(first, list) and first and isinstance(first[0], dict) else {}
    if {"x", "y"} <= point.keys() or any("landmark" in str(name).lower() for name in entry):
        landmarks = skeleton_class("hand21" if _has_hand(first) else "mediapipe33")
        names = tuple(landmarks.joint_names)
        note = f"{len(content)} frames of MediaPipe"
        return Look({"format": "mediapipe"}, len(names), note, names=names)
    if isinstance(content, dict) and _is_kinetics(content.get("data")):
        people = (person for frame in content["data"] for person in frame["skeleton"])
        joints = next((len(person["score"]) for person in people), KINETICS_JOINTS)
        return Look({"format": "kinetics"}, joints, f"{len(content['data'])} frames as of Kinetics")
    frames = content.get("frames") if isinstance(content, dict) else None
    if isinstance(frames, list) and any(isinstance(f, dict) and "bodies" in f for f in frames[:1]):
        return Look({"format": "kinect"}, KINECT_JOINTS, f"{len(frames)} frames of Azure Kinect")
    arrays = dict(_nested(content))
    if arrays:
        path = max(arrays, key=lambda name: arrays[name].size)
        reader = {"format": "json"} | ({"path": path} if path else {})
        return look_at_array(reader, arrays[path].shape, arrays[path])
    keys = ", ".join(map(str, content)) if isinstance(content, dict) else "a list"
    return Look({"format": "json"}, 0, f"JSON with {keys}")


def _mmpose(frames: list[Any], meta: Any) -> Look:
    found = (frame.get("instances") for frame in frames if isinstance(frame, dict))
    people = [each for group in found if isinstance(group, list) for each in group]
    first = people[0] if people and isinstance(people[0], dict) else {}
    scores = first.get("keypoint_scores")
    names = meta.get("keypoint_id2name") if isinstance(meta, dict) else None
    names = tuple(map(str, names.values())) if isinstance(names, dict) else ()
    joints = len(scores) if isinstance(scores, list) else len(names)
    return Look({"format": "mmpose"}, joints, f"{len(frames)} frames of MMPose", names=names)


def _has_hand(frame: Any) -> bool:
    """Whether a frame of MediaPipe has somewhere as many landmarks in a list as a hand."""
    inside = frame.values() if isinstance(frame, dict) else frame if isinstance(frame, list) else ()
    is_one = isinstance(frame, list) and len(frame) == HAND_JOINTS
    return is_one or any(_has_hand(each) for each in inside if isinstance(each, (dict, list)))


def _is_kinetics(frames: Any) -> bool:
    """Whether these are the frames of a file as of Kinetics-Skeleton."""
    return isinstance(frames, list) and all(
        isinstance(frame, dict)
        and isinstance(people := frame.get("skeleton"), list)
        and all(isinstance(p, dict) and isinstance(p.get("score"), list) for p in people)
        for frame in frames
    )


def _nested(value: Any, path: str = "") -> Iterator[tuple[str, np.ndarray]]:
    """Nested lists of numbers with two axes at least, by their paths."""
    if isinstance(value, dict) and path.count(".") < MAX_DEPTH:
        for name, item in value.items():
            yield from _nested(item, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list):
        try:
            array = np.array(value)
        except ValueError:  # of different lengths
            return
        if array.ndim > 1 and array.dtype.kind in "fiu":
            yield path, array
