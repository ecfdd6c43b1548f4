"""The files that attack.py damages: of every reader good ones, and what a read one must be."""

import io
import json
import pickle
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np
import yaml


class Target(NamedTuple):
    """A kind of file: good ones, and what reads and checks one.

    Args:
        seeds: good files.
        read: raises ValueError or OSError for a bad file.
        trees: nested lists and mappings whose parts are exchanged before they become a file.
        dump: what makes a file of such a tree.
    """

    seeds: list[bytes]
    read: Callable[[Path], None]
    suffix: str
    trees: Sequence[Any] = ()
    dump: Callable[[Any], bytes] = pickle.dumps


def of_trees(
    trees: Sequence[Any], read: Callable[[Path], None], suffix: str, dump: Callable[[Any], bytes]
) -> Target:
    """A target whose good files are dumped trees."""
    return Target([dump(tree) for tree in trees], read, suffix, trees, dump)


def _json(tree: Any) -> bytes:
    return json.dumps(tree).encode()


def _yaml_text(tree: Any) -> bytes:
    return yaml.safe_dump(tree).encode()


def _finite(array: np.ndarray, shape: tuple[int | None, ...]) -> None:
    fits = len(array.shape) == len(shape) and all(
        want is None or have == want for have, want in zip(array.shape, shape, strict=True)
    )
    if not fits or not np.isfinite(array).all():
        raise AssertionError(f"{array.shape} of {array.dtype} was read")


def _skeletons(folder: Path) -> Target:
    from data_gen.readers.ntu import read_skeleton

    joint = b"0.25 -1.5 3.125 283 224 1027 581 -0.25 0.12 0.95 -0.09 2"
    body = b"\n".join([b"72057594037937930 0 1 1 1 1 0 0.01 0.02 2", b"25", *[joint] * 25])
    clip = b"\n".join([b"3", b"1", body, b"2", body, body, b"0"]) + b"\n"

    def read(path: Path) -> None:
        _finite(read_skeleton(path).astype(np.float32), (4, None, 25, 3))

    return Target([clip, clip.replace(b"\n", b"\r\n")], read, ".skeleton")


def _kinetics(folder: Path) -> Target:
    from data_gen.readers.kinetics import read_bodies

    person = {"pose": [0.25, 0.5] * 18, "score": [0.9] * 18}
    frames = [{"frame_index": i, "skeleton": [person] * (i % 3)} for i in range(1, 4)]
    clip = {"data": frames, "label": "abseiling", "label_index": 0}

    def read(path: Path) -> None:
        _finite(read_bodies(path, 0)[0], (2, 300, 18, 3))

    return of_trees([clip], read, ".json", _json)


def _ucla(folder: Path) -> Target:
    from data_gen.readers.ucla import parse_clip

    clip = {"skeletons": np.ones((2, 20, 3)).tolist(), "label": 3}

    def read(path: Path) -> None:
        found = parse_clip("a01_s01_e00_v01.json", path.read_bytes())
        _finite(found.skeleton, (None, 20, 3))
        assert found.label in range(10)

    return of_trees([clip], read, ".json", _json)


def _udiva(folder: Path) -> Target:
    from data_gen.readers.udiva import FILES, read_frames

    path = folder / "udiva" / FILES[0]
    path.parent.mkdir()
    with h5py.File(path, "w") as file:
        for i in range(3):
            file[f"{i:05d}/body/landmarks"] = np.ones((24, 3), np.float32)

    def read(mutant: Path) -> None:
        path.unlink()
        mutant.rename(path)
        for frame in read_frames(path.parent):
            if frame.body is not None:
                _finite(frame.body, (24, 3))

    return Target([path.read_bytes()], read, ".hdf5")


def _labels(folder: Path) -> Target:
    from formats.labels import load_labels

    pairs = (["a", "b", "c"], [0, 1, 2]), (["a", "b"], np.array([3, 4]))
    seeds = [pickle.dumps(pair, protocol) for pair in pairs for protocol in (0, 2, 4, 5)]

    def read(path: Path) -> None:
        names, labels = load_labels(path)
        assert len(names) == len(labels) and all(type(label) is int for label in labels)

    return Target(seeds, read, ".pkl", pairs)


