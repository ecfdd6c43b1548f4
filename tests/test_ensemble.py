"""Fusion by name, and what it says of files that do not match."""

import pickle

import numpy as np
import pytest
import store_data

import ensemble
from utils.cli import run

NAMES, LABELS = ["a", "b", "c", "d"], [0, 1, 2, 0]
JOINT = np.array([[3, 1, 0], [2, 1, 0], [0, 3, 1], [0, 1, 0]], float)  # right: a
BONE = np.array([[1, 0, 0], [0, 3, 0], [0, 0, 3], [0, 3, 0]], float)  # right: a, b, c


@pytest.fixture
def folders(tmp_path):
    """Label file and both score files; the bone's names in another order."""
    (tmp_path / "data" / "ntu" / "xsub").mkdir(parents=True)
    labels = tmp_path / "data" / "ntu" / "xsub" / "val_label.pkl"
    labels.write_bytes(pickle.dumps((NAMES, LABELS)))
    for stream, scores, order in (("joint", JOINT, [0, 1, 2, 3]), ("bone", BONE, [3, 1, 0, 2])):
        (tmp_path / stream).mkdir()
        write(tmp_path / stream, {NAMES[i]: scores[i] for i in order})
    return tmp_path


def write(folder, scores):
    (folder / "epoch1_test_score.pkl").write_bytes(pickle.dumps(scores))


def arguments(folders, *more):
    folder = {"joint-dir": "joint", "bone-dir": "bone", "data-folder": "data"}
    flags = [f"--{flag}={folders / name}" for flag, name in folder.items()]
    return ["--dataset", "ntu/xsub", *flags, *more]


def fails_with(argv, capsys) -> str:
    with pytest.raises(SystemExit) as exit_:
        run(lambda: ensemble.main(argv))
    assert exit_.value.code == 1
    return capsys.readouterr().err


def test_scores_are_added_by_name(folders, capsys):
    ensemble.main(arguments(folders))
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2:] == ["Top1 Acc: 75.0000%", "Top5 Acc: 100.0000%"]
    assert [cell.strip() for cell in lines[1].split("|")[1:]] == ["25.0000", "75.0000", "75.0000"]


@pytest.mark.parametrize(
    ("alpha", "top1"), [("0", "25.0000"), ("0.5", "50.0000"), ("1", "75.0000")]
)
def test_alpha_weighs_the_bones(folders, capsys, alpha, top1):
    ensemble.main(arguments(folders, "--alpha", alpha))
    assert f"Top1 Acc: {top1}%" in capsys.readouterr().out


def test_samples_that_do_not_match_are_counted_and_named(folders, capsys):
    write(folders / "bone", {"a": BONE[0], "b": BONE[1], "x": BONE[2]})
    message = fails_with(arguments(folders), capsys)
    assert "2 (c, d) without a score, 1 (x) without a label" in message


def test_streams_of_different_classes_do_not_fuse(folders, capsys):
    write(folders / "bone", dict(zip(NAMES, np.ones((4, 5)), strict=True)))
    assert "has scores of 3 classes" in fails_with(arguments(folders), capsys)


def test_missing_files_are_named(folders, capsys):
    (folders / "bone" / "epoch1_test_score.pkl").unlink()
    assert "no scores" in fails_with(arguments(folders), capsys)
    argv = ["--dataset", "ntu/xview", *arguments(folders)[2:]]
    assert "no label file" in fails_with(argv, capsys)


@pytest.mark.parametrize(("store", "split"), [("ntu/clips", "xsub/val"), ("ntu/xsub/clips", "val")])
def test_without_a_label_file_a_store_tells_the_labels(folders, capsys, store, split):
    (folders / "data" / "ntu" / "xsub" / "val_label.pkl").unlink()
    clips = [np.ones((1, 2, 20, 3), np.float32)] * 4
    store_data.write_store(folders / "data" / store, clips, LABELS, (3, 2, 20, 1), split, NAMES)
    ensemble.main(arguments(folders))
    assert "Top1 Acc: 75.0000%" in capsys.readouterr().out


def test_labels_that_name_a_sample_twice_are_refused(folders, capsys):
    path = folders / "data" / "ntu" / "xsub" / "val_label.pkl"
    path.write_bytes(pickle.dumps(([*NAMES, "a"], [*LABELS, 0])))
    assert "names samples twice" in fails_with(arguments(folders), capsys)
