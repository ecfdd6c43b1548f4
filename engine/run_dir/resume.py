"""Where a training goes on: from its newest checkpoint, or from files that flags name."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.device import devices as parallel
from engine.device import distributed
from engine.run_dir import checkpoint
from engine.run_dir.checkpoint import TrainState
from engine.run_dir.states import changed_settings, newest_intact
from engine.run_dir.weights import read_weights

logger = logging.getLogger(__name__)


def resume_automatically(state: TrainState, work_dir: Path, settings: Mapping[str, Any]) -> None:
    """Go on from the newest intact checkpoint of the work dir, if there is one."""
    first = distributed.is_first()
    found = distributed.from_first(newest_intact(work_dir) if first else None)
    if not found:
        logger.info("no checkpoint in %s: starting from the beginning.", work_dir)
        return
    epoch, files = found
    state.progress.epoch = state.progress.evaluated = epoch
    state.progress.step = files.step
    weights = read_weights(files.weights, parallel.unwrap(state.model))
    state.precision.load_full_weights(weights)
    checkpoint.load_state(state, files.checkpoint)
    logger.info("going on from %s", files.checkpoint)
    if changed := changed_settings(work_dir, settings):
        logger.warning(
            "%s changed since the run began; what the checkpoint holds of it stays in force.",
            ", ".join(changed),
        )


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
