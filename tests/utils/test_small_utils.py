"""Files, labels, scores, metrics, devices."""

import os
import pickle
import stat

import numpy as np
import pytest
import torch

from engine.device import devices as parallel
from engine.device.compilation import compile_model
from formats.labels import load_labels
from formats.scores import load_scores, save_scores
from utils.files import atomic_write
from utils.metrics import confusion_counts, confusion_matrix, top_k_accuracy


def test_an_interrupted_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "file.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError), atomic_write(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["file.txt"]  # noqa: PTH208


def test_a_finished_write_replaces_the_file_and_makes_its_folder(tmp_path):
    path = tmp_path / "new" / "file.txt"
    with atomic_write(path) as temporary:
        temporary.write_text("new")
        assert not path.exists()
    assert path.read_text() == "new"


@pytest.mark.skipif(os.name == "nt", reason="Windows opens no folders")
@pytest.mark.parametrize("flush", [True, False])
def test_a_flushed_write_brings_the_rename_to_the_disk_as_well(tmp_path, monkeypatch, flush):
    path, flushed, fsync = tmp_path / "file.txt", [], os.fsync

    def record(descriptor):
        flushed.append((stat.S_ISDIR(os.fstat(descriptor).st_mode), path.exists()))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", record)
    with atomic_write(path, flush=flush) as temporary:
        temporary.write_text("new")
    assert flushed == ([(False, False), (True, True)] if flush else [])


def test_a_folder_that_cannot_be_flushed_is_no_error(tmp_path, monkeypatch):
    open_ = os.open

    def refuse_folders(path, *args):
        if os.path.isdir(path):  # noqa: PTH112
            raise PermissionError
        return open_(path, *args)

    monkeypatch.setattr(os, "open", refuse_folders)
    with atomic_write(tmp_path / "file.txt") as temporary:
        temporary.touch()
    assert (tmp_path / "file.txt").exists()


def test_labels_of_all_ages_are_read(tmp_path):
    path = tmp_path / "label.pkl"
    path.write_bytes(pickle.dumps((["a", "b"], np.array([3, 4])), protocol=2))
    assert load_labels(path) == (["a", "b"], [3, 4])


@pytest.mark.parametrize("content", [b"", b"text", pickle.dumps([1]), pickle.dumps((["a"], ["x"]))])
def test_a_damaged_label_file_is_named(tmp_path, content):
    path = tmp_path / "label.pkl"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"label\.pkl must hold a pickled"):
        load_labels(path)


def test_names_and_labels_must_be_as_many(tmp_path):
    path = tmp_path / "label.pkl"
    path.write_bytes(pickle.dumps((["a", "b"], [1])))
    with pytest.raises(ValueError, match="2 names but 1 labels"):
        load_labels(path)


def test_scores_come_back_by_name(tmp_path):
    path = tmp_path / "epoch1_test_score.pkl"
    save_scores(path, ["a", "b"], np.eye(2, dtype=np.float32))
    scores = load_scores(path)
    np.testing.assert_array_equal(scores["b"], [0, 1])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"a": np.zeros(2), "b": np.zeros(3)}, "one score vector per sample"),
        ({}, "one score vector per sample"),
        ({"a": np.array([0, np.nan])}, "the scores of 1 samples are not finite, e.g. a"),
        ([1, 2], "must hold a pickled dict"),
    ],
)
def test_unusable_scores_are_named(tmp_path, content, message):
    path = tmp_path / "scores.pkl"
    path.write_bytes(pickle.dumps(content))
    with pytest.raises(ValueError, match=message):
        load_scores(path)


def test_top_k_counts_labels_among_the_k_highest():
    scores = np.array([[0.1, 0.7, 0.2], [0.5, 0.3, 0.2], [0.2, 0.3, 0.5]])
    labels = [1, 2, 1]
    assert top_k_accuracy(scores, labels, 1) == pytest.approx(1 / 3)
    assert top_k_accuracy(scores, labels, 2) == pytest.approx(2 / 3)
    assert top_k_accuracy(scores, labels, 5) == 1


def test_constant_scores_are_not_all_right():
    assert top_k_accuracy(np.zeros((4, 4)), [0, 1, 2, 3], 1) == 0.25


def test_accuracy_and_confusions_agree_also_on_ties():
    scores, labels = np.array([[1, 1, 0], [0, 2, 2], [0, 0, 0]]), [1, 1, 0]
    counts = confusion_counts(scores, labels)
    assert counts.tolist() == [[1, 0, 0], [1, 1, 0], [0, 0, 0]]
    assert np.trace(counts) / 3 == top_k_accuracy(scores, labels, 1)
    assert confusion_matrix(scores, labels).tolist() == [[1, 0, 0], [0.5, 0.5, 0], [0, 0, 0]]


def test_devices(monkeypatch, caplog):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert parallel.choose_devices(["cpu"]) == (torch.device("cpu"), [])
    assert not caplog.records
    assert parallel.choose_devices(["0"]) == (torch.device("cpu"), [])
    assert "running on the CPU" in caplog.text
    with pytest.raises(ValueError, match=r"GPU numbers or cpu\. Got tpu"):
        parallel.choose_devices(["tpu"])


def test_several_gpus_mean_data_parallel(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    current = []
    monkeypatch.setattr(torch.cuda, "set_device", current.append)
    assert parallel.choose_devices(["1", "0"]) == (torch.device("cuda", 1), [1, 0])
    assert current == [1]
    with pytest.raises(ValueError, match=r"--device \[3\]: this machine has GPUs 0 to 1"):
        parallel.choose_devices(["3"])


def test_what_data_parallel_copies_is_not_compiled(monkeypatch, caplog):
    monkeypatch.setattr(torch, "compile", lambda *args, **kwargs: pytest.fail("it is compiled"))
    model = torch.nn.Linear(1, 1)
    assert compile_model(model, torch.device("cuda"), num_devices=2) is model
    assert "--compile does not work with several GPUs" in caplog.text
    assert "torchrun" in caplog.text
