"""The options that the published recipe leaves off."""

import json
import math
import os
import signal

import numpy as np
import pytest
import small_data
import torch
import yaml
from small_network import MODEL_ARGS, Model
from small_run import epochs, equal, fails_with, weights
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch import nn

import main
from engine import epochs as epochs_of_engine
from engine.data.clips import Clips
from engine.data.validation_split import validation_split
from engine.device.precision import Precision
from engine.optimization import make_average, make_optimizer, make_schedule
from engine.precise_batchnorm import take_statistics
from engine.run_dir.summary import config_hash
from engine.seed import set_seed
from engine.settings.parse import parse
from engine.settings.table import DEFAULT_SEED
from engine.tasks.action import ActionClassification
from formats.clip_names import subjects_of
from formats.scores import load_scores
from model.ms_tcn import MultiScaleTemporalConv


def accuracy_of(folder):
    """Of the predictions that a test wrote."""
    lines = (folder / "right-samples.txt").read_text().split()
    pairs = [line.split(",") for line in lines]
    return sum(guess == label for guess, label in pairs) / len(pairs)


def rates(kind, warmup, epochs_=4, steps=5, milestones=(2,)):
    """The learning rate of every step at base rate 1."""
    model = nn.Linear(1, 1)
    optimizer = make_optimizer("SGD", model.parameters(), 1.0, 0.0, False)
    schedule = make_schedule(optimizer, kind, milestones, warmup, epochs_, steps)
    found = []
    for _ in range(epochs_):
        for _ in range(steps):
            found.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            if schedule.each_step:
                schedule.scheduler.step()
        if not schedule.each_step:
            schedule.scheduler.step()
    return found


def test_the_published_schedule_drops_after_epochs():
    assert rates("step", 0) == pytest.approx([1.0] * 10 + [0.1] * 10)


def test_warm_up_rises_step_by_step():
    assert rates("step", 1) == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0] + [1.0] * 5 + [0.1] * 10)


def test_cosine_falls_to_nothing():
    expected = [0.5 * (1 + math.cos(math.pi * i / 15)) for i in range(15)]
    assert rates("cosine", 1) == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0, *expected])


@pytest.mark.parametrize("kind", ["step", "cosine"])
def test_epochs_are_skipped_without_a_step_of_the_optimiser(kind, monkeypatch):
    def fail(self, closure=None):
        raise AssertionError("a step")

    monkeypatch.setattr(torch.optim.SGD, "step", fail)
    optimizer = make_optimizer("SGD", nn.Linear(1, 1).parameters(), 1.0, 0.0, False)
    schedule = make_schedule(optimizer, kind, (2,), 0, 4, 5)
    schedule.skip(2, 5)
    expected = {"step": 0.1, "cosine": 0.5}[kind]
    assert optimizer.param_groups[0]["lr"] == pytest.approx(expected)


def test_a_moving_average_is_one():
    model = nn.BatchNorm1d(1)
    average = make_average(model, 0.9)
    average.update_parameters(model)  # the first is taken as it is
    model.weight.data += 1
    model.running_mean += 2
    average.update_parameters(model)
    assert average.module.weight.item() == pytest.approx(1 + 0.1)
    assert average.module.running_mean.item() == pytest.approx(0.2)
    assert make_average(model, 0.0) is None


def test_label_smoothing_spreads_a_share_in_training_only():
    scores, labels = torch.tensor([[2.0, 0.0, 0.0]]), torch.tensor([0])
    task = ActionClassification(label_smoothing=0.3)
    logs = scores.log_softmax(1)[0]
    assert task.loss(scores, labels).item() == pytest.approx(
        -(0.8 * logs[0] + 0.1 * logs[1] + 0.1 * logs[2]).item()
    )
    clips = type("Labelled", (), {"label": [0]})()
    assert task.evaluate(scores.numpy(), clips)["loss"] == pytest.approx(-logs[0].item())


def test_the_average_is_evaluated_saved_and_best(settings, tmp_path):
    main.main([*settings, "--ema-decay", "0.5", "--optimizer", "AdamW", "--base-lr", "0.01"])
    folder = tmp_path / "run" / "weights"
    best = json.loads((tmp_path / "run" / "summary.json").read_text())["best"]
    path = folder / f"ema-{best['epoch']}-{3 * best['epoch']}.pt"
    saved = torch.load(path, weights_only=True)
    assert equal(saved, torch.load(folder / "best.pt", weights_only=True))
    assert not equal(saved, weights(tmp_path / "run")["weights-4-12.pt"])
    test = ["--phase", "test", "--weights", str(path), "--work-dir", str(tmp_path / "eval")]
    main.main([*settings, *test])
    assert accuracy_of(tmp_path / "eval") == pytest.approx(best["acc"])


