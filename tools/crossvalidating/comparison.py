"""Predictions of all clips by several methods, each by a model that has not seen the recording."""
# Shapes: S seeds, N clips, 5 traits.

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.settings.parse import read_values
from engine.tasks.trait_measures import CONFIDENCE, MEASURES, NUM_RESAMPLES, with_mean
from formats.chunks import TRAITS
from tools.crossvalidating.baselines import fitted_on_folds, table_of
from tools.crossvalidating.rated import RatedClips, sets_of

ROWS = (*TRAITS, "mean")  # what is measured: every trait, and the mean of their measures


@dataclass(frozen=True)
class Predicted:
    """The predictions of a method for all clips.

    Args:
        method: such as ridge, or the name of a network.
        features: its input.
        outputs: (S, N, 5) with each seed.
    """

    method: str
    features: str
    outputs: np.ndarray


def baseline(
    clips: RatedClips, method: str, sets: Sequence[str], folds: int, seeds: Sequence[int]
) -> Predicted:
    """A method of `METHODS`, on statistics of some sets of features."""
    x = table_of(clips.joined(sets))
    outputs = np.empty((len(seeds), *clips.traits.shape))
    for out, seed in zip(outputs, seeds, strict=True):
        for predict, held_out in fitted_on_folds(clips, x, method, folds, seed):
            out[held_out] = predict(x[held_out])
    return Predicted(method, "-" if method == "mean" else clips.title(sets), outputs)


def network(work_dir: Path, clips: RatedClips) -> Predicted:
    """The predictions of a work dir of main.py --folds (and --seeds).

    Raises:
        FileNotFoundError, ValueError: there are none, or of other clips.
    """
    folders = sorted(work_dir.glob("seed-*")) or [work_dir]
    outputs = [_predictions(folder / "predictions.csv", clips) for folder in folders]
    settings = read_values(folders[0] / "config.yaml")
    sets = sets_of(settings.get("train_feeder_args", {}))
    name = str(settings.get("model")).removeprefix("model.").removesuffix(".Model")
    return Predicted(name, clips.title(sets), np.stack(outputs))


def _predictions(path: Path, clips: RatedClips) -> np.ndarray:
    """(N, 5) in the order of the clips."""
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing. Make it with main.py --folds 5.")
    with path.open(newline="", encoding="utf-8") as file:
        rows = {row[0]: row[1:] for row in list(csv.reader(file))[1:]}
    if rows.keys() != {*clips.participants}:
        raise ValueError(f"{path} is of other clips than the data set. Name their own.")
    return np.array([[float(value) for value in rows[name]] for name in clips.participants])


class Comparison:
    """Measures of predictions, with their confidence intervals.

    Intervals are those of a percentile bootstrap over recordings, as parts of one are alike; with
    several seeds a measure is their mean.

    Args:
        true: (N, 5).
        groups: the recording of each clip.
        mean: what the mean of the training clips predicts, by seed.
    """

    def __init__(self, true: np.ndarray, groups: Sequence[str], mean: Predicted) -> None:
        self.true = true
        kinds, members = np.unique(groups, return_inverse=True)
        of_kind = [np.flatnonzero(members == kind) for kind in range(len(kinds))]
        rng = np.random.default_rng(0)
        drawn = rng.integers(0, len(kinds), (NUM_RESAMPLES, len(kinds)))
        self.draws = [np.concatenate([of_kind[kind] for kind in draw]) for draw in drawn]
        self.errors_of_mean = self._resampled(MEASURES["mse"], mean)

    def of(self, predicted: Predicted) -> dict[str, Any]:
        """By measure and row of `ROWS`: `value`, `95`, `over_seeds` (standard deviation); and for
        each row whether the error is significantly below that of the mean (`beats_mean`).
        """
        bounds = ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2)
        found: dict[str, Any] = {"method": predicted.method, "features": predicted.features}
        resampled: dict[str, np.ndarray] = {}
        for name, measure in MEASURES.items():
            by_seed = [with_mean(measure(out, self.true)) for out in predicted.outputs]
            resampled[name] = self._resampled(measure, predicted)
            found[name] = {
                row: {
                    "value": float(value),
                    "95": np.quantile(resampled[name][:, i], bounds).tolist(),
                    "over_seeds": float(np.std([v[i] for v in by_seed], ddof=len(by_seed) > 1)),
                }
                for i, (row, value) in enumerate(zip(ROWS, np.mean(by_seed, axis=0), strict=True))
            }
        gain = resampled["mse"] - self.errors_of_mean
        significant = np.quantile(gain, bounds[1], axis=0) < 0
        found["beats_mean"] = dict(zip(ROWS, map(bool, significant), strict=True))
        return found

    def _resampled(self, measure: Callable, predicted: Predicted) -> np.ndarray:
        """(draws, 6)"""
        return np.stack(
            [
                np.mean([with_mean(measure(o[d], self.true[d])) for o in predicted.outputs], axis=0)
                for d in self.draws
            ]
        )


def as_markdown(results: Sequence[Mapping[str, Any]], bounds: Mapping[str, np.ndarray]) -> str:
    """Three tables, one per measure."""
    titles = {
        "mse": "Mean squared error; * where it is significantly below that of the mean",
        "pearson": "Pearson's r",
        "ccc": "Concordance correlation",
    }
    parts = []
    for name, title in titles.items():
        lines = [f"{title}:", "", f"| features | method | {' | '.join(ROWS)} |"]
        lines.append("|" + "---|" * (len(ROWS) + 2))
        for result in results:
            cells = [_cell(result, name, row) for row in ROWS]
            lines.append(f"| {result['features']} | {result['method']} | {' | '.join(cells)} |")
        if name in bounds:
            values = with_mean(bounds[name])
            shown = " | ".join(f"{value:.2f}" for value in values)
            lines.append(f"| what raters' agreement allows | | {shown} |")
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n" + _nothing_beats_the_mean(results)


def _cell(result: Mapping[str, Any], name: str, row: str) -> str:
    cell = result[name][row]
    low, high = cell["95"]
    star = "*" if name == "mse" and result["beats_mean"][row] else ""
    return f"{cell['value']:.2f}{star} [{low:.2f} {high:.2f}]"


def _nothing_beats_the_mean(results: Sequence[Mapping[str, Any]]) -> str:
    lost = [t for t in TRAITS if not any(result["beats_mean"][t] for result in results)]
    return (
        f"\nNothing is significantly better than the mean on {', '.join(lost)}.\n" if lost else ""
    )
