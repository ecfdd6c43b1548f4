"""The label file that stands beside every data array."""

import pickle
from pathlib import Path

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
        raise FileNotFoundError(f"no label file {path}. Make it with the commands of data_gen/.")
    try:
        with path.open("rb") as file:
            names, labels = pickle.load(file, encoding="latin1")  # latin1: files of Python 2
        names, labels = [str(name) for name in names], [int(label) for label in labels]
    except UNPICKLABLE as error:
        raise ValueError(
            f"{path} must hold a pickled (sample_names, labels): {error}. Make it again."
        ) from error
    if len(names) != len(labels):
        raise ValueError(f"{path} has {len(names)} names but {len(labels)} labels. Make it again.")
    return names, labels
