"""A bad clip of a file of many is left out and reported; the others are used."""

import csv
import json
import pickle
from pathlib import Path

import h5py
import numpy as np
import pytest
from own_recordings import clip, failing, write

from data_gen.raw_formats import named_format
from data_gen.readers.bad_files import BadFile
from data_gen.readers.found import single_file
from formats.labels import load_labels
from graph.named import skeleton_class
from tools import visualize

CLIPS = np.stack([clip(n % 2 + 1, np.random.default_rng(n), 10) for n in range(8)])  # (N, T, V, C)
BAD = CLIPS.copy()
BAD[3, 4, 5, 0] = np.inf
LABELS = np.arange(8) % 2
ROWS = {"label": {"field": "y"}, "reader": {"axes": "NTVC", "key": "x"}}


def npy(folder: Path) -> dict:
    np.save(folder / "all.npy", BAD)
    np.save(folder / "y.npy", LABELS)
    return {"label": {"npy": "y.npy"}, "reader": {"axes": "NTVC"}}


def npz(folder: Path) -> dict:
    np.savez(folder / "all.npz", x=BAD, y=LABELS)
    return ROWS


def hdf5(folder: Path) -> dict:
    with h5py.File(folder / "all.hdf5", "w") as file:
        file["x"], file["y"] = BAD, LABELS
    return ROWS


def tables(folder: Path, numbers: np.ndarray, last: list[str]) -> dict:
    """A wide table of many clips; the rows that end clip 3 end with `last`."""
    names = skeleton_class("coco17").joint_names
    with (folder / "all.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["clip", "y", *(f"{name}_{axis}" for name in names for axis in "xyz")])
        for n, joints in enumerate(numbers):
            for t, frame in enumerate(joints):
                cells = frame.reshape(-1).tolist()
                is_bad = n == 3 and t == 9
                table.writerow([f"c{n}", LABELS[n], *(cells[:-1] + last if is_bad else cells)])
    reader = {"clip": "clip", "columns": "{joint}_{axis}"}
    return {"label": {"field": "y"}, "reader": reader}


def csv_with_a_word(folder: Path) -> dict:
    return tables(folder, CLIPS, ["word"])


def csv_with_a_short_row(folder: Path) -> dict:
    return tables(folder, CLIPS, [])


def csv_with_infinity(folder: Path) -> dict:
    return tables(folder, BAD, ["1"])


def pyskl(folder: Path) -> dict:
    annotations = [
        {
            "frame_dir": f"c{n}",
            "label": int(LABELS[n]),
            "total_frames": 10,
            "keypoint": joints[None],
        }
        for n, joints in enumerate(CLIPS)
    ]
    annotations[3]["keypoint"] = np.zeros((1, 10, 16, 3))
    (folder / "all.pkl").write_bytes(pickle.dumps({"annotations": annotations, "split": {}}))
    return {"label": {"field": "label"}, "reader": {}}


def pyskl_with_a_name_twice(folder: Path) -> dict:
    settings = pyskl(folder)
    content = pickle.loads((folder / "all.pkl").read_bytes())
    content["annotations"][3] = {**content["annotations"][2]}
    (folder / "all.pkl").write_bytes(pickle.dumps(content))
    return settings


def ctrgcn(folder: Path) -> dict:
    x = np.concatenate([BAD, np.zeros_like(BAD)], axis=2).reshape(8, 10, -1)
    y = np.eye(2)[LABELS]
    np.savez(folder / "all.npz", x_train=x[:7], y_train=y[:7], x_test=x[7:], y_test=y[7:])
    return {"label": {"field": "label"}, "reader": {}}


def segments(folder: Path) -> dict:
    np.save(folder / "all.npy", CLIPS.reshape(80, 17, 3))
    rows = [f"all.npy,{10 * n},{10 * n + (10 if n != 3 else -5)},{LABELS[n]}" for n in range(8)]
    (folder / "segments.csv").write_text("\n".join(["file,start,end,y", *rows]))
    return {"label": {"field": "y"}, "reader": {}, "segments": {"csv": "segments.csv"}}


MAKERS = {
    npy: "all_000003", npz: "all_000003", hdf5: "all_000003", csv_with_a_word: "c3",
    csv_with_a_short_row: "c3", csv_with_infinity: "c3", pyskl: "c3", pyskl_with_a_name_twice: "c2",
    ctrgcn: "train_000003", segments: "no segment from 30 to 25",
}  # fmt: skip


def settings_of(make, folder: Path) -> list[str]:
    told = make(folder)
    (file,) = (path for path in folder.glob("all.*"))
    format_ = make.__name__.partition("_")[0].replace("segments", "npy")
    rest = {**told, "files": file.name, "reader": {"format": format_, **told["reader"]}}
    rest |= {"classes": ["a", "b"], "subject": None, "split": {"fraction": 0.25, "by": "clip"}}
    return write(folder, **rest)


@pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)
def test_the_other_clips_are_used(tmp_path, capsys, make):
    message = failing(capsys, settings_of(make, tmp_path))
    assert "1 of 8 clips are bad" in message and MAKERS[make] in message
    assert (tmp_path / "config/train_joint.yaml").exists()  # to train on the others
    report = json.loads((tmp_path / "data/gendata_report.json").read_text())
    (bad,) = report["bad"]
    assert (report["num_usable"], report["num_bad"]) == (7, 1) and MAKERS[make] in bad["reason"]
    count = 0
    for part in ("train", "val"):
        names, labels = load_labels(tmp_path / f"data/{part}_label.pkl")
        arrays = np.load(tmp_path / f"data/{part}_data_joint.npy")
        count += len(names)
        assert len(arrays) == len(names) and arrays.any(axis=(1, 2, 3, 4)).all()
        for name, label in zip(names, labels, strict=True):
            number = int(name.partition("_")[2].partition("-")[0] or name[1:])
            number = number // 10 if make is segments else number
            number = 7 if name.startswith("val_") else number
            assert number != 3 and label == LABELS[number]
    assert count == 7


