"""NW-UCLA: 20 joints of the Kinect v1 (skeletons/kinect_v1.yaml)."""

from graph.named import skeleton_class
from graph.subsets import labelled_subsets


class AdjMatrixGraph(skeleton_class("kinect_v1")):  # name kept: published YAML files use it
    """The Kinect v1 skeleton; diameter 10."""


class Graph(AdjMatrixGraph):  # name kept: published YAML files of AGCN and CTR-GCN use it
    """The same with the three subsets of AGCN, `A`, (3, V, V); the only labelling is `spatial`."""

    def __init__(self, labeling_mode: str = "spatial") -> None:
        super().__init__()
        self.A = labelled_subsets(self, labeling_mode)
