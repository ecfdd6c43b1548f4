"""Shared set-up: torch on a fixed number of threads, so that runs are comparable."""

import torch

torch.set_num_threads(2)
