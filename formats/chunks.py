"""What arrays of chunks hold: the five traits of personality (OCEAN), and the sets of features."""
# Shapes: P participants, 5 traits.

from collections.abc import Sequence

import numpy as np

# Z-scores over UDIVA's participants; the names are those of its tables.
TRAITS = {
    "O": "OPENMINDEDNESS_Z",
    "C": "CONSCIENTIOUSNESS_Z",
    "E": "EXTRAVERSION_Z",
    "A": "AGREEABLENESS_Z",
    "N": "NEGATIVEEMOTIONALITY_Z",
}

ALL = "all"  # the only split of data sets that are cross-validated

# The feature sets that data_gen/laban_gendata.py writes: what their channels mean.
EFFORTS = ("Time", "Flow", "Space", "Weight")  # three channels each: x, y, z
DESCRIPTORS = ("Weight", "Time", "Space", "Flow")  # one channel each
FEATURE_SETS = {"laban": EFFORTS, "laban_released": EFFORTS, "descriptors": DESCRIPTORS}
NUM_CHANNELS = {"laban": 12, "laban_released": 12, "descriptors": 4}
NO_FEATURES = "none"


def feature_sets(features: str) -> list[str]:
    """The sets that `features: laban+descriptors` names; none for "none".

    Raises:
        ValueError: one is unknown, or named twice.
    """
    names = [] if features == NO_FEATURES else features.split("+")
    if not set(names) <= {*FEATURE_SETS} or len(set(names)) < len(names):
        known = ", ".join([NO_FEATURES, *FEATURE_SETS])
        raise ValueError(
            f"features must be one of {known}, or several joined by +. Got {features!r}."
        )
    return names


def chunk_starts(frames: int, chunk_size: int) -> np.ndarray:
    """First frames of the chunks that cover a clip evenly, overlapping where they must."""
    count = -(-frames // chunk_size)
    return np.linspace(0, frames - chunk_size, count).round().astype(int)


def mean_by_name(values: np.ndarray, names: Sequence[str]) -> dict[str, np.ndarray]:
    """(N, ...) -> name: mean of its rows (...), float64; sorted by name."""
    groups, rows = np.unique(np.asarray(names), return_inverse=True)
    values = np.asarray(values, dtype=np.float64)
    return {str(group): values[rows == i].mean(axis=0) for i, group in enumerate(groups)}
