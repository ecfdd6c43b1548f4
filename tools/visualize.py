"""Draw clips: python3 tools/visualize.py CLIP... --out clips.gif

The ending of --out chooses the format: .gif, .mp4, .png (moments of each clip in a row) or .html (a
3-D player in one file). CLIP is a raw file, folder, glob or archive, an array
(val_data_joint.npy) or a compact store; --pick chooses clips by name or number.

python3 tools/visualize.py data/nturgbd_raw/nturgb+d_skeletons/S001C001P001R001A0{23,59}.skeleton --out two.gif
python3 tools/visualize.py data/ntu/xsub/val_data_joint.npy --pick 0 100 200 --out three.html
python3 tools/visualize.py --predictions work_dir/ntu/xsub/joint_eval --wrong 12 --out wrong.html
python3 tools/visualize.py --skeleton coco17 --out coco17.png
"""  # noqa: E501 - commands to copy

if __name__ == "__main__" and not __package__:  # started as a file: start again as a module
    from as_module import run_as_module

    run_as_module(__file__)

import logging
from argparse import Namespace
from collections.abc import Callable, Sequence
from pathlib import Path

from graph.named import shipped
from utils.cli import ArgumentParser, non_negative, run

SKELETON_ENDINGS = (".png", ".svg", ".pdf")
CLIP_ENDINGS = (".gif", ".mp4", ".png", ".html")
MAX_CLIPS = {".gif": 12, ".mp4": 12, ".png": 24, ".html": 200}
STREAMS = ("joint", "bone", "joint_motion", "bone_motion")
VIEWS = ("raw", "array")


def make_parser() -> ArgumentParser:
    parser = ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("clips", nargs="*", metavar="CLIP", help="raw files, arrays or stores")
    add("--out", type=Path, required=True, help="file to write: .gif, .mp4, .png or .html")
    add("--pick", nargs="+", default=(), metavar="CLIP",
        help="names or numbers of clips (default: the first 4)")  # fmt: skip
    add("--format", metavar="NAME",
        help="format of raw files: ntu, kinetics, nw-ucla, udiva, or a YAML file of "
        "custom_gendata.py (default: detected)")  # fmt: skip
    add("--split", help="split of a store, such as xsub/val")
    add("--skeleton", nargs="+", metavar="NAME",
        help="skeleton of the clips; without clips the skeleton is drawn, with joint names: "
        f"all, {', '.join(shipped())}, a .yaml file or a class")  # fmt: skip
    add("--stream", choices=STREAMS, help="stream to draw as vectors over the joints")
    add("--compare", metavar="raw,array", help="draw side by side: as recorded, as in the arrays")
    add("--augment", action="store_true", help="draw eight random augmentations as set in --config")
    add("--config", type=Path, metavar="FILE", help="YAML file with train_feeder_args")
    add("--predictions", type=Path, metavar="WORK_DIR",
        help="work dir of a test with scores; titles show true and predicted class")  # fmt: skip
    add("--wrong", type=non_negative, metavar="N",
        help="with --predictions: only the N most confident mistakes")  # fmt: skip
    add("--rate", type=float, metavar="HZ",
        help="frames per second (default: that of the data set)")  # fmt: skip
    add("--azimuth", type=float, default=25.0,
        help="viewing angle around the body, degrees (default: 25)")  # fmt: skip
    add("--elevation", type=float, default=8.0,
        help="viewing angle from above, degrees (default: 8)")  # fmt: skip
    return parser


def main(argv: Sequence[str] | None = None) -> None:
    args = checked(make_parser().parse_args(argv))
    logging.basicConfig(format="%(levelname)s: %(message)s")
    if args.skeleton and not args.clips and not args.predictions:
        from tools.drawing.files import write_figure
        from tools.drawing.skeletons import picture

        names = shipped() if args.skeleton == ["all"] else args.skeleton
        write_figure(args.out, picture(names))
        print(args.out)
        return
    # Only here, as matplotlib takes half a second to import.
    from tools.drawing.chosen import chosen_clips

    clips = chosen_clips(args)
    most = MAX_CLIPS[args.out.suffix]
    if len(clips) > most:
        raise ValueError(
            f"{args.out} can show {most} clips, not {len(clips)}. Choose fewer with --pick or "
            "--wrong, or make a page (.html)."
        )
    writer_of(args)(clips)
    print(f"{args.out}: {len(clips)} clip{'s' * (len(clips) != 1)}")


def checked(args: Namespace) -> Namespace:
    """The arguments.

    Raises:
        ValueError: they are contradictory or incomplete.
    """
    if not (args.clips or args.skeleton or args.predictions):
        raise ValueError("name clips to draw, or --skeleton or --predictions.")
    only_skeleton = args.skeleton and not args.clips and not args.predictions
    endings = SKELETON_ENDINGS if only_skeleton else CLIP_ENDINGS
    if args.out.suffix not in endings:
        raise ValueError(f"--out must end with {', '.join(endings)}. Got {args.out}.")
    if args.skeleton and not only_skeleton and len(args.skeleton) > 1:
        raise ValueError("--skeleton takes one name for clips.")
    if args.compare and sorted(args.compare.split(",")) != sorted(VIEWS):
        raise ValueError(f"--compare takes raw,array. Got {args.compare}.")
    if args.augment and not args.config:
        raise ValueError("--augment requires --config, the YAML file with train_feeder_args.")
    if args.wrong is not None and not args.predictions:
        raise ValueError("--wrong requires --predictions.")
    if args.rate is not None and args.rate <= 0:
        raise ValueError(f"--rate must be above 0. Got {args.rate}.")
    return args


def writer_of(args: Namespace) -> Callable[[list], None]:
    """The function that writes --out."""
    from tools.drawing import canvas, files, player

    angles = (args.azimuth, args.elevation)
    if args.out.suffix == ".html":
        return lambda clips: player.write_page(args.out, clips, args.out.stem.replace("_", " "))
    if args.out.suffix == ".png":
        return lambda clips: files.write_figure(args.out, canvas.contact_sheet(clips, angles))
    write = files.write_gif if args.out.suffix == ".gif" else files.write_mp4
    return lambda clips: write(args.out, canvas.pictures(clips, angles), clips[0].rate)


if __name__ == "__main__":
    run(main)
