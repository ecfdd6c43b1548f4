"""How sure an accuracy is, and the difference of two; numpy only."""
# Shapes: N samples.

import math
from typing import NamedTuple

import numpy as np

Z_95 = 1.959963984540054  # of the normal distribution, for 95 %


def wilson(right: int, total: int, z: float = Z_95) -> tuple[float, float]:
    """The interval (low, high) of a share, 95 % by default (Wilson, JASA 1927)."""
    if not total:
        return 0.0, 1.0
    share, spread = right / total, z * z / total
    middle = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * math.sqrt(share * (1 - share) / total + spread / (4 * total))
    return max(0.0, middle - half), min(1.0, middle + half)


class McNemar(NamedTuple):
    """Of two networks on the same samples (McNemar, Psychometrika 1947)."""

    only_first: int  # right by the first only
    only_second: int
    p_value: float  # exact, two-sided


def mcnemar(first: np.ndarray, second: np.ndarray) -> McNemar:
    """Of which samples each has right, (N,) bool, by the binomial distribution."""
    only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
    number, fewer = only_first + only_second, min(only_first, only_second)
    if not number:
        return McNemar(0, 0, 1.0)
    logs = [_log_choose(number, k) - number * math.log(2) for k in range(fewer + 1)]
    tail = sum(math.exp(value) for value in logs)
    return McNemar(only_first, only_second, min(1.0, 2 * tail))


def _log_choose(number: int, k: int) -> float:
    return math.lgamma(number + 1) - math.lgamma(k + 1) - math.lgamma(number - k + 1)
