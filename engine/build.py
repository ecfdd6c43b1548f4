"""Builders: from settings to task, precision, network, optimiser and state.

Shared by main.py, tools/ and benchmarks/; all arguments are keywords.
"""

import logging
from collections.abc import Sequence
from functools import partial

import torch
from torch import nn

from engine.contracts import Precision, Task
from engine.device import processes
from engine.device.compilation import compile_model
from engine.device.cuda_graphs import SliceGraphs, obstacle_to_training_graphs
from engine.device.devices import spread
from engine.device.precision_choice import choose_precision
from engine.device.sync_batchnorm import synchronize
from engine.optimization import make_average, make_optimizer, make_schedule
from engine.run_dir.checkpoint import TrainState
from engine.run_dir.weights import load_weights
from engine.seed import set_seed
from engine.settings.table import (
    ModelSettings,
    PrecisionSettings,
    RecipeSettings,
    TrainingSettings,
)
from engine.step import slice_sums
from engine.tasks.action import ActionClassification
from engine.tasks.traits import TraitRegression
from utils.config import build

logger = logging.getLogger(__name__)


def build_task(name: str, *, label_smoothing: float = 0.0, top_ks: Sequence[int] = (1, 5)) -> Task:
    """The task `action` or `traits`: what the outputs of the network mean."""
    if name == "traits":
        return TraitRegression()
    return ActionClassification(label_smoothing=label_smoothing, top_ks=top_ks)


def build_precision(
    settings: PrecisionSettings, *, device: torch.device, num_devices: int = 1
) -> Precision:
    """The precision in which the network computes.

    Args:
        num_devices: devices that this process spreads its batches over.

    Raises:
        ValueError: this machine does not support it, or settings conflict.
    """
    return choose_precision(
        device,
        settings.half,
        settings.amp_opt_level,
        settings.amp_dtype,
        settings.amp_backend,
        num_devices=num_devices,
        num_processes=processes.num_processes(),
    )


def model_class(name: str) -> str:
    """The dotted name of a network's class: `stgcn` stands for model.stgcn.Model."""
    return name if "." in name else f"model.{name}.Model"


def build_model(
    settings: ModelSettings,
    *,
    device: torch.device,
    precision: Precision,
    sync_bn: bool = False,
    seed: int = 0,
) -> nn.Module:
    """A network on its device and in its precision, with its weights loaded.

    Args:
        sync_bn: whether BatchNorm takes its statistics over all processes.
        seed: seed of the initial weights.

    Raises:
        FileNotFoundError: the weights are missing.
        ValueError: the arguments are wrong, or the weights do not fit.
    """
    set_seed(seed)
    model = build(model_class(settings.model), settings.model_args, base=nn.Module)
    if settings.weights:
        loaded = load_weights(model, settings.weights, settings.ignore_weights)
        if settings.freeze_loaded:
            for key, parameter in model.named_parameters():
                parameter.requires_grad_(key not in loaded)
    if sync_bn and processes.num_processes() > 1:
        model = synchronize(model, device)
    return precision.cast(model.to(device))


def build_state(
    model: nn.Module,
    precision: Precision,
    *,
    training: TrainingSettings,
    recipe: RecipeSettings,
    device: torch.device,
    device_ids: Sequence[int] = (),
    steps_per_epoch: int,
    compiled: bool = False,
) -> TrainState:
    """The initial state of a training: network, optimiser, schedule, moving average.

    Args:
        device_ids: the GPUs that this process spreads its batches over.
        compiled: whether to use torch.compile.
    """
    optimizer = make_optimizer(
        training.optimizer,
        precision.parameters(model),
        training.base_lr,
        training.weight_decay,
        training.nesterov,
    )
    model, optimizer = precision.attach(model, optimizer)
    schedule = make_schedule(
        optimizer,
        recipe.lr_schedule,
        training.step,
        recipe.warmup_epochs,
        training.num_epoch,
        steps_per_epoch,
    )
    average = make_average(model, recipe.ema_decay)
    if compiled:
        model = compile_model(model, device, num_devices=len(device_ids))
    state = TrainState(spread(model, device_ids), optimizer, schedule, precision, average)
    state.progress.steps_per_epoch = steps_per_epoch
    return state


def build_evaluated(
    model: nn.Module,
    precision: Precision,
    *,
    device: torch.device,
    device_ids: Sequence[int] = (),
    compiled: bool = False,
) -> nn.Module:
    """A network prepared for evaluation: compiled if wanted, spread over this process's GPUs."""
    model, _ = precision.attach(model, None)
    if compiled:
        model = compile_model(model, device, num_devices=len(device_ids))
    return spread(model, device_ids) if processes.num_processes() == 1 else model


def build_graphs(
    wanted: str, state: TrainState, task: Task, *, num_slices: int
) -> SliceGraphs | None:
    """CUDA graphs of the forward and backward pass of a slice; None if they cannot be used.

    Args:
        wanted: auto, yes or no.
        num_slices: slices per batch.
    """
    if wanted == "no":
        return None
    if obstacle := obstacle_to_training_graphs(state.model, state.precision):
        if wanted == "yes":
            logger.warning("--cuda-graphs yes: %s; continuing without.", obstacle)
        return None
    return SliceGraphs(state.model, partial(slice_sums, state, task, num_slices=num_slices))
