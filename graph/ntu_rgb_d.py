"""NTU RGB+D: 25 joints of the Kinect v2 (skeletons/ntu_rgb_d.yaml)."""

from graph.named import skeleton_class
from graph.subsets import labelled_subsets


class AdjMatrixGraph(skeleton_class("ntu_rgb_d")):  # name kept: published YAML files use it
    """The NTU skeleton; diameter 12, so that 13 scales reach every joint from every other."""


class Graph(AdjMatrixGraph):  # name kept: published YAML files of AGCN and CTR-GCN use it
    """The same with the three subsets of AGCN, `A`, (3, V, V); the only labelling is `spatial`."""

    def __init__(self, labeling_mode: str = "spatial") -> None:
        super().__init__()
        self.A = labelled_subsets(self, labeling_mode)
