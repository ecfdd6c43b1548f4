"""What is known of the benchmarks, by the names that dataset.json and the folders of data/ have."""

from pathlib import Path
from typing import NamedTuple


class KnownDataset(NamedTuple):
    """A benchmark's data set.

    Args:
        skeleton: dotted name of its published class.
        command: the file of data_gen/ that makes its arrays.
        up: the axis of its arrays that points up.
        num_frames: of the clips of its published arrays; None: they have no such number.
        has_score: whether the last channel is a confidence instead of a coordinate.
    """

    skeleton: str
    command: str
    up: str
    num_frames: int | None = None
    has_score: bool = False


KNOWN = {
    "ntu": KnownDataset("graph.ntu_rgb_d.AdjMatrixGraph", "ntu_gendata.py", "z", 300),
    "ntu120": KnownDataset("graph.ntu_rgb_d.AdjMatrixGraph", "ntu120_gendata.py", "z", 300),
    "kinetics": KnownDataset(
        "graph.kinetics.AdjMatrixGraph", "kinetics_gendata.py", "y", 300, has_score=True
    ),
    "nw-ucla": KnownDataset("graph.ucla.AdjMatrixGraph", "ucla_gendata.py", "y"),
    "udiva": KnownDataset("graph.udiva.AdjMatrixGraph", "udiva_gendata.py", "z"),
}


def dataset_of_folder(path: Path) -> str | None:
    """The data set that a folder of a path is named after, as in data/ntu/xsub; None: none is."""
    return next((part for part in reversed(path.parts) if part in KNOWN), None)