def _scores(folder: Path) -> Target:
    from formats.scores import load_scores

    scores = {name: np.arange(4, dtype=np.float32) for name in "abc"}
    seeds = [pickle.dumps(scores, protocol) for protocol in (0, 2, 4, 5)]

    def read(path: Path) -> None:
        for score in load_scores(path).values():
            _finite(score, (None,))

    return Target(seeds, read, ".pkl", [scores])


def _npy(folder: Path) -> Target:
    from formats.arrays import open_clips

    seeds = []
    for dtype in ("<f4", ">f8", "<f2"):
        np.save(folder / "a.npy", np.ones((2, 3, 4, 5, 1), dtype))
        seeds.append((folder / "a.npy").read_bytes())

    def read(path: Path) -> None:
        clips = open_clips(path, in_memory=True)
        assert clips.ndim == 5 and clips.dtype.kind == "f"

    return Target(seeds, read, ".npy")


def _store(folder: Path) -> Target:
    from formats.clip_store import COLUMNS, ClipStore

    store = folder / "store"
    store.mkdir()
    np.save(store / "joints.npy", np.ones((6, 20, 3), np.float32))
    none = np.zeros(2, np.int16)
    index = {
        "names": np.array(["a", "b"]), "labels": np.array([0, 1]), "offsets": np.array([0, 4]),
        "frames": np.array([4, 2]), "persons": np.array([1, 1]), **dict.fromkeys(COLUMNS, none),
        "membership": np.zeros((1, 2), np.int8), "benchmarks": np.array([""]),
        "dense_shape": np.array([3, 5, 20, 1]), "normalize": True, "version": 1,
    }  # fmt: skip
    np.savez(store / "index.npz", **index)

    def read(path: Path) -> None:
        path.rename(store / "index.npz")
        opened = ClipStore(store)
        for number in range(len(opened)):
            _finite(opened.dense_clip(number), opened.dense_shape)

    return Target([(store / "index.npz").read_bytes()], read, ".npz")


def _torch(folder: Path) -> Target:
    import torch

    from engine.run_dir.torch_files import read

    content = {"epoch": 1, "a": torch.arange(6.0).view(2, 3), "b": {"c": [None, 2.5, "x"]}}
    seeds = []
    for zipped in (True, False):
        torch.save(content, folder / "w.pt", _use_new_zipfile_serialization=zipped)
        seeds.append((folder / "w.pt").read_bytes())
    return Target(seeds, lambda path: read(path) and None, ".pt")


def _yaml(folder: Path) -> Target:
    from engine.settings.parse import read_values

    settings = {
        "work_dir": "x", "model_args": {"num_class": 3, "graph": "graph.ucla.AdjMatrixGraph"},
        "step": [3, 5], "base_lr": 0.1, "half": True, "train_feeder_args": {"noise": 0.1},
    }  # fmt: skip
    seeds = [_yaml_text(settings), b"a: &a [1]\nstep: *a\n"]
    return Target(seeds, lambda path: read_values(path) and None, ".yaml", [settings], _yaml_text)


def _manifest(folder: Path) -> Target:
    from data_gen.raw_formats import raw_format
    from formats.class_names import class_names
    from formats.manifest import NAME, num_classes_of, read_manifest, skeleton_of
    from graph.named import skeleton_class

    of_array = {
        "dataset": "mine", "format": "dense", "skeleton": "coco17", "classes": ["wave", "point"],
        "num_joints": 17, "num_persons": 1, "channels": 3, "clip_shape": [3, 30, 17, 1],
        "counts": {"train": 4}, "class_counts": {"train": [2, 2]}, "settings": _CUSTOM,
        "published_counts": {}, "checksums": {"train_data_joint.npy": 1}, "note": None,
        "versions": {"numpy": "2.4.0"}, "sources": ["raw"], "num_classes": 2,
    }  # fmt: skip
    of_chunks = {"dataset": "zeroeggs", "format": "chunks", "skeleton": "zeroeggs", "rate": 30.0,
                 "chunk_size": 60, "classes": ["Openness"], "folds": "session"}  # fmt: skip

    def read(path: Path) -> None:
        path.rename(folder / NAME)
        manifest = read_manifest(folder)
        if name := skeleton_of(manifest):
            skeleton_class(name)
        raw_format(manifest)
        assert all(type(name) is str for name in class_names(manifest))
        num_classes_of(manifest, folder / "train_data_joint.npy", None)

    return of_trees([of_array, of_chunks], read, ".json", _json)


