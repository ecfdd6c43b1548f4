"""Joints of one skeleton from another's, by name."""

import numpy as np
import pytest

from graph.joint_matching import converted, matched
from graph.named import shipped, skeleton_class

ESTIMATED = ("mediapipe33", "coco17", "halpe26", "openpose_body25")
HANDS = ("hand21", "hand22")


@pytest.mark.parametrize("given", ESTIMATED)
@pytest.mark.parametrize("wanted", [name for name in shipped() if name not in HANDS])
def test_every_estimator_gives_every_body(given, wanted):
    names, targets = (skeleton_class(name).joint_names for name in (given, wanted))
    for name, sources in matched(names, targets).items():
        assert set(sources) <= set(names)
        sides = {word for word in ("left", "right") if word in name}
        found = {word for word in ("left", "right") for s in sources if word in s}
        assert found <= sides or found == {"left", "right"}  # never from the other side alone


def test_means_of_joints_are_seen_where_all_are():
    names = ("left_hip", "right_hip", "left_shoulder", "right_shoulder")
    clip = np.zeros((1, 2, 4, 3))
    clip[0, 0] = [[1, 0, 0.9], [3, 2, 0.5], [1, 4, 0.8], [3, 4, 0.7]]
    clip[0, 1, 0] = [1, 0, 0.9]  # the right hip is not seen
    out = converted(clip, names, ("pelvis", "neck", "left_hip"), has_score=True)
    assert out[0, 0].tolist() == [[2, 1, 0.5], [2, 4, 0.7], [1, 0, 0.9]]
    assert out[0, 1].tolist() == [[0, 0, 0], [0, 0, 0], [1, 0, 0.9]]


@pytest.mark.parametrize("given", ESTIMATED)
@pytest.mark.parametrize("wanted", HANDS)
def test_no_hand_is_made_of_a_body(given, wanted):
    names, targets = (skeleton_class(name).joint_names for name in (given, wanted))
    with pytest.raises(ValueError, match="no joint stands for 'wrist'"):
        matched(names, targets)


def test_a_joint_without_substitute_is_said():
    with pytest.raises(ValueError, match="no joint stands for 'left_knee' among nose"):
        matched(("nose",), ("left_knee",))
