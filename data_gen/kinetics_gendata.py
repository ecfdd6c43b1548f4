"""Kinetics-Skeleton 400: raw JSON -> arrays: python3 data_gen/kinetics_gendata.py

Source: Yan et al., AAAI 2018 (raw format: readers/kinetics.py). Reads kinetics_{train,val}/*.json
and kinetics_{train,val}_label.json; writes {train,val}_data_joint.npy, (N, 3, 300, 18, 2) float32,
and {train,val}_label.pkl, the pair (file names, labels 0..399), sorted by name. Clips without
skeleton are left out. One of the two parts may be missing.
"""

if __name__ == "__main__" and not __package__:  # started as a file: start again as a module
    from as_module import run_as_module

    run_as_module(__file__)

import logging
from collections.abc import Sequence
from pathlib import Path

from data_gen.pipeline.command import add_output_flags, execute
from data_gen.pipeline.plan import Clip, Plan
from data_gen.readers.bad_files import NO_LABEL, TWICE, BadClip
from data_gen.readers.kinetics import (
    CLIP_SHAPE,
    NUM_CLASSES,
    looks_like_pixels,
    names_of_classes,
    read_bodies,
    read_labels,
)
from formats.clip_store import PARTS
from formats.known import KNOWN
from utils.cli import ArgumentParser, run

TYPICAL_ROWS = 450  # persons times frames of a clip: 1.5 * 300

logger = logging.getLogger(__name__)


def find_clips(
    folder: Path, label_path: Path, labels: dict[str, dict], part: str
) -> tuple[list[Clip], list[BadClip]]:
    """The files of a part that have a skeleton, with their labels; and those without a label."""
    names = sorted(file.name for file in folder.glob("*.json") if file.name[0] != ".")
    entries = {name: labels.get(name.removesuffix(".json")) for name in names}
    reason = f"it has no entry in {label_path}. Fetch the label file again, or move this clip away."
    nameless = [str(folder / name) for name, entry in entries.items() if entry is None]
    bad = [BadClip(file, NO_LABEL, reason) for file in nameless]
    if absent := len(labels) - (len(names) - len(bad)):
        logger.warning("%d clips of %s have no file in %s.", absent, label_path.name, folder)
    clips = [
        Clip(name, folder, entry["label_index"], (PARTS.index(part),))
        for name, entry in entries.items()
        if entry and entry["has_skeleton"]
    ]
    return clips, bad


def make_plan(data_path: Path, out_folder: Path, parts: Sequence[str]) -> Plan:
    """The plan for the parts that exist; a clip in both counts in the first.

    Raises:
        FileNotFoundError: if a label file is missing.
    """
    clips: dict[str, Clip] = {}
    bad: list[BadClip] = []
    names: dict[int, str] = {}
    for part in parts:
        label_path = data_path / f"kinetics_{part}_label.json"
        labels = read_labels(label_path)
        names |= names_of_classes(labels)
        folder = data_path / f"kinetics_{part}"
        found, without_label = find_clips(folder, label_path, labels, part)
        bad += without_label
        for clip in found:
            if clip.name in clips:
                both = f"{clips[clip.name].folder} and {clip.folder}"
                reason = f"{both} both hold {clip.name}. Remove one of them."
                bad.append(BadClip(str(clip.folder / clip.name), TWICE, reason))
            else:
                clips[clip.name] = clip
    classes = [names.get(label, "?") for label in range(NUM_CLASSES)]
    return Plan(
        dataset="kinetics",
        sources=[data_path / f"kinetics_{part}" for part in parts],
        out_folder=out_folder,
        benchmarks=("",),
        clips=[clips[name] for name in sorted(clips)],
        read=read_bodies,
        clip_shape=CLIP_SHAPE,
        normalize=False,
        num_classes={"": NUM_CLASSES},
        typical_rows=TYPICAL_ROWS,
        skeleton=KNOWN["kinetics"].skeleton,
        classes=classes if names else (),
        bad=bad,
        has_score=True,
        remark=looks_like_pixels,
    )


def make_parser() -> ArgumentParser:
    parser = ArgumentParser(description=__doc__)
    parser.add_path(
        "--data_path", "data/kinetics_raw", "folder of kinetics_{train,val} and their label files"
    )
    parser.add_path("--out_folder", "data/kinetics", "where the arrays go")
    add_output_flags(parser)
    return parser


def main(argv: Sequence[str] | None = None) -> None:
    args = make_parser().parse_args(argv)
    logging.basicConfig(format="%(levelname)s: %(message)s")

    present = [part for part in PARTS if (args.data_path / f"kinetics_{part}").is_dir()]
    if not present:
        raise FileNotFoundError(
            f"{args.data_path} holds neither kinetics_train nor kinetics_val. "
            "Name the folder of both with --data_path."
        )
    execute(make_plan(args.data_path, args.out_folder, present), present, args)


if __name__ == "__main__":
    run(main)
