"""A skeleton small enough for tests whose kernels run in Triton's interpreter."""

from graph.skeleton import SkeletonGraph


class Chain(SkeletonGraph):
    """Five joints in a row."""

    joint_names = ("head", "neck", "chest", "spine", "hip")
    edges = ((0, 1), (1, 2), (2, 3), (3, 4))
    bones = (*edges, (4, 4))
