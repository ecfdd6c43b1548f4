"""NTU RGB+D 60: raw skeletons -> arrays of xsub and xview: python3 data_gen/ntu_gendata.py

Source: Shahroudy et al., "NTU RGB+D: a large scale dataset for 3D human activity analysis", CVPR
2016. Writes {xsub,xview}/{train,val}_data_joint.npy, (N, 3, 300, 25, 2) float32, normalised, and
{train,val}_label.pkl, the pair (file names, labels 0..59), sorted by name.
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
    parser.add_path("--data_path", f"{raw}/nturgb+d_skeletons", "folder of .skeleton files")
    add_common_flags(
        parser,
        benchmarks=("xsub", "xview"),
        incomplete=[
            f"{raw}/NTU_RGBD_samples_with_missing_skeletons.txt",
            f"{raw}/samples_with_missing_skeletons.txt",
        ],
        out="data/ntu",
    )
    return parser


def main(argv: Sequence[str] | None = None) -> None:
    args = make_parser().parse_args(argv)
    generate("ntu", [args.data_path], args)


if __name__ == "__main__":
    run(main)
