"""The manifest: found from the arrays, kept for splits that are not regenerated."""

from pathlib import Path

import pytest

from formats.manifest import (
    count_note,
    how_to_make,
    num_classes_of,
    read_manifest,
    skeleton_of,
    write_manifest,
)

FIELDS = {"dataset": "ntu", "format": "dense", "clip_shape": [3, 300, 25, 2]}
PUBLISHED = {"first": 1, "second": 2}


def manifest(**counts: int) -> dict:
    class_counts = {split: [number, 0] for split, number in counts.items()}
    of_splits = {"counts": counts, "class_counts": class_counts, "checksums": {}}
    return {**FIELDS, **of_splits, "published_counts": PUBLISHED}


def test_it_is_found_from_an_array_its_folder_and_the_data_set(tmp_path):
    folder = tmp_path / "ntu" / "xsub"
    folder.mkdir(parents=True)
    (folder / "train_data_joint.npy").touch()
    assert read_manifest(folder) is None
    write_manifest(tmp_path / "ntu", manifest(a=1))
    for path in (folder / "train_data_joint.npy", folder, tmp_path / "ntu"):
        assert read_manifest(path)["counts"] == {"a": 1}
    (tmp_path / "a" / "b" / "c").mkdir(parents=True)
    assert read_manifest(tmp_path / "a" / "b" / "c") is None


def test_splits_of_an_earlier_run_stay_unless_it_was_of_another_kind(tmp_path):
    write_manifest(tmp_path, manifest(first=1, second=2))
    write_manifest(tmp_path, manifest(second=3))
    assert read_manifest(tmp_path)["counts"] == {"first": 1, "second": 3}
    write_manifest(tmp_path, {**manifest(second=4), "format": "compact"})
    assert read_manifest(tmp_path)["counts"] == {"second": 4}


def test_classes_and_note_are_those_of_all_splits(tmp_path):
    small = {**manifest(first=1), "class_counts": {"first": [1, 0, 0]}}
    assert write_manifest(tmp_path, small)["num_classes"] == 3
    merged = write_manifest(tmp_path, manifest(second=3))
    assert merged == read_manifest(tmp_path)
    assert merged["num_classes"] == 3
    assert merged["note"] == "Not the published number of clips: second 3 of 2."
    both = write_manifest(tmp_path, manifest(first=4))["note"]
    assert both.endswith("first 4 of 1, second 3 of 2.")


@pytest.mark.parametrize(
    ("split", "array"),
    [("ntu60-xsub/val", "ntu60-xsub/val_data_bone.npy"), ("xsub/val", "xsub/val_data_joint.npy")],
)
def test_a_split_has_classes_of_its_own(tmp_path, split, array):
    num_classes = {"ntu60-xsub/val": 60, "xsub/val": 120}
    class_counts = {name: [0] * number for name, number in num_classes.items()}
    found = write_manifest(tmp_path, {**manifest(), "class_counts": class_counts})
    assert num_classes_of(found, tmp_path / array, None) == num_classes[split]
    assert num_classes_of(found, tmp_path, split) == num_classes[split]
    assert num_classes_of(found, tmp_path, None) == 120


def test_the_skeleton_of_an_older_manifest_follows_from_its_data_set():
    assert skeleton_of(None) is None and skeleton_of({"dataset": "own"}) is None
    assert skeleton_of({"dataset": "kinetics"}) == "graph.kinetics.AdjMatrixGraph"
    assert skeleton_of({"dataset": "kinetics", "skeleton": "a.B"}) == "a.B"


def test_other_counts_than_the_published_are_a_note():
    published = {"xsub/train": 40_091, "xsub/val": 16_487}
    assert count_note(published, published) is None
    assert count_note({"own": 3}, {}) is None
    note = count_note({"xsub/train": 40_090, "xsub/val": 16_487}, published)
    assert note == "Not the published number of clips: xsub/train 40,090 of 40,091."


def test_an_empty_value_is_as_if_absent():
    assert num_classes_of({"class_counts": None, "num_classes": 3}, Path("val.npy"), None) == 3


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        "[" * 10_000,
        '{"clip_shape": 3}',
        '{"classes": ["a", 1]}',
        '{"class_counts": {"train": 7}}',
        '{"skeleton": []}',
        '{"settings": [1]}',
        '{"num_joints": "25"}',
        '{"rate": true}',
    ],
)
def test_a_damaged_manifest_is_named(tmp_path, content):
    (tmp_path / "dataset.json").write_text(content)
    with pytest.raises(ValueError, match=r"dataset\.json is damaged"):
        read_manifest(tmp_path)


@pytest.mark.parametrize(
    ("path", "command"),
    [
        ("data/ntu/xsub/train_data_joint.npy", "data_gen/ntu_gendata.py"),
        ("data/ntu120/clips", "data_gen/ntu120_gendata.py --format compact"),
        (
            "data/ntu/xsub/val_data_bone.npy",
            "data_gen/gen_bone_data.py --dataset ntu --stream bone",
        ),
        ("data/nw-ucla/val_label.pkl", "data_gen/ucla_gendata.py"),
        ("mine/val_label.pkl", "data_gen/*_gendata.py"),
    ],
)
def test_an_error_names_the_command_that_makes_the_file(path, command):
    assert how_to_make(Path(path)).rstrip(".").endswith(f"python3 {command}".rstrip("."))
