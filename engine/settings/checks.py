"""Checks of settings, whether they come from the command line or from a YAML file."""

import logging
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from engine.device.processes import num_processes
from engine.settings.table import ABOUT, DEFAULTS, TEST, Settings, flag

logger = logging.getLogger(__name__)

NEEDS_HALF = ("amp_opt_level", "amp_dtype", "amp_backend")


def validate(settings: Settings) -> None:
    """Reject invalid settings; warn of those without effect.

    Raises:
        ValueError: one line that names the flag.
    """
    work_dir = settings.run.work_dir
    if work_dir in (None, Path()):
        raise ValueError("--work-dir is required: a folder of its own for what the run writes.")
    if work_dir.exists() and not work_dir.is_dir():
        raise ValueError(f"--work-dir must be a folder. Got {work_dir}, a file.")
    for name, value in settings.values().items():
        if value is not None:
            _check_range(name, value)
    _check_steps(settings)
    if settings.run.phase == TEST:
        _check_test(settings)
    else:
        _check_training(settings)
    for sentence in _without_effect(settings):
        logger.warning("%s.", sentence)


def _check_range(name: str, value: Any) -> None:
    """Compare a setting, or each of its values, with the range that the table allows."""
    about = ABOUT[name]
    for one in value if about.many else [value]:
        if about.type not in (int, float):
            continue
        inside = about.low <= one < about.below and one > about.above and math.isfinite(one)
        if not inside:
            shown = value if about.many else one
            raise ValueError(f"{flag(name)} must be {_range(name)}. Got {shown}.")


def _range(name: str) -> str:
    about = ABOUT[name]
    if math.isfinite(about.below):
        return f"at least {about.low:g} and below {about.below:g}"
    if math.isfinite(about.above):
        return f"above {about.above:g}"
    return f"{about.low:g} or more" if math.isfinite(about.low) else "a finite number"


def _check_steps(settings: Settings) -> None:
    step, data = settings.training.step, settings.data
    if not step or step != sorted(set(step)):
        raise ValueError(f"--step must be epochs above 0, ascending. Got {step}.")
    if data.batch_size % data.forward_batch_size:
        raise ValueError(
            f"--forward-batch-size must divide --batch-size ({data.batch_size}). "
            f"Got {data.forward_batch_size}."
        )


def _check_test(settings: Settings) -> None:
    if not settings.model.weights:
        raise ValueError("--phase test requires --weights, the state_dict to test.")
    for name in ("seeds", "folds", "fold"):
        if settings.values()[name]:
            raise ValueError(f"--{name} is for training. Leave it out of a test.")


def _check_training(settings: Settings) -> None:
    saving, seeds, num_epoch = settings.saving, settings.run.seeds, settings.training.num_epoch
    by_hand = saving.start_epoch or saving.checkpoint
    if by_hand and not settings.model.weights:
        raise ValueError("--start-epoch and --checkpoint require the --weights of the same epoch.")
    several = seeds or settings.run.folds
    if (by_hand or saving.optimizer_states) and (saving.resume == "auto" or several):
        raise ValueError(
            "--start-epoch, --checkpoint and --optimizer-states are of one run, whose files they "
            "name. Leave them out with --resume auto, which finds them itself, and with --seeds "
            "and --folds."
        )
    for name in ("start_epoch", "warmup_epochs"):
        value = settings.values()[name]
        if value >= num_epoch:
            raise ValueError(f"{flag(name)} must be below --num-epoch ({num_epoch}). Got {value}.")
    _check_folds(settings)
    if seeds and len(set(seeds)) < len(seeds):
        raise ValueError(f"--seeds must differ. Got {seeds}.")
    if settings.model.freeze_loaded and not settings.model.weights:
        raise ValueError("--freeze-loaded requires --weights, the state_dict to be kept as it is.")
    half_weights = settings.precision.half and settings.precision.amp_opt_level > 1
    if settings.recipe.ema_decay and half_weights:
        raise ValueError(
            "--ema-decay requires weights in float32, since half ones are too coarse to average. "
            "Use --amp-opt-level 1."
        )


def _check_folds(settings: Settings) -> None:
    run = settings.run
    if run.fold and not (run.folds and run.fold <= run.folds):
        raise ValueError(f"--fold must be 1 to --folds ({run.folds}). Got {run.fold}.")
    if run.folds and settings.data.val_split:
        raise ValueError(
            "--folds scores the last epoch, which nothing chooses. Leave out --val-split."
        )


def _without_effect(settings: Settings) -> Iterator[str]:
    """A sentence for each setting that is given and changes nothing."""
    values, test = settings.values(), settings.run.phase == TEST
    if values["nesterov"] and values["optimizer"] != "SGD" and not test:
        yield f"--nesterov has no effect with {values['optimizer']}"
    if values["label_smoothing"] and values["task"] == "traits":
        yield "--label-smoothing has no effect with --task traits"
    if values["precise_bn"] and test:
        yield "--precise-bn has no effect with --phase test"
    if values["model_saved_name"]:
        yield "--model_saved_name has no effect"
    if values["sync_bn"] and num_processes() == 1:
        yield "--sync-bn has no effect without torchrun"
    for name in NEEDS_HALF:
        if not values["half"] and values[name] != DEFAULTS[name]:
            yield f"{flag(name)} has no effect without --half"
