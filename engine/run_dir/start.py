"""The start of a run in its work dir: lock, earlier results, log and settings."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from engine.device import processes
from engine.run_dir.lock import lock
from engine.run_dir.log import log_to_file
from engine.run_dir.states import WEIGHTS, names_in, saved_states
from engine.settings.table import TEST
from formats.exported import BEST_WEIGHTS
from formats.manifest import NAME as MANIFEST
from formats.manifest import read_manifest
from formats.scores import delete_scores
from utils.files import atomic_write


def take(work_dir: Path) -> None:
    """Make the work dir this process's own.

    Raises:
        ValueError: another run is in it.
    """
    work_dir.mkdir(parents=True, exist_ok=True)
    lock(work_dir)


def open_work_dir(
    work_dir: Path,
    settings: Mapping[str, Any],
    phase: str,
    print_log: bool,
    data_path: Path | None = None,
) -> None:
    """Make the work dir, start its log and keep the settings in force as a YAML file, and the
    dataset.json of the data set, where it has one.

    A test in the work dir of a training leaves those of that one alone.

    Args:
        data_path: of the clips.
    """
    if not processes.is_first():
        return
    take(work_dir)
    if print_log:
        log_to_file(work_dir / "log.txt")
    trained_here = phase == TEST and (work_dir / "weights").exists()
    name = "config-test.yaml" if trained_here else "config.yaml"
    manifest = read_manifest(data_path) if data_path and not trained_here else None
    if manifest:
        with atomic_write(work_dir / MANIFEST) as temporary:
            temporary.write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    with atomic_write(work_dir / name) as temporary:
        temporary.write_text(yaml.safe_dump(dict(settings), sort_keys=False))


def start_afresh(work_dir: Path, assume_yes: bool) -> None:
    """Before a run starts from nothing: no states of an earlier run may mix with its own.

    Raises:
        ValueError: there are some, and `assume_yes` does not say to delete them.
    """
    if not processes.is_first():
        return
    states = saved_states(work_dir)
    if not states:
        return
    take(work_dir)
    if not assume_yes:
        raise ValueError(
            f"--work-dir {work_dir} holds the checkpoints of an earlier run. Resume it with "
            "--resume auto, choose another folder, or delete its weights, checkpoints, scores and "
            "curves with --assume-yes."
        )
    delete_scores(work_dir)
    for _, files in states:
        files.checkpoint.unlink()
    for name in names_in(work_dir / "weights"):
        if WEIGHTS.fullmatch(name) or name == BEST_WEIGHTS:
            (work_dir / "weights" / name).unlink()
