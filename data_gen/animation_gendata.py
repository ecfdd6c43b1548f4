"""Rated motion capture -> arrays: python3 data_gen/animation_gendata.py --data-path FOLDER

The clips are BVH files, whose joints become positions by forward kinematics; the labels are ratings
of perceived personality (readers/ratings.py), averaged per clip and trait. Made
for the ratings of Sonlu et al. (MASSXR 2024) of 100 clips of ZeroEGGS (Ghorbani et al., CGF 2023)
and 128 of the Bandai-Namco Research Motiondataset. Files of ZeroEGGS are
`n_<FileName>_o_<source>_<part>.bvh`: parts of one source recording are alike, and cross-validation
keeps them together; of the other (`dataset-1_<action>_<style>_<take>.bvh`) it keeps those of an
action together.

Clips are resampled to --rate frames per second and cut into chunks of --chunk-size frames, spread
evenly so that the whole clip is covered. The arrays are those of udiva_gendata.py, of one split,
`all`:

- `X_all.npy`, float32 (chunks, T, V, 3), metres; `laban_gendata.py` normalises them and adds
  features;
- `y_all.npy`, float32 (chunks, 5): O, C, E, A, N of the clip, -3 to 3;
- `info_all.npy`, int64 rows (source recording, clip, number of chunks);
- `ratings.csv`: per clip its source, frames, chunks, number of raters, mean and spread of each
  trait.

`dataset.json` also has the raters' reliability, ICC(1,k), and their disagreement, which bound
what any prediction can reach.
"""

if __name__ == "__main__" and not __package__:  # started as a file: start again as a module
    from as_module import run_as_module

    run_as_module(__file__)

import json
import logging
import platform
import re
from argparse import Namespace
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from data_gen.chunks.rated import (
    DATASETS,
    Chunks,
    ChunkSettings,
    RatedClip,
    find_rated,
    read_chunks,
    write_rated,
)
from data_gen.pipeline.report import REPORT, SHOWN
from data_gen.pipeline.workers import add_num_worker, map_in_order
from data_gen.readers.bad_files import BadClip
from data_gen.readers.ratings import disagreement, read_ratings, reliability
from formats.chunks import TRAITS
from formats.manifest import NAME as MANIFEST
from graph.named import skeleton_class
from utils.cli import PROJECT, ArgumentParser, run
from utils.files import atomic_write

logger = logging.getLogger(__name__)


def make_parser() -> ArgumentParser:
    parser = ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--dataset", choices=DATASETS, default="zeroeggs", help="(default: zeroeggs)")
    parser.add_path("--data-path", "data/animation-personality", "folder or archive of .bvh files")
    add("--ratings", type=Path, metavar="CSV",
        help="the raters' table (default: that of the data set in --data-path)")  # fmt: skip
    add("--out-folder", type=Path, metavar="PATH",
        help="where the arrays go (default: data/zeroeggs or data/bandai)")  # fmt: skip
    add("--skeleton", metavar="NAME",
        help="a shipped skeleton or a YAML file, whose joints have the names in the files, or "
             "whose `files` maps them (default: the data set's)")  # fmt: skip
    add("--name-pattern", metavar="REGEX",
        help="of the file names, with groups clip and perhaps source and take "
             "(default: the data set's)")  # fmt: skip
    add("--rate", type=float, default=30.0, metavar="FPS",
        help="frames per second of the chunks (default: 30)")  # fmt: skip
    add("--chunk-size", type=int, default=32, metavar="T",
        help="frames per chunk (default: 32)")  # fmt: skip
    add(
        "--strict",
        action="store_true",
        help="stop at the first bad file (default: leave it out and report it)",
    )
    add_num_worker(parser)
    return parser


