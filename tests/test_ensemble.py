"""Fusion by name, and what it says of files that do not match."""

import pickle
import re

import numpy as np
import pytest
import store_data
from one_error import error_of

import ensemble

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
    return error_of(lambda: ensemble.main(argv), capsys)


def test_scores_are_added_by_name(folders, capsys):
    ensemble.main(arguments(folders))
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2:] == ["Top1 Acc: 75.0000%", "Top5 Acc: 100.0000%"]
    rows = [[cell.strip() for cell in line.split("|")[1:]] for line in lines[1:4]]
    assert rows == [
        ["1.00", "25.0000", "100.0000", "4.56 to  69.94", "+2 -0, p = 0.5"],
        ["1.00", "75.0000", "100.0000", "30.06 to  95.44", "+0 -0, p = 1"],
        ["", "75.0000", "100.0000", "30.06 to  95.44"],
    ]


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
    argv = ["--dataset", "ntu/xview", *arguments(folders)[2:]]
    assert "no label file" in fails_with(argv, capsys)
    (folders / "bone" / "epoch1_test_score.pkl").unlink()
    assert "no scores" in fails_with(arguments(folders), capsys)


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
    assert "'a' is the name of several samples" in fails_with(arguments(folders), capsys)


def of(folders, *streams, more=()):
    """Arguments that name any number of streams."""
    dirs = [str(folders / stream) for stream in streams]
    folder = str(folders / "data")
    return ["--dataset", "ntu/xsub", "--data-folder", folder, "--score-dirs", *dirs, *more]


def test_any_number_of_streams_has_a_weight_each(folders, capsys):
    ensemble.main(of(folders, "joint", "bone", "joint", more=["--alpha", ".5", "0", ".5"]))
    out = capsys.readouterr().out
    assert "Top1 Acc: 25.0000%" in out  # the joints' own
    assert out.count(str(folders / "joint")) == 2
    message = fails_with(of(folders, "joint", "bone", more=["--alpha", "1"]), capsys)
    assert "--alpha requires 2 weights, one per stream. Got 1" in message


def test_a_score_file_of_any_epoch_can_be_named(folders, capsys):
    (folders / "bone" / "epoch1_test_score.pkl").rename(folders / "bone" / "epoch7_test_score.pkl")
    ensemble.main(of(folders, "joint", "bone"))  # the only one there
    write(folders / "joint", dict(zip(NAMES, JOINT, strict=True)))
    for epoch in (7, 8):
        path = folders / "joint" / f"epoch{epoch}_test_score.pkl"
        path.write_bytes((folders / "joint" / "epoch1_test_score.pkl").read_bytes())
    assert "holds 3 files of test scores" in fails_with(of(folders, "joint", "bone"), capsys)
    (folders / "joint" / "epoch1_test_score.pkl").unlink()
    message = fails_with(of(folders, "joint", "bone"), capsys)
    assert "holds 2 files of test scores (epoch7_test_score.pkl, ...). Name the one" in message
    ensemble.main(of(folders, "joint/epoch8_test_score.pkl", "bone"))
    assert "Top1 Acc: 75.0000%" in capsys.readouterr().out


def validate(folders, scores):
    """Validation samples v0, v1, ... of the training part beside the test scores."""
    names, labels = [f"v{i}" for i in range(4)], [0, 1, 2, 0]
    path = folders / "data" / "ntu" / "xsub" / "train_label.pkl"
    path.write_bytes(pickle.dumps(([*names, "trained on"], [*labels, 1])))
    for stream, own in scores.items():
        file = folders / stream / "epoch1_validation_score.pkl"
        file.write_bytes(pickle.dumps(dict(zip(names, own, strict=True))))


