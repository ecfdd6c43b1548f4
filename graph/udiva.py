"""UDIVA v0.5: the 24 body joints of SMPL (skeletons/smpl24.yaml)."""

import numpy as np

from graph.named import skeleton_class


class AdjMatrixGraph(skeleton_class("smpl24")):
    """The SMPL body."""


class CompleteGraph(AdjMatrixGraph):
    """Every joint linked with every other: what the released Laban code computes with.

    Published code: an edge is a list [i, j], which numpy takes for the rows i and j, so that whole
    rows are linked. Hence scale 1 is the mean over all joints, and the scales above are the joint
    itself. Weights trained with that code need this graph; the paper describes the skeleton.
    """

    def __init__(self) -> None:
        super().__init__()
        self.A_binary_with_I = np.ones_like(self.A_binary)
        self.A_binary = self.A_binary_with_I - np.eye(self.num_nodes, dtype=np.float32)
