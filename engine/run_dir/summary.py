"""The results of a run, and on what machine: `summary.json`."""

import hashlib
import json
import logging
import platform
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from engine.device import processes
from engine.settings.table import ABOUT
from utils.cli import PROJECT
from utils.files import atomic_write

try:
    import resource
except ImportError:  # on Windows
    resource = None

NAME = "summary.json"

logger = logging.getLogger(__name__)


def write_summary(work_dir: Path, content: Mapping[str, Any]) -> None:
    with atomic_write(work_dir / NAME) as temporary:
        temporary.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n")


def epochs_of(work_dir: Path) -> int:
    """How many epochs a finished run had."""
    return int(json.loads((work_dir / NAME).read_text())["epochs"])


def circumstances(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Versions, git revision, hardware and a hash of the recipe."""
    cuda = torch.cuda.is_available()
    return {
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "numpy": np.__version__,
        },
        "git_revision": git_revision(),
        "config_hash": config_hash(settings),
        "hardware": torch.cuda.get_device_name() if cuda else platform.processor() or "CPU",
        "threads": torch.get_num_threads(),
    }


def config_hash(settings: Mapping[str, Any]) -> str:
    """The same for all runs of one recipe, wherever they run and however often they were resumed.

    Args:
        settings: as YAML has them.
    """
    names = {name for name, about in ABOUT.items() if about.recipe}
    if settings.get("start_epoch") or settings.get("checkpoint"):
        names.discard("weights")  # of the run itself, not what it started from
    recipe = {name: value for name, value in settings.items() if name in names}
    text = json.dumps(recipe, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def git_revision() -> str | None:
    """The revision of the code, with + where files were changed; None outside of git."""
    try:
        command = ["git", "describe", "--always", "--abbrev=12", "--dirty=+", "--exclude=*"]
        return subprocess.run(
            command, cwd=PROJECT, capture_output=True, text=True, check=True
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def peak_memory_mb() -> float | None:
    """The most memory so far: of the GPU where there is one, else of this process."""
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        return round(torch.cuda.max_memory_allocated() / 2**20, 1)
    if resource is None:
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20, 1)


def over_seeds(results: Sequence[Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """Mean and sample standard deviation of every number that all results have."""
    names = [name for name in results[0] if all(name in result for result in results)]
    values = {name: np.array([result[name] for result in results]) for name in names}
    return {
        name: {"mean": float(v.mean()), "std": float(v.std(ddof=1)) if len(v) > 1 else 0.0}
        for name, v in values.items()
    }


def sum_up_seeds(
    work_dir: Path,
    seeds: Sequence[int],
    results: Sequence[Mapping[str, float]],
    settings: Mapping[str, Any],
) -> None:
    """Write the summary of several seeds and log their means; on the first process."""
    if not processes.is_first():
        return
    table = over_seeds(results)
    write_summary(work_dir, {"seeds": list(seeds), **table} | circumstances(settings))
    for name, value in table.items():
        mean, std = value["mean"], value["std"]
        logger.info("%s over %d seeds: %.4f +- %.4f", name, len(results), mean, std)