def test_early_stopping_ends_without_a_new_best(settings, tmp_path):
    stop = ["--early-stopping", "2", "--num-epoch", "40", "--base-lr", "1e-9"]
    main.main([*settings, *stop, "--save-interval", "40"])
    lines = epochs(tmp_path / "run")
    best = np.argmax([line["val"]["acc"] for line in lines])
    assert len(lines) == best + 3 < 40
    assert f"weights-{best + 3}-{3 * best + 9}.pt" in weights(tmp_path / "run")  # the last as well
    assert "no new best in 2 evaluations" in (tmp_path / "run" / "log.txt").read_text()


def test_gradients_are_clipped(settings, tmp_path):
    """To almost nothing, so that the weights stay where they were."""
    clip = ["--max-grad-norm", "1e-9", "--weight-decay", "0", "--num-epoch", "1"]
    main.main([*settings, *clip])
    set_seed(DEFAULT_SEED)
    start = Model(**MODEL_ARGS).state_dict()
    end = weights(tmp_path / "run")["weights-1-3.pt"]
    torch.testing.assert_close(end["fc.weight"], start["fc.weight"], rtol=0, atol=1e-8)


def test_precise_statistics_are_those_of_the_plain_training_clips(settings, tmp_path, data):
    flags = [*settings, "--num-epoch", "3", "--eval-interval", "2"]
    main.main(flags)
    plain = weights(tmp_path / "run")
    main.main([*flags, "--precise-bn", "yes", "--work-dir", str(tmp_path / "precise")])
    precise = weights(tmp_path / "precise")
    for name, saved in plain.items():
        ours = precise[name]
        tracked = [key for key in saved if "running" in key or "batches" in key]
        rest = {key: value for key, value in saved.items() if key not in tracked}
        assert equal(rest, {key: ours[key] for key in rest})  # training goes the same way
    assert equal(plain["weights-1-3.pt"], precise["weights-1-3.pt"])  # is not evaluated
    clips = torch.from_numpy(np.load(data / "train_data_joint.npy"))  # (N, C, T, V, 1)
    mean = clips[..., 0].mean((0, 2)).T.flatten()  # channels of data_bn: joint, then coordinate
    found = precise["weights-3-9.pt"]["data_bn.running_mean"]
    torch.testing.assert_close(found, mean, rtol=0, atol=1e-5)
    assert not torch.allclose(plain["weights-3-9.pt"]["data_bn.running_mean"], mean, atol=1e-3)


def test_precise_statistics_go_on_bit_for_bit_and_serve_the_average(settings, tmp_path):
    flags = [*settings, "--precise-bn", "yes", "--ema-decay", "0.5", "--val-split", "0.3",
             "--val-by", "clip"]  # fmt: skip
    main.main([*flags, "--num-epoch", "3", "--lr-schedule", "step", "--step", "8"])
    parts = [*flags, "--lr-schedule", "step", "--step", "8", "--work-dir", str(tmp_path / "parts")]
    main.main([*parts, "--num-epoch", "2"])
    main.main([*parts, "--num-epoch", "3", "--resume", "auto"])
    for name in ("weights-3-6.pt", "ema-3-6.pt"):
        one, other = (
            torch.load(tmp_path / run / "weights" / name, weights_only=True)
            for run in ("run", "parts")
        )
        assert equal(one, other)
    assert one["data_bn.num_batches_tracked"] == 4  # of the average: one pass over 16 clips


def test_precise_statistics_are_taken_without_dropout():
    torch.manual_seed(0)
    blocks = [MultiScaleTemporalConv(12, 12, dropout=share) for share in (0.5, 0.0)]
    blocks[0].load_state_dict(blocks[1].state_dict())
    batches = [(clips, None, None) for clips in torch.randn(2, 4, 12, 6, 5)]
    for block in blocks:
        take_statistics(block, Precision(torch.device("cpu")), batches)
    with_dropout, without = (block.state_dict() for block in blocks)
    assert equal(with_dropout, without)


def test_precise_statistics_are_the_mean_over_the_batches():
    torch.manual_seed(0)
    norm = nn.BatchNorm1d(3)
    clips = torch.randn(2, 40, 3)
    take_statistics(
        nn.Sequential(norm), Precision(torch.device("cpu")), [(batch, 0, 0) for batch in clips]
    )
    torch.testing.assert_close(norm.running_mean, clips.mean((0, 1)))
    torch.testing.assert_close(norm.running_var, clips.var(1).mean(0))
    assert norm.momentum == 0.1


