"""Recordings in every format of users."""

import io
import pickle
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import yaml

from benchmarks.attacked.target import Target, json_text, of_trees, table_text

OWN = ("npy", "npz", "mat", "hdf5", "json", "txt", "csv", "tsv", "pyskl", "ctrgcn", "openpose",
       "coco", "mmpose", "kinetics", "yolo", "mediapipe", "ntu", "kinect", "deeplabcut", "sleap",
       "bvh", "c3d", "npy of many", "npz of many", "hdf5 of many", "txt of many")  # fmt: skip
JOINTS = tuple(f"joint{i}" for i in range(17))


def _own_trees() -> dict[str, tuple[list[Any], Callable[[Any], bytes]]]:
    """Of every format that is a tree, good trees and what makes a file of one."""
    clip = np.ones((3, 17, 3))
    annotation = {"frame_dir": "a", "label": 1, "keypoint": clip[None].astype(np.float32)}
    planar = {
        **annotation, "keypoint": clip[None, ..., :2].astype(np.float32),
        "keypoint_score": clip[None, ..., 0].astype(np.float32), "img_shape": (1080, 1920),
    }  # fmt: skip
    keypoints = {"image_id": 1, "keypoints": [0.5] * 51, "score": 1.0}
    person = {"keypoints": clip[0, :, :2].tolist(), "keypoint_scores": [0.5] * 17, "track_id": 1}
    pose = {"pose": [0.5] * 34, "score": [0.9] * 17}
    frames = [{"frame_id": 1, "instances": [person]}, {"frame_id": 3, "instances": []}]
    point = {"x": 0.1, "y": 0.2, "z": 0.3, "visibility": 0.9}
    body = {"body_id": 1, "joint_positions": clip[0].tolist()}
    return {
        "json": ([clip.tolist()], json_text),
        "pyskl": (
            [{"split": {"train": ["a"]}, "annotations": [annotation, planar]}, [annotation]],
            pickle.dumps,
        ),
        "openpose": ([{"people": [{"pose_keypoints_2d": [0.5] * 51}]}], json_text),
        "coco": ([[keypoints, {**keypoints, "image_id": "frame_2.jpg"}]], json_text),
        "mmpose": ([frames, {"meta_info": {}, "instance_info": frames}], json_text),
        "kinetics": (
            [
                {
                    "data": [
                        {"frame_index": 1, "skeleton": [pose]},
                        {"frame_index": 3, "skeleton": []},
                    ],
                    "label": "wave",
                    "label_index": 3,
                }
            ],
            json_text,
        ),
        "mediapipe": (
            [
                [[point] * 17] * 2,
                [{"landmarks": [point] * 17, "worldLandmarks": [[point] * 17]}],
                {"frames": [{"pose_landmarks": {"landmark": [[0.1, 0.2, 0.3]] * 17}}]},
            ],
            json_text,
        ),
        "kinect": ([{"frames": [{"bodies": [body]}, {"bodies": []}]}], json_text),
    }


