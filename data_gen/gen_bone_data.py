"""Joints -> bones: python3 data_gen/gen_bone_data.py --dataset ntu

Writes {train,val}_data_bone.npy beside every {train,val}_data_joint.npy below data/<dataset>; a
bone is a joint minus its parent. The number of joints tells the skeleton: 25 NTU RGB+D (Shahroudy
et al., CVPR 2016), 18 Kinetics-Skeleton (Yan et al., AAAI 2018), 20 NW-UCLA (Wang et al., 2014).
"""

if __name__ == "__main__" and not __package__:  # started as a file: start again as a module
    from as_module import run_as_module

    run_as_module(__file__)

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from data_gen.part_files import PARTS
from graph import kinetics, ntu_rgb_d, ucla
from graph.bone import bones_from_joints
from utils.cli import ArgumentParser, run
from utils.clips import create_clips, open_clips
from utils.files import atomic_write

PUBLISHED = ("ntu", "ntu120", "kinetics")
GRAPHS = [module.AdjMatrixGraph for module in (ntu_rgb_d, kinetics, ucla)]
BONES = {len(graph.joint_names): graph.bones for graph in GRAPHS}
CHUNK_BYTES = 2**26


def find_joint_files(folder: Path) -> list[Path]:
    """The joint files below a folder, sorted.

    Raises:
        FileNotFoundError: if there is none.
    """
    files = sorted(file for part in PARTS for file in folder.rglob(f"{part}_data_joint.npy"))
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
    if joints.shape[3] not in BONES:
        known = ", ".join(map(str, BONES))
        raise ValueError(
            f"{path} must be (N, C, T, V, M) with V one of {known} joints. Got {joints.shape}."
        )
    return joints


def write_bones(path: Path) -> Path:
    """Write the bones of a joint file beside it, in chunks that fit into memory; their path."""
    joints = open_joints(path)
    out = path.with_name(path.name.replace("joint", "bone"))
    chunk = max(1, CHUNK_BYTES // joints[0].nbytes)
    with atomic_write(out) as temporary:
        bones = create_clips(temporary, joints.shape, joints.dtype)
        starts = range(0, len(joints), chunk)
        for start in tqdm(starts, desc=str(out.parent.name), unit=" chunks", disable=None):
            part = slice(start, start + chunk)
            bones[part] = bones_from_joints(joints[part], BONES[joints.shape[3]])
        bones.flush()
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
    return parser


def main(argv: Sequence[str] | None = None) -> None:
    args = make_parser().parse_args(argv)
    files = find_joint_files(args.data_folder / args.dataset)
    for file in files:
        open_joints(file)  # all must be right before the first is written
    for file in files:
        print(write_bones(file))


if __name__ == "__main__":
    run(main)
