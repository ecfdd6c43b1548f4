"""Train or test a skeleton model from a YAML file.

python3 main.py --config config/nturgbd-cross-subject/train_joint.yaml
python3 main.py --config config/nturgbd-cross-subject/test_joint.yaml
"""
# Shapes: N clips, C channels, T frames, V joints, M persons.

import sys

from engine.settings.flags import TASKS, make_parser

if __name__ == "__main__" and {"-h", "--help"} & {*sys.argv[1:]}:
    make_parser().parse_args()  # answers before torch is imported, which takes seconds

import argparse
import copy
import logging
from collections.abc import Sequence
from contextlib import closing, nullcontext
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from torch import nn
from torch.utils.data import Dataset

from engine.data.datasets import DataSets, build_dataset, build_datasets, check_crops, check_fit
from engine.data.loading import evaluation_loader, training_loader
from engine.device import devices as parallel
from engine.device import distributed
from engine.device.compilation import compile_model
from engine.device.cuda_graphs import SliceGraphs, obstacle_to_graphs
from engine.device.precision import Precision
from engine.device.precision_choice import choose_precision
from engine.device.sync_batchnorm import synchronize
from engine.epochs import Loaders, Plan, Run, run_epochs, save_state
from engine.evaluation import Interrupted, predict
from engine.failures import explained
from engine.interrupts import Interrupts
from engine.optimization import make_average, make_optimizer, make_schedule
from engine.run_dir.checkpoint import Progress, TrainState
from engine.run_dir.logging import Curves, NoCurves, clear_old_curves, log_to_file, start_logging
from engine.run_dir.resume import resume_automatically, resume_by_flags
from engine.run_dir.states import BEST, start_afresh
from engine.run_dir.summary import circumstances, over_seeds, peak_memory_mb, write_summary
from engine.run_dir.weights import load_weights
from engine.seed import be_deterministic, set_seed
from engine.settings.checks import validate
from engine.step import slice_sums
from formats.manifest import compare_with_manifest
from formats.scores import delete_scores, save_scores, score_file
from utils import config
from utils.allocator import keep_freed_memory
from utils.cli import run as run_command
from utils.files import atomic_write

logger = logging.getLogger("main")


def main(argv: Sequence[str] | None = None) -> None:
    args = config.parse(make_parser(), argv)
    start_logging(distributed.is_first())
    validate(args)
    device, device_ids = parallel.choose_devices(args.device)
    if device.type == "cpu":
        keep_freed_memory()
    if args.deterministic:
        be_deterministic()
    with distributed.process_group(device), explained(args.forward_batch_size, args.work_dir):
        if args.phase == "test":
            test(args, device, device_ids)
        elif args.seeds:
            train_with_seeds(args, device, device_ids)
        else:
            train(args, device, device_ids)


# ---- what a run is made of ---------------------------------------------------------------------


def make_task(args: argparse.Namespace) -> Any:
    options = {"label_smoothing": args.label_smoothing, "top_ks": args.show_topk}
    return config.build(TASKS[args.task], **(options if args.task == "action" else {}))


def make_precision(
    args: argparse.Namespace, device: torch.device, device_ids: Sequence[int]
) -> Precision:
    return choose_precision(
        device,
        args.half,
        args.amp_opt_level,
        args.amp_dtype,
        args.amp_backend,
        num_devices=len(device_ids),
        num_processes=distributed.num_processes(),
    )


def make_model(args: argparse.Namespace, device: torch.device, precision: Precision) -> nn.Module:
    """The model on its device and in its precision, with --weights loaded."""
    set_seed(args.seed)
    model = config.build(args.model, **args.model_args)
    if args.weights:
        loaded = load_weights(model, args.weights, args.ignore_weights)
        for name, parameter in model.named_parameters() if args.freeze_loaded else ():
            parameter.requires_grad_(name not in loaded)
    if args.sync_bn and distributed.num_processes() > 1:
        model = synchronize(model, device)
    return precision.cast(model.to(device))


def make_datasets(args: argparse.Namespace, task: Any) -> DataSets:
    """The clips to train on, to choose the best epoch on, and to test on.

    Raises:
        ValueError: they do not fit the model.
    """
    datasets = build_datasets(
        args.feeder,
        args.train_feeder_args,
        args.test_feeder_args,
        args.debug,
        args.val_split,
        args.val_by,
        args.seed,
        needs_plain=args.precise_bn,
    )
    for dataset in (datasets.train, datasets.test):
        check_fit(args.model_args, dataset)
        task.check(args.model_args, dataset)
    for dataset in (datasets.val, datasets.test):
        check_crops(dataset, args.num_clips)
    compare_with_manifest(args.model_args, datasets.test)
    return datasets


