"""NW-UCLA clips -> arrays: python3 data_gen/ucla_gendata.py --data_path all_sqe

Source: Wang et al., CVPR 2014 (raw format: readers/ucla.py). MS-G3D published no result on this
data set; what is chosen here:
- views 1 and 2 train, view 3 validates (the data set's cross-view protocol);
- the label is the file's minus 1 (0..9), the sample's name is the file's name with `.json`;
- the spine joint of the FIRST frame is the origin of the whole clip, so that walking stays visible;
- joints at exactly (0, 0, 0) were not seen by the camera, and stay 0;
- then one factor per clip, its largest absolute coordinate, fits the clip into [-1, 1] and keeps
  its proportions;
- clips end with zeros up to the longest clip of both parts.

NOTE: the released JSON files of actions 2 and 3 are the same for views 2 and 3, so that 95 of the
464 validation clips are also trained on. They are kept, for results to compare with the published
ones, and counted in a warning.
"""

if __name__ == "__main__" and not __package__:  # started as a file: start again as a module
    from as_module import run_as_module

    run_as_module(__file__)

import logging
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from data_gen.pipeline.command import add_format_flags, execute
from data_gen.pipeline.plan import Clip, Plan
from data_gen.readers.bad_files import BadClip
from data_gen.readers.ucla import (
    NUM_CLASSES,
    NUM_JOINTS,
    VIEWS,
    UclaClip,
    normalise,
    read_clips,
)
from formats.class_names import NW_UCLA
from formats.clip_store import PARTS
from formats.known import KNOWN
from utils.cli import ArgumentParser, run

PART_OF_VIEW = dict(zip(VIEWS, ("train", "train", "val"), strict=True))

logger = logging.getLogger(__name__)


def split(clips: Sequence[UclaClip]) -> dict[str, list[UclaClip]]:
    """Clips by part."""
    parts: dict[str, list[UclaClip]] = {part: [] for part in PARTS}
    for clip in clips:
        parts[PART_OF_VIEW[clip.view]].append(clip)
    return parts


def count_leaked(parts: dict[str, list[UclaClip]]) -> int:
    """How many validation clips have exactly the skeletons of a training clip."""
    trained = {clip.skeleton.tobytes() for clip in parts["train"]}
    return sum(clip.skeleton.tobytes() in trained for clip in parts["val"])


def make_plan(
    parts: dict[str, list[UclaClip]], bad: list[BadClip], source: Path, out_folder: Path
) -> Plan:
    """The plan for clips that are all in memory already."""
    clips = {clip.name: clip for part in PARTS for clip in parts[part]}
    num_frames = max((len(clip.skeleton) for clip in clips.values()), default=0)
    entries = [
        Clip(clip.name, source, clip.label, (p,), (0, clip.view, clip.subject, 0))
        for p, part in enumerate(PARTS)
        for clip in parts[part]
    ]
    return Plan(
        dataset="nw-ucla",
        sources=[source],
        out_folder=out_folder,
        benchmarks=("",),
        clips=sorted(entries),
        read=partial(read_normalised, clips),
        clip_shape=(3, num_frames, NUM_JOINTS, 1),
        normalize=False,
        num_classes={"": NUM_CLASSES},
        typical_rows=num_frames,
        skeleton=KNOWN["nw-ucla"].skeleton,
        classes=NW_UCLA,
        bad=bad,
        max_file_mb=None,
        holds_clips=True,
    )


def read_normalised(clips: dict[str, UclaClip], path: Path, label: int) -> tuple[np.ndarray, bool]:
    """A clip of the name -> (1, T, 20, 3) float32 in [-1, 1], and False, as nothing is cut."""
    return normalise(clips[path.name].skeleton)[None].astype(np.float32), False


def make_parser() -> ArgumentParser:
    parser = ArgumentParser(description=__doc__)
    parser.add_path(
        "--data_path", "data/nw_ucla_raw", "folder of JSON clips, or their .zip or .tar.* archive"
    )
    parser.add_path("--out_folder", "data/nw-ucla", "where the arrays go")
    add_format_flags(parser)
    parser.set_defaults(resume=False, num_worker=1)  # it takes seconds
    return parser


def main(argv: Sequence[str] | None = None) -> None:
    args = make_parser().parse_args(argv)
    logging.basicConfig(format="%(levelname)s: %(message)s")

    clips, bad = read_clips(args.data_path, args.max_file_mb)
    parts = split(clips)
    if leaked := count_leaked(parts):
        logger.warning(
            "%d of %d val clips have exactly the skeletons of a train clip; they are kept.",
            leaked,
            len(parts["val"]),
        )
    execute(make_plan(parts, bad, args.data_path, args.out_folder), PARTS, args)


if __name__ == "__main__":
    run(main)
