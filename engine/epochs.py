"""The epochs of a training: train, save if due, evaluate if due, keep track of the best."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from engine.contracts import Task
from engine.data.loading import Loaders, slice_size
from engine.device import processes
from engine.device.cuda_graphs import SliceGraphs
from engine.evaluation import Interrupted, predict
from engine.interrupts import Interrupts
from engine.precise_batchnorm import take_statistics
from engine.run_dir import checkpoint
from engine.run_dir import states as work_dir
from engine.run_dir.checkpoint import Files, Progress, TrainState
from engine.run_dir.curves import Curves
from engine.run_dir.summary import peak_memory_mb
from engine.settings.table import Settings
from engine.step import Step, training_steps
from formats.scores import save_scores, score_file

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class EpochPlan:
    """The schedule of a training; the fields are the settings of the same names."""

    work_dir: Path
    seed: int
    num_epoch: int
    batch_size: int
    forward_batch_size: int
    max_grad_norm: float
    log_interval: int
    save_interval: int
    save_steps: int
    keep_checkpoints: int
    save_score: bool
    eval_interval: int
    eval_start: int
    early_stopping: int
    num_clips: int
    validates: bool  # on clips held out of the training clips, instead of the test clips

    @classmethod
    def of(cls, settings: Settings) -> "EpochPlan":
        run, data, training = settings.run, settings.data, settings.training
        recipe, saving = settings.recipe, settings.saving
        return cls(
            work_dir=run.work_dir,
            seed=run.seed,
            num_epoch=training.num_epoch,
            batch_size=data.batch_size,
            forward_batch_size=data.forward_batch_size,
            max_grad_norm=recipe.max_grad_norm,
            log_interval=run.log_interval,
            save_interval=saving.save_interval,
            save_steps=saving.save_steps,
            keep_checkpoints=saving.keep_checkpoints,
            save_score=run.save_score,
            eval_interval=training.eval_interval,
            eval_start=training.eval_start,
            early_stopping=recipe.early_stopping,
            num_clips=data.num_clips,
            validates=bool(data.val_split),
        )

    def saves_after(self, epoch: int) -> bool:
        return epoch == self.num_epoch or epoch % self.save_interval == 0

    @property
    def val_name(self) -> str:
        """Name of the clips that the best epoch is chosen on."""
        return "validation" if self.validates else "test"

    def evaluation_is_due(self, progress: Progress) -> bool:
        """Whether the last epoch done is to be evaluated and has not been."""
        epoch = progress.epoch
        chosen = epoch == self.num_epoch or epoch % self.eval_interval == 0
        new = epoch > max(progress.evaluated, self.eval_start - 1)
        return chosen and new and not progress.steps_in_epoch


@dataclass(frozen=True)
class Run:
    """A training under way: its plan and the objects that its epochs work with."""

    plan: EpochPlan
    task: Task
    state: TrainState
    loaders: Loaders
    curves: Curves
    interrupts: Interrupts
    graphs: SliceGraphs | None = None


def run_epochs(run: Run) -> None:
    """Train up to the last epoch.

    Raises:
        Interrupted: a signal asked to end; the state is fit to be saved.
    """
    plan, progress = run.plan, run.state.progress
    link_best(run)
    if plan.evaluation_is_due(progress):  # the run was killed before it
        evaluate_epoch(run)
    while progress.epoch < plan.num_epoch:
        if plan.early_stopping and progress.evaluations_since_best >= plan.early_stopping:
            logger.info("no new best in %d evaluations: stopping early.", plan.early_stopping)
            if not plan.saves_after(progress.epoch):
                save_state(run)
            return
        train_epoch(run)
        if processes.any_process(run.interrupts.signal):
            raise Interrupted  # the evaluation is made up for
        if plan.evaluation_is_due(progress):
            evaluate_epoch(run)


def save_state(run: Run, with_weights: bool = True) -> Files:
    """Write the state, then drop those that are no longer kept."""
    plan = run.plan
    files = checkpoint.save(run.state, plan.work_dir, plan.forward_batch_size, with_weights)
    if processes.is_first():
        best = checkpoint.best_files(plan.work_dir, run.state.progress, plan.forward_batch_size)
        work_dir.drop_old_states(plan.work_dir, plan.keep_checkpoints, files, best)
    return files


def train_epoch(run: Run) -> None:
    """One optimiser step per batch; then the learning rate schedule moves on."""
    plan, progress = run.plan, run.state.progress
    steps = training_steps(
        run.state,
        run.task,
        run.loaders.train,
        seed=plan.seed,
        slice_size=slice_size(plan.forward_batch_size),
        max_grad_norm=plan.max_grad_norm,
        interrupts=run.interrupts,
        work_dir=plan.work_dir,
        graphs=run.graphs,
        save_steps=plan.save_steps,
    )
    lr = run.state.optimizer.param_groups[0]["lr"]
    for step in tqdm(
        steps,
        desc=f"epoch {progress.epoch + 1}/{plan.num_epoch}",
        total=progress.steps_per_epoch,
        initial=progress.steps_in_epoch,
        disable=None if processes.is_first() else True,
        leave=False,
    ):
        lr = step.lr
        report_step(run, step)
        if step.interrupted:
            raise Interrupted
        if plan.save_steps and progress.steps_in_epoch % plan.save_steps == 0:
            save_state(run)
    finish_epoch(run, lr)


def report_step(run: Run, step: Step) -> None:
    progress = run.state.progress
    run.curves.scalars(
        "train",
        progress.step,
        loss=step.loss,
        lr=step.lr,
        gradient_norm=step.gradient_norm,
        **{run.task.metric: step.metric},
    )
    if progress.steps_in_epoch % run.plan.log_interval == 0:
        logger.info(
            "epoch %d/%d: step %d/%d, loss %.4f",
            progress.epoch + 1,
            run.plan.num_epoch,
            progress.steps_in_epoch,
            progress.steps_per_epoch,
            step.loss,
        )


def finish_epoch(run: Run, lr: float) -> None:
    """Move the schedule on, report the epoch's means, save."""
    plan, state, progress, metric = run.plan, run.state, run.state.progress, run.task.metric
    if not state.schedule.each_step:
        state.schedule.scheduler.step()
    totals, steps = progress.totals, progress.steps_in_epoch
    speed = {
        "seconds": round(totals["seconds"], 2),
        "clips_per_second": round(steps * plan.batch_size / totals["seconds"], 2),
        "memory_mb": peak_memory_mb(),
    }
    means = {"loss": totals["loss"] / steps, metric: totals["metric"] / steps}
    progress.last_epoch = {"lr": lr, **means, **speed}
    progress.epoch += 1
    progress.steps_in_epoch, progress.totals = 0, {}
    run.curves.scalars("train", progress.step, epoch=progress.epoch, **speed)
    logger.info(
        "epoch %d/%d: train loss %.4f, %s %.4f, lr %.6g, %.0f s, %.1f clips/s",
        progress.epoch,
        plan.num_epoch,
        means["loss"],
        metric,
        means[metric],
        lr,
        speed["seconds"],
        speed["clips_per_second"],
    )
    if not plan.evaluation_is_due(progress):
        run.curves.epoch(epoch_line(progress))
    if plan.saves_after(progress.epoch):  # before the evaluation: should it fail, nothing is lost
        save_state(run)