def _own_files() -> dict[str, list[bytes]]:
    """Of every other format, good files."""
    import c3d
    from scipy.io import savemat

    clip = np.ones((3, 17, 3))
    npy, npz, mat, hdf5, sleap, ctrgcn, marked = (io.BytesIO() for _ in range(7))
    many = {name: io.BytesIO() for name in ("npy", "npz", "hdf5")}
    np.save(npy, clip)
    told = {"label": 3, "fps": 29.97}
    np.savez(npz, joints=clip, action="wave", **told)
    savemat(mat, {"joints": clip, **told})
    with h5py.File(hdf5, "w") as file:
        file["joints"], file["label"], file["action"] = clip, [3], "wave"
        file.attrs["subject"] = "Ada"
    with h5py.File(sleap, "w") as file:
        file["tracks"] = clip.transpose(2, 1, 0)[None]  # (M, C, V, T)
        file["node_names"] = np.array(JOINTS, "S")
    np.savez(ctrgcn, x_train=np.ones((2, 3, 102), np.float32), y_train=np.eye(3)[:2])
    clips, labels = np.ones((4, *clip.shape), np.float32), np.eye(4)
    np.save(many["npy"], clips)
    np.savez(many["npz"], X=clips, y=labels)
    with h5py.File(many["hdf5"], "w") as file:
        file["X"], file["y"] = clips, labels
    wide = [["0.5"] * 51] * 3
    plain = "\n".join(" ".join(row) for row in [["0.5"] * 3] * 34) + "\n"
    body = "0.5 -1.25 3.0 1 2\n" * 17
    ids = "".join(f"{n // 3} 1 {n % 2} {' '.join(['0.5'] * 51)}\n" for n in range(9))
    heads = ["scorer", *["net"] * 51], ["bodyparts", *np.repeat(JOINTS, 3)], [
        "coords", *["x", "y", "likelihood"] * 17]  # fmt: skip
    tracked = [*heads, *([str(t), *row] for t, row in enumerate(wide))]
    long = [["frame", "person", "joint", "x", "y", "score", "label"]]
    long += [[str(t), "a", joint, "0.5", "1", "0.9", "3"] for t in range(2) for joint in JOINTS]
    joints = "".join(
        f"JOINT {joint}\n{{\nOFFSET 0 1 0\nCHANNELS 3 Zrotation Xrotation Yrotation\n"
        for joint in JOINTS[1:]
    )
    tree = (
        f"HIERARCHY\nROOT {JOINTS[0]}\n{{\nOFFSET 0 0 0\nCHANNELS 6 Xposition Yposition Zposition "
        f"Zrotation Xrotation Yrotation\n{joints}End Site\n{{\nOFFSET 0 1 0\n}}\n" + 17 * "}\n"
    )
    motion = "MOTION\nFrames: 2\nFrame Time: 0.04\n" + (" ".join(["1.5"] * 54) + "\n") * 2
    markers = c3d.Writer(point_rate=50, point_units="mm")
    markers.set_point_labels([*JOINTS])
    markers.add_frames([(np.ones((17, 5), np.float32), np.zeros((0, 0)))] * 3)
    markers.write(marked)
    return {
        "npy": [npy.getvalue()],
        "npz": [npz.getvalue()],
        "mat": [mat.getvalue()],
        "hdf5": [hdf5.getvalue()],
        "txt": [plain.encode()],
        "ntu": [f"2\n1\n7 0 0\n17\n{body}0\n".encode()],
        "csv": [table_text(wide, ","), table_text(long, ",")],
        "tsv": [table_text(long, "\t")],
        "ctrgcn": [ctrgcn.getvalue()],
        "yolo": [f"0 0.5 0.5 0.2 0.8 {' '.join(['0.5'] * 51)} 0.9 1\n".encode()],
        "deeplabcut": [table_text(tracked, ",")],
        "sleap": [sleap.getvalue()],
        "bvh": [(tree + motion).encode()],
        "c3d": [marked.getvalue()],
        **{f"{name} of many": [file.getvalue()] for name, file in many.items()},
        "txt of many": [ids.encode()],
    }


def recordings(name: str, folder: Path) -> Target:
    from data_gen.custom.propose import propose
    from data_gen.readers.bad_files import good_ones
    from data_gen.readers.formats import FORMATS, format_of
    from data_gen.readers.sample import Options, Raw

    format_ = "deeplabcut" if name == "sleap" else name.removesuffix(" of many")
    reader = FORMATS[format_].read
    persons = 2 if name == "ctrgcn" else None
    axes = {"txt": "T*VC", "txt of many": "TV*C"}.get(name, "NTVC" if "many" in name else "TVC")
    ids = {"skip_columns": 3, "clip": 1} if name == "txt of many" else {}
    options = Options(num_joints=17, persons=persons, joint_names=JOINTS, axes=axes, **ids)
    others = {
        "deeplabcut": ".csv",
        "mediapipe": ".json",
        "mmpose": ".json",
        "yolo": ".txt",
        "kinetics": ".json",
        "ntu": ".skeleton",
    }
    suffix = others.get(name, f".{format_}")

    def read(path: Path) -> None:
        if format_of(path):
            with suppress(ValueError):  # custom_gendata.py --init
                assert isinstance(yaml.safe_load(propose([path], path.parent)), dict)
        try:
            # Of many clips as on the disk, of which they are not read whole.
            raw = Raw(path.name, [(path.name, path.read_bytes)], path if "many" in name else None)
            samples = list(good_ones(reader(raw, options)))
        except ValueError as error:
            assert path.name in str(error), f"the file is not named: {error}"
            raise
        for sample in samples:
            assert sample.clip.shape[2] == 17 and np.isfinite(sample.clip).all()

    if name in (of := _own_trees()):
        trees, dump = of[name]
        return of_trees(trees, read, suffix, dump)
    return Target(_own_files()[name], read, suffix)
