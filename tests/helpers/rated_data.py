"""Small rated motion capture on disk: BVH files and a table of ratings, with a planted trait."""

import csv
import json
from pathlib import Path

import numpy as np
import yaml

import main

SKELETON = """
joints: [Hips, Spine2, Head, RightShoulder, RightHand, LeftShoulder, LeftHand]
bones: {Spine2: Hips, Head: Spine2, RightShoulder: Spine2, RightHand: RightShoulder,
        LeftShoulder: Spine2, LeftHand: LeftShoulder}
root: Hips
centre: Spine2
mirror: [[RightShoulder, LeftShoulder], [RightHand, LeftHand]]
"""
JOINTS = {  # in the order of the files: parent, offset in centimetres
    "Hips": (None, (0, 100, 0)),
    "Spine2": ("Hips", (0, 30, 0)),
    "Head": ("Spine2", (0, 30, 0)),
    "RightShoulder": ("Spine2", (-20, 10, 0)),
    "RightHand": ("RightShoulder", (0, -50, 0)),
    "LeftShoulder": ("Spine2", (20, 10, 0)),
    "LeftHand": ("LeftShoulder", (0, -50, 0)),
}
CHANNELS = "CHANNELS 6 Xposition Yposition Zposition Zrotation Yrotation Xrotation"


def tree(name: str = "Hips") -> str:
    """The part of a file's hierarchy that begins with a joint."""
    parent, (x, y, z) = JOINTS[name]
    children = [tree(child) for child, (above, _) in JOINTS.items() if above == name]
    inside = "\n".join(children) or "End Site\n{\nOFFSET 0 10 0\n}"
    kind = "JOINT" if parent else "ROOT"
    return f"{kind} {name}\n{{\nOFFSET {x} {y} {z}\n{CHANNELS}\n{inside}\n}}"


def bvh(rotations: dict[str, np.ndarray], frames: int, rate: float = 60.0) -> str:
    """A file whose joints turn by degrees (T, 3) about z, y and x."""
    lines = []
    for t in range(frames):
        for name, (_, offset) in JOINTS.items():
            turn = rotations.get(name, np.zeros((frames, 3)))[t]
            lines.append(" ".join(f"{value:.6f}" for value in (*offset, *turn)))
    rows = [" ".join(lines[i : i + len(JOINTS)]) for i in range(0, len(lines), len(JOINTS))]
    return (
        f"HIERARCHY\n{tree()}\nMOTION\nFrames: {frames}\nFrame Time: {1 / rate:.6f}\n"
        + "\n".join(rows)
        + "\n"
    )


def write(folder: Path, recordings: int = 8, clips: int = 3, frames: int = 80) -> Path:
    """Clips of recordings: the right arm swings the more, the higher E is rated; raters 3 each."""
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True)
    (folder / "body.yaml").write_text(SKELETON)
    rows = []
    for number in range(recordings * clips):
        source, truth = number // clips, rng.uniform(-2, 2)
        swing = np.sin(np.arange(frames) / 6 + rng.uniform(0, 6)) * 20 * (truth + 2.5)
        turns = {"RightShoulder": np.stack([0 * swing, 0 * swing, swing], axis=1),
                 "LeftShoulder": rng.normal(0, 1, (frames, 3)).cumsum(axis=0)}  # fmt: skip
        (folder / f"n_{100 + number}_o_{source}_0.bvh").write_text(bvh(turns, frames))
        for rater in range(3):
            others = rng.integers(-3, 4, 4)
            e = np.clip(truth + rng.normal(0, 0.2), -3, 3)
            o, c, a, n = others
            rows.append([rater, 11, number, 0, o, c, f"{e:.3f}", a, n, 10, 0, 100 + number])
    columns = "UserMail,ExperimentNo,SampleNo,ModNo,O,C,E,A,N,TimeSeconds,CheckBoxes,FileName"
    with (folder / "ZeroEGGS_Study_Results.csv").open("w", newline="") as file:
        csv.writer(file).writerows([columns.split(","), *rows])
    return folder


def arrays(tmp_path: Path, **sizes: int) -> Path:
    """The folder that animation_gendata.py and laban_gendata.py make of them."""
    from data_gen import animation_gendata, laban_gendata

    raw, out = write(tmp_path / "raw", **sizes), tmp_path / "data"
    body = ["--skeleton", str(raw / "body.yaml"), "--chunk-size", "16", "--num-worker", "0"]
    animation_gendata.main(["--data-path", str(raw), "--out-folder", str(out), *body])
    more = ["--features", "laban", "laban_released", "descriptors", "--num-worker", "0"]
    laban_gendata.main(["--data-folder", str(out), *more])
    return out


def train(data: Path, folder: Path) -> Path:
    """A small network of each of two folds, by main.py; returns their work dir."""
    feeder = {"data_path": str(data), "split": "all", "features": "laban"}
    body = json.loads((data / "dataset.json").read_text())["skeleton"]
    content = {
        "work_dir": str(folder / "run"), "task": "traits", "folds": 2, "seeds": [1],
        "feeder": "feeders.traits.TraitFeeder",
        "train_feeder_args": feeder, "test_feeder_args": feeder,
        "model": "model.msg3d_laban.Model",
        "model_args": {"num_class": 5, "num_point": 7, "num_person": 1, "num_gcn_scales": 2,
                       "num_g3d_scales": 1, "graph": body, "in_channels": 15,
                       "layer_channels": 6, "dropout": [0, 0, 0]},
        "device": "cpu", "batch_size": 8, "forward_batch_size": 8, "num_epoch": 1,
        "num_worker": 0, "base_lr": 0.01,
    }  # fmt: skip
    path = folder / "settings.yaml"
    path.write_text(yaml.safe_dump(content))
    main.main(["--config", str(path)])
    return folder / "run"
