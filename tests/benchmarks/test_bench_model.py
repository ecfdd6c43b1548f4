"""The benchmark of the model runs, and measures what it says."""

import os
from dataclasses import replace

import pytest

from benchmarks.bench_model import NTU, ORACLE, Side, compare, cpu_cases
from utils.cli import PROJECT

SMALL = tuple({**NTU, "width": 6, "num_gcn_scales": 3, "num_g3d_scales": 2}.items())


@pytest.mark.slow
def test_both_sides_run_and_are_measured():
    ours = Side(model_args=SMALL, frames=16)
    literal = replace(ours, model=ORACLE, path=f"{PROJECT}{os.pathsep}{PROJECT / 'tests/helpers'}")
    result = compare(ours, literal, rounds=1)
    assert result["time"] == pytest.approx(result["ours_s"] / result["other_s"])
    assert min(result["ours_s"], result["other_s"], result["ours_mb"], result["other_mb"]) > 0


def test_main_s_own_step_runs():
    side = Side(model_args=SMALL, frames=16, engine=True)
    process = side.start()
    assert process.ask("seconds") > 0
    process.end()


def test_a_side_that_fails_is_said():
    process = Side(model="model.msg3d.Nothing", model_args=SMALL).start()
    with pytest.raises(ValueError, match="failed"):
        process.ask("seconds")


def test_both_sides_of_a_case_do_the_same_work():
    for case in cpu_cases(Side(model=ORACLE)):
        same = replace(case.other, model=case.ours.model, engine=case.ours.engine,
                       keep=case.ours.keep, absent=case.ours.absent)  # fmt: skip
        assert same == case.ours, case.name
