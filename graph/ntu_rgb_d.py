"""NTU RGB+D: 25 joints of the Kinect v2 (Shahroudy et al., CVPR 2016, Fig. 1)."""

from graph.skeleton import SkeletonGraph

SPINE_SHOULDER = 20  # the root of the bones; joint 21 in the data set's own count


class AdjMatrixGraph(SkeletonGraph):
    """The NTU skeleton; diameter 12, so that 13 scales reach every joint from every other."""

    # fmt: off
    joint_names = (
        "spine_base", "spine_mid", "neck", "head",
        "left_shoulder", "left_elbow", "left_wrist", "left_hand",
        "right_shoulder", "right_elbow", "right_wrist", "right_hand",
        "left_hip", "left_knee", "left_ankle", "left_foot",
        "right_hip", "right_knee", "right_ankle", "right_foot",
        "spine_shoulder", "left_hand_tip", "left_thumb", "right_hand_tip", "right_thumb",
    )
    edges = (
        (0, 1), (1, 20), (2, 20), (3, 2),  # spine and head
        (4, 20), (5, 4), (6, 5), (7, 6), (21, 22), (22, 7),  # left arm and hand
        (8, 20), (9, 8), (10, 9), (11, 10), (23, 24), (24, 11),  # right arm and hand
        (12, 0), (13, 12), (14, 13), (15, 14),  # left leg
        (16, 0), (17, 16), (18, 17), (19, 18),  # right leg
    )
    bones = (*edges, (SPINE_SHOULDER, SPINE_SHOULDER))
    # fmt: on
