"""Clips that several tests predict."""

import predicted
import pytest


@pytest.fixture(scope="module")
def ntu(tmp_path_factory):
    return predicted.make_clips(tmp_path_factory.mktemp("ntu"))
