"""Train or test a skeleton model from a YAML file.

python3 main.py --config config/nturgbd-cross-subject/train_joint.yaml
python3 main.py --config config/nturgbd-cross-subject/test_joint.yaml
"""

import sys

from engine.settings.parse import make_parser, parse

if __name__ == "__main__" and {"-h", "--help"} & {*sys.argv[1:]}:
    make_parser().parse_args()  # answers before torch is imported, which takes seconds

import logging
from collections.abc import Sequence
from contextlib import closing
from functools import partial

import torch
from torch import nn

from engine import build
from engine.contracts import Precision, Task
from engine.data.datasets import build_datasets, build_test_clips, check_clips
from engine.data.folds import Fold
from engine.data.loading import build_loaders
from engine.device import processes
from engine.device.devices import prepare_devices
from engine.epochs import EpochPlan, Run, run_epochs, save_state
from engine.evaluation import Interrupted
from engine.failures import explained
from engine.interrupts import Interrupts
from engine.repetitions import train_repeatedly
from engine.results import predict_all, sum_up, test_best_epoch
from engine.run_dir.about import about_clips, compare_with_training
from engine.run_dir.curves import open_curves
from engine.run_dir.lock import unlocked_at_end
from engine.run_dir.log import log_sizes, start_logging
from engine.run_dir.resume import resume
from engine.run_dir.start import open_work_dir, start_afresh
from engine.settings.checks import validate
from engine.settings.table import TEST, Settings
from formats.scores import save_scores, score_file
from utils.cli import run as run_command

logger = logging.getLogger("main")


def main(argv: Sequence[str] | None = None) -> None:
    settings = parse(argv)
    run, data = settings.run, settings.data
    start_logging(processes.is_first())
    validate(settings)
    device, device_ids = prepare_devices(run.device, run.deterministic)
    with (
        processes.process_group(device),
        explained(data.forward_batch_size, run.work_dir),
        unlocked_at_end(),
    ):
        if run.phase == TEST:
            test(settings, device, device_ids)
        elif run.seeds or run.folds:
            once = partial(train, device=device, device_ids=device_ids)
            train_repeatedly(once, settings, make_task(settings))
        else:
            train(settings, device, device_ids)


def train(settings: Settings, device: torch.device, device_ids: Sequence[int]) -> dict[str, float]:
    """Epochs up to --num-epoch: train, save if due, evaluate if due; the results."""
    run, data, model_args = settings.run, settings.data, settings.model.model_args
    task = make_task(settings)
    needs_plain = settings.recipe.precise_bn
    fold = Fold(run.fold, run.folds, run.seed) if run.folds else None
    clips = build_datasets(
        data, model_args=model_args, seed=run.seed, needs_plain=needs_plain, fold=fold
    )
    check_clips(task, model_args, clips.train, clips.test)
    loaders = build_loaders(clips, data, run.seed)
    model, precision = make_model(settings, device, device_ids)
    state = build.build_state(
        model,
        precision,
        training=settings.training,
        recipe=settings.recipe,
        device=device,
        device_ids=device_ids,
        steps_per_epoch=len(loaders.train),
        compiled=settings.precision.compile,
    )
    state.about = about_clips(clips.train, model_args)
    resume(state, settings.saving, run.work_dir, settings.as_yaml())
    # The work dir is touched only now that all settings and files have proved usable.
    if not state.progress.step:
        start_afresh(run.work_dir, run.assume_yes)
    given = settings.as_yaml()
    open_work_dir(run.work_dir, given, run.phase, run.print_log, clips.train.data_path)
    log_sizes(state.model, len(clips.train), len(clips.val))
    plan = EpochPlan.of(settings)
    num_slices = data.batch_size // data.forward_batch_size
    graphs = build.build_graphs(settings.precision.cuda_graphs, state, task, num_slices=num_slices)
    is_due = plan.evaluation_is_due(state.progress)
    with (
        closing(loaders),
        open_curves(run.work_dir, state.progress, run.assume_yes, is_due) as curves,
        Interrupts() as interrupts,
    ):
        training = Run(plan, task, state, loaders, curves, interrupts, graphs)
        try:
            run_epochs(training)
        except Interrupted:
            file = save_state(training).checkpoint
            logger.warning("saved %s. Resume with the same command and --resume auto.", file)
            raise SystemExit(interrupts.exit_code) from None
    # All is saved: a signal may now end the process as it likes.
    test_metrics = test_best_epoch(training, clips.test, data) if data.val_split else {}
    results = sum_up(training, settings.as_yaml(), test_metrics)
    if interrupts.signal:  # in the last evaluation
        raise SystemExit(interrupts.exit_code)
    return results


def test(settings: Settings, device: torch.device, device_ids: Sequence[int]) -> None:
    """Score every sample; write the task's result files."""
    run, data, model_args = settings.run, settings.data, settings.model.model_args
    task = make_task(settings)
    model, precision = make_model(settings, device, device_ids)
    model = build.build_evaluated(
        model,
        precision,
        device=device,
        device_ids=device_ids,
        compiled=settings.precision.compile,
    )
    clips = build_test_clips(data, model_args=model_args)
    check_clips(task, model_args, clips)
    compare_with_training(settings.model.weights, about_clips(clips, model_args))
    given = settings.as_yaml()
    open_work_dir(run.work_dir, given, run.phase, run.print_log, clips.data_path)
    outputs = predict_all(model, precision, clips, data)
    if processes.is_first():
        metrics = task.evaluate(outputs, clips)
        logger.info("test of %s: %s", settings.model.weights, task.describe(metrics))
        task.write(run.work_dir, outputs, clips)
        if run.save_score:
            save_scores(score_file(run.work_dir), clips.sample_name, outputs)


def make_task(settings: Settings) -> Task:
    smoothing, top_ks = settings.recipe.label_smoothing, settings.run.show_topk
    return build.build_task(settings.model.task, label_smoothing=smoothing, top_ks=top_ks)


def make_model(
    settings: Settings, device: torch.device, device_ids: Sequence[int]
) -> tuple[nn.Module, Precision]:
    """The network, with --weights loaded, and the precision it computes in."""
    precision = build.build_precision(
        settings.precision, device=device, num_devices=len(device_ids)
    )
    model = build.build_model(
        settings.model,
        device=device,
        precision=precision,
        sync_bn=settings.precision.sync_bn,
        seed=settings.run.seed,
    )
    return model, precision


if __name__ == "__main__":
    run_command(main)
