"""The spatial product of ST-GCN, AGCN and AAGCN: three subsets of neighbours, each with weights.

out[n,o,w,t] = sum over k, c, v of W[k,o,c] * A[n,k,v,w] * x[n,c,v,t] (+ biases)

The published code convolves, or aggregates, subset by subset and adds the results. The sums
commute, and there are never more channels before the convolution than after it: all subsets are
aggregated first, in one matrix product of (3*V, V) matrices, and one convolution weights them. With
the subset next to the channel every regrouping is a view.
"""
# Shapes: R rows, C channels, V joints, T frames, 3 subsets.

import torch
from torch import Tensor


def aggregated(x: Tensor, adjacency: Tensor) -> Tensor:
    """(R, C, V, T), A (3, V, V) or (R, 3, V, V) -> (R, C*3, V, T): channel before subset."""
    rows, channels, joints, frames = x.shape
    to_from = adjacency.transpose(-1, -2).flatten(-3, -2)  # (..., 3*V, V)
    to_from = to_from if to_from.dim() == 2 else to_from[:, None]
    return torch.matmul(to_from.to(x), x).view(rows, channels * 3, joints, frames)


def stacked(weights: list[Tensor]) -> Tensor:
    """Weights (C_out, C, 1, 1) of the three subsets -> (C_out, C*3, 1, 1), for `aggregated`."""
    return torch.stack(weights, dim=2).flatten(1, 2)
