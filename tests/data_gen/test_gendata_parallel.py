"""Workers: the same results in the same order, and errors that arrive."""

import io
import math
import re
import sys

import pytest

from data_gen.pipeline import workers as parallel
from data_gen.pipeline.workers import map_in_order


@pytest.fixture(autouse=True)
def _workers_for_few_items(monkeypatch):
    monkeypatch.setattr(parallel, "ITEMS_PER_WORKER", 1)
    monkeypatch.setattr(parallel, "ITEMS_PER_TASK", 2)


def test_the_results_do_not_depend_on_the_number_of_workers():
    items = list(range(31))
    expected = [math.factorial(item) for item in items]
    assert list(map_in_order(math.factorial, items, 1, "")) == expected
    assert list(map_in_order(math.factorial, items, 2, "")) == expected


@pytest.mark.parametrize("num_workers", [1, 2])
def test_an_error_in_a_worker_reaches_the_command(num_workers):
    with pytest.raises(ValueError, match="factorial"):
        list(map_in_order(math.factorial, [1, 2, 3, -1, 4, 5], num_workers, ""))


def test_progress_with_speed_and_time_left_is_for_terminals_alone(monkeypatch):
    for is_terminal in (False, True):
        stderr = io.StringIO()
        stderr.isatty = lambda answer=is_terminal: answer
        monkeypatch.setattr(sys, "stderr", stderr)
        assert list(map_in_order(math.factorial, [1, 2, 3], 1, "ntu")) == [1, 2, 6]
        shown = re.search(r"ntu: 100%.* 3/3 \[\d\d:\d\d<\d\d:\d\d, .* clips/s\]", stderr.getvalue())
        assert bool(shown) == is_terminal == bool(stderr.getvalue())


def test_no_items_give_no_results():
    assert list(map_in_order(math.factorial, [], 2, "")) == []
