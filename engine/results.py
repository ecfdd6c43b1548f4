"""What a training leaves when it ends: the test of its best epoch, and summary.json."""

import logging
from collections.abc import Mapping
from contextlib import closing
from typing import Any

import numpy as np
from torch import nn

from engine.contracts import Precision
from engine.data.clips import Clips
from engine.data.loading import evaluation_loader
from engine.device import processes
from engine.device.devices import unwrap
from engine.epochs import Run
from engine.evaluation import predict
from engine.run_dir.summary import circumstances, peak_memory_mb, write_summary
from engine.run_dir.weights import load_weights
from engine.settings.table import DataSettings
from formats.exported import BEST_WEIGHTS
from formats.scores import delete_scores, save_scores, score_file

logger = logging.getLogger(__name__)


def predict_all(
    model: nn.Module, precision: Precision, clips: Clips, data: DataSettings
) -> np.ndarray | None:
    """Outputs (N, ...) float32 for every clip, on the first process; None on the others."""
    with closing(evaluation_loader(clips, data.test_batch_size, data.num_worker)) as loader:
        return predict(model, precision, loader, data.num_clips)


def test_best_epoch(run: Run, clips: Clips, data: DataSettings) -> dict[str, float]:
    """Score the test clips, once, with the weights of the best validation epoch."""
    model, work_dir = run.state.evaluated_model(), run.plan.work_dir
    load_weights(unwrap(model), work_dir / "weights" / BEST_WEIGHTS)
    outputs = predict_all(model, run.state.precision, clips, data)
    first = processes.is_first()
    metrics = processes.from_first(run.task.evaluate(outputs, clips) if first else None)
    logger.info("test, with the best epoch's weights: %s", run.task.describe(metrics))
    if first:
        run.task.write(work_dir, outputs, clips)
        if run.plan.save_score:
            path = score_file(work_dir, run.state.progress.best_epoch)
            save_scores(path, clips.sample_name, outputs)
            delete_scores(work_dir, "test", but=path)  # of an earlier best, if it was resumed
    return metrics


def sum_up(
    run: Run, settings: Mapping[str, Any], test_metrics: Mapping[str, float]
) -> dict[str, float]:
    """Write summary.json; returns the results that are averaged over seeds.

    Args:
        settings: as YAML has them.
        test_metrics: of the test of the best epoch; empty without one.
    """
    progress, metric, work_dir = run.state.progress, run.task.metric, run.plan.work_dir
    if processes.is_first():
        seconds, clips = progress.seconds, progress.step * run.plan.batch_size
        summary = {
            "epochs": progress.epoch,
            "steps": progress.step,
            "best": {"epoch": progress.best_epoch, metric: progress.best},
            "last": progress.last_evaluation,
            "test": dict(test_metrics) or None,
            "training_seconds": round(seconds, 2),
            "clips_per_second": round(clips / seconds, 2) if seconds else None,
            "peak_memory_mb": peak_memory_mb(),
        }
        write_summary(work_dir, summary | circumstances(settings))
    if progress.best_epoch:
        logger.info("best %s %.4f in epoch %d", metric, progress.best, progress.best_epoch)
    logger.info("weights: %s", work_dir / "weights")
    logger.info("curves: tensorboard --logdir %s", work_dir / "trainlogs")
    return {
        **({f"best {metric}": progress.best} if progress.best_epoch else {}),
        **{f"last {name}": value for name, value in progress.last_evaluation.items()},
        **{f"test {name}": value for name, value in test_metrics.items()},
    }
