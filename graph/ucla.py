"""NW-UCLA: 20 joints of the Kinect v1 (skeletons/kinect_v1.yaml)."""

from graph.named import skeleton_class
from graph.subsets import WithSubsets


class AdjMatrixGraph(skeleton_class("kinect_v1")):  # name kept: published YAML files use it
    """The Kinect v1 skeleton; diameter 10."""


class Graph(WithSubsets, AdjMatrixGraph):  # name kept: published YAML files use it
    """The same with the three subsets of AGCN and CTR-GCN, `A`."""
