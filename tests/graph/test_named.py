"""Skeletons as data: those shipped, and errors in a user's own."""

import numpy as np
import pytest
import yaml

from graph import kinetics, ntu_rgb_d, ucla, udiva
from graph.named import make_skeleton, shipped, skeleton_class

SIZES = {
    "ntu_rgb_d": 25, "kinect_v1": 20, "utd_mhad": 20, "msr_action3d": 20, "openpose_coco": 18,
    "openpose_body25": 25, "coco17": 17, "halpe26": 26, "mediapipe33": 33, "azure_kinect32": 32,
    "smpl24": 24, "h36m17": 17, "kinect_15": 15, "zeroeggs": 27,
    "bandai_namco": 21, "hand21": 21, "hand22": 22,
}  # fmt: skip
PUBLISHED = {
    "ntu_rgb_d": ntu_rgb_d,
    "kinect_v1": ucla,
    "openpose_coco": kinetics,
    "smpl24": udiva,
}


@pytest.mark.parametrize("name", SIZES)
def test_a_shipped_skeleton_is_one_tree_with_two_sides(name):
    skeleton = skeleton_class(name)()
    assert skeleton.num_nodes == SIZES[name] == len(skeleton.bones)
    assert [child for child, _ in skeleton.bones] == list(range(skeleton.num_nodes))
    reached = np.linalg.matrix_power(skeleton.A_binary_with_I, skeleton.num_nodes) > 0
    assert reached.all()
    images = skeleton.mirror_images()
    assert [images[image] for image in images] == list(range(skeleton.num_nodes))
    for joint, image in enumerate(images):
        has_side = {"left", "right"} & set(skeleton.joint_names[joint].split("_"))
        assert (joint != image) == bool(has_side)


def test_joints_may_have_other_names_in_files(tmp_path):
    zeroeggs = skeleton_class("zeroeggs")
    assert zeroeggs.file_names[zeroeggs.joint_names.index("left_elbow")] == "LeftForeArm"
    assert skeleton_class("smpl24").file_names == skeleton_class("smpl24").joint_names
    tree = {"joints": ["a", "b"], "bones": {"b": "a"}, "root": "a"}
    assert make_skeleton("x", tree | {"files": {"b": "B"}}).file_names == ("a", "B")
    for files in ({"c": "C"}, {"a": 3}, ["a"]):
        with pytest.raises(ValueError, match=r"unknown joint 'c'|files must be a mapping"):
            make_skeleton("x", tree | {"files": files})


def test_all_are_listed():
    assert shipped() == sorted(SIZES)


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_names_have_the_same_tables(name):
    assert PUBLISHED[name].AdjMatrixGraph.bones == skeleton_class(name).bones
    assert np.array_equal(
        PUBLISHED[name].AdjMatrixGraph().A_binary, skeleton_class(name)().A_binary
    )


OWN = {
    "joints": ["hip", "head", "left_hand", "right_hand"],
    "bones": {"head": "hip", "left_hand": "head", "right_hand": "head"},
    "root": "hip",
}


def test_a_file_of_ones_own(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text(yaml.safe_dump({**OWN, "edges": [["left_hand", "right_hand"]], "up": "-y"}))
    skeleton = skeleton_class(str(path))
    assert skeleton.bones == ((0, 0), (1, 0), (2, 1), (3, 1)) and skeleton.up == "-y"
    assert skeleton().A_binary[2, 3] == 1 and skeleton.mirror_images() == [0, 1, 3, 2]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"joints": ["hip", "head", "head"]}, "duplicate joint 'head'"),
        ({"bones": {"head": "hip", "left_hand": "neck"}}, "unknown joint 'neck'"),
        ({"bones": {"head": "hip", "left_hand": "head"}}, "right_hand has no parent"),
        (
            {"bones": {"head": "left_hand", "left_hand": "head", "right_hand": "head"}},
            "in a circle",
        ),
        ({"bones": {**OWN["bones"], "hip": "head"}}, "the root hip must have no parent"),
        ({"bones": [["head", "hip"], ["head", "hip"]]}, "two parents"),
        ({"bones": {"head": "head"}}, "must link two joints"),
        ({"root": None}, "unknown joint None"),
        ({"root": ["hip"]}, "unknown joint"),
        ({"up": "north"}, "up must be one of"),
        ({"colour": 1}, "unknown key 'colour'"),
        ({"edges": [["hip"]]}, "edges must be pairs"),
        ({"joints": "hip"}, "joints must be a list"),
        ({"mirror": [["hip", "x"]]}, "unknown joint 'x'"),
    ],
)
def test_what_is_no_skeleton_is_one_line(change, said):
    with pytest.raises(ValueError, match=said):
        make_skeleton("own", {**OWN, **change})


BOMB = "a0: &a0 [x]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12)
)  # aliases of aliases


@pytest.mark.parametrize(
    ("text", "said"),
    [("joints: [", "is not a skeleton"), ("- 1", "must have joints"), ("", "must have joints"),
     ("root: hip\nroot: head", "root is given twice"),
     (BOMB, "more than any")],
)  # fmt: skip
def test_what_is_no_file_of_a_skeleton_is_named(tmp_path, text, said):
    path = tmp_path / f"{abs(hash(text))}.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match=said):
        skeleton_class(str(path))


def test_an_unknown_name_lists_those_there_are():
    with pytest.raises(
        ValueError, match=r"no skeleton 'coco18'. Shipped are azure_kinect32, bandai_namco, coco17"
    ):
        skeleton_class("coco18")
    with pytest.raises(ValueError, match="no skeleton file"):
        skeleton_class("absent.yaml")
