"""What a network has to beat: the mean, ridge regression and a random forest.

They read statistics of clips.
The regressions are scikit-learn's. Strengths of ridge regression are chosen within the training
clips, by cross-validation that keeps recordings whole, for each trait by itself.
"""
# Shapes: N clips, F numbers of a clip, 5 traits.

from collections.abc import Callable, Sequence

import numpy as np

STATISTICS = ("mean", "spread", "5 %", "95 %")
STRENGTHS = np.logspace(0, 6, 13)
INNER_PARTS, NUM_TREES, LEAF = 4, 300, 2

Predict = Callable[[np.ndarray], np.ndarray]  # (N, F) -> (N, 5)
Fit = Callable[[np.ndarray, np.ndarray, Sequence[str], int], Predict]


def statistics(clip: np.ndarray) -> np.ndarray:
    """(T, V, C) -> (4, V, C): what `STATISTICS` names, over time."""
    low, high = np.quantile(clip, (0.05, 0.95), axis=0)
    return np.stack([clip.mean(axis=0), clip.std(axis=0), low, high])


def fit_mean(x: np.ndarray, y: np.ndarray, groups: Sequence[str], seed: int) -> Predict:
    mean = y.mean(axis=0)
    return lambda x: np.broadcast_to(mean, (len(x), len(mean)))


def fit_ridge(x: np.ndarray, y: np.ndarray, groups: Sequence[str], seed: int) -> Predict:
    from sklearn.linear_model import Ridge
    from sklearn.model_selection import GroupKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    def model(strength: float) -> object:
        return make_pipeline(StandardScaler(), Ridge(strength))

    inner = GroupKFold(min(INNER_PARTS, len(set(groups))))
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
    from sklearn.ensemble import RandomForestRegressor

    forest = RandomForestRegressor(
        NUM_TREES, min_samples_leaf=LEAF, max_features="sqrt", random_state=seed
    )
    return forest.fit(x, y).predict


METHODS: dict[str, Fit] = {"mean": fit_mean, "ridge": fit_ridge, "forest": fit_forest}
