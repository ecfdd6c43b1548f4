"""The manifest: found from the arrays, kept for splits that are not made anew."""

import pytest

from utils.manifest import count_note, read_manifest, write_manifest

FIELDS = {"dataset": "ntu", "format": "dense", "clip_shape": [3, 300, 25, 2]}


def manifest(**counts: int) -> dict:
    return {**FIELDS, "counts": counts, "class_counts": {}, "checksums": {}}


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


def test_other_counts_than_the_published_are_a_note():
    published = {"xsub/train": 40_091, "xsub/val": 16_487}
    assert count_note(published, published) is None
    assert count_note({"own": 3}, {}) is None
    note = count_note({"xsub/train": 40_090, "xsub/val": 16_487}, published)
    assert note == "Not the published number of clips: xsub/train 40,090 of 40,091."


@pytest.mark.parametrize("content", ["{", "[]"])
def test_a_damaged_manifest_is_named(tmp_path, content):
    (tmp_path / "dataset.json").write_text(content)
    with pytest.raises(ValueError, match=r"dataset\.json is damaged"):
        read_manifest(tmp_path)
