"""The second task of main.py: the five traits of each participant, from all their chunks."""
# Shapes: N chunks, P participants, 5 traits.

import csv
import json
import logging
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch.nn.functional as F
from torch import Tensor

from engine.data.clips import Clips
from engine.tasks.trait_measures import (
    MEASURES,
    confidence_intervals,
    squared_error,
    with_mean,
)
from formats.chunks import TRAITS, mean_by_name
from utils.files import atomic_write, write_lines

logger = logging.getLogger(__name__)


class TraitRegression:
    """Five z-scores per chunk; squared error; the best epoch has the lowest error of participants.

    A participant's prediction is the mean over all their chunks, whatever the session. Beside every
    error stands that of the baseline, which predicts for everybody the mean of the training
    participants (`training_mean` of the data set).
    """

    metric = "mse"  # mean over the traits; what epochs are compared by
    higher_is_better = False

    def check(self, model_args: Mapping[str, object], clips: Clips) -> None:
        """Compare the labels with the traits and with the model's outputs.

        Raises:
            ValueError: labels or outputs are not five numbers.
        """
        shape, outputs = np.shape(clips.label[0]), model_args.get("num_class", len(TRAITS))
        if shape != (len(TRAITS),) or outputs != len(TRAITS):
            raise ValueError(
                f"--task traits requires labels and num_class of the {len(TRAITS)} traits. Got "
                f"labels of shape {shape} from {clips.label_path}, and num_class: {outputs}."
            )

    def loss(self, outputs: Tensor, labels: Tensor) -> Tensor:
        """Predictions (N, 5), traits (N, 5) -> mean squared error of chunks ()."""
        return F.mse_loss(outputs, labels.to(outputs))

    def batch_metric(self, outputs: Tensor, labels: Tensor) -> Tensor:
        """As the loss: a batch does not hold all chunks of anybody."""
        return self.loss(outputs, labels)

    def evaluate(self, outputs: np.ndarray, clips: Clips) -> dict[str, float]:
        """Predictions (N, 5) of all chunks -> the measures of participants; none without truth.

        `loss` is the error of chunks, `mse` the mean over the traits of participants' errors;
        `mse_O` and so on are those of a trait.
        """
        _, predicted, true = self._participants(outputs, clips)
        if not np.isfinite(true).all():
            return {}
        metrics = {"loss": float(squared_error(outputs, np.stack(clips.label)).mean())}
        for name, measure in MEASURES.items():
            values = with_mean(measure(predicted, true))
            metrics[name] = float(values[-1])
            metrics |= {f"{name}_{t}": float(v) for t, v in zip(TRAITS, values, strict=False)}
        baseline = self._baseline(true, clips)
        if baseline is not None:
            metrics["baseline_mse"] = float(baseline.mean())
        return metrics

    def describe(self, metrics: Mapping[str, float]) -> str:
        """The result of `evaluate` as part of a log line."""
        if not metrics:
            return "no true traits, predictions only"
        baseline = metrics.get("baseline_mse")
        shown = "unknown" if baseline is None else f"{baseline:.4f}"
        traits = ", ".join(f"{trait} {metrics[f'mse_{trait}']:.3f}" for trait in TRAITS)
        return f"mse {metrics['mse']:.4f} (predicting the training mean: {shown}), {traits}"

    def pictures(self, outputs: np.ndarray, clips: Clips) -> dict[str, np.ndarray]:
        """Images (H, W, 3) uint8 by name: predicted against true traits, where there are true."""
        from engine.tasks.pictures import traits_against_truth  # with matplotlib: 0.4 s

        _, predicted, true = self._participants(outputs, clips)
        return {"traits": traits_against_truth(predicted, true)} if np.isfinite(true).all() else {}

    def write(self, work_dir: Path, outputs: np.ndarray, clips: Clips) -> None:
        """predictions.csv; with true traits also ground_truth.csv, scores.txt, traits.json and
        traits.png; with effort features efforts.png.
        """
        from engine.tasks.pictures import effort_curves, save_picture

        names, predicted, true = self._participants(outputs, clips)
        titles = clips.class_names or [*TRAITS.values()]
        _write_table(work_dir / "predictions.csv", titles, names, predicted)
        if np.isfinite(true).all():
            _write_table(work_dir / "ground_truth.csv", titles, names, true)
            error = with_mean(squared_error(predicted, true))
            # The form of the challenge's evaluate.py (github crisie/UDIVA, DYAD@ICCV21).
            pairs = zip([*titles, "MEAN"], error, strict=True)
            lines = [f"{title}: {value:.6f}" for title, value in pairs]
            write_lines(work_dir / "scores.txt", lines)
            table = self._table(predicted, true, clips)
            with atomic_write(work_dir / "traits.json") as temporary:
                temporary.write_text(json.dumps(table, indent=1, allow_nan=False) + "\n")
            for line in _as_text(table):
                logger.info("%s", line)
            save_picture(work_dir / "traits.png", self.pictures(outputs, clips)["traits"])
        if efforts := clips.efforts():
            name, curves = efforts["participant"], efforts["curves"]
            save_picture(work_dir / "efforts.png", effort_curves(curves, f"participant {name}"))

    def _participants(
        self, outputs: np.ndarray, clips: Clips
    ) -> tuple[list[str], np.ndarray, np.ndarray]:
        """Participants in order, their predictions (P, 5) and true traits (P, 5)."""
        names = clips.subjects
        predicted, true = mean_by_name(outputs, names), mean_by_name(np.stack(clips.label), names)
        return list(predicted), np.stack([*predicted.values()]), np.stack([*true.values()])

    def _baseline(self, true: np.ndarray, clips: Clips) -> np.ndarray | None:
        mean = clips.training_mean
        if mean is None:
            return None
        if mean.ndim == 2:  # of each clip
            mean = np.stack([*mean_by_name(mean, clips.subjects).values()])
        return squared_error(np.broadcast_to(mean, true.shape), true)

    def _table(
        self, predicted: np.ndarray, true: np.ndarray, clips: Clips
    ) -> dict[str, dict[str, object]]:
        """Trait or "mean": measure, its 95 % interval, the baseline's error."""
        values = {name: with_mean(measure(predicted, true)) for name, measure in MEASURES.items()}
        intervals, baseline = confidence_intervals(predicted, true), self._baseline(true, clips)
        if baseline is None:
            logger.warning(
                "no traits of training participants beside %s: the error of predicting their mean "
                "is unknown.",
                clips.label_path,
            )
        else:
            baseline = with_mean(baseline)
        return {
            trait: {
                **{name: float(values[name][i]) for name in values},
                **{f"{name}_95": intervals[name][:, i].tolist() for name in intervals},
                "baseline_mse": None if baseline is None else float(baseline[i]),
                "participants": len(true),
            }
            for i, trait in enumerate([*TRAITS, "mean"])
        }


def _write_table(path: Path, titles: list[str], names: list[str], values: np.ndarray) -> None:
    """One line per participant: their ID and the five traits."""
    with (
        atomic_write(path) as temporary,
        temporary.open("w", newline="", encoding="utf-8", errors="backslashreplace") as file,
    ):
        writer = csv.writer(file)
        writer.writerow(["Participant ID", *titles])
        for name, row in zip(names, values, strict=True):
            writer.writerow([name, *(f"{value:.6f}" for value in row)])


def _as_text(table: Mapping[str, Mapping[str, object]]) -> list[str]:
    count = next(iter(table.values()))["participants"]
    lines = [
        f"{count} participants; in brackets 95 % of resampled participants",
        "trait  MSE                    training mean  Pearson r               CCC",
    ]
    for trait, row in table.items():
        cells = [
            f"{row[name]:6.3f} [{row[f'{name}_95'][0]:6.3f} {row[f'{name}_95'][1]:6.3f}]"
            for name in MEASURES
        ]
        baseline = row["baseline_mse"]
        shown = "     -" if baseline is None else f"{baseline:6.3f}"
        lines.append(f"{trait:5}  {cells[0]}  {shown}       {cells[1]}  {cells[2]}")
    return lines