@pytest.mark.slow
def test_a_signal_while_statistics_are_taken_saves_and_they_are_taken_again(
    settings, tmp_path, monkeypatch
):
    flags = [*settings, "--precise-bn", "yes", "--num-epoch", "2", "--eval-interval", "2"]
    main.main([*flags, "--work-dir", str(tmp_path / "whole")])
    take = epochs_of_engine.take_statistics

    def interrupted(*arguments):
        os.kill(os.getpid(), signal.SIGTERM)
        take(*arguments)

    with monkeypatch.context() as patch, pytest.raises(SystemExit, match="143"):
        patch.setattr(epochs_of_engine, "take_statistics", interrupted)
        main.main(flags)
    main.main([*flags, "--resume", "auto"])
    one, other = (weights(tmp_path / run)["weights-2-6.pt"] for run in ("run", "whole"))
    assert equal(one, other)


# ---- a validation part of the training clips ---------------------------------------------------


class Named:
    """Clips of NTU RGB+D, by their names only."""

    def __init__(self, num_subjects: int, clips_each: int) -> None:
        self.sample_name = [
            f"S001C001P{subject:03d}R001A{action:03d}.skeleton"
            for subject in range(1, num_subjects + 1)
            for action in range(1, clips_each + 1)
        ]
        self.label = [0] * len(self.sample_name)

    def __len__(self) -> int:
        return len(self.label)


def named(num_subjects: int, clips_each: int) -> Clips:
    return Clips(Named(num_subjects, clips_each))


def test_subjects_stay_together():
    clips = named(10, 6)
    stay, held_out = validation_split(clips, 0.1, "subject", seed=0)
    assert sorted(stay + held_out) == list(range(60)) and len(held_out) == 6
    assert not {clips.subjects[i] for i in stay} & {clips.subjects[i] for i in held_out}
    assert validation_split(clips, 0.1, "subject", seed=0)[1] == held_out
    others = [validation_split(clips, 0.1, "subject", seed)[1] for seed in range(1, 6)]
    assert any(other != held_out for other in others)


@pytest.mark.parametrize("share", [0.05, 0.11, 0.5])
def test_at_least_the_share_is_held_out(share):
    clips = named(8, 7)
    for by, most in (("clip", 1), ("subject", 7)):
        held_out = validation_split(clips, share, by, seed=3)[1]
        assert share * 56 <= len(held_out) < share * 56 + most


def test_subjects_of_each_data_set():
    names = ["S018C003P045R002A120.skeleton", "a12_s07_e03_v02"]
    assert subjects_of(names) == ["045", "07"]
    assert subjects_of([*names, "train_000"]) is None


def test_nothing_left_to_train_on():
    with pytest.raises(ValueError, match="of 2 subjects leaves none to train on"):
        validation_split(named(2, 3), 0.9, "subject", 0)


def test_the_best_epoch_is_chosen_on_the_validation_part(settings, tmp_path):
    main.main([*settings, "--val-split", "0.3", "--val-by", "clip", "--num-epoch", "3"])
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    log = (tmp_path / "run" / "log.txt").read_text()
    assert "16 clips to train on, 8 to evaluate on" in log and "3/3: validation loss" in log
    assert "test, with the best epoch's weights" in log
    assert summary["best"]["acc"] == max(line["val"]["acc"] for line in epochs(tmp_path / "run"))
    best = ["--weights", str(tmp_path / "run" / "weights" / "best.pt"), "--phase", "test"]
    main.main([*settings, *best, "--work-dir", str(tmp_path / "eval")])
    assert summary["test"]["acc"] == pytest.approx(accuracy_of(tmp_path / "eval"))


def test_crops_and_scores_of_a_validation_part(settings, tmp_path, data):
    """Every evaluation takes both crops; one file of test scores stays, that of the best epoch."""
    crops = {"resize": True, "window_size": 4, "uniform_crop": 0.5}
    val = small_data.feeder_args(data, "val", **crops)
    flags = ["--val-split", "0.3", "--val-by", "clip", "--save-score", "yes", "--num-clips", "2",
             "--test-feeder-args", yaml.safe_dump(val)]  # fmt: skip
    main.main([*settings, *flags, "--num-epoch", "2"])
    main.main([*settings, *flags, "--num-epoch", "3", "--resume", "auto"])
    run = tmp_path / "run"
    best = json.loads((run / "summary.json").read_text())["best"]["epoch"]
    assert [path.name for path in run.glob("*test_score.pkl")] == [f"epoch{best}_test_score.pkl"]
    before = load_scores(run / f"epoch{best}_test_score.pkl")
    test = ["--phase", "test", "--weights", str(run / "weights" / "best.pt"), "--save-score", "yes"]
    main.main([*settings, *test, *flags[-4:], "--work-dir", str(tmp_path / "eval")])
    after = load_scores(tmp_path / "eval" / "epoch1_test_score.pkl")
    for name, score in before.items():
        np.testing.assert_allclose(score, after[name], atol=1e-6)
    assert len(load_scores(run / "epoch3_validation_score.pkl")) == 8
    main.main([*settings, "--assume-yes", "yes", "--num-epoch", "1"])
    assert not [*run.glob("*_score.pkl")]


