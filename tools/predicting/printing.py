"""Print predictions as soon as they are known."""
# Shapes: K outputs.

import sys
import time
from collections import deque
from collections.abc import Iterable
from functools import partial

import numpy as np

from formats.exported import NetworkInfo
from tools.predicting.results import as_csv, as_json, as_text, csv_header, result_of, timeline
from tools.predicting.spans import Cut, Span

MAX_KEPT = 100_000  # windows of a timeline


def print_results(
    answers: Iterable[tuple[Span, np.ndarray]], info: NetworkInfo, form: str, cut: Cut
) -> int:
    """Print each prediction as soon as it is known; returns the number of clips.

    Args:
        answers: spans and their outputs (K,).
        form: text, json or csv.
        cut: how recordings are cut; windows end with a timeline, and their times.
    """
    kept: deque[dict] = deque(maxlen=MAX_KEPT)  # for the timeline
    clips: dict[str, None] = {}
    begun, count = time.monotonic(), 0
    lines = {"json": as_json, "csv": as_csv, "text": partial(as_text, classes=info.classes)}
    if form == "csv":
        print(csv_header(info.is_of_traits))
    for span, outputs in answers:
        result = result_of(span, outputs, info.classes, info.is_of_traits)
        clips[span.sample.name] = None
        count += 1
        print(lines[form](result), flush=True)
        if cut.window and form == "text" and not info.is_of_traits:
            kept.append(result)
    if len(kept) > 1:
        print("\n".join(["", "timeline:", *timeline(list(kept))]))
    if cut.window and count:
        each = 1000 * (time.monotonic() - begun) / count
        print(
            f"{count} windows, {each:.0f} ms each with reading; a label is known {cut.window} "
            f"frames after its window begins, and renewed every {cut.stride} frames.",
            file=sys.stderr,
        )
    return len(clips)
