"""Joints -> bones, motions: python3 data_gen/gen_bone_data.py --dataset ntu

Writes {train,val}_data_bone.npy beside every {train,val}_data_joint.npy below data/<dataset>; a
bone is a joint minus its parent. With --stream also the files of joint_motion and bone_motion: the
next frame minus this one. Who trains from the compact store needs none of these files. The number
of joints tells the skeleton: 25 NTU RGB+D (Shahroudy et al., CVPR 2016), 18 Kinetics-Skeleton (Yan
et al., AAAI 2018), 20 NW-UCLA (Wang et al., 2014).
"""

if __name__ == "__main__" and not __package__:  # started as a file: start again as a module
    from as_module import run_as_module

    run_as_module(__file__)

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from formats.arrays import create_clips, open_clips
from formats.clip_store import INDEX, PARTS
from graph.known import graph_of
from graph.streams import STREAMS, derive_stream
from utils.cli import ArgumentParser, run
from utils.files import atomic_write

PUBLISHED = ("ntu", "ntu120", "kinetics")
DERIVED = STREAMS[1:]  # all but the joints
CHUNK_BYTES = 2**26


def find_joint_files(folder: Path) -> list[Path]:
    """The joint files below a folder, sorted.

    Raises:
        FileNotFoundError: if there is none.
        ValueError: if there is only a compact store.
    """
    files = sorted(file for part in PARTS for file in folder.rglob(f"{part}_data_joint.npy"))
    if not files and (stores := sorted(folder.rglob(INDEX))):
        raise ValueError(
            f"{stores[0].parent} is a compact store, whose streams are derived while loading: set "
            f"stream: {' or '.join(DERIVED)} in the feeder's arguments instead."
        )
    if not files:
        raise FileNotFoundError(
            f"No {{train,val}}_data_joint.npy below {folder}. Make it first (*_gendata.py), or "
            "check --dataset and --data-folder."
        )
    return files


def open_joints(path: Path) -> np.ndarray:
    """The joints (N, C, T, V, M) of a file, left on disk.

    Raises:
        ValueError: if the file is damaged or its number of joints is of no known skeleton.
    """
    joints = open_clips(path)
    try:
        graph_of(joints.shape[3])
    except ValueError as error:
        raise ValueError(f"{path} has clips of shape {joints.shape}: {error}") from error
    return joints


def write_stream(path: Path, stream: str) -> Path:
    """Write a stream of a joint file beside it, in chunks that fit into memory; its path."""
    joints = open_joints(path)
    bones = graph_of(joints.shape[3]).bones
    out = path.with_name(path.name.replace("joint", stream))
    chunk = max(1, CHUNK_BYTES // joints[0].nbytes)
    with atomic_write(out) as temporary:
        clips = create_clips(temporary, joints.shape, joints.dtype)
        starts = range(0, len(joints), chunk)
        for start in tqdm(starts, desc=str(out.parent.name), unit=" chunks", disable=None):
            part = slice(start, start + chunk)
            clips[part] = derive_stream(joints[part], stream, bones)
        clips.flush()
    return out


def make_parser() -> ArgumentParser:
    parser = ArgumentParser(description="Derive bones from the joints of all parts of a data set.")
    parser.add_argument(
        "--dataset",
        required=True,
        metavar="NAME",
        help=f"{', '.join(PUBLISHED)}, nw-ucla or any other folder under data/, such as ntu/xsub",
    )
    parser.add_path("--data-folder", "data", "where the data sets' folders are")
    parser.add_argument(
        "--stream", nargs="+", choices=DERIVED, default=DERIVED[:1], help="(default: bone)"
    )
    return parser


def main(argv: Sequence[str] | None = None) -> None:
    args = make_parser().parse_args(argv)
    files = find_joint_files(args.data_folder / args.dataset)
    for file in files:
        open_joints(file)  # all must be right before the first is written
    for file in files:
        for stream in args.stream:
            print(write_stream(file, stream))


if __name__ == "__main__":
    run(main)
