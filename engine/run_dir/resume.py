"""Where a training resumes: from its newest checkpoint, or from files that flags name."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.device import processes
from engine.device.devices import unwrap
from engine.run_dir import checkpoint
from engine.run_dir.checkpoint import TrainState
from engine.run_dir.states import newest_intact
from engine.run_dir.weights import read_weights
from engine.settings.parse import read_yaml
from engine.settings.table import ABOUT, DEFAULTS, SavingSettings, flag

logger = logging.getLogger(__name__)


def resume(
    state: TrainState, saving: SavingSettings, work_dir: Path, settings: Mapping[str, Any]
) -> None:
    """Bring a state to where an earlier run ended, if --resume or --start-epoch ask for it.

    Args:
        settings: those in force, as YAML has them.
    """
    if saving.resume == "auto":
        resume_automatically(state, work_dir, settings)
    else:
        resume_by_flags(state, saving.start_epoch, saving.checkpoint, saving.optimizer_states)


def resume_automatically(state: TrainState, work_dir: Path, settings: Mapping[str, Any]) -> None:
    """Continue from the newest intact checkpoint of the work dir, if there is one.

    Args:
        settings: those in force, as YAML has them.
    """
    first = processes.is_first()
    found = processes.from_first(newest_intact(work_dir) if first else None)
    if not found:
        logger.info("no checkpoint in %s: starting from the beginning.", work_dir)
        return
    epoch, files = found
    state.progress.epoch = state.progress.evaluated = epoch
    state.progress.step = files.step
    weights = read_weights(files.weights, unwrap(state.model))
    state.precision.load_full_weights(weights)
    checkpoint.load_state(state, files.checkpoint)
    logger.info("resuming from %s", files.checkpoint)
    changed, held = changed_settings(work_dir, settings), checkpoint.held_settings(state)
    for names, whose in (
        ([name for name in changed if name in held], "the checkpoint's value stays in force"),
        ([name for name in changed if name not in held], "the new value is in force from here"),
    ):
        if names:
            flags = ", ".join(map(flag, names))
            logger.warning("%s changed since the run began; %s.", flags, whose)


def changed_settings(work_dir: Path, now: Mapping[str, Any]) -> list[str]:
    """Settings that the result depends on and that differ from the work dir's config.yaml."""
    path = work_dir / "config.yaml"
    if not path.is_file():
        return []
    before = read_yaml(path)
    kept = [name for name, about in ABOUT.items() if about.recipe and not about.may_change]
    return [
        name for name in kept if before.get(name, DEFAULTS[name]) != now.get(name, DEFAULTS[name])
    ]


def resume_by_flags(
    state: TrainState, start_epoch: int, state_file: Path | None, optimizer_file: Path | None
) -> None:
    """The published way: --start-epoch, --weights (loaded already) and --checkpoint.

    Args:
        state_file: of --checkpoint.
        optimizer_file: of --optimizer-states.
    """
    progress = state.progress
    progress.epoch = progress.evaluated = start_epoch
    progress.step = start_epoch * progress.steps_per_epoch
    state.schedule.skip(start_epoch, progress.steps_per_epoch)
    if state_file:
        checkpoint.load_state(state, state_file)
    elif start_epoch and not optimizer_file:
        logger.warning("--start-epoch without --checkpoint: the optimiser starts afresh.")
    if optimizer_file:
        checkpoint.load_optimizer(state.optimizer, optimizer_file)
