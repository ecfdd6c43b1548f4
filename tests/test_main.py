"""main.py on small data: artefacts, resume, test, and what it says of bad input."""

import json
import pickle
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import small_data
import small_network
import store_data
import torch
import yaml
from small_run import epochs, equal, fails_with, msg3d, weights

import main
from engine import epochs as engine
from engine import optimization
from engine import step as training
from engine.data.clips import Clips
from engine.data.datasets import compare_with_manifest
from engine.device import precision
from engine.run_dir import checkpoint
from engine.tasks import action as tasks
from feeders.feeder import Feeder
from formats.scores import load_scores
from model.msg3d import Model

ROOT = Path(__file__).parents[1]


def test_training_learns_and_leaves_the_published_artefacts(settings, tmp_path):
    main.main(settings)
    work_dir = tmp_path / "run"
    files = {str(p.relative_to(work_dir)) for p in work_dir.rglob("*.*") if p.is_file()}
    expected = {"config.yaml", "log.txt", "metrics.jsonl", "summary.json", "weights/best.pt"}
    expected |= {f"weights/weights-{e}-{3 * e}.pt" for e in range(1, 5)}
    expected |= {f"checkpoints/checkpoint-{e}-fwbz4-{3 * e}.pt" for e in range(1, 5)}
    assert {f for f in files if "trainlogs" not in f} == expected
    assert {p.name for p in (work_dir / "trainlogs").iterdir()} == {"train", "val"}

    train = [line["train"] for line in epochs(work_dir)]
    assert train[-1]["loss"] < train[0]["loss"]
    assert [line["lr"] for line in train] == pytest.approx([0.05, 0.05, 0.05, 0.005])
    assert "top-2" in (work_dir / "log.txt").read_text()


def test_checkpoints_have_the_published_keys_and_weights_are_plain(settings, tmp_path):
    main.main([*settings, "--num-epoch", "1"])
    path = tmp_path / "run" / "checkpoints" / "checkpoint-1-fwbz4-3.pt"
    saved = torch.load(path, weights_only=True)
    assert {"epoch", "optimizer_states", "lr_scheduler_states"} <= saved.keys()
    assert saved["epoch"] == 1
    (state,) = weights(tmp_path / "run").values()
    assert all(not key.startswith("module.") and v.device.type == "cpu" for key, v in state.items())


def test_the_number_of_workers_changes_nothing(settings, tmp_path):
    for workers in ("0", "2"):
        more = ["--num-worker", workers, "--work-dir", str(tmp_path / workers), "--num-epoch", "1"]
        main.main([*settings, *more])
    a, b = (weights(tmp_path / w)["weights-1-3.pt"] for w in ("0", "2"))
    assert equal(a, b)


def test_slices_of_a_batch_give_the_gradient_of_their_mean_loss():
    torch.manual_seed(0)
    model = Model(**small_data.MODEL_ARGS).eval()  # BatchNorm sees slices
    clips, labels = torch.randn(8, 3, 6, 20, 1), torch.arange(8) % 3
    gradients = []
    for size in (8, 2):
        optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
        full = precision.Precision(torch.device("cpu"))
        schedule = optimization.make_schedule(optimizer, "step", [3], 0, 4, 3)
        state = checkpoint.TrainState(model, optimizer, schedule, full)
        training.training_step(state, tasks.ActionClassification(), clips, labels, size)
        gradients.append(torch.cat([p.grad.flatten() for p in model.parameters()]))
    torch.testing.assert_close(gradients[0], gradients[1], rtol=1e-4, atol=1e-6)


def test_testing_scores_every_sample_and_lists_predictions(settings, tmp_path, data):
    main.main(settings)
    best = str(tmp_path / "run" / "weights" / "weights-4-12.pt")
    out = tmp_path / "eval"
    main.main([*settings, "--phase", "test", "--weights", best, "--work-dir", str(out),
               "--save-score", "--test-batch-size", "4"])  # fmt: skip
    scores = pickle.loads((out / "epoch1_test_score.pkl").read_bytes())
    names, labels = pickle.loads((data / "val_label.pkl").read_bytes())
    assert list(scores) == names
    guesses = [int(scores[name].argmax()) for name in names]
    every = [f"{g},{label}" for g, label in zip(guesses, labels, strict=True)]
    assert (out / "right-samples.txt").read_text().splitlines() == every
    pairs = enumerate(zip(guesses, labels, strict=True))
    wrong = [f"{i},{guess},{label}" for i, (guess, label) in pairs if guess != label]
    assert (out / "wrong-samples.txt").read_text().splitlines() == wrong
    assert not (out / "weights").exists()


