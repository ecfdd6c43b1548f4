"""Joints -> bones, motions: python3 data_gen/gen_bone_data.py --dataset ntu

Writes {train,val}_data_bone.npy beside every {train,val}_data_joint.npy below data/<dataset>; a
bone is a joint minus its parent. With --stream also the files of joint_motion and bone_motion: the
next frame minus this one. Training from the compact store needs none of these files. The
skeleton is that of --graph, of the data set's dataset.json, or of the benchmark that --dataset
names: NTU RGB+D (Shahroudy et al., CVPR 2016), Kinetics-Skeleton (Yan et al., AAAI 2018), NW-UCLA
(Wang et al., CVPR 2014).
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
from formats.known import dataset_of_folder
from formats.manifest import read_manifest, skeleton_of
from graph.bone import bones_from_joints
from graph.named import skeleton_class
from graph.streams import STREAMS, Bones, derive_stream
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


def bones_of(path: Path, graph: str | None, dataset: str) -> Bones:
    """The bones of a joint file's skeleton, (child, parent) pairs.

    Args:
        graph: dotted name of the skeleton class; None: dataset.json or `dataset` tells.
        dataset: the name of --dataset.

    Raises:
        ValueError: the file is damaged, or its skeleton is unknown or has other joints.
    """
    joints = open_clips(path)
    graph = (
        graph
        or skeleton_of(read_manifest(path))
        or skeleton_of({"dataset": dataset_of_folder(Path(dataset))})
    )
    if not graph:
        raise ValueError(
            f"{path}: neither {path.parent} has a dataset.json nor is {dataset} a known benchmark. "
            "Name the skeleton: --graph graph.ntu_rgb_d.AdjMatrixGraph, for example."
        )
    bones = skeleton_class(graph).bones
    print(f"{path}: bones of {graph}")
    try:
        bones_from_joints(np.zeros((joints.shape[3], 1)), bones)
    except ValueError as error:
        raise ValueError(
            f"{path} has clips of shape {joints.shape}, but {graph}: {error}"
        ) from error
    return bones


def write_stream(path: Path, stream: str, bones: Bones) -> Path:
    """Write a stream of a joint file beside it, in chunks that fit into memory; its path."""
    joints = open_clips(path)
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
    parser = ArgumentParser(description=__doc__)
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
    parser.add_argument(
        "--graph",
        metavar="NAME",
        help="a shipped skeleton such as coco17, a .yaml file of your own, or a class such as "
        "graph.ntu_rgb_d.AdjMatrixGraph (default: the data set's)",
    )
    return parser


def main(argv: Sequence[str] | None = None) -> None:
    args = make_parser().parse_args(argv)
    files = find_joint_files(args.data_folder / args.dataset)
    # All must be right before the first is written.
    bones = [bones_of(file, args.graph, args.dataset) for file in files]
    for file, of_file in zip(files, bones, strict=True):
        for stream in args.stream:
            print(write_stream(file, stream, of_file))


if __name__ == "__main__":
    run(main)
