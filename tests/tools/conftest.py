"""Clips and networks that several tests of tools use."""

import predicted
import pytest
import rated_data

from tools.crossvalidating.rated import read_rated


@pytest.fixture(scope="module")
def ntu(tmp_path_factory):
    return predicted.make_clips(tmp_path_factory.mktemp("ntu"))


@pytest.fixture(scope="session")
def rated(tmp_path_factory):
    """The folder of 24 rated clips of 8 recordings, as arrays."""
    return rated_data.arrays(tmp_path_factory.mktemp("rated"))


@pytest.fixture(scope="session")
def rated_clips(rated):
    return read_rated(rated)


@pytest.fixture(scope="session")
def rated_run(rated, tmp_path_factory):
    """The work dir of `main.py --folds 2 --seeds 1` on them."""
    return rated_data.train(rated, tmp_path_factory.mktemp("trained"))
