"""The five traits of personality (OCEAN), as UDIVA names them, and how good predictions are.

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
NUM_RESAMPLES = 1000
CONFIDENCE = 0.95


def mean_by_name(values: np.ndarray, names: Sequence[str]) -> dict[str, np.ndarray]:
    """(N, ...) -> name: mean of its rows (...), float64; sorted by name."""
    groups, rows = np.unique(np.asarray(names), return_inverse=True)
    values = np.asarray(values, dtype=np.float64)
    return {str(group): values[rows == i].mean(axis=0) for i, group in enumerate(groups)}


def squared_error(predicted: np.ndarray, true: np.ndarray) -> np.ndarray:
    """(P, 5) twice -> mean squared error of every trait (5,): the challenge's metric."""
    return np.square(predicted - true).mean(axis=0)


def pearson(predicted: np.ndarray, true: np.ndarray) -> np.ndarray:
    """(P, 5) twice -> Pearson's r of every trait (5,); 0 where one of the two is constant."""
    predicted, true = predicted - predicted.mean(axis=0), true - true.mean(axis=0)
    scale = np.sqrt(np.square(predicted).mean(axis=0) * np.square(true).mean(axis=0))
    return _ratio((predicted * true).mean(axis=0), scale)


def concordance(predicted: np.ndarray, true: np.ndarray) -> np.ndarray:
    """(P, 5) twice -> the concordance correlation coefficient of every trait (5,) (Lin, 1989):
    2 cov / (var + var + (difference of the means)^2); 0 where both are the same constant.
    """
    shift = np.square(predicted.mean(axis=0) - true.mean(axis=0))
    covariance = ((predicted - predicted.mean(axis=0)) * (true - true.mean(axis=0))).mean(axis=0)
    return _ratio(2 * covariance, predicted.var(axis=0) + true.var(axis=0) + shift)


MEASURES = {"mse": squared_error, "pearson": pearson, "ccc": concordance}


def confidence_intervals(
    predicted: np.ndarray, true: np.ndarray, seed: int = 0
) -> dict[str, np.ndarray]:
    """Measure: (2, 6), the lower and upper 95 % bounds for the five traits and their mean.

    Percentile bootstrap over participants; the same seed gives the same bounds.
    """
    rng = np.random.default_rng(seed)
    draws = rng.integers(0, len(true), (NUM_RESAMPLES, len(true)))
    bounds = (1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2
    intervals = {}
    for name, measure in MEASURES.items():
        values = np.stack([with_mean(measure(predicted[draw], true[draw])) for draw in draws])
        intervals[name] = np.quantile(values, bounds, axis=0)
    return intervals


def with_mean(values: np.ndarray) -> np.ndarray:
    """(5,) -> (6,): the traits and their mean."""
    return np.append(values, values.mean())


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    return np.divide(above, below, out=np.zeros_like(above), where=below > 1e-12)
