"""A work dir that the version before engine/ left resumes, and its weights test, as before."""

import json
import tarfile
from pathlib import Path

import numpy as np
import pytest

import main
from formats.scores import load_scores

ARCHIVE = Path(__file__).parents[1] / "assets" / "run_before_the_floor_plan.tar.xz"


@pytest.fixture
def earlier(tmp_path, monkeypatch):
    """Data, settings and a run that a signal ended after step 6 of 12, the end of epoch 2."""
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(tmp_path, filter="data")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_it_resumes_to_what_the_earlier_version_made_of_it(earlier):
    main.main(["--config", "settings.yaml", "--resume", "auto"])
    expected, found = (
        [json.loads(line) for line in path.read_text().splitlines()]
        for path in (Path("expected_metrics.jsonl"), Path("run/metrics.jsonl"))
    )
    assert [line["epoch"] for line in found] == [line["epoch"] for line in expected]
    for ours, theirs in zip(found, expected, strict=True):
        assert ours["val"] == pytest.approx(theirs["val"], abs=1e-4)
        assert ours["train"]["loss"] == pytest.approx(theirs["train"]["loss"], abs=1e-4)
    before = load_scores(Path("expected_test_score.pkl"))
    after = load_scores(Path("run/epoch4_test_score.pkl"))
    assert before.keys() == after.keys()
    for name, score in before.items():
        np.testing.assert_allclose(after[name], score, atol=5e-4)  # other CPUs round otherwise


def test_its_best_weights_give_its_scores(earlier):
    weights = ["--phase", "test", "--weights", "run/weights/best.pt", "--work-dir", "eval"]
    main.main(["--config", "run/config.yaml", *weights])
    before = load_scores(Path("expected_score_of_ema-1-6.pkl"))
    after = load_scores(Path("eval/epoch1_test_score.pkl"))
    for name, score in before.items():
        np.testing.assert_allclose(after[name], score, atol=1e-5)


def test_its_config_says_what_was_changed(earlier, caplog):
    main.main(["--config", "settings.yaml", "--resume", "auto", "--ema-decay", "0.8"])
    assert "--ema-decay changed since the run began" in Path("run/log.txt").read_text()
