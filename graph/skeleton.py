"""The base of all skeletons: named joints, bones, and their graph."""

from collections.abc import Sequence
from typing import ClassVar, Protocol, runtime_checkable

import numpy as np

from graph.adjacency import edges_to_adjacency

OTHER_SIDE = {"left": "right", "right": "left"}


@runtime_checkable
class Skeleton(Protocol):
    """What data code expects of a skeleton class.

    Networks build it without arguments and read `num_nodes` and `A_binary_with_I`.
    """

    joint_names: Sequence[str]
    bones: Sequence[tuple[int, int]]

    def mirror_images(self) -> list[int]: ...


class SkeletonGraph:
    """A skeleton topology. Subclasses fill in the tables; joint numbers are 0-based.

    Attributes:
        joint_names: one name per joint, in the order of the data set.
        edges: (child, parent) pairs; made symmetric they are the graph.
        bones: (child, parent) pairs, one per joint; a bone is child minus parent, and a joint that
            is its own parent is a root, whose bone is zero.
        self_loops: (i, i) for every joint.
        A_binary: (V, V) float32, symmetric, zero diagonal.
        A_binary_with_I: A_binary plus the identity.
    """

    joint_names: ClassVar[tuple[str, ...]]
    edges: ClassVar[tuple[tuple[int, int], ...]]
    bones: ClassVar[tuple[tuple[int, int], ...]]
    mirror_pairs: ClassVar[tuple[tuple[int, int], ...]] = ()  # besides those that names tell
    centre: ClassVar[int | None] = None  # the joint that normalisation puts at 0
    up: ClassVar[str] = "y"  # the axis that points up, such as y or -y
    file_names: ClassVar[tuple[str, ...]] = ()  # of the joints in motion capture; empty: their own

    def __init__(self) -> None:
        self.num_nodes = len(self.joint_names)
        self.self_loops = tuple((i, i) for i in range(self.num_nodes))
        self.A_binary = edges_to_adjacency(self.num_nodes, self.edges)
        self.A_binary_with_I = self.A_binary + np.eye(self.num_nodes, dtype=np.float32)

    @classmethod
    def names_in_files(cls) -> tuple[str, ...]:
        """The joints' names in motion capture files."""
        return cls.file_names or tuple(cls.joint_names)

    @classmethod
    def mirror_images(cls) -> list[int]:
        """For each joint its counterpart on the other side of the body, or itself in the middle.

        Pairs are known by name: `left_hand` and `right_hand` swap.

        Raises:
            ValueError: the partner of a joint is missing.
        """
        partners = []
        for name in cls.joint_names:
            side, *rest = name.split("_")
            partner = "_".join([OTHER_SIDE.get(side, side), *rest])
            if partner not in cls.joint_names:
                raise ValueError(f"{cls.__name__} has a joint {name}, but no {partner}.")
            partners.append(cls.joint_names.index(partner))
        for one, other in cls.mirror_pairs:
            partners[one], partners[other] = other, one
        return partners