def _exported(folder: Path) -> Target:
    from formats.exported import NetworkInfo

    tree = {
        "settings": {
            "model": "model.msg3d.Model", "model_args": {"num_class": 2, "graph": "coco17"},
            "feeder": "feeders.feeder.Feeder", "test_feeder_args": {"stream": "bone"},
        },
        "dataset": {"dataset": "mine", "skeleton": "coco17", "settings": _CUSTOM},
        "classes": ["wave", "point"], "results": {"best": {"top1": 0.9}},
    }  # fmt: skip

    def read(path: Path) -> None:
        info = NetworkInfo.from_text(path.read_bytes().decode("latin1"), path)
        assert isinstance(info.skeleton or "", str) and isinstance(info.stream, str)

    return of_trees([tree], read, ".json", _json)


def _custom(folder: Path) -> Target:
    from data_gen.pipeline.custom_rules import Rule
    from data_gen.pipeline.custom_settings import read_custom_settings

    others = {
        "label": {"csv": "labels.csv", "file": "clip", "column": "label"}, "persons": 2,
        "split": {"fraction": 0.2, "by": "subject", "seed": 0}, "frames": {"max": 300},
        "normalise": {"mode": "centre+scale", "centre": "nose", "scale": "box"}, "rate": 25.0,
    }  # fmt: skip
    (folder / "labels.csv").write_text("clip,label\na01_s1.npz,1\n")

    def read(path: Path) -> None:
        settings = read_custom_settings(path)
        Rule("label", settings.label, folder).of("a01_s1.npz", "a01_s1", {})

    trees = [_CUSTOM, {**_CUSTOM, **others}]
    return of_trees(trees, read, ".yaml", _yaml_text)


def _skeleton_yaml(folder: Path) -> Target:
    from graph.named import _from_file, skeleton_class

    tree = {
        "joints": ["hip", "left", "right", "tip"], "bones": {"left": "hip", "right": "hip"},
        "root": "hip", "mirror": [["left", "right"]], "edges": [["left", "right"]], "up": "z",
        "centre": "hip", "files": {"left": "LeftUpLeg"},
    }  # fmt: skip
    tree["bones"]["tip"] = "left"

    def read(path: Path) -> None:
        _from_file.cache_clear()  # which knows a file by its path
        assert len(skeleton_class(str(path)).joint_names) in range(2, 1001)

    return of_trees([tree, {**tree, "bones": [["left", "hip"], ["right", "hip"], ["tip", "hip"]]}],
                    read, ".yaml", _yaml_text)  # fmt: skip


def _ratings(folder: Path) -> Target:
    from data_gen.readers.ratings import read_ratings

    rows = [["UserMail", "FileName", "O", "C", "E", "A", "N", "Age"]]
    rows += [
        [str(rater), clip, "1", "-3", "0", "2.5", "3", ""] for rater in (1, 2) for clip in "ab"
    ]

    def read(path: Path) -> None:
        for ratings in read_ratings(path).values():
            _finite(ratings, (None, 5))

    return Target([_table(rows, ",")], read, ".csv")


_CUSTOM = {
    "name": "mine", "files": "raw/*.npz", "reader": {"format": "npz", "axes": "TVC", "rate": 25},
    "skeleton": "coco17", "label": {"regex": r"a(\d+)", "first": 1}, "classes": ["wave", "point"],
    "subject": {"regex": r"s(\d+)"}, "split": {"by": "subject", "train": [1, 2]}, "frames": 30,
    "normalise": "centre",
}  # fmt: skip
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
    point = {"x": 0.1, "y": 0.2, "z": 0.3, "visibility": 0.9}
    body = {"body_id": 1, "joint_positions": clip[0].tolist()}
    return {
        "json": ([clip.tolist()], _json),
        "pyskl": (
            [{"split": {"train": ["a"]}, "annotations": [annotation, planar]}, [annotation]],
            pickle.dumps,
        ),
        "openpose": ([{"people": [{"pose_keypoints_2d": [0.5] * 51}]}], _json),
        "coco": ([[keypoints, {**keypoints, "image_id": "frame_2.jpg"}]], _json),
        "mediapipe": (
            [
                [[point] * 17] * 2,
                [{"landmarks": [point] * 17, "worldLandmarks": [[point] * 17]}],
                {"frames": [{"pose_landmarks": {"landmark": [[0.1, 0.2, 0.3]] * 17}}]},
            ],
            _json,
        ),
        "kinect": ([{"frames": [{"bodies": [body]}, {"bodies": []}]}], _json),
    }


