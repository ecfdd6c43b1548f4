"""The content of a report as plain values, for its JSON and its page."""

import itertools
import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from formats.class_names import shown
from tools.reporting.measures import class_rows, reliability
from tools.reporting.runs import ScoredRun, differing_settings
from utils.metrics import mcnemar, top_k_accuracy, wilson, worst_pairs

NUM_PAIRS = 12
# The published form of MS-G3D for NTU RGB+D, counted the same way (tests/helpers/oracle.py).
PUBLISHED_GFLOPS = {"model.msg3d.Model": ((3, 300, 25, 2), 96, 65.5)}


def content_of(runs: Sequence[ScoredRun], costs: Mapping[str, dict]) -> dict[str, Any]:
    """All numbers of a report.

    Args:
        costs: cost of each run by name (tools/reporting/cost.py); may lack some.
    """
    scored = [run for run in runs if run.has_scores]
    return {
        "runs": [run_content(run, costs.get(run.name, {})) for run in runs],
        "pairs": [pair_content(*pair) for pair in itertools.combinations(scored, 2)],
        "fusion": fusion_content(scored),
        "seeds": seeds_content(scored),
        "settings": differing_settings(runs) if len(runs) > 1 else {},
    }


def run_content(run: ScoredRun, cost: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": run.name,
        "work_dir": str(run.work_dir),
        "weights": str(run.weights) if run.weights else None,
        "model": run.info.settings.get("model"),
        "stream": run.info.stream,
        "dataset": run.info.dataset.get("dataset"),
        "cost": dict(cost),
        "training": {
            key: run.summary.get(key)
            for key in ("epochs", "training_seconds", "clips_per_second", "peak_memory_mb",
                        "hardware", "versions", "git_revision", "config_hash")
            if run.summary.get(key) is not None
        },
    }  # fmt: skip
    published = PUBLISHED_GFLOPS.get(str(found["model"]))
    width = run.info.model_args.get("width", 96)
    if published and cost and (tuple(cost["clip_shape"]), width) == published[:2]:
        found["published_gflops"] = published[2]
    if run.traits:
        found["traits"] = run.traits
        found["explained"] = run.explained
    if not run.has_scores:
        return found
    right, total = int(run.right.sum()), len(run.labels)
    names = run.info.classes
    return found | {
        "samples": total,
        "top1": right / total,
        "top1_interval": wilson(right, total),
        "top5": run.accuracy(5),
        "mean_class_accuracy": float(
            np.mean([row.recall for row in class_rows(run.counts) if row.samples])
        ),
        "ece": run.reliability.ece,
        "classes": [
            {
                "class": row.label,
                "name": shown(row.label, names),
                "samples": row.samples,
                "right": row.right,
                "recall": row.recall,
                "interval": wilson(row.right, row.samples),
                "precision": row.precision,
            }
            for row in class_rows(run.counts)
        ],
        "confusion": run.counts.tolist(),
        "worst_pairs": [
            {**pair._asdict(), "true_name": shown(pair.true, names),
             "predicted_name": shown(pair.predicted, names)}
            for pair in worst_pairs(run.counts, NUM_PAIRS)
        ],
    }  # fmt: skip


def pair_content(first: ScoredRun, second: ScoredRun) -> dict[str, Any]:
    """McNemar's test of two runs, on the samples that both have."""
    place = {name: number for number, name in enumerate(second.names)}
    common = [number for number, name in enumerate(first.names) if name in place]
    ours = first.right[common]
    theirs = second.right[[place[first.names[number]] for number in common]]
    test = mcnemar(ours, theirs)
    return {"first": first.name, "second": second.name, "samples": len(common), **test._asdict()}


def fusion_content(runs: Sequence[ScoredRun]) -> dict[str, Any] | None:
    """The runs' scores added with equal weights; None where they are not of the same samples."""
    if len(runs) < 2:
        return None
    first = runs[0]
    same = all(
        set(run.names) == set(first.names) and run.scores.shape == first.scores.shape
        for run in runs
    )
    if not same:
        return None
    total = np.zeros(first.scores.shape)
    for run in runs:
        place = {name: number for number, name in enumerate(run.names)}
        total += run.scores[[place[name] for name in first.names]]
    right = int((total.argmax(axis=1) == np.asarray(first.labels)).sum())
    return {
        "runs": [run.name for run in runs],
        "top1": right / len(first.labels),
        "top1_interval": wilson(right, len(first.labels)),
        "top5": top_k_accuracy(total, first.labels, 5),
        "ece": reliability(total / len(runs), first.labels).ece,
    }


def seeds_content(runs: Sequence[ScoredRun]) -> list[dict[str, Any]]:
    """Mean and deviation of the accuracy over runs that differ in their seed only."""
    groups: dict[str, list[ScoredRun]] = defaultdict(list)
    for run in runs:
        settings = {
            name: value
            for name, value in run.info.settings.items()
            if name not in ("seed", "seeds", "work_dir", "weights", "device", "num_worker")
        }
        groups[str(sorted(settings.items(), key=str))].append(run)
    return [
        {
            "runs": [run.name for run in group],
            "mean": statistics.mean(run.accuracy() for run in group),
            "std": statistics.stdev(run.accuracy() for run in group),
        }
        for group in groups.values()
        if len({run.info.settings.get("seed") for run in group}) > 1
    ]
