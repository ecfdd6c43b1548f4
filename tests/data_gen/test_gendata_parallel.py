"""Workers: the same results in the same order, and errors that arrive."""

import io
import math
import re
import sys

import numpy as np
import pytest

from data_gen.custom.checks import check
from data_gen.custom.plan import make_plan
from data_gen.custom.settings import settings_as_values
from data_gen.pipeline import plan as plan_module
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


@pytest.mark.parametrize(("forked", "expected"), [(True, 8), (False, 1)])
def test_clips_in_memory_are_not_sent_to_spawned_workers(tmp_path, monkeypatch, forked, expected):
    """As on macOS, where each of them would be sent all clips."""
    monkeypatch.setattr(plan_module, "are_forked", lambda: forked)
    np.save(tmp_path / "all.npy", np.ones((4, 5, 17, 3)))
    np.save(tmp_path / "y.npy", np.arange(4) % 2)
    settings = check({
        "name": "own", "files": "all.npy", "reader": {"format": "npy", "axes": "NTVC"},
        "skeleton": "coco17", "label": {"npy": "y.npy"}, "split": {"fraction": 0.5},
    })  # fmt: skip
    assert make_plan(settings, tmp_path, tmp_path / "out").workers(8) == expected
    one_file_a_clip = {"files": "a*.npy", "reader": {"format": "npy"}, "label": {"regex": "(.)"}}
    for name in ("a1", "a2"):
        np.save(tmp_path / f"{name}.npy", np.ones((5, 17, 3)))
    alone = check({**settings_as_values(settings), **one_file_a_clip, "frames": 5})
    assert make_plan(alone, tmp_path, tmp_path / "out").workers(8) == 8
