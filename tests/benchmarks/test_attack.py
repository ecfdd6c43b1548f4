"""Mutants of every reader's files are read right or refused in one line."""

import pytest

from benchmarks import attack


@pytest.mark.parametrize("name", attack.NAMES)
def test_mutants_are_read_or_refused(name):
    outcome = attack.attack(name, 300, seed=1)
    assert outcome.faults == []
    assert outcome.counts["read"] + outcome.counts["refused"] == 300
    assert outcome.counts["refused"] > 100


@pytest.mark.slow
@pytest.mark.parametrize("name", attack.NAMES)
def test_ten_thousand_mutants(name):
    outcome = attack.attack(name, 10_000, seed=2)
    assert outcome.faults == [] and outcome.memory_mb < 1000


def test_every_reader_is_attacked(tmp_path):
    assert set(attack.targets(tmp_path)) == set(attack.NAMES)
