"""Train or test a skeleton model from a YAML file.

python3 main.py --config config/nturgbd-cross-subject/train_joint.yaml
python3 main.py --config config/nturgbd-cross-subject/test_joint.yaml
"""
# Shapes: N clips, C channels, T frames, V joints, M persons.

import argparse
import logging
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
import yaml
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm

from utils import checkpoint, config, parallel
from utils.allocator import keep_freed_memory
from utils.checkpoint import TrainState
from utils.cli import run
from utils.files import atomic_write
from utils.flags import make_parser, validate
from utils.logging import Curves, clear_old_curves, log_to_file, start_logging
from utils.manifest import read_manifest
from utils.metrics import top_k_accuracy
from utils.precision import Precision
from utils.scores import save_scores, score_file
from utils.seed import set_seed

logger = logging.getLogger("main")


def main(argv: Sequence[str] | None = None) -> None:
    args = config.parse(make_parser(), argv)
    start_logging()
    validate(args)
    device, device_ids = parallel.choose_devices(args.device)
    if device.type == "cpu":
        keep_freed_memory()

    set_seed(args.seed)
    model = config.build(args.model, **args.model_args)
    if args.weights:
        checkpoint.load_weights(model, args.weights, args.ignore_weights)
    model = parallel.spread(model, device, device_ids)
    precision = Precision(device, half=args.half and args.amp_opt_level > 0)
    test_loader = make_loader(args, training=False)
    compare_with_manifest(args.model_args, test_loader.dataset)

    # The work dir is touched only once all settings and files have proved usable.
    if args.phase == "train":
        train_loader = make_loader(args, training=True)
        state = make_state(args, model, precision, steps_per_epoch=len(train_loader))
        open_work_dir(args)
        train(args, state, precision, train_loader, test_loader)
    else:
        open_work_dir(args)
        test(args, model, precision, test_loader)


# ---- settings --------------------------------------------------------------------------------


def open_work_dir(args: argparse.Namespace) -> None:
    """Make the work dir, start its log and keep the settings in force as a YAML file."""
    args.work_dir.mkdir(parents=True, exist_ok=True)
    if args.print_log:
        log_to_file(args.work_dir / "log.txt")
    settings = {
        name: str(value) if isinstance(value, Path) else value
        for name, value in vars(args).items()
        if value is not None and name != "config"
    }
    trained_here = args.phase == "test" and (args.work_dir / "weights").exists()
    name = "config-test.yaml" if trained_here else "config.yaml"  # keep the training's
    with atomic_write(args.work_dir / name) as temporary:
        temporary.write_text(yaml.safe_dump(settings, sort_keys=False))


# ---- data ------------------------------------------------------------------------------------


def make_loader(args: argparse.Namespace, training: bool) -> DataLoader:
    """Batches of clips (N, C, T, V, M), labels (N,), indices (N,); shuffled when training."""
    feeder_args = args.train_feeder_args if training else args.test_feeder_args
    batch_size = args.batch_size if training else args.test_batch_size
    if args.debug:
        feeder_args = {**feeder_args, "debug": True}
    dataset = config.build(args.feeder, **feeder_args)
    check_fit(args.model_args, dataset)
    if training and len(dataset) < batch_size:
        raise ValueError(
            f"--batch-size ({batch_size}) is larger than the training set ({len(dataset)} clips)."
        )
    return DataLoader(
        dataset,
        batch_size=batch_size,
        shuffle=training,
        drop_last=training,
        num_workers=args.num_worker,
        generator=torch.Generator(),  # its own, so that nothing else moves it
        pin_memory=torch.cuda.is_available(),
    )


def check_fit(model_args: dict, dataset: Dataset) -> None:
    """Compare joints, persons, channels and classes of the data with the model's.

    Raises:
        ValueError: they differ.
    """
    clip, _, _ = dataset[0]
    expected = {"in_channels": 3, **model_args}
    for axis, name in ((0, "in_channels"), (2, "num_point"), (3, "num_person")):
        if clip.shape[axis] != expected.get(name, clip.shape[axis]):
            raise ValueError(
                f"clips of {dataset.data_path} have shape (C, T, V, M) = {clip.shape}, but "
                f"model_args says {name}: {expected[name]}. Make them agree."
            )
    lowest, highest = min(dataset.label), max(dataset.label)
    if lowest < 0 or highest >= expected.get("num_class", highest + 1):
        raise ValueError(
            f"labels of {dataset.label_path} go from {lowest} to {highest}, but model_args says "
            f"num_class: {expected['num_class']}. Make them agree."
        )


def compare_with_manifest(model_args: dict, dataset: Dataset) -> None:
    """Say where the model's settings or the number of clips are not what `dataset.json` leads to.

    Neither is an error: clips may be of some classes only, and a download be of a part.
    """
    path = getattr(dataset, "data_path", None)  # a user's own feeder may have none
    manifest = read_manifest(path) if path else None
    if not manifest:
        return
    for name, field in (("num_class", "num_classes"), ("num_point", "num_joints")):
        if name in model_args and model_args[name] != manifest.get(field, model_args[name]):
            logger.warning(
                "model_args says %s: %s, but the data set of %s has %s.",
                *(name, model_args[name], path, manifest[field]),
            )
    if manifest.get("note"):
        logger.info("%s: %s", path, manifest["note"])