def test_crops_of_a_clip_are_averaged(settings, tmp_path, data):
    start = tmp_path / "start.pt"
    torch.save(small_network.Model(**small_network.MODEL_ARGS).state_dict(), start)

    def scores(name, feeder_args, num_clips=1):
        val = small_data.feeder_args(data, "val", resize=True, window_size=4, **feeder_args)
        work_dir = ["--work-dir", str(tmp_path / name), "--num-clips", str(num_clips)]
        test = ["--phase", "test", "--weights", str(start), "--save-score", "yes"]
        main.main([*settings, *test, *work_dir, "--test-feeder-args", yaml.safe_dump(val)])
        return load_scores(tmp_path / name / "epoch1_test_score.pkl")

    together = scores("together", {"uniform_crop": 0.5}, num_clips=2)
    whole = np.load(data / "val_data_joint.npy")
    parts = []
    for half in (slice(0, 4), slice(4, 8)):  # the two crops, by hand
        np.save(data / "val_data_joint.npy", whole[:, :, half])
        parts.append(scores(f"from-{half.start}", {}))
    for name, score in together.items():
        np.testing.assert_allclose(score, (parts[0][name] + parts[1][name]) / 2, atol=1e-6)
    assert not np.allclose(parts[0]["val_000"], parts[1]["val_000"])


def test_the_written_config_repeats_the_run(settings, tmp_path):
    main.main([*settings, "--num-epoch", "1"])
    again = ["--config", str(tmp_path / "run" / "config.yaml"), "--work-dir", str(tmp_path / "b")]
    main.main(again)
    a, b = (weights(f)["weights-1-3.pt"] for f in (tmp_path / "run", tmp_path / "b"))
    assert equal(a, b)


def test_intervals_decide_what_is_saved_and_evaluated(settings, tmp_path):
    main.main([*settings, "--save-interval", "3", "--eval-interval", "2", "--eval-start", "3"])
    assert list(weights(tmp_path / "run")) == ["weights-3-9.pt", "weights-4-12.pt"]
    evaluated = [line["epoch"] for line in epochs(tmp_path / "run") if "val" in line]
    assert evaluated == [4]


@pytest.mark.parametrize("consent", [True, False])
def test_earlier_curves_are_deleted_only_with_consent(settings, tmp_path, consent):
    for _ in range(2):
        main.main([*settings, "--num-epoch", "1", "--assume-yes", str(consent)])
        shutil.rmtree(tmp_path / "run" / "checkpoints")
    assert len(epochs(tmp_path / "run")) == (1 if consent else 2)


def test_states_of_an_earlier_run_never_mix_with_those_of_a_new_one(settings, tmp_path, capsys):
    main.main([*settings, "--num-epoch", "2"])
    before = weights(tmp_path / "run")
    again = [*settings, "--num-epoch", "1", "--seed", "7"]
    assert "holds the checkpoints of an earlier run" in fails_with(again, capsys)
    assert weights(tmp_path / "run").keys() == before.keys()
    main.main([*again, "--assume-yes"])
    assert list(weights(tmp_path / "run")) == ["weights-1-3.pt"]
    assert len(list((tmp_path / "run" / "checkpoints").iterdir())) == 1