def main(argv: Sequence[str] | None = None) -> None:
    args = make_parser().parse_args(argv)
    logging.basicConfig(format="%(levelname)s: %(message)s")
    if args.chunk_size < 1 or not 0 < args.rate <= 1000:
        raise ValueError(
            "--chunk-size must be above 0 and --rate in (0, 1000]. "
            f"Got {args.chunk_size} and {args.rate:g}."
        )
    usual = DATASETS[args.dataset]
    args.skeleton, args.name_pattern = (
        getattr(args, name) or getattr(usual, name) for name in ("skeleton", "name_pattern")
    )
    args.out_folder = args.out_folder or PROJECT / "data" / args.dataset
    ratings = read_ratings(args.ratings or args.data_path / usual.ratings)
    clips, bad = find_rated(args.data_path, _compiled(args.name_pattern), ratings)
    names = skeleton_class(args.skeleton).names_in_files()
    work = partial(read_chunks, settings=ChunkSettings(names, args.rate, args.chunk_size))
    read = list(map_in_order(work, clips, args.num_worker, "clips"))
    bad += [result for result in read if isinstance(result, BadClip)]
    if bad and args.strict:
        raise ValueError(bad[0].reason)
    pairs = [(c, r) for c, r in zip(clips, read, strict=True) if not isinstance(r, BadClip)]
    if not pairs:
        raise ValueError(f"No clip of {args.data_path} is usable. The first: {bad[0].reason}")
    kept, chunks = [clip for clip, _ in pairs], [of for _, of in pairs]
    args.out_folder.mkdir(parents=True, exist_ok=True)
    write_rated(args.out_folder, kept, chunks, ratings)
    rated = {clip.name: ratings[clip.name] for clip in kept}
    about = about_chunks(args, rated, len(names))
    for name, content in ((MANIFEST, about), (REPORT, {"left_out": [b._asdict() for b in bad]})):
        with atomic_write(args.out_folder / name) as path:
            path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    say(args, kept, chunks, rated, bad)


def _compiled(pattern: str) -> re.Pattern:
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise ValueError(f"--name-pattern is no regular expression: {error}.") from None
    if "clip" not in compiled.groupindex:
        raise ValueError("--name-pattern requires a group (?P<clip>...), the clip's FileName.")
    return compiled


def about_chunks(
    args: Namespace, ratings: Mapping[str, np.ndarray], num_joints: int
) -> dict[str, object]:
    """What dataset.json says (formats/manifest.py)."""
    bounds = {"reliability": reliability(ratings), "disagreement": disagreement(ratings)}
    return {
        "dataset": args.out_folder.name,
        "format": "chunks",
        "skeleton": args.skeleton,
        "num_joints": num_joints,
        "num_persons": 1,
        "chunk_size": args.chunk_size,
        "rate": args.rate,
        "up": skeleton_class(args.skeleton).up,
        "folds": "session",
        "classes": [*TRAITS],
        **{name: _by_trait(values) for name, values in bounds.items()},
        "sources": [str(args.data_path)],
        "versions": {"python": platform.python_version(), "numpy": np.__version__},
    }


def _by_trait(values: np.ndarray) -> dict[str, float | None]:
    known = [round(float(value), 4) if np.isfinite(value) else None for value in values]
    return dict(zip(TRAITS, known, strict=True))


def say(
    args: Namespace,
    clips: Sequence[RatedClip],
    chunks: Sequence[Chunks],
    ratings: Mapping[str, np.ndarray],
    bad: Sequence[BadClip],
) -> None:
    """Log what was made, how far raters agree, and what was left out."""
    raters = [len(values) for values in ratings.values()]
    recordings, count = {clip.source for clip in clips}, sum(len(of.positions) for of in chunks)
    print(
        f"{args.out_folder}: {len(clips)} clips of {len(recordings)} recordings in {count} chunks; "
        f"{sum(raters)} ratings, {min(raters)} to {max(raters)} a clip"
    )
    means = np.stack([values.mean(axis=0) for values in ratings.values()])
    rows = zip(TRAITS, means.mean(0), means.std(0), reliability(ratings), strict=True)
    print("trait  mean   spread of clips  ICC(1,k)")
    for trait, mean, spread, icc in rows:
        print(f"{trait:5} {mean:6.2f}  {spread:15.2f}  {icc:8.3f}")
    for problem in bad[:SHOWN]:
        logger.warning("%s: %s", problem.file, problem.reason)
    if len(bad) > SHOWN:
        logger.warning("%d in all; %s names them.", len(bad), args.out_folder / REPORT)


if __name__ == "__main__":
    run(main)
