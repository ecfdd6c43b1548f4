"""Baselines on statistics of clips: the mean, ridge regression and a random forest (scikit-learn).

The regularisation of ridge regression is chosen per trait within the training clips, by
cross-validation that keeps recordings whole.
"""
# Shapes: N clips, F numbers of a clip, 5 traits.

from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from types import ModuleType

import numpy as np

from engine.data.folds import Fold
from tools.crossvalidating.rated import RatedClips

STATISTICS = ("mean", "spread", "5 %", "95 %")
STRENGTHS = np.logspace(0, 6, 13)
INNER_PARTS, NUM_TREES, LEAF = 4, 300, 2

Predict = Callable[[np.ndarray], np.ndarray]  # (N, F) -> (N, 5)
Fit = Callable[[np.ndarray, np.ndarray, Sequence[str], int], Predict]


def statistics(clip: np.ndarray) -> np.ndarray:
    """(T, V, C) -> (4, V, C): the `STATISTICS` over time."""
    low, high = np.quantile(clip, (0.05, 0.95), axis=0)
    return np.stack([clip.mean(axis=0), clip.std(axis=0), low, high])


def fit_mean(x: np.ndarray, y: np.ndarray, groups: Sequence[str], seed: int) -> Predict:
    mean = y.mean(axis=0)
    return lambda x: np.broadcast_to(mean, (len(x), len(mean)))


def fit_ridge(x: np.ndarray, y: np.ndarray, groups: Sequence[str], seed: int) -> Predict:
    sklearn = _scikit_learn()

    def model(strength: float) -> object:
        scaler = sklearn.preprocessing.StandardScaler()
        return sklearn.pipeline.make_pipeline(scaler, sklearn.linear_model.Ridge(strength))

    inner = sklearn.model_selection.GroupKFold(min(INNER_PARTS, len(set(groups))))
    cross_val_predict = sklearn.model_selection.cross_val_predict
    errors = [
        np.square(cross_val_predict(model(s), x, y, groups=groups, cv=inner) - y).mean(axis=0)
        for s in STRENGTHS
    ]
    chosen = STRENGTHS[np.argmin(errors, axis=0)]  # (5,)
    fitted = {strength: model(strength).fit(x, y) for strength in set(chosen)}

    def predict(x: np.ndarray) -> np.ndarray:
        return np.stack([fitted[s].predict(x)[:, t] for t, s in enumerate(chosen)], axis=1)

    return predict


def fit_forest(x: np.ndarray, y: np.ndarray, groups: Sequence[str], seed: int) -> Predict:
    forest = _scikit_learn().ensemble.RandomForestRegressor(
        NUM_TREES, min_samples_leaf=LEAF, max_features="sqrt", random_state=seed
    )
    return forest.fit(x, y).predict


def fitted_on_folds(
    clips: RatedClips, x: np.ndarray, method: str, folds: int, seed: int
) -> Iterator[tuple[Predict, np.ndarray]]:
    """A method of `METHODS` per fold, fitted to the other folds, and the indices of its clips.

    Args:
        x: (N, F) numbers of all clips.
    """
    sources = np.array(clips.sources)
    for number in range(1, folds + 1):
        stay, held_out = clips.split(Fold(number, folds, seed))
        yield METHODS[method](x[stay], clips.traits[stay], sources[stay], seed), held_out


def table_of(clips: Sequence[np.ndarray]) -> np.ndarray:
    """(T, V, C) of each clip -> (N, F): its statistics."""
    return np.stack([statistics(clip).ravel() for clip in clips])


def _scikit_learn() -> ModuleType:
    """Its modules as attributes, imported only where they are needed.

    Raises:
        ValueError: it is not installed.
    """
    try:
        for name in ("ensemble", "linear_model", "model_selection", "pipeline", "preprocessing"):
            import_module(f"sklearn.{name}")
    except ImportError as error:
        raise ValueError(
            "the baselines require scikit-learn: pip install -r requirements-extra.txt"
        ) from error
    return import_module("sklearn")


METHODS: dict[str, Fit] = {"mean": fit_mean, "ridge": fit_ridge, "forest": fit_forest}