def test_names_without_subjects_are_refused(settings, capsys):
    assert "Use --val-by clip" in fails_with([*settings, "--val-split", "0.3"], capsys)


# ---- seeds, logs -------------------------------------------------------------------------------


def test_seeds_end_with_mean_and_deviation(settings, tmp_path):
    main.main([*settings, "--seeds", "0", "1", "--num-epoch", "2"])
    run = tmp_path / "run"
    summary = json.loads((run / "summary.json").read_text())
    each = [json.loads((run / f"seed-{seed}" / "summary.json").read_text()) for seed in (0, 1)]
    best = [one["best"]["acc"] for one in each]
    assert summary["best acc"]["mean"] == pytest.approx(np.mean(best))
    assert summary["best acc"]["std"] == pytest.approx(np.std(best, ddof=1))
    one, other = (weights(run / f"seed-{s}")["weights-2-6.pt"] for s in (0, 1))
    assert not equal(one, other)
    logs = [(run / f"seed-{s}" / "log.txt").read_text() for s in (0, 1)]
    assert [log.count("epoch 2/2: test") for log in logs] == [1, 1]


def test_curves_can_be_read_back(settings, tmp_path):
    main.main([*settings, "--num-epoch", "2"])
    events = {}
    for part in ("train", "val"):
        events[part] = EventAccumulator(str(tmp_path / "run" / "trainlogs" / part)).Reload()
    scalars = {"loss", "acc", "lr", "epoch", "gradient_norm", "seconds", "clips_per_second"}
    assert scalars | {"memory_mb"} == set(events["train"].Tags()["scalars"])
    steps = [event.step for event in events["train"].Scalars("loss")]
    assert steps == [1, 2, 3, 4, 5, 6]
    values = [event.value for event in events["val"].Scalars("acc")]
    assert values == pytest.approx([line["val"]["acc"] for line in epochs(tmp_path / "run")])
    (first, _) = events["val"].Images("confusion")
    assert first.width > 300 and first.encoded_image_string.startswith(b"\x89PNG")


def test_the_summary_says_what_ran_on_what(settings, tmp_path):
    main.main(settings)
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    lines = epochs(tmp_path / "run")
    assert summary["last"] == lines[-1]["val"] and summary["epochs"] == 4
    assert summary["versions"]["torch"] == torch.__version__
    assert summary["clips_per_second"] > 0 and summary["peak_memory_mb"] > 50
    assert summary["config_hash"] == config_hash(parse(settings).as_yaml())


def test_the_hash_is_of_the_recipe_alone(settings):
    def hashed(*argv):
        return config_hash(parse([*settings, *argv]).as_yaml())

    first = hashed()
    assert len(first) == 16
    assert hashed("--work-dir", "b", "--device", "1", "--num-worker", "3", "--resume", "auto",
                  "--assume-yes", "--log-interval", "7", "--print-log", "no") == first  # fmt: skip
    again = ["--start-epoch", "1", "--checkpoint", "c.pt", "--weights", "w.pt"]
    assert hashed(*again) == first
    for change in (["--base-lr", "0.01"], ["--seed", "5"], ["--weights", "w.pt"]):
        assert hashed(*change) != first


# ---- other switches ----------------------------------------------------------------------------


def test_deterministic_runs_are_equal(settings, tmp_path):
    try:
        for name in ("one", "other"):
            argv = ["--deterministic", "--num-epoch", "1", "--work-dir", str(tmp_path / name)]
            main.main([*settings, *argv])
        assert torch.are_deterministic_algorithms_enabled()
    finally:
        torch.use_deterministic_algorithms(False)
    one, other = (weights(tmp_path / name)["weights-1-3.pt"] for name in ("one", "other"))
    assert equal(one, other)


def test_what_was_loaded_can_be_frozen(settings, tmp_path):
    main.main([*settings, "--num-epoch", "1"])
    first = weights(tmp_path / "run")["weights-1-3.pt"]
    start = ["--weights", str(tmp_path / "run" / "weights" / "weights-1-3.pt"), "--num-epoch", "1"]
    start += ["--ignore-weights", "fc", "--freeze-loaded", "--work-dir", str(tmp_path / "b")]
    main.main([*settings, *start])
    second = weights(tmp_path / "b")["weights-1-3.pt"]
    names = [name for name, _ in Model(**MODEL_ARGS).named_parameters()]
    changed = {name for name in names if not torch.equal(first[name], second[name])}
    assert changed == {"fc.weight", "fc.bias"}