def make_state(
    args: argparse.Namespace,
    device: torch.device,
    device_ids: Sequence[int],
    steps_per_epoch: int,
) -> TrainState:
    """Model, optimiser and schedule, fresh or continued."""
    precision = make_precision(args, device, device_ids)
    model = make_model(args, device, precision)
    optimizer = make_optimizer(
        args.optimizer,
        precision.parameters(model),
        args.base_lr,
        args.weight_decay,
        args.nesterov,
    )
    model, optimizer = precision.attach(model, optimizer)
    schedule = make_schedule(
        optimizer,
        args.lr_schedule,
        args.step,
        args.warmup_epochs,
        args.num_epoch,
        steps_per_epoch,
    )
    average = make_average(model, args.ema_decay)
    if args.compile:
        model = compile_model(model, device, num_devices=len(device_ids))
    model = parallel.spread(model, device_ids)
    state = TrainState(model, optimizer, schedule, precision, average)
    state.progress.steps_per_epoch = steps_per_epoch
    if args.resume == "auto":
        resume_automatically(state, args.work_dir, settings(args))
    else:
        resume_by_flags(state, args.start_epoch, args.checkpoint, args.optimizer_states)
    return state


def make_graphs(args: argparse.Namespace, state: TrainState, task: Any) -> SliceGraphs | None:
    """CUDA graphs of the forward and backward pass, where --cuda-graphs wants them."""
    if args.cuda_graphs == "no":
        return None
    if obstacle := obstacle_to_graphs(state.model, state.precision):
        if args.cuda_graphs == "yes":
            logger.warning("--cuda-graphs yes: %s; going on without.", obstacle)
        return None
    num_slices = args.batch_size // args.forward_batch_size
    return SliceGraphs(state.model, partial(slice_sums, state, task, num_slices=num_slices))


def open_work_dir(args: argparse.Namespace) -> None:
    """Make the work dir, start its log and keep the settings in force as a YAML file."""
    if not distributed.is_first():
        return
    args.work_dir.mkdir(parents=True, exist_ok=True)
    if args.print_log:
        log_to_file(args.work_dir / "log.txt")
    trained_here = args.phase == "test" and (args.work_dir / "weights").exists()
    name = "config-test.yaml" if trained_here else "config.yaml"  # keep the training's
    with atomic_write(args.work_dir / name) as temporary:
        temporary.write_text(yaml.safe_dump(settings(args), sort_keys=False))


def settings(args: argparse.Namespace) -> dict[str, Any]:
    """The settings in force, as YAML has them."""
    return {
        name: str(value) if isinstance(value, Path) else value
        for name, value in vars(args).items()
        if value is not None and name != "config"
    }


# ---- training ----------------------------------------------------------------------------------


def train_with_seeds(
    args: argparse.Namespace, device: torch.device, device_ids: Sequence[int]
) -> None:
    """Train once with each of --seeds; mean and standard deviation of what they come to."""
    results = []
    for seed in args.seeds:
        own = copy.copy(args)
        own.seed, own.work_dir = seed, args.work_dir / f"seed-{seed}"
        logger.info("seed %d, in %s", seed, own.work_dir)
        results.append(train(own, device, device_ids))
    if distributed.is_first():
        summary = {"seeds": args.seeds, **over_seeds(results)}
        write_summary(args.work_dir, summary | circumstances(settings(args)))
        for name, value in over_seeds(results).items():
            logger.info(
                "%s over %d seeds: %.4f +- %.4f",
                *(name, len(results), value["mean"], value["std"]),
            )


def train(
    args: argparse.Namespace, device: torch.device, device_ids: Sequence[int]
) -> dict[str, float]:
    """Epochs up to --num-epoch: train, save if due, evaluate if due; what they came to."""
    task = make_task(args)
    datasets = make_datasets(args, task)
    train_loader = training_loader(datasets.train, args.batch_size, args.num_worker, args.seed)
    state = make_state(args, device, device_ids, steps_per_epoch=len(train_loader))
    # The work dir is touched only now that all settings and files have proved usable.
    if not state.progress.step and distributed.is_first():
        start_afresh(args.work_dir, args.assume_yes)
    open_work_dir(args)
    logger.info(
        "%s parameters, %d clips to train on, %d to evaluate on",
        f"{sum(parameter.numel() for parameter in state.model.parameters()):,}",
        len(datasets.train),
        len(datasets.val),
    )
    plan = Plan(**{field.name: getattr(args, field.name) for field in fields(Plan)})
    val_loader = evaluation_loader(datasets.val, args.test_batch_size, args.num_worker)
    plain_loader = None
    if args.precise_bn:
        size = args.forward_batch_size
        plain_loader = training_loader(
            datasets.plain, size, args.num_worker, args.seed, flag="--forward-batch-size"
        )
    val_name = "validation" if args.val_split else "test"
    with (
        closing(train_loader),
        closing(val_loader),
        closing(plain_loader) if plain_loader else nullcontext(),
        open_curves(args, plan, state.progress) as curves,
        Interrupts() as interrupts,
    ):
        loaders = Loaders(train_loader, plain_loader, val_loader)
        graphs = make_graphs(args, state, task)
        run = Run(plan, task, state, loaders, val_name, curves, interrupts, graphs)
        try:
            run_epochs(run)
        except Interrupted:
            files = save_state(run)
            logger.warning(
                "saved %s. The same command with --resume auto goes on from there.",
                files.checkpoint,
            )
            raise SystemExit(interrupts.exit_code) from None
    # All is saved: a signal may now end the process as it likes.
    results = sum_up(args, run, test_best(args, run, datasets.test) if args.val_split else {})
    if interrupts.signal:  # in the last evaluation
        raise SystemExit(interrupts.exit_code)
    return results


