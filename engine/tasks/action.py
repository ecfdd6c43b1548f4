"""Action classification: the loss, the metrics, the best epoch and the result files.

The first task of main.py; engine/contracts.py says what any task has.
"""
# Shapes: N clips, K classes.

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from engine.data.clips import Clips
from formats.class_names import shown
from utils.files import atomic_write, write_lines
from utils.metrics import confusion_matrix, top_k_accuracy


class ActionClassification:
    """One class per clip; cross entropy; the best epoch has the highest top-1 accuracy.

    Args:
        label_smoothing: share of each label that is spread over all classes, in training only.
        top_ks: which top-k accuracies are reported.
    """

    metric = "acc"  # what epochs are compared by
    higher_is_better = True

    def __init__(self, label_smoothing: float = 0.0, top_ks: Sequence[int] = (1, 5)) -> None:
        self.label_smoothing, self.top_ks = label_smoothing, tuple(top_ks)

    def check(self, model_args: Mapping[str, object], clips: Clips) -> None:
        """Compare the labels with the model's outputs.

        Raises:
            ValueError: the data have more classes, or labels that are not classes.
        """
        if np.ndim(clips.label[0]):
            raise ValueError(
                f"labels of {clips.label_path} are not classes. Did you mean --task traits?"
            )
        lowest, highest = min(clips.label), max(clips.label)
        if lowest < 0 or highest >= model_args.get("num_class", highest + 1):
            raise ValueError(
                f"labels of {clips.label_path} go from {lowest} to {highest}, but model_args "
                f"says num_class: {model_args['num_class']}. Make them agree."
            )

    def loss(self, outputs: Tensor, labels: Tensor) -> Tensor:
        """Scores (N, K), labels (N,) -> mean loss ()."""
        return F.cross_entropy(outputs, labels, label_smoothing=self.label_smoothing)

    def batch_metric(self, outputs: Tensor, labels: Tensor) -> Tensor:
        """Scores (N, K), labels (N,) -> share of right predictions ()."""
        return (outputs.argmax(1) == labels).float().mean()

    def evaluate(self, outputs: np.ndarray, clips: Clips) -> dict[str, float]:
        """Scores (N, K) of all clips -> loss, `acc` and the other top-k accuracies, in [0, 1]."""
        labels = torch.as_tensor(clips.label)
        accuracies = {k: top_k_accuracy(outputs, clips.label, k) for k in {1, *self.top_ks}}
        return {
            "loss": F.cross_entropy(torch.from_numpy(outputs).double(), labels).item(),
            "acc": accuracies[1],
            **{f"top{k}": accuracies[k] for k in self.top_ks},
        }

    def describe(self, metrics: Mapping[str, float]) -> str:
        """The result of `evaluate` as part of a log line."""
        shown = ", ".join(f"top-{k} {100 * metrics[f'top{k}']:.2f}%" for k in self.top_ks)
        return f"loss {metrics['loss']:.4f}, {shown}"

    def pictures(self, outputs: np.ndarray, clips: Clips) -> dict[str, np.ndarray]:
        """Images (H, W, 3) uint8 by name: the confusion matrix."""
        from engine.tasks.pictures import heat_map  # with matplotlib, which takes 0.4 s

        matrix = confusion_matrix(outputs, clips.label)
        names = [shown(label, clips.class_names) for label in range(outputs.shape[1])]
        return {"confusion": heat_map(matrix, "predicted class", "true class", names)}

    def write(self, work_dir: Path, outputs: np.ndarray, clips: Clips) -> None:
        """Write wrong-samples.txt (index,predicted,true) and right-samples.txt (predicted,true), as
        published, and predictions.csv, the same with class names.
        """
        guesses = outputs.argmax(1).tolist()
        pairs = list(zip(guesses, clips.label, strict=True))
        wrong = [f"{i},{guess},{label}" for i, (guess, label) in enumerate(pairs) if guess != label]
        write_lines(work_dir / "wrong-samples.txt", wrong)
        # Right or wrong; the name is published.
        write_lines(work_dir / "right-samples.txt", [f"{guess},{label}" for guess, label in pairs])
        with (
            atomic_write(work_dir / "predictions.csv") as temporary,
            temporary.open("w", newline="", encoding="utf-8", errors="backslashreplace") as file,
        ):
            writer = csv.writer(file)
            writer.writerow(["sample", "predicted", "true", "right"])
            for name, (guess, label) in zip(clips.sample_name, pairs, strict=True):
                titles = (shown(each, clips.class_names) for each in (guess, label))
                writer.writerow([name, *titles, int(guess == label)])