def seed_epoch(loader: DataLoader, seed: int, epoch: int) -> None:
    """Order and augmentation follow from seed and epoch, so that a resumed run repeats them."""
    set_seed(seed, epoch)
    loader.generator.manual_seed(torch.initial_seed())
    if hasattr(loader.dataset, "set_epoch"):
        loader.dataset.set_epoch(seed, epoch)


def to_device(device: torch.device, *tensors: Tensor) -> Iterator[Tensor]:
    return (tensor.to(device, non_blocking=True) for tensor in tensors)


# ---- training --------------------------------------------------------------------------------


def make_state(
    args: argparse.Namespace, model: nn.Module, precision: Precision, steps_per_epoch: int
) -> TrainState:
    """Optimiser and schedule, fresh or continued."""
    options = {"lr": args.base_lr, "weight_decay": args.weight_decay}
    if args.optimizer == "SGD":
        options |= {"momentum": 0.9, "nesterov": args.nesterov}
    optimizer = getattr(torch.optim, args.optimizer)(model.parameters(), **options)
    scheduler = torch.optim.lr_scheduler.MultiStepLR(optimizer, args.step, gamma=0.1)
    state = TrainState(model, optimizer, scheduler, precision.scaler)
    state.epoch, state.step = args.start_epoch, args.start_epoch * steps_per_epoch
    if args.start_epoch:
        optimizer.step()  # moves nothing, there are no gradients; the scheduler expects the call
    for _ in range(args.start_epoch):
        scheduler.step()
    if args.checkpoint:
        checkpoint.load_state(state, args.checkpoint)
    elif args.start_epoch and not args.optimizer_states:
        logger.warning("--start-epoch without --checkpoint: the optimiser starts afresh.")
    if args.optimizer_states:
        checkpoint.load_optimizer(optimizer, args.optimizer_states)
    return state


def train(
    args: argparse.Namespace,
    state: TrainState,
    precision: Precision,
    train_loader: DataLoader,
    test_loader: DataLoader,
) -> None:
    """Epochs from --start-epoch to --num-epoch: train, save if due, evaluate if due."""
    logger.info(
        "%s parameters, %d clips to train on, %d to evaluate on",
        f"{sum(parameter.numel() for parameter in state.model.parameters()):,}",
        len(train_loader.dataset),
        len(test_loader.dataset),
    )
    if not args.start_epoch:
        clear_old_curves(args.work_dir, args.assume_yes)
    with Curves(args.work_dir) as curves:
        while state.epoch < args.num_epoch:
            train_epoch(args, state, precision, train_loader, curves)
            last = state.epoch == args.num_epoch
            saving = last or state.epoch % args.save_interval == 0
            evaluating = last or state.epoch % args.eval_interval == 0
            if saving:  # before the evaluation: should that fail, nothing is lost
                checkpoint.save(state, args.work_dir, args.forward_batch_size)
            if evaluating and state.epoch >= args.eval_start:
                validate_epoch(args, state, precision, test_loader, curves)
                if saving:  # now with the best accuracy
                    checkpoint.save_state(state, args.work_dir, args.forward_batch_size)
    if state.best_epoch:
        logger.info("best top-1 %.2f%% in epoch %d", 100 * state.best_accuracy, state.best_epoch)
    logger.info("weights: %s", args.work_dir / "weights")
    logger.info("curves: tensorboard --logdir %s", args.work_dir / "trainlogs")


def train_epoch(
    args: argparse.Namespace,
    state: TrainState,
    precision: Precision,
    loader: DataLoader,
    curves: Curves,
) -> None:
    """One optimiser step per batch; then the learning rate schedule moves on."""
    state.model.train()
    seed_epoch(loader, args.seed, state.epoch)
    lr = state.optimizer.param_groups[0]["lr"]
    losses, hits, begun = [], 0, time.monotonic()
    title = f"epoch {state.epoch + 1}/{args.num_epoch}"
    progress = tqdm(loader, desc=title, disable=None, leave=False)
    for clips, labels, _ in progress:
        loss, correct = training_step(state, precision, clips, labels, args.forward_batch_size)
        state.step += 1
        losses.append(loss)
        hits += correct
        curves.scalars("train", state.step, loss=loss, acc=correct / len(labels), lr=lr)
        progress.set_postfix(loss=f"{loss:.3f}", acc=f"{correct / len(labels):.2f}")
        if len(losses) % args.log_interval == 0:
            logger.info("%s: step %d/%d, loss %.4f", title, len(losses), len(loader), loss)
    state.scheduler.step()
    state.epoch += 1

    seconds, seen = time.monotonic() - begun, len(loader) * loader.batch_size
    result = {"loss": float(np.mean(losses)), "acc": hits / seen}
    if not math.isfinite(result["loss"]):
        raise ValueError(
            f"the training loss of epoch {state.epoch} is {result['loss']}, so nothing of it is "
            "saved. Check the data for NaN, or lower --base-lr."
        )
    curves.scalars("train", state.step, epoch=state.epoch)
    curves.epoch(
        part="train", epoch=state.epoch, step=state.step, lr=lr, **result, seconds=round(seconds, 2)
    )
    logger.info(
        "%s: train loss %.4f, top-1 %.2f%%, lr %.6g, %.0f s, %.1f clips/s",
        *(title, result["loss"], 100 * result["acc"], lr, seconds, seen / seconds),
    )


