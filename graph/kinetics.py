"""Kinetics-Skeleton: 18 joints of OpenPose's COCO model (skeletons/openpose_coco.yaml)."""

from graph.named import skeleton_class


class AdjMatrixGraph(skeleton_class("openpose_coco")):  # name kept: published YAML files use it
    """The OpenPose skeleton. Its bones are not its edges: hips and ears hang on other parents."""
