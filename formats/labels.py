"""The label file that stands beside every data array."""

import pickle
from pathlib import Path

from formats.manifest import how_to_make

# What damaged or foreign pickles raise.
UNPICKLABLE = (
    pickle.UnpicklingError,
    EOFError,
    AttributeError,
    ImportError,
    LookupError,
    ValueError,
    TypeError,
    OverflowError,
    MemoryError,
)


def load_labels(path: Path) -> tuple[list[str], list[int]]:
    """Sample names and labels (0-based) of a .pkl file holding (sample_names, labels).

    Raises:
        FileNotFoundError: no such file.
        ValueError: the file holds something else, or lists of different length.
    """
    if not path.is_file():
        raise FileNotFoundError(f"no label file {path}. {how_to_make(path)}")
    try:
        with path.open("rb") as file:
            names, labels = pickle.load(file, encoding="latin1")  # latin1: files of Python 2
        names, labels = [str(name) for name in names], [int(label) for label in labels]
    except UNPICKLABLE as error:
        raise ValueError(
            f"{path} must hold a pickled (sample_names, labels): {error}. {how_to_make(path)}"
        ) from error
    if len(names) != len(labels):
        counts = f"{len(names)} names but {len(labels)} labels"
        raise ValueError(f"{path} has {counts}. {how_to_make(path)}")
    return names, labels
