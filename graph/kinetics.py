"""Kinetics-Skeleton: 18 joints of OpenPose's COCO model (skeletons/openpose_coco.yaml)."""

from graph.named import skeleton_class
from graph.subsets import WithSubsets


class AdjMatrixGraph(skeleton_class("openpose_coco")):  # name kept: published YAML files use it
    """The OpenPose skeleton. Bones differ from edges: hips and ears have other parents."""


class Graph(WithSubsets, AdjMatrixGraph):  # name kept: published YAML files use it
    """The same with the three subsets of AGCN and CTR-GCN, `A`.

    As published: the nose is linked to the neck; for bones it is the root.
    """

    edges = tuple((0, 1) if edge == (1, 0) else edge for edge in AdjMatrixGraph.edges)
