"""UDIVA v0.5: the 24 body joints of SMPL (Palmero et al., WACVW 2021; Loper et al., 2015)."""

import numpy as np

from graph.skeleton import SkeletonGraph

PELVIS = 0  # the root of the bones


class AdjMatrixGraph(SkeletonGraph):
    """The SMPL body."""

    # fmt: off
    joint_names = (
        "pelvis", "left_hip", "right_hip", "spine_lower",
        "left_knee", "right_knee", "spine_middle", "left_ankle", "right_ankle",
        "spine_upper", "left_foot", "right_foot", "neck", "left_collar", "right_collar",
        "head", "left_shoulder", "right_shoulder", "left_elbow", "right_elbow",
        "left_wrist", "right_wrist", "left_hand", "right_hand",
    )
    edges = (
        (1, 0), (4, 1), (7, 4), (10, 7),  # left leg
        (2, 0), (5, 2), (8, 5), (11, 8),  # right leg
        (3, 0), (6, 3), (9, 6), (12, 9), (15, 12),  # spine and head
        (13, 9), (16, 13), (18, 16), (20, 18), (22, 20),  # left arm
        (14, 9), (17, 14), (19, 17), (21, 19), (23, 21),  # right arm
    )
    bones = (*edges, (PELVIS, PELVIS))
    # fmt: on


class CompleteGraph(AdjMatrixGraph):
    """Every joint linked with every other: what the released Laban code computes with.

    Published code: an edge is a list [i, j], which numpy takes for the rows i and j, so that whole
    rows are linked. Hence scale 1 is the mean over all joints, and the scales above are the joint
    itself. Weights trained with that code need this graph; the paper describes the skeleton.
    """

    def __init__(self) -> None:
        super().__init__()
        self.A_binary_with_I = np.ones_like(self.A_binary)
        self.A_binary = self.A_binary_with_I - np.eye(self.num_nodes, dtype=np.float32)
