"""Blocks on a GPU, with channels innermost and a few Triton kernels; the same numbers."""

from model.gpu.blocks import ms_gcn, ms_tcn, pathways
from model.gpu.launch import applies, compute_dtype, features_of, portable_form, rows_of, weights_of
from model.gpu.normalize import statistics_move_together

__all__ = [
    "applies",
    "compute_dtype",
    "features_of",
    "ms_gcn",
    "ms_tcn",
    "pathways",
    "portable_form",
    "rows_of",
    "statistics_move_together",
    "weights_of",
]
