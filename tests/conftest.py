"""Shared set-up: torch on a fixed number of threads, so that runs are comparable; a small run."""

import pytest
import small_data
import small_run
import torch

torch.set_num_threads(2)


@pytest.fixture
def data(tmp_path):
    return small_data.learnable(tmp_path / "data")


@pytest.fixture
def settings(tmp_path, data):
    """The arguments of a small run in tmp_path/run."""
    return small_run.write_settings(tmp_path, data)
