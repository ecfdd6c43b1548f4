"""Read work dirs: scores and labels, curves, settings, results."""
# Shapes: N samples, K classes.

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from engine.settings.parse import read_values
from engine.settings.table import RecipeSettings, SavingSettings, TrainingSettings, names_of
from feeders.sources import names_and_labels, open_source
from formats.exported import NetworkInfo, config_of_test, info_of
from formats.labels import load_labels
from formats.scores import load_scores, score_file
from tools.reporting.measures import Reliability, counts_of, reliability
from utils.metrics import top_k_accuracy

UNUSED_BY_TESTS = {
    "seed", "train_feeder_args", "batch_size", "forward_batch_size", "val_split", "val_by",
    *names_of(TrainingSettings), *names_of(RecipeSettings), *names_of(SavingSettings),
}  # fmt: skip


@dataclass(frozen=True)
class ScoredRun:
    """A work dir of a training or a test.

    Args:
        name: its name in the report.
        info: settings, data set, names of classes, results.
        training: the work dir of the training, with its curves; None: not found.
        weights: None: not found.
        names: of the samples; empty without scores.
        scores: (N, K) in their order.
        labels: (N,) true classes.
        curves: one mapping per evaluated epoch, as in metrics.jsonl.
        summary: summary.json of the training.
        traits: traits.json of a test of traits.
    """

    name: str
    work_dir: Path
    info: NetworkInfo
    training: Path | None
    weights: Path | None
    names: list[str] = field(default_factory=list)
    scores: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))
    labels: list[int] = field(default_factory=list)
    curves: list[dict[str, Any]] = field(default_factory=list)
    summary: dict[str, Any] = field(default_factory=dict)
    traits: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def explained(self) -> dict[str, Any]:
        """By trait its most important features: (part, joint, % of the error); may be empty.

        Written by tools/explain.py, with pictures importance-{trait}.png.
        """
        return _json(self.work_dir / "explanation.json").get("strongest", {})

    @property
    def has_scores(self) -> bool:
        return bool(self.names)

    @cached_property
    def right(self) -> np.ndarray:
        """(N,) bool."""
        return self.scores.argmax(axis=1) == np.asarray(self.labels)

    @cached_property
    def counts(self) -> np.ndarray:
        """Confusion counts (K, K)."""
        return counts_of(self.scores, self.labels)

    def accuracy(self, k: int = 1) -> float:
        return top_k_accuracy(self.scores, self.labels, k)

    @cached_property
    def reliability(self) -> Reliability:
        return reliability(self.scores, self.labels)


def read_runs(work_dirs: Sequence[Path]) -> list[ScoredRun]:
    """The runs of work dirs; one that --seeds made stands for its seeds.

    Raises:
        FileNotFoundError, ValueError: a folder is not a work dir, or damaged.
    """
    folders = [each for work_dir in work_dirs for each in _seeds(work_dir)]
    names = short_names(folders)
    return [read_run(folder, name) for folder, name in zip(folders, names, strict=True)]


def _seeds(work_dir: Path) -> list[Path]:
    seeds = [path for path in work_dir.glob("seed-*") if (path / "config.yaml").is_file()]
    key = lambda path: (len(path.name), path.name)  # noqa: E731 - seed-2 before seed-10
    return sorted(seeds, key=key) or [work_dir]


def short_names(paths: Sequence[Path], shortest: int = 1) -> list[str]:
    """The shortest ends of the paths that differ, of as many parts at least.

    Raises:
        ValueError: a path is there several times.
    """
    parts = [path.absolute().parts for path in paths]
    for length in range(shortest, max(map(len, parts)) + 1):
        names = ["/".join(part[-length:]) for part in parts]
        if len(set(names)) == len(names):
            return names
    raise ValueError(f"{paths[0]} is named twice.")


