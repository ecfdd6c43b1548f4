"""Extract skeletons from videos: python3 tools/extract.py VIDEO... --out data/my_raw

Writes one .npz per video, with joints (M, T, V, C), and skeletons.yaml, which tells
data_gen/custom_gendata.py how to read them; add there how the class is known. Videos of the same
name keep the names of their folders. Videos that have been extracted are skipped, so that an
interrupted run resumes.
"""

if __name__ == "__main__" and not __package__:  # started as a file: start again as a module
    from as_module import run_as_module

    run_as_module(__file__)

import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from data_gen.readers.found import names_of
from tools.video.estimators import ESTIMATORS, estimator
from tools.video.frames import open_video
from tools.video.skeletons import METRES, PIXELS, Seen, save_skeletons, skeletons_of
from utils.cli import ArgumentParser, run
from utils.files import atomic_write
from utils.text import as_yaml, one_line

YAML = "skeletons.yaml"


def make_parser() -> ArgumentParser:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("videos", nargs="+", metavar="VIDEO", help="video files")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="where to write")
    parser.add_argument(
        "--pose",
        choices=(*ESTIMATORS,),
        default="mediapipe",
        help="pose estimator (default: mediapipe)",
    )
    parser.add_argument(
        "--pose-model",
        type=Path,
        metavar="FILE",
        help="model file of the estimator, where it needs one",
    )
    parser.add_argument(
        "--persons", type=int, default=2, help="most persons per video (default: 2)"
    )
    parser.add_argument(
        "--coordinates",
        choices=(METRES, PIXELS),
        help="pixels have a confidence (default: metres where the estimator gives them)",
    )
    return parser


def main(argv: Sequence[str] | None = None) -> None:
    args = make_parser().parse_args(argv)
    logging.basicConfig(format="%(levelname)s: %(message)s")
    stems = names_of([str(Path(name).with_suffix("")) for name in args.videos])
    if len(set(stems)) < len(stems):
        raise ValueError("two videos of a folder have the same name. Rename one.")
    bad, last = [], None
    for name, stem in zip(args.videos, stems, strict=True):
        path = args.out / f"{stem}.npz"
        if path.exists():
            print(f"{path} exists already: skipped")
            continue
        # One each, since estimators follow persons from frame to frame.
        estimate = estimator(args.pose, args.pose_model, args.persons)
        coordinates = args.coordinates or (METRES if estimate.has_world else PIXELS)
        try:
            last = skeletons_of(open_video(name), estimate, coordinates)
        except (ValueError, OSError) as error:
            bad.append(one_line(error))
            continue
        save_skeletons(path, last)
        persons, frames = last.clip.shape[:2]
        print(f"{path}: {frames} frames of {persons} persons")
    if last and not (args.out / YAML).exists():
        in_folders = any("/" in stem for stem in stems)
        write_yaml(args.out / YAML, last, args.persons, in_folders)
    if bad:
        for reason in bad[:-1]:
            print(f"error: {reason}", file=sys.stderr)
        raise ValueError(bad[-1])


def write_yaml(path: Path, seen: Seen, persons: int, in_folders: bool) -> None:
    """Write the part of custom_gendata.py's YAML file that is known from the videos."""
    files, label = "*.npz", "{regex: '^([a-z]+)'}  # the class stands in the name: wave_01.npz"
    if in_folders:
        files, label = "**/*.npz", "{folder: 1}  # the class is the name of the folder"
    reader = "{format: npz, key: joints, axes: MTVC, rate: rate"
    if seen.coordinates == PIXELS:
        reader += ", score: keep, image: [width, height]"
    text = f"""\
# Left to say: the class of a clip, and who trains. All keys: custom_gendata.py --help-config
name: {as_yaml(path.absolute().parent.name)}
files: "{files}"
reader: {reader}}}
skeleton: {seen.skeleton}
persons: {persons}
normalise: centre+scale
frames: {{max: 300}}
label: {label}
split: {{fraction: 0.2, by: clip}}
"""
    with atomic_write(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    print(f"{path}: complete it, then python3 data_gen/custom_gendata.py --config {path}")


if __name__ == "__main__":
    run(main)
