"""Where a GPU spends its time: the kernels of one training step and of one inference.

python3 -m benchmarks.profile_gpu [--forms NAME ...] [--precision NAME ...] [--top 15]
"""

import argparse
import sys
from collections.abc import Callable, Sequence

import torch
from torch.profiler import ProfilerActivity, profile

from benchmarks.gpu_sides import FORMS, PRECISIONS, Side

NAME_WIDTH = 110


def kernel_table(work: Callable[[], object], top: int) -> str:
    """Milliseconds, share, number of calls and name of the kernels that take longest."""
    for _ in range(3):
        work()
    torch.cuda.synchronize()
    with profile(activities=[ProfilerActivity.CUDA]) as profiler:
        work()
        torch.cuda.synchronize()
    kernels = [
        (event.self_device_time_total / 1000, event.count, event.key)
        for event in profiler.key_averages()
        if event.self_device_time_total and not event.key.startswith("Optimizer.step")
    ]
    kernels.sort(reverse=True)
    total = sum(ms for ms, _, _ in kernels)
    lines = [f"{total:.2f} ms of {sum(count for _, count, _ in kernels)} kernels"]
    lines += [
        f"{ms:8.3f} ms {100 * ms / total:5.1f} % {count:5} x {name[:NAME_WIDTH]}"
        for ms, count, name in kernels[:top]
    ]
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--forms", nargs="+", choices=FORMS, default=["ours", "literal"])
    parser.add_argument("--precision", nargs="+", choices=tuple(PRECISIONS), default=["float16"])
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--top", type=int, default=15)
    args = parser.parse_args(argv)
    if not torch.cuda.is_available():
        sys.exit("error: a profile of a GPU needs one. On the CPU see bench_model.")
    device = torch.device("cuda")
    print(torch.cuda.get_device_name(), "torch", torch.__version__)
    for precision in args.precision:
        for form in args.forms:
            for phase in ("training", "inference"):
                work = getattr(Side(form, precision, args.batch), phase)(device)
                print(f"\n{phase}, {form}, {precision}: {kernel_table(work, args.top)}")
                del work
                torch.cuda.empty_cache()


if __name__ == "__main__":
    main()
