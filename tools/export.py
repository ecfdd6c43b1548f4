"""Export a trained network: python3 tools/export.py --weights work_dir/x/weights/best.pt --out model.onnx

- `.onnx`: the network, for any number of clips and, where the network allows it, frames. It is
  compared with torch on random and on real clips by onnxruntime, which prints the largest
  difference and both speeds; tools/predict.py runs it without torch.
- `.pt2`: the program of torch.export, for torch and AOTInductor.
- `.safetensors`: only the weights, which main.py, predict.py and report.py take as --weights.

Each file also holds the settings, the data set, the class names and the accuracy.
"""  # noqa: E501 - a command to copy

if __name__ == "__main__" and not __package__:  # started as a file: start again as a module
    from as_module import run_as_module

    run_as_module(__file__)

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from formats.exported import weights_file
from utils.cli import ArgumentParser, run

ENDINGS = (".onnx", ".pt2", ".safetensors")


def make_parser() -> ArgumentParser:
    parser = ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--weights", type=weights_file, required=True, metavar="FILE",
        help=".pt or .safetensors file, or a work dir for its best")  # fmt: skip
    add("--out", type=Path, required=True, metavar="FILE",
        help=f"file to write: {', '.join(ENDINGS)}")  # fmt: skip
    add("--config", type=Path, metavar="FILE", help="YAML settings of weights without a work dir")
    add("--frames", type=int, metavar="T", help="frames of the clips to check with (default: as in "
        "the settings)")  # fmt: skip
    add("--fixed", action="store_true", help=".onnx, .pt2: fix the number of frames, for "
        "runtimes that need it")  # fmt: skip
    return parser


def main(argv: Sequence[str] | None = None) -> None:
    args = make_parser().parse_args(argv)
    logging.basicConfig(format="%(levelname)s: %(message)s")
    if args.out.suffix not in ENDINGS:
        raise ValueError(f"--out must end with {', '.join(ENDINGS)}. Got {args.out}.")
    if args.frames is not None and args.frames < 1:
        raise ValueError(f"--frames must be above 0. Got {args.frames}.")
    # Only here, as importing torch takes seconds.
    from tools.exporting.networks import Exported, to_onnx, to_pt2, to_safetensors

    writers: dict[str, Callable[[Exported, Path], list[str]]] = {
        ".onnx": to_onnx, ".pt2": to_pt2, ".safetensors": to_safetensors,
    }  # fmt: skip
    exported = Exported.of(args.weights, args.config, args.frames, args.fixed)
    for line in writers[args.out.suffix](exported, args.out):
        print(line)
    print(args.out)


if __name__ == "__main__":
    run(main)
