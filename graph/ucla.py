"""NW-UCLA: 20 joints of the Kinect v1 (Wang et al., CVPR 2014)."""

from graph.skeleton import SkeletonGraph

SHOULDER_CENTER = 2  # the root of the bones; joint 3 in the data set's own count


class AdjMatrixGraph(SkeletonGraph):
    """The Kinect v1 skeleton; diameter 10."""

    # fmt: off
    joint_names = (
        "hip_center", "spine", "shoulder_center", "head",
        "left_shoulder", "left_elbow", "left_wrist", "left_hand",
        "right_shoulder", "right_elbow", "right_wrist", "right_hand",
        "left_hip", "left_knee", "left_ankle", "left_foot",
        "right_hip", "right_knee", "right_ankle", "right_foot",
    )
    edges = (
        (0, 1), (1, 2), (3, 2),  # spine and head
        (4, 2), (5, 4), (6, 5), (7, 6),  # left arm
        (8, 2), (9, 8), (10, 9), (11, 10),  # right arm
        (12, 0), (13, 12), (14, 13), (15, 14),  # left leg
        (16, 0), (17, 16), (18, 17), (19, 18),  # right leg
    )
    bones = (*edges, (SHOULDER_CENTER, SHOULDER_CENTER))
    # fmt: on
