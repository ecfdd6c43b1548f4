"""NTU RGB+D: 25 joints of the Kinect v2 (skeletons/ntu_rgb_d.yaml)."""

from graph.named import skeleton_class


class AdjMatrixGraph(skeleton_class("ntu_rgb_d")):  # name kept: published YAML files use it
    """The NTU skeleton; diameter 12, so that 13 scales reach every joint from every other."""