def _own_files() -> dict[str, list[bytes]]:
    """Of every other format, good files."""
    import c3d
    from scipy.io import savemat

    clip = np.ones((3, 17, 3))
    npy, npz, mat, hdf5, sleap, ctrgcn, marked = (io.BytesIO() for _ in range(7))
    np.save(npy, clip)
    np.savez(npz, joints=clip)
    savemat(mat, {"joints": clip})
    with h5py.File(hdf5, "w") as file:
        file["joints"] = clip
    with h5py.File(sleap, "w") as file:
        file["tracks"] = clip.transpose(2, 1, 0)[None]  # (M, C, V, T)
        file["node_names"] = np.array(JOINTS, "S")
    np.savez(ctrgcn, x_train=np.ones((2, 3, 102), np.float32), y_train=np.eye(3)[:2])
    wide = [["0.5"] * 51] * 3
    heads = ["scorer", *["net"] * 51], ["bodyparts", *np.repeat(JOINTS, 3)], [
        "coords", *["x", "y", "likelihood"] * 17]  # fmt: skip
    tracked = [*heads, *([str(t), *row] for t, row in enumerate(wide))]
    long = [["frame", "person", "joint", "x", "y", "score"]]
    long += [[str(t), "a", joint, "0.5", "1", "0.9"] for t in range(2) for joint in JOINTS]
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
        "csv": [_table(wide, ","), _table(long, ",")],
        "tsv": [_table(long, "\t")],
        "ctrgcn": [ctrgcn.getvalue()],
        "deeplabcut": [_table(tracked, ",")],
        "sleap": [sleap.getvalue()],
        "bvh": [(tree + motion).encode()],
        "c3d": [marked.getvalue()],
    }


def _table(rows: Sequence[Sequence[str]], delimiter: str) -> bytes:
    return "\n".join(delimiter.join(row) for row in rows).encode()


def _own(name: str, folder: Path) -> Target:
    from data_gen.readers.formats import FORMATS
    from data_gen.readers.sample import Options, Raw

    reader = FORMATS["deeplabcut" if name == "sleap" else name]
    persons = 2 if name == "ctrgcn" else None
    options = Options(num_joints=17, persons=persons, joint_names=JOINTS)
    suffix = {"deeplabcut": ".csv", "mediapipe": ".json"}.get(name, f".{name}")

    def read(path: Path) -> None:
        for sample in reader(Raw(path.name, [(path.name, path.read_bytes)]), options):
            assert sample.clip.shape[2] == 17 and np.isfinite(sample.clip).all()

    if name in (of := _own_trees()):
        trees, dump = of[name]
        return of_trees(trees, read, suffix, dump)
    return Target(_own_files()[name], read, suffix)


OWN = ("npy", "npz", "mat", "hdf5", "json", "csv", "tsv", "pyskl", "ctrgcn", "openpose", "coco",
       "mediapipe", "kinect", "deeplabcut", "sleap", "bvh", "c3d")  # fmt: skip
TARGETS: dict[str, Callable[[Path], Target]] = {
    ".skeleton": _skeletons,
    "Kinetics JSON": _kinetics,
    "UCLA JSON": _ucla,
    "UDIVA HDF5": _udiva,
    "labels (pickle)": _labels,
    "scores (pickle)": _scores,
    ".npy": _npy,
    "store index": _store,
    "torch file": _torch,
    "YAML": _yaml,
    "dataset.json": _manifest,
    "metadata of a network": _exported,
    "YAML of recordings": _custom,
    "YAML of a skeleton": _skeleton_yaml,
    "ratings": _ratings,
    **{f"own {name}": partial(_own, name) for name in OWN},
}
