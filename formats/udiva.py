"""What UDIVA's arrays hold: the five traits of personality (OCEAN), and the sets of features."""
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

# The feature sets that data_gen/laban_gendata.py writes: what their channels mean.
EFFORTS = ("Time", "Flow", "Space", "Weight")  # three channels each: x, y, z
DESCRIPTORS = ("Weight", "Time", "Space", "Flow")  # one channel each
FEATURE_SETS = {"laban": EFFORTS, "laban_released": EFFORTS, "descriptors": DESCRIPTORS}
NUM_CHANNELS = {"laban": 12, "laban_released": 12, "descriptors": 4}


def mean_by_name(values: np.ndarray, names: Sequence[str]) -> dict[str, np.ndarray]:
    """(N, ...) -> name: mean of its rows (...), float64; sorted by name."""
    groups, rows = np.unique(np.asarray(names), return_inverse=True)
    values = np.asarray(values, dtype=np.float64)
    return {str(group): values[rows == i].mean(axis=0) for i, group in enumerate(groups)}
