"""Which stream of a data set a Feeder derives, and the bones that it takes for that.

A stream is what its file on disk would hold: bones are joints minus their parents, motions the next
frame minus this one. So it is derived before any augmentation (graph/streams.py).
"""

import logging
import re
from pathlib import Path

import numpy as np

from graph.bone import bones_from_joints, bones_of
from graph.streams import STREAMS, Bones
from utils.config import import_class

logger = logging.getLogger(__name__)


def check_stream(stream: str, data_path: Path) -> None:
    """Streams derive from joints.

    Raises:
        ValueError: there is no such stream, or the data are a file of another one already.
    """
    if stream not in STREAMS:
        raise ValueError(f"stream must be one of {', '.join(STREAMS)}. Got {stream!r}.")
    is_derived = data_path.suffix == ".npy" and re.search("bone|motion", data_path.name)
    if stream != "joint" and is_derived:
        raise ValueError(
            f"stream: {stream} is derived from joints, but {data_path} is another stream already. "
            "Name the joints' file, or leave stream out."
        )


def choose_bones(stream: str, num_joints: int, graph: str | None) -> Bones:
    """The bones that a stream needs, none for those without: of `graph`, or by number of joints.

    Args:
        graph: dotted name of a class with `bones`, such as "graph.ntu_rgb_d.AdjMatrixGraph".

    Raises:
        ValueError: there is no such graph, it has no bones or other joints, or no data set that we
            know has this number of joints.
    """
    if not stream.startswith("bone"):
        if graph:
            logger.warning("graph: %s has no effect on stream: %s.", graph, stream)
        return ()
    if graph is None:
        return bones_of(num_joints)
    bones = getattr(import_class(graph), "bones", ())
    try:
        bones_from_joints(np.zeros((num_joints, 1)), bones)
    except ValueError as error:
        raise ValueError(f"graph: {graph} does not fit the clips. {error}") from error
    return bones