def open_curves(args: argparse.Namespace, plan: Plan, progress: Progress) -> Curves:
    if not distributed.is_first():
        return NoCurves()
    if not progress.step:
        clear_old_curves(args.work_dir, args.assume_yes)
    epochs_written = progress.epoch - plan.evaluation_is_due(progress)
    return Curves(args.work_dir, progress.step, epochs_written)


def test_best(args: argparse.Namespace, run: Run, test_set: Dataset) -> dict[str, float]:
    """Score the test clips, once, with the weights that did best on the validation clips."""
    model, first = run.state.evaluated_model(), distributed.is_first()
    load_weights(parallel.unwrap(model), args.work_dir / "weights" / BEST)
    outputs = predict_all(args, model, run.state.precision, test_set)
    metrics = distributed.from_first(run.task.evaluate(outputs, test_set) if first else None)
    logger.info("test, with the best epoch's weights: %s", run.task.describe(metrics))
    if first:
        run.task.write(args.work_dir, outputs, test_set)
        if args.save_score:
            path = score_file(args.work_dir, run.state.progress.best_epoch)
            save_scores(path, test_set.sample_name, outputs)
            delete_scores(args.work_dir, "test", but=path)  # of an earlier best, if it went on
    return metrics


def sum_up(args: argparse.Namespace, run: Run, test_metrics: dict[str, float]) -> dict[str, float]:
    """Write summary.json; what is compared over seeds."""
    progress, metric = run.state.progress, run.task.metric
    if distributed.is_first():
        seconds, clips = progress.seconds, progress.step * args.batch_size
        summary = {
            "epochs": progress.epoch,
            "steps": progress.step,
            "best": {"epoch": progress.best_epoch, metric: progress.best},
            "last": progress.last_evaluation,
            "test": test_metrics or None,
            "training_seconds": round(seconds, 2),
            "clips_per_second": round(clips / seconds, 2) if seconds else None,
            "peak_memory_mb": peak_memory_mb(),
        }
        write_summary(args.work_dir, summary | circumstances(settings(args)))
    if progress.best_epoch:
        logger.info("best %s %.4f in epoch %d", metric, progress.best, progress.best_epoch)
    logger.info("weights: %s", args.work_dir / "weights")
    logger.info("curves: tensorboard --logdir %s", args.work_dir / "trainlogs")
    return {
        **({f"best {metric}": progress.best} if progress.best_epoch else {}),
        **{f"last {name}": value for name, value in progress.last_evaluation.items()},
        **{f"test {name}": value for name, value in test_metrics.items()},
    }


# ---- testing -----------------------------------------------------------------------------------


def test(args: argparse.Namespace, device: torch.device, device_ids: Sequence[int]) -> None:
    """Score every sample; write the task's result files."""
    task, precision = make_task(args), make_precision(args, device, device_ids)
    model, _ = precision.attach(make_model(args, device, precision), None)
    if args.compile:
        model = compile_model(model, device, num_devices=len(device_ids))
    if distributed.num_processes() == 1:
        model = parallel.spread(model, device_ids)
    dataset = build_dataset(args.feeder, args.test_feeder_args, args.debug)
    check_fit(args.model_args, dataset)
    task.check(args.model_args, dataset)
    check_crops(dataset, args.num_clips)
    compare_with_manifest(args.model_args, dataset)
    open_work_dir(args)
    outputs = predict_all(args, model, precision, dataset)
    if distributed.is_first():
        metrics = task.evaluate(outputs, dataset)
        logger.info("test of %s: %s", args.weights, task.describe(metrics))
        task.write(args.work_dir, outputs, dataset)
        if args.save_score:
            save_scores(score_file(args.work_dir), dataset.sample_name, outputs)


def predict_all(
    args: argparse.Namespace, model: nn.Module, precision: Precision, dataset: Dataset
) -> np.ndarray | None:
    """Outputs (N, ...) float32 for every clip of a data set, on the first process."""
    with closing(evaluation_loader(dataset, args.test_batch_size, args.num_worker)) as loader:
        return predict(model, precision, loader, args.num_clips)


if __name__ == "__main__":
    run_command(main)