def test_a_file_of_bad_clips_only_is_said(tmp_path, capsys):
    np.savez(tmp_path / "all.npz", x=np.full_like(CLIPS, np.inf), y=LABELS)
    reader = {"format": "npz", "axes": "NTVC", "key": "x"}
    argv = write(tmp_path, files="all.npz", reader=reader, label={"field": "y"}, subject=None,
                 split={"fraction": 0.25})  # fmt: skip
    assert "none of the first files can be read" in failing(capsys, argv)


def test_predictions_and_pictures_leave_it_out(tmp_path, caplog):
    argv = settings_of(npz, tmp_path)
    clips = named_format(argv[1]).read(single_file(tmp_path / "all.npz"))
    assert [isinstance(each, BadFile) for each in clips] == [n == 3 for n in range(8)]
    out = tmp_path / "clips.html"
    names = ["all_000002", "all_000004"]
    file = str(tmp_path / "all.npz")
    visualize.main([file, "--format", argv[1], "--pick", *names, "--out", str(out)])
    assert "bad clips are left out: 1. The first: " in caplog.text and "all_000003" in caplog.text
    assert all(name in out.read_text() for name in names)


@pytest.mark.parametrize("damage", ["file", "clips"])
def test_arrays_of_classes_stay_with_their_files(tmp_path, capsys, damage):
    """The classes of a file of which nothing can be used are not taken for those of the next."""
    np.save(tmp_path / "X_1.npy", CLIPS if damage == "file" else np.full_like(CLIPS, np.inf))
    if damage == "file":
        (tmp_path / "X_1.npy").write_bytes((tmp_path / "X_1.npy").read_bytes()[:-100])
    np.save(tmp_path / "X_2.npy", CLIPS)
    np.save(tmp_path / "y_1.npy", 1 - LABELS)
    np.save(tmp_path / "y_2.npy", LABELS)
    reader = {"format": "npy", "axes": "NTVC"}
    argv = write(tmp_path, files="X_*.npy", reader=reader, label={"npy": ["y_1.npy", "y_2.npy"]},
                 classes=None, subject=None, split={"fraction": 0.25})  # fmt: skip
    assert "clips are bad" in failing(capsys, argv)
    for part in ("train", "val"):
        names, labels = load_labels(tmp_path / f"data/{part}_label.pkl")
        assert names and labels == [LABELS[int(name[-6:])] for name in names]
