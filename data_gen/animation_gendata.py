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

import csv
import json
import logging
import platform
import re
from argparse import Namespace
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from data_gen.custom.clip import resampled
from data_gen.pipeline.report import REPORT, SHOWN
from data_gen.pipeline.workers import add_num_worker, map_in_order
from data_gen.readers.bad_files import OTHER_FORM, TOO_SHORT, TWICE, BadClip, BadFile
from data_gen.readers.found import find_raws
from data_gen.readers.motion_capture import read_bvh
from data_gen.readers.ratings import disagreement, read_ratings, reliability
from data_gen.readers.sample import Options, Raw
from formats.chunks import ALL, TRAITS, chunk_starts
from formats.manifest import NAME as MANIFEST
from graph.named import skeleton_class
from utils.cli import PROJECT, ArgumentParser, run
from utils.files import atomic_write

METRE = 100  # centimetres, the unit of the files

logger = logging.getLogger(__name__)


class RatedDataset(NamedTuple):
    """The defaults of the flags for a data set.

    Args:
        ratings: file name of the raters' table.
        name_pattern: of file names; groups clip (FileName in the table, where - counts as _),
            perhaps source (what folds keep together) and perhaps take, whose number the table
            appends where a clip has several.
    """

    ratings: str
    skeleton: str
    name_pattern: str


DATASETS = {
    "zeroeggs": RatedDataset(
        "ZeroEGGS_Study_Results.csv",
        "zeroeggs",
        r"n_(?P<clip>.+)_o_(?P<source>\d+)_\d+\.bvh",
    ),
    "bandai": RatedDataset(
        "Bandai_Study_Results.csv",
        "bandai_namco",
        r"dataset-1_(?P<clip>(?P<source>[^_]+)_.+)_(?P<take>\d+)\.bvh",
    ),
}


class RatedClip(NamedTuple):
    """A file with ratings: the clip's name, its number and the number of its source recording."""

    raw: Raw
    name: str
    number: int
    source: int


def find_clips(
    path: Path, pattern: re.Pattern, ratings: Mapping[str, np.ndarray]
) -> tuple[list[RatedClip], list[BadClip]]:
    """The rated clips of a folder or archive in the order of their numbers, and duplicates.

    Clips are numbered by their names, or where these are not numbers, in alphabetical order; so are
    sources.

    Raises:
        FileNotFoundError: there is no file.
        ValueError: no file has ratings.
    """
    raws: dict[str, tuple[Raw, str]] = {}
    bad = []
    for raw in find_raws([str(path)], (".bvh",)):
        match = pattern.fullmatch(Path(raw.name).name)
        name = next((n for n in names_of(match) if n in ratings), None) if match else None
        if name is None:
            continue
        if name in raws:
            bad.append(BadClip(raw.name, TWICE, f"clip {name} exists already"))
            continue
        raws[name] = raw, match.groupdict().get("source") or name
    if not raws:
        raise ValueError(
            f"no .bvh file of {path} is named {pattern.pattern} and has ratings. Check "
            "--data-path, --ratings and --name-pattern."
        )
    clip_numbers, source_numbers = _numbered(raws), _numbered({s for _, s in raws.values()})
    clips = [RatedClip(raw, name, clip_numbers[name], source_numbers[source])
             for name, (raw, source) in raws.items()]  # fmt: skip
    return sorted(clips, key=lambda clip: clip.number), bad


def names_of(match: re.Match) -> list[str]:
    """The names that a file may have in a table of ratings."""
    clip, take = match["clip"].replace("-", "_"), match.groupdict().get("take")
    if take is None:
        return [match["clip"], clip]
    return [f"{clip}_{int(take)}", *([clip] if int(take) == 1 else [])]


def _numbered(names: Sequence[str]) -> dict[str, int]:
    if all(re.fullmatch(r"\d{1,9}", name) for name in names):
        return {name: int(name) for name in names}
    return {name: number for number, name in enumerate(sorted(names))}


class ChunkSettings(NamedTuple):
    """How clips become chunks."""

    joint_names: tuple[str, ...]
    rate: float
    chunk_size: int


class Chunks(NamedTuple):
    """The chunks of a clip, (chunks, T, V, 3) float32 in metres, and its number of frames."""

    positions: np.ndarray
    frames: int


def read_chunks(clip: RatedClip, settings: ChunkSettings) -> Chunks | BadClip:
    """The chunks of a clip, or the reason why the file is bad."""
    try:
        positions = read_positions(clip.raw, settings)
    except BadFile as error:
        return BadClip(clip.raw.name, error.kind, str(error))
    starts = chunk_starts(len(positions), settings.chunk_size)
    chunks = [positions[start : start + settings.chunk_size] for start in starts]
    return Chunks(np.stack(chunks).astype(np.float32), len(positions))


def read_positions(raw: Raw, settings: ChunkSettings) -> np.ndarray:
    """(T, V, 3) in metres, at the rate of the settings, at least a chunk.

    Raises:
        BadFile: the file is not a BVH file, lacks a joint, or is too short.
    """
    names = settings.joint_names
    (sample,) = read_bvh(raw, Options(num_joints=len(names), joint_names=names))
    if not sample.rate:
        raise BadFile(OTHER_FORM, f"{raw.name} does not say its frame time.")
    frames = max(1, round(sample.clip.shape[1] / sample.rate * settings.rate))
    if frames < settings.chunk_size:
        text = f"{frames} frames at {settings.rate:g} a second"
        raise BadFile(TOO_SHORT, f"{raw.name} has {text}, fewer than a chunk. Lower --chunk-size.")
    return resampled(sample.clip, frames)[0] / METRE


def write(
    folder: Path,
    clips: Sequence[RatedClip],
    chunks: Sequence[Chunks],
    ratings: Mapping[str, np.ndarray],
) -> None:
    """Write X, y, info and ratings.csv, which appear together."""
    counts = [len(of.positions) for of in chunks]
    traits = np.stack([ratings[clip.name].mean(axis=0) for clip in clips])
    arrays = {
        "X": np.concatenate([of.positions for of in chunks]),
        "y": np.repeat(traits, counts, axis=0).astype(np.float32),
        "info": np.array([(c.source, c.number, n) for c, n in zip(clips, counts, strict=True)]),
    }
    with ExitStack() as stack:
        for name, array in arrays.items():
            path = stack.enter_context(atomic_write(folder / f"{name}_{ALL}.npy"))
            np.save(path, array)
        table = stack.enter_context(atomic_write(folder / "ratings.csv"))
        file = stack.enter_context(table.open("w", newline="", encoding="utf-8"))
        writer = csv.writer(file)
        spreads = [f"{trait} spread" for trait in TRAITS]
        writer.writerow(["clip", "source", "frames", "chunks", "raters", *TRAITS, *spreads])
        for clip, cut in zip(clips, chunks, strict=True):
            of = ratings[clip.name]
            spread = of.std(axis=0, ddof=1) if len(of) > 1 else np.full(len(TRAITS), np.nan)
            numbers = [f"{value:.3f}" for value in (*of.mean(axis=0), *spread)]
            sizes = (cut.frames, len(cut.positions), len(of))
            writer.writerow([clip.name, clip.source, *sizes, *numbers])


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
    clips, bad = find_clips(args.data_path, _compiled(args.name_pattern), ratings)
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
    write(args.out_folder, kept, chunks, ratings)
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
