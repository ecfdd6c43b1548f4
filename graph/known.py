"""The skeletons of the benchmarks, by their number of joints."""

from graph import kinetics, ntu_rgb_d, ucla
from graph.skeleton import SkeletonGraph

KNOWN_GRAPHS: dict[int, type[SkeletonGraph]] = {
    len(module.AdjMatrixGraph.joint_names): module.AdjMatrixGraph
    for module in (ntu_rgb_d, kinetics, ucla)
}


def graph_of(num_joints: int) -> type[SkeletonGraph]:
    """The benchmark's skeleton that has `num_joints` joints.

    Raises:
        ValueError: no benchmark's skeleton has this number.
    """
    if num_joints not in KNOWN_GRAPHS:
        known = ", ".join(map(str, KNOWN_GRAPHS))
        raise ValueError(
            f"no skeleton of {num_joints} joints is known, but those of {known} joints."
        )
    return KNOWN_GRAPHS[num_joints]
