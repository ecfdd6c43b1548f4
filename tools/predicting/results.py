"""Outputs of a network as lines of text, JSON or CSV."""
# Shapes: K outputs.

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from formats.chunks import TRAITS
from formats.class_names import shown
from tools.predicting.spans import Span
from utils.metrics import softmax

TOP = 5


def result_of(span: Span, outputs: np.ndarray, classes: Sequence[str], traits: bool) -> dict:
    """The prediction for a span as plain values: `top`, or `traits`."""
    found: dict[str, Any] = {"clip": span.sample.name}
    if not span.whole:
        found |= {"start": span.start, "end": span.stop}
        if rate := span.sample.rate:
            found["start_seconds"] = round(span.start / rate, 3)
            found["end_seconds"] = round(span.stop / rate, 3)
    if traits:
        return found | {"traits": dict(zip(TRAITS, map(_rounded, outputs), strict=True))}
    chances = softmax(outputs)
    order = np.argsort(-chances, kind="stable")[:TOP]
    top = [
        {
            "class": int(label),
            "name": classes[label] if label < len(classes) else str(label),
            "probability": _rounded(chances[label]),
        }
        for label in order
    ]
    return found | {"top": top}


def as_json(result: dict) -> str:
    return json.dumps(result, ensure_ascii=False, allow_nan=False)


def as_text(result: dict, classes: Sequence[str]) -> str:
    head = f"{result['clip']} {_span(result)}" if "start" in result else result["clip"]
    if "traits" in result:
        words = (f"{name} {value:+.3f}" for name, value in result["traits"].items())
        return f"{head}: {'  '.join(words)}"
    words = (f"{shown(one['class'], classes)} {one['probability']:.3f}" for one in result["top"])
    return f"{head}: {' | '.join(words)}"


def csv_header(traits: bool) -> str:
    columns = ["clip", "start", "end"]
    if traits:
        columns += TRAITS
    else:
        for rank in range(1, TOP + 1):
            columns += [f"class{rank}", f"name{rank}", f"probability{rank}"]
    return _csv_row(columns)


def as_csv(result: dict) -> str:
    row = [result["clip"], result.get("start", ""), result.get("end", "")]
    if "traits" in result:
        row += result["traits"].values()
    else:
        for one in result["top"]:
            row += one.values()
        row += [""] * (3 * (TOP - len(result["top"])))  # of fewer classes
    return _csv_row(row)


def timeline(results: Sequence[dict]) -> list[str]:
    """Join neighbouring windows of the same top class: one line per stretch.

    A window counts for the time up to the start of the next one.
    """
    lines: list[str] = []
    stretch: list[dict] = []
    for number, result in enumerate(results):
        stretch.append(result)
        following = results[number + 1] if number + 1 < len(results) else None
        best = result["top"][0]
        if following and following["clip"] == result["clip"]:
            if following["top"][0]["class"] == best["class"]:
                continue
            end = {"end": following["start"], "end_seconds": following.get("start_seconds")}
        else:
            end = {"end": result["end"], "end_seconds": result.get("end_seconds")}
        mean = np.mean([one["top"][0]["probability"] for one in stretch])
        begin = stretch[0]
        span = _span(begin | {k: v for k, v in end.items() if v is not None})
        lines.append(f"{result['clip']} {span}: {best['name']} {mean:.3f}")
        stretch = []
    return lines


def _span(result: dict) -> str:
    """Start and end, in seconds if the rate is known."""
    if "start_seconds" in result:
        return f"{result['start_seconds']:8.2f} - {result['end_seconds']:8.2f} s"
    return f"frames {result['start']:6d} - {result['end']:6d}"


def _rounded(value: Any) -> float:
    return round(float(value), 6)


def _csv_row(cells: Sequence[Any]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    return text.getvalue().rstrip("\r\n")
