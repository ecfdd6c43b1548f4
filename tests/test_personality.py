"""Trait regression through main.py: files, baseline, best epoch, transfer, failures."""

import csv
import json

import numpy as np
import pytest
import torch
import udiva_data
import yaml
from small_run import epochs, fails_with, weights

import main
from engine.data.clips import Clips
from engine.tasks.traits import TraitRegression
from feeders.traits import TraitFeeder
from formats.chunks import TRAITS
from model.msg3d import Model


@pytest.fixture
def data(tmp_path):
    rng = np.random.default_rng(0)
    root = tmp_path / "data"
    udiva_data.arrays(root, "train", rng.normal(size=(8, 5)), [2] * 8)
    udiva_data.arrays(root, "val", rng.normal(size=(3, 5)), [1, 3, 2], frames=9)
    return root


def feeder(data, split, **more):
    return {"data_path": str(data), "split": split, "features": "laban", **more}


@pytest.fixture
def settings(tmp_path, data):
    content = {
        "work_dir": str(tmp_path / "run"),
        "task": "traits",
        "feeder": "feeders.traits.TraitFeeder",
        "train_feeder_args": feeder(data, "train"),
        "test_feeder_args": feeder(data, "val"),
        "model": "model.msg3d_laban.Model",
        "model_args": udiva_data.MODEL_ARGS,
        "device": "cpu",
        "batch_size": 8,
        "forward_batch_size": 4,
        "num_epoch": 3,
        "num_worker": 0,
        "base_lr": 0.02,
    }
    path = tmp_path / "settings.yaml"
    path.write_text(yaml.safe_dump(content))
    return ["--config", str(path)]


def read_table(path):
    with path.open() as file:
        header, *rows = csv.reader(file)
    return header, {row[0]: np.array(row[1:], float) for row in rows}


def test_training_and_test_write_what_the_challenge_wants(settings, tmp_path, data):
    """Chunks to test on are of another length, and one participant has a single one."""
    main.main(settings)
    run = tmp_path / "run"
    values = [line["val"]["mse"] for line in epochs(run)]
    best = int(np.argmin(values)) + 1
    assert (run / "weights" / "best.pt").resolve().name == f"weights-{best}-{2 * best}.pt"
    assert json.loads((run / "summary.json").read_text())["best"]["mse"] == min(values)

    test = ["--phase", "test", "--weights", str(run / "weights" / "best.pt"), "--save-score"]
    out = tmp_path / "eval"
    main.main([*settings, *test, "--work-dir", str(out)])
    header, predicted = read_table(out / "predictions.csv")
    assert header == ["Participant ID", *TRAITS.values()]
    _, true = read_table(out / "ground_truth.csv")
    assert list(predicted) == list(true) == ["010", "011", "012"]

    # By hand from the scores of single chunks.
    scores = np.stack([*np.load(out / "epoch1_test_score.pkl", allow_pickle=True).values()])
    np.testing.assert_allclose(predicted["010"], scores[0], atol=1e-6)
    np.testing.assert_allclose(predicted["011"], scores[1:4].mean(axis=0), atol=1e-6)
    y, y_train = np.load(data / "y_val.npy"), np.load(data / "y_train.npy")
    by_hand = np.stack([scores[0], scores[1:4].mean(0), scores[4:].mean(0)])
    error = np.square(by_hand - y[[0, 1, 4]]).mean(axis=0)
    lines = dict(line.split(": ") for line in (out / "scores.txt").read_text().splitlines())
    assert list(lines) == [*TRAITS.values(), "MEAN"]
    np.testing.assert_allclose([float(lines[t]) for t in TRAITS.values()], error, atol=1e-5)
    assert float(lines["MEAN"]) == pytest.approx(min(values), abs=1e-4)

    table = json.loads((out / "traits.json").read_text())
    baseline = np.square(y_train[::2].mean(axis=0) - y[[0, 1, 4]]).mean(axis=0)
    np.testing.assert_allclose([table[t]["baseline_mse"] for t in TRAITS], baseline, rtol=1e-5)
    low, high = table["O"]["mse_95"]
    assert low <= table["O"]["mse"] <= high and table["mean"]["participants"] == 3
    assert f"training mean: {baseline.mean():.4f}" in (out / "log.txt").read_text()
    for name in ("traits.png", "efforts.png"):
        assert (out / name).read_bytes().startswith(b"\x89PNG")


