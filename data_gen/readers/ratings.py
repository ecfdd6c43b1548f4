"""Reads ratings of the personality that raters perceive in clips of motion.

Source: Sonlu et al., MASSXR 2024 (github.com/sinansonlu/animation-personality). A .csv file with
one row per rating: `UserMail` (a rater's number), `FileName` (the clip's), and the five traits `O`,
`C`, `E`, `A`, `N`, each -3 to 3; other columns are ignored.
"""
# Shapes: R raters of a clip, 5 traits.

import csv
import io
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from data_gen.readers.bad_files import check_file
from formats.chunks import TRAITS

COLUMNS = ("UserMail", "FileName", *TRAITS)
LOWEST, HIGHEST = -3, 3


def read_ratings(path: Path) -> dict[str, np.ndarray]:
    """Clip: its ratings (R, 5) float64, in the order of the file; sorted by name.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no such table; the message names the line.
    """
    if not path.exists():
        raise FileNotFoundError(f"no table of ratings {path}. Name it with --ratings.")
    text = check_file(path).read_bytes().decode("utf-8-sig", errors="replace")
    lines = csv.DictReader(io.StringIO(text, newline=""))
    try:
        return _ratings_of(path, lines)
    except csv.Error as error:
        raise ValueError(f"{path} is not a table: {error}. Fetch it again.") from error


def _ratings_of(path: Path, lines: csv.DictReader) -> dict[str, np.ndarray]:
    if missing := [name for name in COLUMNS if name not in (lines.fieldnames or ())]:
        raise ValueError(f"{path} has no column {missing[0]!r}. Name a table of ratings.")
    ratings: dict[str, dict[str, list[float]]] = defaultdict(dict)
    for line in lines:
        where, rater = f"{path}, line {lines.line_num}", str(line["UserMail"])
        try:
            values = [float(line[trait]) for trait in TRAITS]
        except (TypeError, ValueError):
            raise ValueError(f"{where}: a trait is not a number. Mend the line.") from None
        if not all(LOWEST <= value <= HIGHEST for value in values):
            raise ValueError(
                f"{where}: ratings must be {LOWEST} to {HIGHEST}. Got {values}. Mend the line."
            )
        if rater in ratings[line["FileName"]]:
            raise ValueError(f"{where}: rater {rater} rates {line['FileName']} again. Delete one.")
        ratings[line["FileName"]][rater] = values
    if not ratings:
        raise ValueError(f"{path} holds no ratings.")
    return {name: np.array([*of.values()]) for name, of in sorted(ratings.items())}


def reliability(ratings: Mapping[str, np.ndarray]) -> np.ndarray:
    """ICC(1,k) of every trait (5,): the share of the variance of clips' means that is not raters'
    disagreement (Shrout and Fleiss, 1979); NaN where no clip has two raters, or all are rated
    alike.

    With mean squares between clips and within them, (MSB - MSW) / MSB. Its root is the largest
    correlation that a prediction can be expected to have with the means.
    """
    groups = [*ratings.values()]
    total = np.concatenate(groups)
    if len(groups) < 2 or len(total) == len(groups):
        return np.full(total.shape[1], np.nan)
    means = np.array([values.mean(axis=0) for values in groups])
    sizes = np.array([len(values) for values in groups])[:, None]
    between = (sizes * np.square(means - total.mean(axis=0))).sum(axis=0) / (len(groups) - 1)
    unknown = np.full_like(between, np.nan)
    return np.divide(between - _within(groups), between, out=unknown, where=between > 0)


def disagreement(ratings: Mapping[str, np.ndarray]) -> np.ndarray:
    """(5,) the variance of a clip's mean that is raters' disagreement, mean over clips: the lowest
    squared error that a prediction can be expected to reach; NaN where no clip has two raters.
    """
    groups = [*ratings.values()]
    return _within(groups) * np.mean([1 / len(values) for values in groups])


def _within(groups: list[np.ndarray]) -> np.ndarray:
    """The mean square within clips (5,)."""
    squares = sum(np.square(values - values.mean(axis=0)).sum(axis=0) for values in groups)
    freedom = sum(map(len, groups)) - len(groups)
    return squares / freedom if freedom else np.full(groups[0].shape[1], np.nan)
