"""The five traits of personality (OCEAN), as UDIVA names them.

A value is a z-score over UDIVA's participants. Numpy only.
"""
# Shapes: P participants, 5 traits.

from collections.abc import Sequence

import numpy as np

TRAITS = {
    "O": "OPENMINDEDNESS_Z",
    "C": "CONSCIENTIOUSNESS_Z",
    "E": "EXTRAVERSION_Z",
    "A": "AGREEABLENESS_Z",
    "N": "NEGATIVEEMOTIONALITY_Z",
}


def mean_by_name(values: np.ndarray, names: Sequence[str]) -> dict[str, np.ndarray]:
    """(N, ...) -> name: mean of its rows (...), float64; sorted by name."""
    groups, rows = np.unique(np.asarray(names), return_inverse=True)
    values = np.asarray(values, dtype=np.float64)
    return {str(group): values[rows == i].mean(axis=0) for i, group in enumerate(groups)}
