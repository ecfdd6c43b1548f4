"""Shared set-up: torch on one thread, since tests are small and run side by side; a small run."""

import os
from pathlib import Path

# For the commands that tests start, too.
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["PYTHONPATH"] = str(Path(__file__).parent / "helpers")  # small_network.py

import torch

if not torch.cuda.is_available():
    os.environ["TRITON_INTERPRET"] = "1"  # GPU kernels run on the CPU, slowly: their numbers count

import pytest
import small_data
import small_run

torch.set_num_threads(1)


@pytest.fixture
def data(tmp_path):
    return small_data.learnable(tmp_path / "data")


@pytest.fixture
def settings(tmp_path, data):
    """The arguments of a small run in tmp_path/run."""
    return small_run.write_settings(tmp_path, data)
