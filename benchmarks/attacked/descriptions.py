"""Files that describe data: dataset.json, metadata of exported files, YAML files, ratings."""

from pathlib import Path

import numpy as np

from benchmarks.attacked.target import (
    Target,
    check_array,
    json_text,
    of_trees,
    table_text,
    yaml_text,
)

CUSTOM = {
    "name": "mine", "files": "raw/*.npz", "reader": {"format": "npz", "axes": "TVC", "rate": 25},
    "skeleton": "coco17", "label": {"regex": r"a(\d+)", "first": 1}, "classes": ["wave", "point"],
    "subject": {"regex": r"s(\d+)"}, "split": {"by": "subject", "train": [1, 2]}, "frames": 30,
    "normalise": "centre",
}  # fmt: skip


def manifest(folder: Path) -> Target:
    from data_gen.raw_formats import raw_format
    from formats.class_names import class_names
    from formats.manifest import NAME, num_classes_of, read_manifest, skeleton_of
    from graph.named import skeleton_class

    of_array = {
        "dataset": "mine", "format": "dense", "skeleton": "coco17", "classes": ["wave", "point"],
        "num_joints": 17, "num_persons": 1, "channels": 3, "clip_shape": [3, 30, 17, 1],
        "counts": {"train": 4}, "class_counts": {"train": [2, 2]}, "settings": CUSTOM,
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

    return of_trees([of_array, of_chunks], read, ".json", json_text)


def exported(folder: Path) -> Target:
    from formats.exported import NetworkInfo

    tree = {
        "settings": {
            "model": "model.msg3d.Model", "model_args": {"num_class": 2, "graph": "coco17"},
            "feeder": "feeders.feeder.Feeder", "test_feeder_args": {"stream": "bone"},
        },
        "dataset": {"dataset": "mine", "skeleton": "coco17", "settings": CUSTOM},
        "classes": ["wave", "point"], "results": {"best": {"top1": 0.9}},
    }  # fmt: skip

    def read(path: Path) -> None:
        info = NetworkInfo.from_text(path.read_bytes().decode("latin1"), path)
        assert isinstance(info.skeleton or "", str) and isinstance(info.stream, str)

    return of_trees([tree], read, ".json", json_text)


def custom(folder: Path) -> Target:
    from data_gen.custom.checks import read_custom_settings
    from data_gen.custom.rules import FoundClip, Rule
    from data_gen.custom.segments import Segments
    from data_gen.readers.bad_files import good_ones
    from data_gen.readers.sample import Sample

    others = {
        "label": {"csv": "labels.csv", "file": "clip", "column": "label"}, "persons": 2,
        "split": {"fraction": 0.2, "by": "subject", "seed": 0}, "frames": {"max": 300},
        "normalise": {"mode": "centre+scale", "centre": "nose", "scale": "box"}, "rate": 25.0,
        "segments": {"csv": "segments.csv", "file": "clip", "start": "from", "unit": "seconds"},
    }  # fmt: skip
    lists = {
        "label": {"csv": ["a.txt", "b.txt"], "columns": ["a", "s", "n"], "file": "a0{a}_s{s}",
                  "column": "n"},
        "split": {"lists": {"train": "a.txt", "val": ["b.txt"]}, "columns": ["x"], "file": "{x}"},
        "segments": {"csv": "times/*.txt", "columns": ["start", "end", "label"]},
        "reader": {"format": "txt", "axes": "TV*C", "skip_columns": 3, "clip": 1},
    }  # fmt: skip
    recording = Sample("a01_s1", np.ones((1, 50, 17, 3)), rate=25.0)
    for name, text in (
        ("segments.csv", "clip,from,end,label\na01_s1.npz,0.5,1,1\n"),
        ("a.txt", "1 1 7\n"), ("b.txt", "2 1 8\n"), ("times/a01_s1.txt", "3 9 1\n"),
    ):  # fmt: skip
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    (folder / "labels.csv").write_text("clip,label\na01_s1.npz,1\n")

    def read(path: Path) -> None:
        settings = read_custom_settings(path)
        Rule("label", settings.label, folder).of(FoundClip("a01_s1.npz", "a01_s1", {}))
        if settings.segments:
            pieces = Segments(settings.segments, folder).cut("a01_s1.npz", recording)
            for clip in good_ones(pieces):
                assert 0 < clip.clip.shape[1] <= 50

    trees = [CUSTOM, {**CUSTOM, **others}, {**CUSTOM, **lists}]
    return of_trees(trees, read, ".yaml", yaml_text)


def tables(folder: Path) -> Target:
    from data_gen.custom.tables import read_list, rows_by_name

    rows = [["clip", "label", "take"], ["my a01", "3", "1"], ['"b, 2"', "4", "2"]]
    rule = {"file": "{clip}/{take}"}

    def read(path: Path) -> None:
        assert all(isinstance(name, str) for line in read_list(path) for name in line)
        for columns in (None, ["clip", "label", "take"]):
            for name, row in rows_by_name(path, {**rule, "columns": columns}, ["label"]):
                assert isinstance(name, str) and row.keys() >= {"clip", "label", "take"}

    return Target([table_text(rows, delimiter) for delimiter in ",;\t "], read, ".txt")


def skeleton_yaml(folder: Path) -> Target:
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
                    read, ".yaml", yaml_text)  # fmt: skip


def ratings(folder: Path) -> Target:
    from data_gen.readers.ratings import read_ratings

    rows = [["UserMail", "FileName", "O", "C", "E", "A", "N", "Age"]]
    rows += [
        [str(rater), clip, "1", "-3", "0", "2.5", "3", ""] for rater in (1, 2) for clip in "ab"
    ]

    def read(path: Path) -> None:
        for ratings in read_ratings(path).values():
            check_array(ratings, (None, 5))

    return Target([table_text(rows, ",")], read, ".csv")