BONES = ["--train-feeder-args", "{stream: bone}", "--test-feeder-args", "{stream: bone}"]
BAD = {
    "a missing config": (["--config", "absent.yaml"], "no configuration file absent.yaml"),
    "a slice that does not divide": (
        ["--forward-batch-size", "3"],
        "--forward-batch-size must divide --batch-size (8). Got 3.",
    ),
    "a test without weights": (["--phase", "test"], "--phase test requires --weights"),
    "missing weights": (["--weights", "absent.pt"], "no file absent.pt"),
    "too large a batch": (["--batch-size", "32"], "larger than the training set (24 clips)"),
    "a negative rate": (["--base-lr", "-1"], "--base-lr must be above 0. Got -1.0."),
    "joints of another skeleton": (
        ["--model-args", "{num_point: 25, graph: graph.ntu_rgb_d.AdjMatrixGraph}"],
        "model_args says num_point: 25. Make them agree.",
    ),
    "clips without persons": (
        ["--feeder", "small_feeder.FlatFeeder"],
        "clips of FlatFeeder must have shape (C, T, V, M). Got (3, ",
    ),
    "no clips": (["--feeder", "small_feeder.EmptyFeeder"], "the data set EmptyFeeder has no clip"),
    "too few classes": (
        ["--model-args", "{num_class: 2}"],
        "go from 0 to 2, but model_args says num_class: 2",
    ),
    "too many persons": (["--model-args", "{num_person: 2}"], "model_args says num_person: 2"),
    "missing data": (["--train-feeder-args", "{data_path: x.npy}"], "no data file x.npy"),
    "an unknown feeder argument": (["--train-feeder-args", "{windowsize: 3}"], "windowsize"),
    "an unknown model": (["--model", "model.msg4d.Model"], "cannot import 'model.msg4d.Model'"),
    "a checkpoint without weights": (["--checkpoint", "x.pt"], "require the --weights of the same"),
    "weights that are none": (["--weights", __file__], "is not a usable torch file"),
    "a NaN": (["--base-lr", "nan"], "--base-lr must be above 0. Got nan."),
    "steps that fall": (["--step", "3", "2"], "--step must be epochs above 0, ascending"),
    "a top-0": (["--show-topk", "0"], "--show-topk must be above 0"),
    "nothing left to do": (
        ["--start-epoch", "4", "--weights", "x.pt"],
        "must be below --num-epoch",
    ),
    "a device twice": (["--device", "0", "0"], "--device takes different GPU numbers"),
    "a width of 0": (msg3d(width=0), "must be 1 or more"),
    "a width of a half": (["--model-args", "{width: 6.5}"], "width must be of type int. Got 6.5"),
    "no scales": (msg3d(num_g3d_scales=0), "number of scales must be 1 or more"),
    "text for a number": (["--test-feeder-args", "{window_size: a}"], "must be of type int"),
    "one of two scales": (["--train-feeder-args", "{random_scale: 60}"], "a list of 2 values"),
    "an angle for a list": (
        ["--train-feeder-args", "{random_rotation: 60}"],
        "random_rotation must be a list. Got 60",
    ),
    "text for an angle": (
        ["--train-feeder-args", "{random_rotation: [a]}"],
        "random_rotation must be of type float. Got 'a'",
    ),
    "a stream to train on, another to test on": (
        ["--train-feeder-args", "{stream: bone}"],
        "--train-feeder-args are for stream: bone, --test-feeder-args for stream: joint",
    ),
    "crops that are one": (["--num-clips", "3"], "--num-clips 3 requires crops that differ"),
    "no labels": (["--train-feeder-args", "{label_path: null}"], "label_path is missing"),
    "a number for a path": (
        ["--train-feeder-args", "{label_path: 3}"],
        "must be of type str. Got 3",
    ),
    "a split of an array": (
        ["--train-feeder-args", "{split: train}"],
        "split: train is for clip stores, but",
    ),
    "another stream": (["--test-feeder-args", "{stream: bones}"], "stream must be one of joint"),
    "a share above 1": (["--train-feeder-args", "{random_crop: 2.0}"], "random_crop must be above"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_gets_one_line_and_leaves_no_trace(case, settings, tmp_path, capsys):
    argv, message = BAD[case]
    assert message in fails_with([*settings, *argv], capsys)
    assert not (tmp_path / "run").exists()


MANIFEST = {"num_classes": 3, "num_joints": 20, "note": None}


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, []),
        ({"num_classes": 60}, ["model_args says num_class: 3, but the data set of", "has 60."]),
        ({"num_joints": 25}, ["model_args says num_point: 20, but the data set of", "has 25."]),
        ({"note": "Not the published number of clips: val 10 of 464."}, ["val 10 of 464."]),
    ],
)
def test_a_manifest_that_disagrees_is_said(data, caplog, fields, said):
    (data / "dataset.json").write_text(json.dumps(MANIFEST | fields))
    clips = Clips(Feeder(**small_data.feeder_args(data, "train")))
    with caplog.at_level("INFO"):
        compare_with_manifest({"num_class": 3, "num_point": 20}, clips)
    assert [text for text in said if text not in caplog.text] == []
    assert len(caplog.records) == bool(said)


def test_a_damaged_manifest_is_named(settings, data, capsys):
    (data / "dataset.json").write_text("{")
    assert "dataset.json is damaged" in fails_with(settings, capsys)


def test_a_store_trains_like_its_arrays(settings, tmp_path, data):
    """The same weights come out bit for bit, here of bones."""
    main.main([*settings, "--num-epoch", "1", *BONES])
    clips = np.load(data / "train_data_joint.npy").transpose(0, 4, 2, 3, 1)
    store_data.write_store(
        tmp_path / "clips", list(clips), [i % 3 for i in range(24)], (3, 8, 20, 1)
    )
    store = f"{{data_path: {tmp_path / 'clips'}, label_path: null, split: train, stream: bone}}"
    main.main([*settings, "--num-epoch", "1", *BONES, "--train-feeder-args", store,
               "--work-dir", str(tmp_path / "compact")])  # fmt: skip
    one, other = (weights(tmp_path / name)["weights-1-3.pt"] for name in ("run", "compact"))
    assert equal(one, other)
    saved = yaml.safe_load((tmp_path / "compact" / "config.yaml").read_text())
    assert saved["train_feeder_args"]["split"] == "train"


