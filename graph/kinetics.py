"""Kinetics-Skeleton: 18 joints of OpenPose's COCO model (Yan et al., AAAI 2018)."""

from graph.skeleton import SkeletonGraph


class AdjMatrixGraph(SkeletonGraph):
    """The OpenPose skeleton. Its bones are not its edges: hips and ears hang on other parents."""

    # fmt: off
    joint_names = (
        "nose", "neck",
        "right_shoulder", "right_elbow", "right_wrist",
        "left_shoulder", "left_elbow", "left_wrist",
        "right_hip", "right_knee", "right_ankle",
        "left_hip", "left_knee", "left_ankle",
        "right_eye", "left_eye", "right_ear", "left_ear",
    )
    edges = (
        (4, 3), (3, 2), (7, 6), (6, 5),  # arms
        (13, 12), (12, 11), (10, 9), (9, 8),  # legs
        (11, 5), (8, 2), (5, 1), (2, 1),  # hips to shoulders to neck
        (0, 1), (15, 0), (14, 0), (17, 15), (16, 14),  # head
    )
    bones = (
        (0, 0), (1, 0),  # the nose is the root
        (2, 1), (3, 2), (4, 3), (5, 1), (6, 5), (7, 6),  # arms
        (8, 2), (9, 8), (10, 9), (11, 5), (12, 11), (13, 12),  # legs
        (14, 0), (15, 0), (16, 14), (17, 15),  # eyes and ears
    )
    # fmt: on