def epoch_line(progress: Progress, evaluation: dict[str, float] | None = None) -> dict[str, Any]:
    """The epoch's line of metrics.jsonl."""
    line = {"epoch": progress.epoch, "step": progress.step, "train": progress.last_epoch}
    return line | ({"val": evaluation} if evaluation else {})


def evaluate_epoch(run: Run) -> None:
    """Score the validation clips; keep track of the best epoch and of its weights."""
    plan, state, progress, task = run.plan, run.state, run.state.progress, run.task
    dataset, first = run.loaders.val.dataset, processes.is_first()
    model, precision = state.evaluated_model(), state.precision

    def interrupted() -> object:
        return run.interrupts.signal

    if run.loaders.plain:
        take_statistics(model, precision, run.loaders.plain, interrupted)
    outputs = predict(model, precision, run.loaders.val, plan.num_clips, interrupted)
    metrics = processes.from_first(task.evaluate(outputs, dataset) if first else None)
    logger.info(
        "epoch %d/%d: %s %s",
        progress.epoch,
        plan.num_epoch,
        plan.val_name,
        task.describe(metrics),
    )
    is_best = note_evaluation(progress, metrics, metrics[task.metric], task.higher_is_better)
    if first:
        run.curves.scalars("val", progress.step, **metrics)
        for name, image in task.pictures(outputs, dataset).items():
            run.curves.picture("val", progress.step, name, image)
        run.curves.epoch(epoch_line(progress, metrics))
        if plan.save_score:
            path = score_file(plan.work_dir, progress.epoch, plan.val_name)
            save_scores(path, dataset.sample_name, outputs)
    saved = plan.saves_after(progress.epoch)
    if is_best or saved:
        save_state(run, with_weights=not saved or run.loaders.plain is not None)
    if is_best:
        link_best(run)


def link_best(run: Run) -> None:
    """Let weights/best.pt be those of the best epoch, also after a kill just before it."""
    plan, state = run.plan, run.state
    best = checkpoint.best_files(plan.work_dir, state.progress, plan.forward_batch_size)
    path = best and (best.average if state.average else best.weights)
    if path and path.exists() and processes.is_first():
        work_dir.mark_best(path)


def note_evaluation(
    progress: Progress, metrics: dict[str, float], value: float, higher_is_better: bool
) -> bool:
    """Record an evaluation's metrics; returns whether it is the best so far."""
    progress.evaluated, progress.last_evaluation = progress.epoch, metrics
    sign = 1 if higher_is_better else -1
    if progress.best is None or sign * value > sign * progress.best:
        progress.best, progress.best_epoch = value, progress.epoch
        progress.best_step = progress.step
        progress.evaluations_since_best = 0
        return True
    progress.evaluations_since_best += 1
    return False