def test_a_run_without_a_work_dir_is_refused(capsys):
    assert "--work-dir is required" in fails_with(["--device", "cpu"], capsys)


def test_a_checkpoint_of_another_model_or_epoch_is_refused(settings, tmp_path, capsys):
    main.main([*settings, "--num-epoch", "1"])
    path = str(tmp_path / "run" / "checkpoints" / "checkpoint-1-fwbz4-3.pt")
    weights_path = str(tmp_path / "run" / "weights" / "weights-1-3.pt")
    narrow = [
        "--model-args",
        "{width: 4}",
        "--ignore-weights",
        "conv",
        "bn",
        "fc",
        "--start-epoch",
        "1",
    ]
    resume = [*settings, "--weights", weights_path, "--checkpoint", path]
    assert "does not fit this model's optimiser" in fails_with([*resume, *narrow], capsys)
    wrong_epoch = [*resume, "--start-epoch", "2"]
    assert "was saved after epoch 1. Say --start-epoch 1. Got 2." in fails_with(wrong_epoch, capsys)


def test_optimiser_states_alone_keep_the_rate_of_the_schedule(settings, tmp_path):
    main.main(settings)
    run_ = tmp_path / "run"
    resume = ["--start-epoch", "4", "--weights", str(run_ / "weights" / "weights-4-12.pt"),
              "--optimizer-states", str(run_ / "checkpoints" / "checkpoint-4-fwbz4-12.pt"),
              "--num-epoch", "5", "--work-dir", str(tmp_path / "more")]  # fmt: skip
    main.main([*settings, *resume])
    assert epochs(tmp_path / "more")[0]["train"]["lr"] == pytest.approx(0.005)


@pytest.mark.parametrize("part", ["train", "val"])
def test_nan_in_the_data_stops_the_run(settings, data, capsys, part):
    path = data / f"{part}_data_joint.npy"
    clips = np.load(path)
    clips[3] = np.nan
    np.save(path, clips)
    assert "NaN" in fails_with(settings, capsys)


def test_adam_and_debug_train(settings, tmp_path, caplog):
    main.main([*settings, "--optimizer", "Adam", "--base-lr", "0.01", "--debug"])
    assert "--nesterov has no effect with Adam" in (tmp_path / "run" / "log.txt").read_text()
    lines = epochs(tmp_path / "run")
    assert lines[-1]["train"]["loss"] < lines[0]["train"]["loss"]


def test_other_classes_start_from_weights_without_the_classifier(settings, tmp_path, capsys):
    main.main([*settings, "--num-epoch", "1"])
    start = ["--weights", str(tmp_path / "run" / "weights" / "weights-1-3.pt")]
    start += ["--model-args", "{num_class: 7}", "--work-dir", str(tmp_path / "tuned")]
    assert "does not fit the model" in fails_with([*settings, *start], capsys)
    main.main([*settings, *start, "--ignore-weights", "fc", "--num-epoch", "1"])
    (state,) = weights(tmp_path / "tuned").values()
    assert state["fc.weight"].shape[0] == 7


def test_a_test_in_the_folder_of_a_training_keeps_its_config(settings, tmp_path):
    main.main([*settings, "--num-epoch", "1"])
    before = (tmp_path / "run" / "config.yaml").read_text()
    path = str(tmp_path / "run" / "weights" / "weights-1-3.pt")
    main.main([*settings, "--phase", "test", "--weights", path])
    assert (tmp_path / "run" / "config.yaml").read_text() == before
    assert (tmp_path / "run" / "config-test.yaml").exists()


def test_help_is_quick_and_needs_no_torch():
    code = "import sys, runpy; sys.argv = ['main.py', '--help']\n"
    code += "try: runpy.run_path('main.py', run_name='__main__')\n"
    code += "except SystemExit: sys.exit('torch' in sys.modules)"
    begun = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True)
    assert done.returncode == 0 and b"--resume" in done.stdout
    assert time.monotonic() - begun < 2


@pytest.mark.slow
def test_memory_does_not_grow_over_epochs(settings, tmp_path, monkeypatch):
    """Private memory after 4 epochs and after 16."""
    sizes, finish = [], engine.finish_epoch

    def measured(run, lr):
        finish(run, lr)
        status = Path("/proc/self/status").read_text()
        sizes.append(int(status.split("RssAnon:")[1].split()[0]) / 1024)

    monkeypatch.setattr(engine, "finish_epoch", measured)
    main.main([*settings, "--num-epoch", "16", "--eval-interval", "4"])
    assert sizes[-1] - sizes[3] < 20
