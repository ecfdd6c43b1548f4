"""Runs that end early and resume: the same weights, bit for bit, as one that did not."""

import gc
import json
import multiprocessing
import os
import random
import signal
import time
from pathlib import Path

import pytest
import small_data
import torch
from small_run import epochs, equal, fails_with, interrupt_at, weights, write_settings

import main
from engine import epochs as engine
from engine import interrupts
from engine.run_dir import states as work_dir

AUTO = ["--resume", "auto"]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The work dir of a run that nothing disturbs."""
    folder = tmp_path_factory.mktemp("undisturbed")
    main.main(write_settings(folder, small_data.learnable(folder / "data")))
    return folder / "run"


@pytest.fixture
def whole(undisturbed):
    """Its weights after each epoch."""
    return weights(undisturbed)


def exit_code(argv: list[str]) -> int:
    with pytest.raises(SystemExit) as exit_:
        main.main(argv)
    return exit_.value.code


def test_the_published_three_flags(settings, tmp_path, undisturbed, whole):
    half = tmp_path / "run"
    main.main([*settings, "--num-epoch", "2"])
    resume = ["--start-epoch", "2", "--weights", str(half / "weights" / "weights-2-6.pt")]
    resume += ["--checkpoint", str(half / "checkpoints" / "checkpoint-2-fwbz4-6.pt")]
    main.main([*settings, *resume])
    resumed = weights(half)
    assert whole.keys() == resumed.keys()
    assert all(equal(state, resumed[name]) for name, state in whole.items())
    last = "checkpoints/checkpoint-4-fwbz4-12.pt"
    a, b = (torch.load(f / last, weights_only=True) for f in (undisturbed, half))
    best = ("best", "best_epoch")
    assert [a["progress"][name] for name in best] == [b["progress"][name] for name in best]


@pytest.mark.parametrize(
    ("name", "code"), [("SIGTERM", 143), ("SIGINT", 130), ("SIGUSR1", 128 + signal.SIGUSR1)]
)
def test_a_signal_saves_and_says_how_to_resume(
    settings, tmp_path, whole, monkeypatch, name, code, caplog
):
    interrupt_at(monkeypatch, 5, name)
    with caplog.at_level("INFO"):
        assert exit_code(settings) == code
    log = (tmp_path / "run" / "log.txt").read_text()
    assert "checkpoint-1-fwbz4-6.pt. Resume with the same command and --resume auto" in log
    main.main([*settings, *AUTO])
    assert equal(weights(tmp_path / "run")["weights-4-12.pt"], whole["weights-4-12.pt"])


@pytest.mark.parametrize(("step", "workers"), [(1, "0"), (3, "2"), (7, "2")])
def test_in_the_midst_of_an_epoch(
    settings, tmp_path, undisturbed, whole, monkeypatch, step, workers
):
    more = ["--num-worker", workers]
    interrupt_at(monkeypatch, step)
    assert exit_code([*settings, *more]) == 143
    main.main([*settings, *more, *AUTO])
    resumed = weights(tmp_path / "run")
    assert all(equal(state, resumed[name]) for name, state in whole.items())
    for line, other in zip(epochs(tmp_path / "run"), epochs(undisturbed), strict=True):
        assert line["val"] == other["val"]
        assert line["train"]["loss"] == other["train"]["loss"]


RECIPE = ["--ema-decay", "0.9", "--lr-schedule", "cosine", "--warmup-epochs", "1",
          "--optimizer", "AdamW", "--base-lr", "0.01", "--label-smoothing", "0.1",
          "--max-grad-norm", "1"]  # fmt: skip


@pytest.mark.parametrize(
    "recipe",
    [RECIPE, pytest.param(["--half", "--amp-opt-level", "1"], marks=pytest.mark.slow),
     pytest.param(["--half", "--amp-opt-level", "2"], marks=pytest.mark.slow),
     pytest.param(["--half", "--amp-opt-level", "3"], marks=pytest.mark.slow)],
    ids=["recipe", "level 1", "level 2", "level 3"],
)  # fmt: skip
def test_with_every_recipe(settings, tmp_path, monkeypatch, recipe):
    main.main([*settings, *recipe, "--work-dir", str(tmp_path / "whole")])
    interrupt_at(monkeypatch, 4)
    assert exit_code([*settings, *recipe]) == 143
    main.main([*settings, *recipe, *AUTO])
    for kind in ("weights", "ema") if recipe is RECIPE else ("weights",):
        one, other = (
            torch.load(tmp_path / run / "weights" / f"{kind}-4-12.pt", weights_only=True)
            for run in ("whole", "run")
        )
        assert equal(one, other)


@pytest.mark.slow
def test_a_user_feeder_that_draws_from_global_state(settings, tmp_path, monkeypatch):
    """Its state is in the checkpoint, too."""
    noisy = ["--feeder", "small_feeder.NoisyFeeder"]
    main.main([*settings, *noisy, "--work-dir", str(tmp_path / "whole")])
    interrupt_at(monkeypatch, 5)
    assert exit_code([*settings, *noisy]) == 143
    main.main([*settings, *noisy, *AUTO])
    one, other = weights(tmp_path / "whole"), weights(tmp_path / "run")
    assert equal(one["weights-4-12.pt"], other["weights-4-12.pt"])


def test_an_interrupted_evaluation_is_made_up_for(settings, tmp_path, monkeypatch, undisturbed):
    predict, calls = engine.predict, []

    def interrupted_once(*args):
        if not calls:
            calls.append(os.kill(os.getpid(), signal.SIGTERM))
        return predict(*args)

    monkeypatch.setattr(engine, "predict", interrupted_once)
    assert exit_code(settings) == 143
    assert not (tmp_path / "run" / "metrics.jsonl").exists()
    main.main([*settings, *AUTO])
    assert [line["val"] for line in epochs(tmp_path / "run")] == [
        line["val"] for line in epochs(undisturbed)
    ]


@pytest.fixture
def no_collection():
    """Hypothesis is called at every garbage collection; what a signal raises there is lost."""
    gc.disable()
    yield
    gc.enable()


def interrupt_twice(run, result):
    for _ in range(2):
        # To this thread: one for the process may arrive late, by way of another, and count as one.
        signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize(
    "before", [signal.default_int_handler, signal.SIG_IGN], ids=["foreground", "background"]
)
def test_a_second_signal_ends_at_once(settings, monkeypatch, no_collection, before):
    monkeypatch.setattr(engine, "report_step", interrupt_twice)
    monkeypatch.setattr(interrupts, "SAME_SIGNAL_SECONDS", -1)
    own = signal.signal(signal.SIGINT, before)
    try:
        with pytest.raises(KeyboardInterrupt):
            main.main(settings)
        assert signal.getsignal(signal.SIGINT) == before
    finally:
        signal.signal(signal.SIGINT, own)


def test_one_signal_that_comes_twice_counts_once(settings, tmp_path, monkeypatch):
    monkeypatch.setattr(engine, "report_step", interrupt_twice)
    with pytest.raises(SystemExit) as exit_:
        main.main(settings)
    assert exit_.value.code == 130
    assert list((tmp_path / "run" / "checkpoints").iterdir())


def test_a_kill_before_the_best_weights_are_marked_is_made_up_for(settings, tmp_path, monkeypatch):
    def killed(path):
        raise RuntimeError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(work_dir, "mark_best", killed)
        with pytest.raises(RuntimeError, match="killed"):
            main.main([*settings, "--keep-checkpoints", "1"])
    main.main([*settings, "--keep-checkpoints", "1", *AUTO])
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    best = (tmp_path / "run" / "weights" / "best.pt").resolve()
    assert best.exists() and best.name.startswith(f"weights-{summary['best']['epoch']}-")


@pytest.mark.parametrize(
    ("schedule", "lr"),
    [
        ([], 1e-4),  # lowered after epoch 1, as the checkpoint says
        (["--warmup-epochs", "1"], 1e-3),  # at the new step, epoch 2, it is not yet
    ],
)
def test_changed_settings_are_said(settings, tmp_path, capsys, schedule, lr):
    base = [*settings, *schedule, "--base-lr", "0.001", "--step", "1"]
    main.main([*base, "--num-epoch", "2", "--eval-start", "9"])
    weights = str(next((tmp_path / "run" / "weights").glob("weights-1-*.pt")))
    changed = ["--base-lr", "0.1", "--train-feeder-args", "{noise: 0.1}", "--step", "3"]
    changed += ["--weights", weights]
    main.main([*base, *AUTO, *changed, "--num-epoch", "3", "--eval-start", "9"])
    log = (tmp_path / "run" / "log.txt").read_text()
    begun, held, new = "changed since the run began", "the checkpoint's value", "the new value"
    if schedule:
        assert f"--weights, --base-lr {begun}; {held}" in log
        assert f"--train-feeder-args, --step {begun}; {new}" in log
    else:
        assert f"--weights, --base-lr, --step {begun}; {held}" in log
        assert f"--train-feeder-args {begun}; {new}" in log
    assert "epoch 3/3: train loss" in log and f"lr {lr:g}," in log.split("epoch 3/3: train")[1]


def test_no_damage_of_a_file_makes_the_search_fail(settings, tmp_path, whole):
    main.main([*settings, "--num-epoch", "1"])
    path = next((tmp_path / "run" / "checkpoints").iterdir())
    content, rng = path.read_bytes(), random.Random(0)
    for _ in range(60):
        damaged = bytearray(content)
        damaged[rng.randrange(len(content) - 12_000, len(content))] ^= 1 << rng.randrange(8)
        path.write_bytes(damaged)
        assert work_dir._damage(path) == "" or "is damaged" in work_dir._damage(path)


@pytest.mark.parametrize("damage", ["cut", "a bit", "no weights"])
def test_a_damaged_newest_checkpoint_is_passed_over(settings, tmp_path, whole, damage, capsys):
    main.main([*settings, "--num-epoch", "3"])
    run = tmp_path / "run"
    path = run / "checkpoints" / "checkpoint-3-fwbz4-9.pt"
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:1000])
    elif damage == "a bit":
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    else:
        path = run / "weights" / "weights-3-9.pt"
        path.unlink()
    main.main([*settings, *AUTO])
    log = (run / "log.txt").read_text()
    assert f"{path} is damaged" in log and "going back to the one before" in log
    assert "resuming from" in log and "checkpoint-2-fwbz4-6.pt" in log
    assert equal(weights(run)["weights-4-12.pt"], whole["weights-4-12.pt"])


def test_nothing_intact_is_an_error(settings, tmp_path, capsys):
    main.main([*settings, "--num-epoch", "1"])
    (tmp_path / "run" / "checkpoints" / "checkpoint-1-fwbz4-3.pt").write_bytes(b"")
    assert "no checkpoint of" in fails_with([*settings, *AUTO], capsys)


def test_an_empty_work_dir_starts_from_the_beginning(settings, tmp_path, whole):
    main.main([*settings, *AUTO])
    assert equal(weights(tmp_path / "run")["weights-4-12.pt"], whole["weights-4-12.pt"])


def test_a_finished_run_has_nothing_left_to_do(settings, tmp_path):
    main.main(settings)
    before = weights(tmp_path / "run"), epochs(tmp_path / "run")
    main.main([*settings, *AUTO])
    after = weights(tmp_path / "run"), epochs(tmp_path / "run")
    assert after[1] == before[1] and after[0].keys() == before[0].keys()


def test_another_batch_size_within_an_epoch_is_refused(settings, monkeypatch, capsys):
    interrupt_at(monkeypatch, 1)
    assert exit_code(settings) == 143
    message = fails_with([*settings, *AUTO, "--batch-size", "4"], capsys)
    assert "saved within an epoch of 3 steps, and now an epoch has 6" in message


def test_only_the_newest_checkpoints_and_the_best_are_kept(settings, tmp_path):
    main.main([*settings, "--save-steps", "1", "--keep-checkpoints", "2"])
    run = tmp_path / "run"
    checkpoints = {path.name for path in (run / "checkpoints").iterdir()}
    assert checkpoints == {"checkpoint-4-fwbz4-12.pt", "checkpoint-3-fwbz4-12.pt"}
    best = (run / "weights" / "best.pt").resolve().name
    summary = json.loads((run / "summary.json").read_text())
    assert best.startswith(f"weights-{summary['best']['epoch']}-")
    assert weights(run).keys() == {"weights-3-12.pt", "weights-4-12.pt", best}


def test_the_best_weights_are_kept_between_saved_epochs(settings, tmp_path):
    main.main([*settings, "--save-interval", "4"])
    best = torch.load(tmp_path / "run" / "weights" / "best.pt", weights_only=True)
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    epoch = summary["best"]["epoch"]
    assert equal(best, weights(tmp_path / "run")[f"weights-{epoch}-{3 * epoch}.pt"])


# ---- kill -9 -----------------------------------------------------------------------------------


def _train(argv: list[str], log: str) -> None:
    os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND), 1)
    os.dup2(1, 2)
    torch.set_num_threads(1)
    main.main(argv)


def _start(argv: list[str], log: Path) -> multiprocessing.Process:
    """A run in a process of its own, forked from a server that has imported main."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["main"])
    process = context.Process(target=_train, args=(argv, str(log)))
    process.start()
    return process


