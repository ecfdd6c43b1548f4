"""Raw files of the benchmarks, arrays, labels, scores, weights and settings."""

import pickle
from pathlib import Path

import h5py
import numpy as np

from benchmarks.attacked.target import Target, check_array, json_text, of_trees, yaml_text


def skeletons(folder: Path) -> Target:
    from data_gen.readers.ntu import read_skeleton

    joint = b"0.25 -1.5 3.125 283 224 1027 581 -0.25 0.12 0.95 -0.09 2"
    body = b"\n".join([b"72057594037937930 0 1 1 1 1 0 0.01 0.02 2", b"25", *[joint] * 25])
    clip = b"\n".join([b"3", b"1", body, b"2", body, body, b"0"]) + b"\n"

    def read(path: Path) -> None:
        check_array(read_skeleton(path).astype(np.float32), (4, None, 25, 3))

    return Target([clip, clip.replace(b"\n", b"\r\n")], read, ".skeleton")


def kinetics(folder: Path) -> Target:
    from data_gen.readers.kinetics import read_bodies

    person = {"pose": [0.25, 0.5] * 18, "score": [0.9] * 18}
    frames = [{"frame_index": i, "skeleton": [person] * (i % 3)} for i in range(1, 4)]
    clip = {"data": frames, "label": "abseiling", "label_index": 0}

    def read(path: Path) -> None:
        check_array(read_bodies(path, 0)[0], (2, 300, 18, 3))

    return of_trees([clip], read, ".json", json_text)


def ucla(folder: Path) -> Target:
    from data_gen.readers.ucla import parse_clip

    clip = {"skeletons": np.ones((2, 20, 3)).tolist(), "label": 3}

    def read(path: Path) -> None:
        found = parse_clip("a01_s01_e00_v01.json", path.read_bytes())
        check_array(found.skeleton, (None, 20, 3))
        assert found.label in range(10)

    return of_trees([clip], read, ".json", json_text)


def udiva(folder: Path) -> Target:
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
                check_array(frame.body, (24, 3))

    return Target([path.read_bytes()], read, ".hdf5")


def labels(folder: Path) -> Target:
    from formats.labels import load_labels

    pairs = (["a", "b", "c"], [0, 1, 2]), (["a", "b"], np.array([3, 4]))
    seeds = [pickle.dumps(pair, protocol) for pair in pairs for protocol in (0, 2, 4, 5)]

    def read(path: Path) -> None:
        names, labels = load_labels(path)
        assert len(names) == len(labels) and all(type(label) is int for label in labels)

    return Target(seeds, read, ".pkl", pairs)


def scores(folder: Path) -> Target:
    from formats.scores import load_scores

    scores = {name: np.arange(4, dtype=np.float32) for name in "abc"}
    seeds = [pickle.dumps(scores, protocol) for protocol in (0, 2, 4, 5)]

    def read(path: Path) -> None:
        for score in load_scores(path).values():
            check_array(score, (None,))

    return Target(seeds, read, ".pkl", [scores])


def arrays(folder: Path) -> Target:
    from formats.arrays import open_clips

    seeds = []
    for dtype in ("<f4", ">f8", "<f2"):
        np.save(folder / "a.npy", np.ones((2, 3, 4, 5, 1), dtype))
        seeds.append((folder / "a.npy").read_bytes())

    def read(path: Path) -> None:
        clips = open_clips(path, in_memory=True)
        assert clips.ndim == 5 and clips.dtype.kind == "f"

    return Target(seeds, read, ".npy")


def store(folder: Path) -> Target:
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
            check_array(opened.dense_clip(number), opened.dense_shape)

    return Target([(store / "index.npz").read_bytes()], read, ".npz")


def weights(folder: Path) -> Target:
    import torch

    from engine.run_dir.torch_files import read

    content = {"epoch": 1, "a": torch.arange(6.0).view(2, 3), "b": {"c": [None, 2.5, "x"]}}
    seeds = []
    for zipped in (True, False):
        torch.save(content, folder / "w.pt", _use_new_zipfile_serialization=zipped)
        seeds.append((folder / "w.pt").read_bytes())
    return Target(seeds, lambda path: read(path) and None, ".pt")


def settings_yaml(folder: Path) -> Target:
    from engine.settings.parse import read_values

    settings = {
        "work_dir": "x", "model_args": {"num_class": 3, "graph": "graph.ucla.AdjMatrixGraph"},
        "step": [3, 5], "base_lr": 0.1, "half": True, "train_feeder_args": {"noise": 0.1},
    }  # fmt: skip
    seeds = [yaml_text(settings), b"a: &a [1]\nstep: *a\n"]
    return Target(seeds, lambda path: read_values(path) and None, ".yaml", [settings], yaml_text)
