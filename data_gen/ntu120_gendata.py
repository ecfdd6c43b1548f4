"""NTU RGB+D 120: raw skeletons -> arrays of xsub and xset: python3 data_gen/ntu120_gendata.py

Source: Liu et al., "NTU RGB+D 120: a large-scale benchmark for 3D human activity understanding",
TPAMI 2019. Its raw data come in two parts: NTU RGB+D 60 (setups 1 to 17), and setups 18 to 32.
Writes {xsub,xset}/{train,val}_data_joint.npy, (N, 3, 300, 25, 2) float32, normalised, and
{train,val}_label.pkl, the pair (file names, labels 0..119), sorted by name. `--benchmark xsub xset
ntu60-xsub ntu60-xview` makes those of NTU RGB+D 60 out of the same pass.
"""

if __name__ == "__main__" and not __package__:  # started as a file: start again as a module
    from as_module import run_as_module

    run_as_module(__file__)

from collections.abc import Sequence

from data_gen.pipeline.ntu_command import add_common_flags, generate
from utils.cli import ArgumentParser, run


def make_parser() -> ArgumentParser:
    parser = ArgumentParser(description=__doc__)
    raw = "data/nturgbd_raw"
    parser.add_path("--part1-path", f"{raw}/nturgb+d_skeletons", "folder of setups 1 to 17")
    parser.add_path("--part2-path", f"{raw}/nturgb+d_skeletons120", "folder of setups 18 to 32")
    add_common_flags(
        parser,
        benchmarks=("xsub", "xset"),
        more=("ntu60-xsub", "ntu60-xview"),
        incomplete=[
            f"{raw}/NTU_RGBD120_samples_with_missing_skeletons.txt",
            f"{raw}/samples_with_missing_skeletons_NTU_RGBD120.txt",
        ],
        out="data/ntu120",
    )
    return parser


def main(argv: Sequence[str] | None = None) -> None:
    args = make_parser().parse_args(argv)
    generate("ntu120", [args.part1_path, args.part2_path], args)


if __name__ == "__main__":
    run(main)
