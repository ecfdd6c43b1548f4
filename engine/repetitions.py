"""Several trainings for one result: one per seed (--seeds), one per fold (--folds)."""

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from engine.contracts import Task
from engine.data.clips import Clips
from engine.data.datasets import build_clips
from engine.device import processes
from engine.run_dir.start import open_work_dir
from engine.run_dir.summary import (
    circumstances,
    epochs_of,
    sum_up_seeds,
    write_summary,
)
from engine.settings.table import Settings
from formats.scores import load_scores, save_scores, score_file

Train = Callable[[Settings], Mapping[str, float]]

logger = logging.getLogger(__name__)


def train_repeatedly(train: Train, settings: Settings, task: Task) -> None:
    """Train as often as --seeds and --folds say, in sub-folders of the work dir.

    Args:
        train: trains once and returns the results.
        task: evaluates all folds together.
    """
    run = settings.run
    once = partial(train_on_folds, train, task) if run.folds else train
    if not run.seeds:
        once(settings)
        return
    results = []
    for seed in run.seeds:
        own = settings.replace(seed=seed, seeds=None, work_dir=run.work_dir / f"seed-{seed}")
        logger.info("seed %d, in %s", seed, own.run.work_dir)
        results.append(once(own))
    if all(results):
        sum_up_seeds(run.work_dir, run.seeds, results, settings.as_yaml())


def train_on_folds(train: Train, task: Task, settings: Settings) -> Mapping[str, float]:
    """Train without each fold in turn and score it with the last epoch's weights.

    Returns the results over all folds together, empty if --fold selects one.
    """
    run = settings.run
    numbers = [run.fold] if run.fold else range(1, run.folds + 1)
    folders = [run.work_dir / f"fold-{number}" for number in numbers]
    for number, folder in zip(numbers, folders, strict=True):
        logger.info("fold %d of %d, in %s", number, run.folds, folder)
        # The scores of all folds are joined afterwards.
        train(settings.replace(fold=number, work_dir=folder, save_score=True))
    if run.fold:
        return {}
    first = processes.is_first()
    return processes.from_first(sum_up_folds(folders, task, settings) if first else None)


def sum_up_folds(folders: Sequence[Path], task: Task, settings: Settings) -> dict[str, float]:
    """Evaluate the scores of all folds together and write the task's files; returns metrics."""
    data, work_dir = settings.data, settings.run.work_dir
    clips = build_clips(data, data.train_feeder_args, model_args=settings.model.model_args)
    parts = [load_scores(score_file(f, epochs_of(f))) for f in folders]
    scores = {name: score for part in parts for name, score in part.items()}
    outputs = np.stack([scores[name] for name in clips.sample_name])
    clips.training_mean = _means_of_others(clips, parts)
    given = settings.as_yaml()
    open_work_dir(work_dir, given, settings.run.phase, settings.run.print_log, clips.data_path)
    metrics = task.evaluate(outputs, clips)
    logger.info("all %d folds: %s", len(folders), task.describe(metrics))
    task.write(work_dir, outputs, clips)
    save_scores(score_file(work_dir), clips.sample_name, outputs)
    write_summary(work_dir, {"folds": len(folders), "test": metrics} | circumstances(given))
    return {f"cross-validated {name}": value for name, value in metrics.items()}


def _means_of_others(clips: Clips, parts: Sequence[Mapping[str, np.ndarray]]) -> np.ndarray | None:
    """(N, 5): for each clip the mean traits of the participants of the other folds; None if labels
    are classes.
    """
    if not np.shape(clips.label[0]):
        return None
    part_of = {name: number for number, part in enumerate(parts) for name in part}
    part = np.array([part_of[name] for name in clips.sample_name])
    means = np.stack([clips.mean_label(np.flatnonzero(part != n)) for n in range(len(parts))])
    return means[part]