def test_weights_are_found_on_validation_scores_alone(folders, capsys):
    right = np.eye(3)[[0, 1, 2, 0]]
    validate(folders, {"joint": right, "bone": 3 - 3 * right})  # on test samples bones are better
    ensemble.main(of(folders, "joint", "bone", more=["--search"]))
    out = capsys.readouterr().out
    assert "With equal weights 0.0000. Found: --alpha 1.0 0.25" in out
    assert re.search(
        r"Validation:\n4 samples .*fused +\|  +\| +100.0000.*Test:\n4 ", out, re.DOTALL
    )
    assert "Top1 Acc: 25.0000%" in out  # with equal weights 75


def test_a_search_needs_validation_scores_of_other_samples(folders, capsys):
    argv = of(folders, "joint", "bone", more=["--search"])
    assert "no validation scores beside" in fails_with(argv, capsys)
    validate(folders, {"joint": JOINT, "bone": BONE})
    path = folders / "data" / "ntu" / "xsub" / "train_label.pkl"
    path.write_bytes(pickle.dumps((NAMES, LABELS)))
    for stream in ("joint", "bone"):
        file = folders / stream / "epoch1_validation_score.pkl"
        file.write_bytes((folders / stream / "epoch1_test_score.pkl").read_bytes())
    assert "holds 4 (a, b, c, ...) of the test samples" in fails_with(argv, capsys)
    with pytest.raises(SystemExit, match="2"):
        ensemble.main([*argv, "--alpha", "1", "1"])
    assert "--alpha: not allowed with argument --search" in capsys.readouterr().err


def test_a_search_does_not_take_scores_of_another_epoch(folders, capsys):
    validate(folders, {"joint": JOINT, "bone": BONE})
    first = folders / "joint" / "epoch1_validation_score.pkl"
    first.with_name("epoch9_validation_score.pkl").write_bytes(first.read_bytes())
    message = fails_with(of(folders, "joint", "bone", more=["--search"]), capsys)
    assert "joint holds validation scores of 2 epochs" in message
    test = folders / "joint" / "epoch1_test_score.pkl"
    test.rename(test.with_name("epoch9_test_score.pkl"))
    ensemble.main(of(folders, "joint", "bone", more=["--search"]))


def test_streams_validated_on_different_clips_are_refused(folders, capsys):
    right = np.eye(3)[[0, 1, 2, 0]]
    validate(folders, {"joint": right, "bone": right})
    file = folders / "bone" / "epoch1_validation_score.pkl"
    file.write_bytes(pickle.dumps({"trained on": right[0]}))
    message = fails_with(of(folders, "joint", "bone", more=["--search"]), capsys)
    assert "are of different clips. Train the streams with the same --seed" in message


@pytest.mark.parametrize("names", [["--joint-dir", "x"], ["--joint-dir", "x", "--bone-dir", "y"]])
def test_scores_are_named_in_one_way(folders, capsys, names):
    assert "name the scores by --score-dirs, or by" in fails_with(
        of(folders, "joint", more=names), capsys
    )


def test_the_worst_classes_and_confusions_are_shown(folders, capsys):
    ensemble.main(arguments(folders))
    lines = capsys.readouterr().out.splitlines()
    rows = [line.split("|") for line in lines if line[:5].strip() in ("0", "1", "2")]
    found = [[int(row[0]), int(row[1]), float(row[2]), *map(float, row[3].split())] for row in rows]
    assert found == [[0, 2, 50, 50, 50], [1, 1, 100, 0, 100], [2, 1, 100, 0, 100]]
    assert "3 of 3 classes, counted from 0, the worst first:" in lines
    assert "class 0 taken for 1: 1 of 2 clips" in lines
    ensemble.main(arguments(folders, "--alpha", "0"))
    lines = capsys.readouterr().out.splitlines()
    assert [line[:29] for line in lines if "taken for" in line] == [
        "class 0 taken for 1: 1 of 2 c",
        "class 1 taken for 0: 1 of 1 c",
        "class 2 taken for 1: 1 of 1 c",
    ]
    ensemble.main(arguments(folders, "--show-classes", "0"))
    assert "taken for" not in capsys.readouterr().out
