"""Mutants of every reader's files are read right or refused in one line."""

import pytest

from benchmarks import attack
from benchmarks.attacked import OWN, TARGETS
from data_gen.readers.formats import FORMATS


@pytest.mark.parametrize("name", TARGETS)
def test_mutants_are_read_or_refused(name):
    outcome = attack.attack(name, 300, seed=1)
    assert outcome.faults == []
    assert outcome.counts["read"] + outcome.counts["refused"] == 300
    assert outcome.counts["refused"] > 100


@pytest.mark.slow
@pytest.mark.parametrize("name", TARGETS)
def test_ten_thousand_mutants(name):
    outcome = attack.attack(name, 10_000, seed=2)
    assert outcome.faults == [] and outcome.memory_mb < 1000


def test_every_format_is_attacked():
    extra = {"sleap"}  # which is read as deeplabcut
    assert {name for name in OWN if "many" not in name} == {*FORMATS} | extra