def test_without_true_traits_a_test_only_predicts(settings, tmp_path, data, capsys):
    main.main([*settings, "--num-epoch", "1"])
    np.save(data / "y_val.npy", np.full((6, 5), np.nan, np.float32))
    test = ["--phase", "test", "--weights", str(tmp_path / "run/weights/best.pt")]
    out = tmp_path / "eval"
    argv = [*settings, *test, "--work-dir", str(out)]
    assert "needs_traits: false" in fails_with(argv, capsys)
    assert not out.exists()
    main.main([*argv, "--test-feeder-args", "{needs_traits: false}"])
    assert len(read_table(out / "predictions.csv")[1]) == 3
    assert not (out / "ground_truth.csv").exists() and not (out / "scores.txt").exists()
    assert "predictions only" in (out / "log.txt").read_text()


def test_validation_participants_choose_the_epoch(settings, tmp_path):
    main.main([*settings, "--num-epoch", "1", "--val-split", "0.3", "--batch-size", "4"])
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert set(summary["test"]) >= {"mse", "mse_O", "pearson", "ccc_N", "baseline_mse"}


def test_transfer_from_another_skeleton_freezes_what_is_loaded(settings, tmp_path, data):
    """As the README has it for NTU's weights: what depends on the joints starts afresh."""
    source = {
        **{k: v for k, v in udiva_data.MODEL_ARGS.items() if k != "layer_channels"},
        **{"num_point": 25, "graph": "graph.ntu_rgb_d.AdjMatrixGraph", "num_class": 60},
        **{"in_channels": 3, "width": 6, "num_person": 2},
    }
    torch.manual_seed(0)
    torch.save(Model(**source).state_dict(), tmp_path / "ntu.pt")
    masks = [key for key in Model(**source).state_dict() if key.endswith("A_res")]
    plain = {**source, "num_point": 24, "graph": "graph.udiva.AdjMatrixGraph", "num_class": 5,
             "num_person": 1}  # fmt: skip
    content = yaml.safe_load((tmp_path / "settings.yaml").read_text())
    content |= {"model": "model.msg3d.Model", "model_args": plain, "num_epoch": 1}
    for part in ("train", "test"):
        content[f"{part}_feeder_args"]["features"] = "none"
    (tmp_path / "settings.yaml").write_text(yaml.safe_dump(content))
    ignored = ["--ignore-weights", "fc", "data_bn", *masks]
    main.main([*settings, "--weights", str(tmp_path / "ntu.pt"), "--freeze-loaded", *ignored])
    (after,) = weights(tmp_path / "run").values()
    before = torch.load(tmp_path / "ntu.pt", weights_only=True)
    key = "sgcn1.0.mlp.layers.0.weight"
    assert torch.equal(after[key], before[key])
    assert after["fc.weight"].shape == (5, 24)
    assert after[masks[0]].shape[1] == 24 and after[masks[0]].abs().max() > 1e-6  # trained


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--model-args", "{num_class: 4}"], "num_class of the 5 traits"),
        (["--model-args", "{in_channels: 7}"], "model_args says in_channels: 7"),
        (["--train-feeder-args", "{split: training}"], "no data file"),
        (["--task", "action"], "are not classes. Did you mean --task traits"),
    ],
)
def test_settings_that_do_not_fit_are_one_line(settings, tmp_path, capsys, flags, message):
    assert message in fails_with([*settings, *flags], capsys)
    assert not (tmp_path / "run").exists()


def test_a_participant_alone_and_no_baseline(tmp_path, caplog):
    """Correlations of one participant are 0, not NaN; files are complete all the same."""
    udiva_data.arrays(tmp_path, "val", [(1, 2, 3, 4, 5)], [1], features=False)
    clips, task = Clips(TraitFeeder(str(tmp_path), "val")), TraitRegression()
    outputs = np.array([[1, 2, 3, 4, 6]], np.float32)
    metrics = task.evaluate(outputs, clips)
    assert metrics["mse"] == pytest.approx(0.2) and metrics["pearson"] == 0
    assert "baseline_mse" not in metrics and "unknown" in task.describe(metrics)
    with caplog.at_level("WARNING"):
        task.write(tmp_path / "out", outputs, clips)
    assert "no traits of training participants" in caplog.text
    # The form of the challenge's own evaluate.py.
    assert (tmp_path / "out" / "scores.txt").read_text().splitlines() == [
        "OPENMINDEDNESS_Z: 0.000000",
        "CONSCIENTIOUSNESS_Z: 0.000000",
        "EXTRAVERSION_Z: 0.000000",
        "AGREEABLENESS_Z: 0.000000",
        "NEGATIVEEMOTIONALITY_Z: 1.000000",
        "MEAN: 0.200000",
    ]
    header, *rows = (tmp_path / "out" / "predictions.csv").read_text().splitlines()
    assert header == "Participant ID," + ",".join(TRAITS.values())
    assert rows and all(len(row.split(",")) == 6 for row in rows)
    assert not (tmp_path / "out" / "efforts.png").exists()