def read_run(work_dir: Path, name: str) -> ScoredRun:
    """A work dir.

    Raises:
        FileNotFoundError: it is not a work dir.
        ValueError: a file in it is damaged, or its scores are of other samples than its labels.
    """
    config = config_of_test(work_dir)
    if not config.is_file():
        raise FileNotFoundError(
            f"{work_dir} is not a work dir: it has no config.yaml. Check the path."
        )
    values = read_values(config)
    weights = values.get("weights")
    training = next(
        (folder for folder in (work_dir, weights and Path(weights).absolute().parents[1])
         if folder and (folder / "metrics.jsonl").is_file()), None,
    )  # fmt: skip
    own = sorted((work_dir / "weights").glob("*.pt"), key=lambda path: path.stat().st_mtime)
    best = work_dir / "weights" / "best.pt"
    own = [best] if best.is_file() else own
    weights = Path(weights) if weights and not own else (own[-1] if own else None)
    if training and training != work_dir:
        values |= _of_training(training)
    info = info_of(values, training or work_dir)
    names, scores, labels = _scores(work_dir, info)
    return ScoredRun(
        name, work_dir, info, training, weights if weights and weights.is_file() else None,
        names, scores, labels, _lines(training), _json(training and training / "summary.json"),
        _json(work_dir / "traits.json"),
    )  # fmt: skip


def _of_training(work_dir: Path) -> dict[str, Any]:
    """What a training's settings say that a test does not use, so that its own are defaults."""
    config = work_dir / "config.yaml"
    values = read_values(config) if config.is_file() else {}
    return {name: value for name, value in values.items() if name in UNUSED_BY_TESTS}


def _scores(work_dir: Path, info: NetworkInfo) -> tuple[list[str], np.ndarray, list[int]]:
    """Names, scores and labels of the samples of a test; empty where it kept none."""
    nothing: tuple[list[str], np.ndarray, list[int]] = ([], np.zeros((0, 0)), [])
    if info.is_of_traits:
        return nothing
    found = sorted(work_dir.glob(score_file(work_dir, "*").name), key=_epoch)
    if not found:
        return nothing
    scores = load_scores(found[-1])  # of a training that keeps several, the last epoch's
    path, args = Path(str(info.feeder_args.get("data_path", ""))), info.feeder_args
    if args.get("label_path"):
        names, labels = load_labels(Path(args["label_path"]))
    else:
        source = open_source(path, args.get("split"))
        names, labels = names_and_labels(source, path, None)
    if missing := [name for name in names if name not in scores]:
        raise ValueError(
            f"{work_dir} has no score of {len(missing)} samples, such as {missing[0]}. Test again."
        )
    return names, np.stack([scores[name] for name in names]), labels


def _epoch(path: Path) -> int:
    digits = re.findall(r"\d+", path.name)
    return int(digits[0]) if digits else 0


def _lines(training: Path | None) -> list[dict[str, Any]]:
    if training is None:
        return []
    found = []
    for line in (training / "metrics.jsonl").read_text(encoding="utf-8").splitlines():
        try:
            entry = json.loads(line)
        except ValueError:  # half a line, of a run that was killed
            continue
        if isinstance(entry, dict):
            found.append(entry)
    return found


def _json(path: Path | None) -> dict[str, Any]:
    if path is None or not path.is_file():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is damaged: {error}.") from error
    return content if isinstance(content, dict) else {}


def differing_settings(runs: Sequence[ScoredRun]) -> dict[str, list[Any]]:
    """The settings that are not the same in all runs: name -> value of each run."""
    flat = [_flat(run.info.settings) for run in runs]
    names = sorted({name for each in flat for name in each})
    values = {name: [each.get(name) for each in flat] for name in names}
    return {name: found for name, found in values.items() if len(set(map(str, found))) > 1}


def _flat(settings: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in settings.items():
        if isinstance(value, dict):
            found |= _flat(value, f"{prefix}{name}.")
        else:
            found[prefix + name] = value
    return found
