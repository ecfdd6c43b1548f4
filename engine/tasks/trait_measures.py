"""How good predictions of the five traits are; numpy only."""
# Shapes: P participants, 5 traits.

import numpy as np

NUM_RESAMPLES = 1000
CONFIDENCE = 0.95


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