def _seconds(argv: list[str], folder: Path) -> float:
    """How long a run takes that is left alone."""
    begun = time.monotonic()
    process = _start(argv, folder / "alone.log")
    process.join()
    assert process.exitcode == 0, (folder / "alone.log").read_text()
    return time.monotonic() - begun


def _kill_and_resume(argv: list[str], run: Path, moments: list[float]) -> int:
    """Kill a run at some seconds after each of its starts, then let it end; how often it died."""
    killed = 0
    for moment in moments:
        process = _start([*argv, *AUTO], run.parent / "killed.log")
        process.join(moment)
        if process.is_alive():
            process.kill()
            killed += 1
        process.join()
        for path in [*run.glob("weights/[!.]*.pt"), *run.glob("checkpoints/[!.]*.pt")]:
            assert work_dir._damage(path) == ""
    process = _start([*argv, *AUTO], run.parent / "killed.log")
    process.join()
    assert process.exitcode == 0, (run.parent / "killed.log").read_text()
    return killed


@pytest.mark.slow
@pytest.mark.parametrize("kills", [2, 20])
def test_killed_at_random_moments(settings, tmp_path, kills):
    argv = [*settings, "--save-steps", "1", "--keep-checkpoints", "3", "--step", "9"]
    num_epoch = 12 if kills > 2 else 5
    argv += ["--num-epoch", str(num_epoch)]
    _, start, duration = (  # the first also starts the server
        _seconds([*argv, "--num-epoch", epochs_, "--work-dir", str(tmp_path / name)], tmp_path)
        for name, epochs_ in (("first", "1"), ("short", "1"), ("whole", str(num_epoch)))
    )
    # Each try gets at most so far that all together are one whole run.
    work = max(duration - start, 0.1) / kills
    rng = random.Random(0)
    moments = [start + rng.uniform(-0.5, 1) * work for _ in range(kills)]
    killed = _kill_and_resume(argv, tmp_path / "run", moments)
    assert killed >= kills / 2
    one, other = (
        weights(tmp_path / name)[f"weights-{num_epoch}-{3 * num_epoch}.pt"]
        for name in ("whole", "run")
    )
    assert equal(one, other)
    lines = [epochs(tmp_path / name) for name in ("whole", "run")]
    assert [line["val"] for line in lines[0]] == [line["val"] for line in lines[1]]


def _train_until_half_a_file(argv: list[str], name: str, log: str) -> None:
    save = torch.save

    def save_half(content, path):
        save(content, path)
        if name in Path(path).name:
            os.truncate(path, Path(path).stat().st_size // 2)
            os.kill(os.getpid(), signal.SIGKILL)

    torch.save = save_half
    _train(argv, log)


@pytest.mark.parametrize(
    "name", [pytest.param("weights-2", marks=pytest.mark.slow), "checkpoint-2"]
)
def test_killed_while_it_saves(settings, tmp_path, whole, name):
    context = multiprocessing.get_context("forkserver")
    process = context.Process(
        target=_train_until_half_a_file, args=(settings, name, str(tmp_path / "killed.log"))
    )
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert list((tmp_path / "run").rglob(f"{name}*")) == []
    main.main([*settings, *AUTO])
    assert weights(tmp_path / "run").keys() == whole.keys()
    assert not list((tmp_path / "run").glob("*/.*.tmp*"))