def training_step(
    state: TrainState,
    precision: Precision,
    clips: Tensor,
    labels: Tensor,
    forward_batch_size: int,
) -> tuple[float, int]:
    """One optimiser step, its gradient accumulated over slices of `forward_batch_size` clips.

    Returns the batch's mean loss and its number of right predictions.
    """
    device = next(state.model.parameters()).device
    slices = list(
        zip(clips.split(forward_batch_size), labels.split(forward_batch_size), strict=True)
    )
    results = torch.zeros(2, device=device)  # loss, right predictions
    state.optimizer.zero_grad(set_to_none=True)
    for clips_slice, labels_slice in slices:
        clips_slice, labels_slice = to_device(device, clips_slice, labels_slice)
        with precision.autocast():
            scores = state.model(clips_slice)
            loss = F.cross_entropy(scores, labels_slice) / len(slices)
        precision.backward(loss)
        correct = (scores.argmax(1) == labels_slice).sum()
        results += torch.stack([loss.detach().float(), correct])
    precision.step(state.optimizer)
    loss, correct = results.tolist()
    return loss, int(correct)


def validate_epoch(
    args: argparse.Namespace,
    state: TrainState,
    precision: Precision,
    loader: DataLoader,
    curves: Curves,
) -> None:
    """Evaluate after an epoch; keep track of the best."""
    result = evaluate(state.model, precision, loader)
    title = f"epoch {state.epoch}/{args.num_epoch}: test"
    accuracy = report(result, loader.dataset.label, args.show_topk, title)
    if accuracy > state.best_accuracy:
        state.best_accuracy, state.best_epoch = accuracy, state.epoch
    curves.scalars("val", state.step, loss=result.loss, acc=accuracy)
    curves.epoch(part="val", epoch=state.epoch, step=state.step, loss=result.loss, acc=accuracy)
    if args.save_score:
        path = score_file(args.work_dir, state.epoch)
        save_scores(path, loader.dataset.sample_name, result.scores)


# ---- evaluation ------------------------------------------------------------------------------


@dataclass
class Evaluation:
    """Scores (N, classes) of every sample of a data set, in its order, and their mean loss."""

    scores: np.ndarray
    loss: float


@torch.no_grad()
def evaluate(model: nn.Module, precision: Precision, loader: DataLoader) -> Evaluation:
    """Score every clip once."""
    model.eval()
    device = next(model.parameters()).device
    scores, loss = [], 0.0
    for clips, labels, _ in tqdm(loader, desc="evaluate", disable=None, leave=False):
        clips, labels = to_device(device, clips, labels)
        with precision.autocast():
            batch_scores = model(clips).float()
        loss += F.cross_entropy(batch_scores, labels, reduction="sum").item()
        scores.append(batch_scores.cpu().numpy())
    if not math.isfinite(loss):
        raise ValueError("scores are not finite. Check the test data and the weights for NaN.")
    return Evaluation(np.concatenate(scores), loss / len(loader.dataset))


def report(result: Evaluation, labels: Sequence[int], top_ks: Sequence[int], title: str) -> float:
    """Log the loss and the top-k accuracies; return top-1."""
    accuracy = {k: top_k_accuracy(result.scores, labels, k) for k in (*top_ks, 1)}
    shown = ", ".join(f"top-{k} {100 * accuracy[k]:.2f}%" for k in top_ks)
    logger.info("%s loss %.4f, %s", title, result.loss, shown)
    return accuracy[1]


def test(
    args: argparse.Namespace, model: nn.Module, precision: Precision, loader: DataLoader
) -> None:
    """Score every sample; list the predictions in wrong-samples.txt and right-samples.txt."""
    result = evaluate(model, precision, loader)
    labels = loader.dataset.label
    report(result, labels, args.show_topk, f"test of {args.weights}:")
    pairs = list(zip(result.scores.argmax(1), labels, strict=True))
    wrong = [f"{i},{guess},{label}" for i, (guess, label) in enumerate(pairs) if guess != label]
    every = [f"{guess},{label}" for guess, label in pairs]  # right or wrong; the name is published
    for name, lines in (("wrong-samples.txt", wrong), ("right-samples.txt", every)):
        with atomic_write(args.work_dir / name) as temporary:
            temporary.write_text("".join(f"{line}\n" for line in lines))
    if args.save_score:
        save_scores(score_file(args.work_dir), loader.dataset.sample_name, result.scores)


if __name__ == "__main__":
    run(main)
