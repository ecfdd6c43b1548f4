"""NTU RGB+D: 25 joints of the Kinect v2 (skeletons/ntu_rgb_d.yaml)."""

from graph.named import skeleton_class
from graph.subsets import WithSubsets


class AdjMatrixGraph(skeleton_class("ntu_rgb_d")):  # name kept: published YAML files use it
    """The NTU skeleton; diameter 12, so that 13 scales reach every joint from every other."""


class Graph(WithSubsets, AdjMatrixGraph):  # name kept: published YAML files use it
    """The same with the three subsets of AGCN and CTR-GCN, `A`."""
