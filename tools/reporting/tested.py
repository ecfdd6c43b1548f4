"""Test weights for a report."""
# Shapes: N samples, K classes.

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from engine.data.datasets import build_test_clips, check_clips
from engine.data.loading import evaluation_loader
from engine.evaluation import predict
from engine.tasks.action import ActionClassification
from engine.trained import load_network, settings_of
from tools.predicting.networks import info_beside
from tools.reporting.runs import ScoredRun, short_names


def tested_runs(weights: Sequence[Path], config: Path | None) -> list[ScoredRun]:
    """The scores of each of several weights; their names are those of work dir and file."""
    # The folder of all weights in a work dir tells nothing.
    places = [path.absolute().with_suffix("") for path in weights]
    places = [p.parents[1] / p.name if p.parent.name == "weights" else p for p in places]
    names = short_names(places, shortest=2)
    return [tested_run(path, name, config) for path, name in zip(weights, names, strict=True)]


def tested_run(weights: Path, name: str, config: Path | None) -> ScoredRun:
    """The scores of weights on the test clips of their settings.

    Args:
        weights: .pt or .safetensors.
        name: its name in the report.
        config: their settings, where neither the file nor a work dir has them.

    Raises:
        FileNotFoundError, ValueError: weights, settings or clips are missing or do not fit.
    """
    info = info_beside(weights, config)
    if info.is_of_traits:
        raise ValueError(f"{weights} predicts traits. Test it with main.py and name the work dir.")
    settings = settings_of(info)
    clips = build_test_clips(settings.data, model_args=info.model_args)
    check_clips(ActionClassification(), info.model_args, clips)
    network = load_network(settings, weights)
    with closing(evaluation_loader(clips, settings.data.test_batch_size, 0)) as loader:
        scores = predict(network.model, network.precision, loader, settings.data.num_clips)
    return ScoredRun(
        name, weights.absolute().parent, info, None, weights, list(clips.sample_name), scores,
        [int(label) for label in clips.label],
    )  # fmt: skip
