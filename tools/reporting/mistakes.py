"""Pictures of misclassified clips."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from formats.class_names import shown
from tools.drawing.drawable import Choice
from tools.drawing.shown import shown_clip
from tools.drawing.sources import joints_beside, of_arrays
from tools.reporting.content import NUM_PAIRS
from tools.reporting.pictures import strip
from tools.reporting.runs import ScoredRun
from utils.metrics import softmax, worst_pairs

logger = logging.getLogger(__name__)


def pictures_of_mistakes(runs: Sequence[ScoredRun], most: int) -> list[dict[str, Any]]:
    """Those of the first run with scores; none, with a warning, if its clips are missing."""
    scored = [run for run in runs if run.has_scores]
    if not scored or not most:
        return []
    try:
        return pictured_mistakes(scored[0], most)
    except (FileNotFoundError, ValueError) as error:
        logger.warning("no pictures of clips: %s", error)
        return []


def pictured_mistakes(run: ScoredRun, most: int) -> list[dict[str, Any]]:
    """The most confident mistake of each of the worst pairs.

    Raises:
        FileNotFoundError, ValueError: the clips are gone, or others.
    """
    chances, guesses = softmax(run.scores).max(axis=1), run.scores.argmax(axis=1)
    chosen: dict[str, tuple[int, int, float]] = {}
    for pair in worst_pairs(run.counts, NUM_PAIRS)[:most]:
        rows = [
            row
            for row, (label, guess) in enumerate(zip(run.labels, guesses, strict=True))
            if (label, guess) == (pair.true, pair.predicted)
        ]
        row = max(rows, key=lambda row: chances[row])
        chosen[run.names[row]] = pair.true, pair.predicted, float(chances[row])
    if not chosen:
        return []
    args = run.info.feeder_args
    path, label_path = joints_beside(Path(str(args.get("data_path", "")))), args.get("label_path")
    choice = Choice(pick=tuple(chosen), split=args.get("split"), skeleton=run.info.skeleton)
    found = []
    for number, each in enumerate(of_arrays(path, choice, label_path and Path(label_path))):
        true, predicted, chance = chosen[each.name]
        names = run.info.classes
        said = f"true: {shown(true, names)}, predicted: {shown(predicted, names)} {chance:.2f}"
        clip = shown_clip("", each.clip, each.skeleton, each.up, each.rate,
                          has_score=each.has_score, centre=each.centre)  # fmt: skip
        found.append(
            {"id": f"clip-{number}", "run": run.name, "true": true, "predicted": predicted,
             "title": f"{each.name}. {said}", "picture": strip(clip)}
        )  # fmt: skip
    return found
