"""Intervals and tests against scipy's."""

import numpy as np
import pytest
from scipy import stats

from utils.certainty import mcnemar, wilson


@pytest.mark.parametrize(("right", "total"), [(0, 10), (8, 10), (10, 10), (477, 504), (1, 1)])
def test_wilsons_interval_is_scipys(right, total):
    expected = stats.binomtest(right, total).proportion_ci(0.95, method="wilson")
    assert wilson(right, total) == pytest.approx((expected.low, expected.high))


@pytest.mark.parametrize(("one", "other"), [(0, 0), (5, 1), (36, 40), (900, 1100), (1, 0)])
def test_mcnemars_test_is_the_binomial_one(one, other):
    first = np.array([True] * one + [False] * other + [True] * 7)
    second = np.array([False] * one + [True] * other + [True] * 7)
    found = mcnemar(first, second)
    assert found[:2] == (one, other)
    p_value = stats.binomtest(one, one + other).pvalue if one + other else 1.0
    assert found.p_value == pytest.approx(p_value, rel=1e-9)
