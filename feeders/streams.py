"""Which stream of a data set a Feeder derives, and what it takes from the skeleton for that.

A stream is what its file on disk would hold: bones are joints minus their parents, motions the next
frame minus this one. So it is derived before any augmentation (graph/streams.py), but for the zeros
around a clip, which the Feeder's `resize` leaves out first.
"""

import re
from pathlib import Path
from typing import Any

import numpy as np

from graph.bone import bones_from_joints
from graph.known import graph_of
from graph.streams import STREAMS, Bones
from utils.config import import_class

IN_FILE_NAMES = re.compile(r"(?:^|_)((?:joint_|bone_)?motion|bone)[_.]")


def resulting_stream(stream: str, data_path: Path) -> str:
    """What a Feeder's clips are: `stream`, or what the file's name says that it holds already.

    Raises:
        ValueError: there is no such stream, or the data are a file of another one already.
    """
    if stream not in STREAMS:
        raise ValueError(f"stream must be one of {', '.join(STREAMS)}. Got {stream!r}.")
    in_name = IN_FILE_NAMES.search(data_path.name) if data_path.suffix == ".npy" else None
    if stream != "joint" and in_name:
        raise ValueError(
            f"stream: {stream} is derived from joints, but {data_path} is another stream already. "
            "Name the joints' file, or leave stream out."
        )
    return in_name[1] if in_name else stream


def bones_of(graph: str | None, num_joints: int) -> Bones:
    """The bones of a skeleton class, or of the benchmark's skeleton with this number of joints.

    Args:
        graph: dotted name, such as "graph.ntu_rgb_d.AdjMatrixGraph".

    Raises:
        ValueError: there is no such graph, it has no bones or other joints, or no benchmark has
            this number of joints.
    """
    bones = getattr(_skeleton(graph, num_joints), "bones", ())
    try:
        bones_from_joints(np.zeros((num_joints, 1)), bones)
    except ValueError as error:
        raise ValueError(f"graph: {graph} does not fit the clips. {error}") from error
    return bones


def mirror_images_of(graph: str | None, num_joints: int) -> list[int]:
    """For every joint the one on the other side of the body; graph as in `bones_of`.

    Raises:
        ValueError: as `bones_of`, or the graph does not tell left from right.
    """
    skeleton = _skeleton(graph, num_joints)
    images = skeleton.mirror_images() if hasattr(skeleton, "mirror_images") else []
    if len(images) != num_joints:
        raise ValueError(
            f"graph: {graph} does not fit the clips. random_mirror needs the names of the "
            f"{num_joints} joints, of which it has {len(images)}."
        )
    return images


def _skeleton(graph: str | None, num_joints: int) -> Any:
    return import_class(graph) if graph else graph_of(num_joints)
