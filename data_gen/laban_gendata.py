"""Chunks -> normalised skeletons and effort features: python3 data_gen/laban_gendata.py

Reads `X_{split}.npy` (udiva_gendata.py, animation_gendata.py) of all splits there are; writes
beside them, float32, V being the joints of the skeleton that dataset.json names (without one:
UDIVA's):

- `skeleton_{split}.npy` (chunks, T, V, 3): chest at 0, turned to the axes;
- `laban_{split}.npy` (chunks, T, V, 12) with --features laban, the efforts as the paper's text
  names them; `laban_released_{split}.npy`, as its released code computes them; or
  `descriptors_{split}.npy` (chunks, T, V, 4), the classical ones. What they mean: laban.py.
"""

if __name__ == "__main__" and not __package__:  # started as a file: start again as a module
    from as_module import run_as_module

    run_as_module(__file__)

from collections.abc import Sequence
from functools import partial

from data_gen.chunks.features import COMPUTE, convert, find_chunks, write_split
from data_gen.laban import RATE, anatomy_of
from data_gen.pipeline.workers import add_num_worker
from formats.known import KNOWN
from formats.manifest import read_manifest, skeleton_of
from graph.named import skeleton_class
from utils.cli import ArgumentParser, run


def make_parser() -> ArgumentParser:
    parser = ArgumentParser(description=__doc__)
    parser.add_path("--data-folder", "data/udiva", "where the X_*.npy are, and the output goes")
    parser.add_argument(
        "--features",
        nargs="+",
        choices=[*COMPUTE],
        default=["laban"],
        help="which feature sets (default: laban)",
    )
    add_num_worker(parser)
    return parser


def main(argv: Sequence[str] | None = None) -> None:
    args = make_parser().parse_args(argv)
    features = [name for name in COMPUTE if name in args.features]
    manifest = read_manifest(args.data_folder) or {}
    skeleton = skeleton_class(skeleton_of(manifest) or KNOWN["udiva"].skeleton)
    work = partial(convert, anatomy=anatomy_of(skeleton), rate=float(manifest.get("rate") or RATE))
    shapes = find_chunks(args.data_folder, len(skeleton.joint_names))
    for split, shape in shapes.items():
        write_split(args.data_folder, split, shape, features, work, args.num_worker)


if __name__ == "__main__":
    run(main)
