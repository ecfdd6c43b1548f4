"""When the GPU form of a block applies, and how its kernels are started."""
# Shapes: N rows (bodies), C channels, T frames, V joints.

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec

import torch
from torch import Tensor, nn

# It comes with torch's CUDA builds. Not imported here, which takes 0.3 s: a CPU does without.
HAS_TRITON = find_spec("triton") is not None
_kernels_in_use = True
DTYPES = (torch.float16, torch.bfloat16, torch.float32)


def applies(x: Tensor, norms: Sequence[nn.Module]) -> bool:
    """Whether the kernels compute what these BatchNorm layers ask for on these features.

    In training all layers must take statistics of this process's batch; in evaluation, where
    constants are prepared once, no gradient may be wanted.
    """
    if not HAS_TRITON or not on_gpu(x) or torch.compiler.is_compiling():
        return False
    if x.dtype not in DTYPES or torch.jit.is_tracing():
        return False
    if not all(type(norm) in (nn.BatchNorm1d, nn.BatchNorm2d) for norm in norms):
        return False
    training = {norm.training for norm in norms}
    return training == {True} or (training == {False} and not torch.is_grad_enabled())


def on_gpu(x: Tensor) -> bool:
    return x.is_cuda and _kernels_in_use


@contextmanager
def portable_form() -> Iterator[None]:
    """A context within which blocks use their portable form on a GPU, too: to compare or debug."""
    global _kernels_in_use
    before, _kernels_in_use = _kernels_in_use, False
    try:
        yield
    finally:
        _kernels_in_use = before


def compute_dtype(x: Tensor) -> torch.dtype:
    """The type that products are computed in: autocast's where it is on."""
    kind = x.device.type
    return torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else x.dtype


def dot_precision() -> str:
    """How tensor cores multiply float32: as torch's own products do."""
    return "tf32" if torch.backends.cuda.matmul.allow_tf32 else "tf32x3"


def rows_of(x: Tensor) -> Tensor:
    """Features (N, C, V, T) of any layout -> (N, T, V, C), contiguous; a view where they are so."""
    return x.permute(0, 3, 2, 1).contiguous()


def features_of(rows: Tensor) -> Tensor:
    """The reverse view: (N, T, V, C) -> (N, C, V, T)."""
    return rows.permute(0, 3, 2, 1)


def weights_of(repeats: Tensor | None) -> Tensor | None:
    """How many bodies each row stands for, as the kernels take it."""
    return None if repeats is None else repeats.float()


def channel_block(channels: int, largest: int = 64) -> int:
    """Channels of a tile: a power of 2, at least 16, that divides `channels` where one does."""
    block = largest
    while block > 16 and channels % block:
        block //= 2
    return block


def ceil_div(a: int, b: int) -> int:
    """Plain Python: Triton's own function costs more than a kernel's start."""
    return -(-a // b)


def power_of_two(n: int) -> int:
    """The smallest one that is not below n."""
    return 1 << (n - 1).bit_length()
