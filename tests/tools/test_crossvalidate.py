"""Baselines and networks on rated clips find what was planted, and nothing else."""

import json
import shutil
import sys

import numpy as np
import pytest

from engine.data.folds import Fold
from formats.scores import load_scores
from tools import crossvalidate, predict
from tools.crossvalidating.baselines import METHODS, statistics
from tools.crossvalidating.comparison import Comparison, Predicted, as_markdown, baseline
from tools.crossvalidating.rated import read_rated

pytest.importorskip("sklearn")
pytest.importorskip("bvhio")


def test_clips_are_put_together_again(rated_clips, rated):
    assert len(rated_clips.names) == 24 and len(set(rated_clips.sources)) == 8
    assert {name: clip.shape for name, (clip, *_) in rated_clips.features.items()} == {
        "positions": (40, 7, 3), "laban": (40, 7, 12), "laban_released": (40, 7, 12),
        "descriptors": (40, 7, 4)}  # fmt: skip
    chunks = np.load(rated / "skeleton_all.npy")
    np.testing.assert_array_equal(rated_clips.features["positions"][1][:12], chunks[3][:12])
    np.testing.assert_array_equal(rated_clips.features["positions"][1][-16:], chunks[5])
    bounds = rated_clips.bounds()
    assert bounds["pearson"][2] > 0.95 and bounds["mse"][2] < 0.05


def test_parts_are_those_of_the_network(rated_clips):
    """`main.py --folds` splits chunks, the baselines clips: the same recordings."""
    for number in (1, 2, 3):
        stay, held_out = rated_clips.split(Fold(number, 3, 7))
        assert sorted([*stay, *held_out]) == list(range(24))
        sources = np.array(rated_clips.sources)
        assert not {*sources[stay]} & {*sources[held_out]}


@pytest.mark.parametrize("method", ["ridge", "forest"])
def test_a_planted_trait_is_found_and_chance_is_not(rated_clips, method):
    mean = baseline(rated_clips, "mean", ["positions"], 4, [1])
    comparison = Comparison(rated_clips.traits, rated_clips.sources, mean)
    found = comparison.of(baseline(rated_clips, method, ["laban"], 4, [1]))
    assert found["pearson"]["E"]["value"] > 0.8 and found["beats_mean"]["E"]
    lost = [trait for trait in "OCAN" if not found["beats_mean"][trait]]
    assert len(lost) >= 3  # one in forty is lucky
    low, high = found["mse"]["E"]["95"]
    assert low < found["mse"]["E"]["value"] < high
    text = as_markdown([comparison.of(mean), found], rated_clips.bounds())
    assert f"Nothing is significantly better than the mean on {', '.join(lost)}." in text


def test_the_mean_never_beats_itself(rated_clips):
    mean = baseline(rated_clips, "mean", ["positions"], 4, [1, 2])
    found = Comparison(rated_clips.traits, rated_clips.sources, mean).of(mean)
    assert not any(found["beats_mean"].values()) and found["pearson"]["E"]["value"] < 0.2


def test_over_seeds_is_the_deviation_of_their_measures(rated_clips):
    noise = np.random.default_rng(0).normal(size=(3, *rated_clips.traits.shape))
    predicted = Predicted("x", "y", rated_clips.traits + noise)
    found = Comparison(rated_clips.traits, rated_clips.sources, predicted).of(predicted)["mse"]["O"]
    errors = np.square(noise[:, :, 0]).mean(axis=1)
    assert found["value"] == pytest.approx(errors.mean())
    assert found["over_seeds"] == pytest.approx(errors.std(ddof=1))


def test_strengths_of_ridge_regression_never_see_the_held_out_clips(rated_clips):
    x = np.stack([statistics(clip).ravel() for clip in rated_clips.joined(["laban"])])
    stay, held_out = rated_clips.split(Fold(1, 4, 1))
    sources = np.array(rated_clips.sources)
    changed = rated_clips.traits.copy()
    changed[held_out] = 99
    one, other = (
        METHODS["ridge"](x[stay], traits[stay], sources[stay], 1)(x[held_out])
        for traits in (rated_clips.traits, changed)
    )
    np.testing.assert_array_equal(one, other)


def test_networks_stand_beside_baselines(rated, rated_run, tmp_path, capsys):
    out = tmp_path / "table.md"
    argv = [str(rated), "--features", "laban", "together", "--methods", "ridge", "--folds", "2"]
    crossvalidate.main([*argv, "--seeds", "1", "--runs", str(rated_run), "--out", str(out)])
    content = json.loads(out.with_suffix(".json").read_text())
    assert [(r["method"], r["features"]) for r in content["results"]] == [
        ("mean", "-"), ("ridge", "laban"), ("ridge", "together"),
        ("msg3d_laban", "positions+laban")]  # fmt: skip
    table = json.loads((rated_run / "seed-1" / "traits.json").read_text())
    network = content["results"][-1]["mse"]
    assert network["E"]["value"] == pytest.approx(table["E"]["mse"], rel=1e-4)
    mean = content["results"][0]["mse"]
    assert mean["E"]["value"] == pytest.approx(table["E"]["baseline_mse"], rel=1e-4)
    assert out.read_text() in capsys.readouterr().out
    with pytest.raises(FileNotFoundError, match=r"main\.py --folds 5"):
        crossvalidate.main([str(rated), "--runs", str(tmp_path)])
    with pytest.raises(FileNotFoundError, match=r"no ratings\.csv"):
        crossvalidate.main([str(tmp_path)])
    with pytest.raises(ValueError, match=r"--out must end with \.md"):
        crossvalidate.main([str(rated), "--out", "x.txt"])


def test_what_is_damaged_or_missing_is_one_line(rated, tmp_path, monkeypatch):
    copy = tmp_path / "copy"
    shutil.copytree(rated, copy)
    table = copy / "ratings.csv"
    whole = table.read_text()
    for text in ("", "clip\n1\n", whole.replace(",40,3,", ",x,3,")):
        table.write_text(text)
        with pytest.raises(ValueError, match=r"ratings\.csv is damaged"):
            read_rated(copy)
    table.write_text("\n".join(whole.splitlines()[:-1]))
    with pytest.raises(ValueError, match=r"ratings\.csv 69"):
        read_rated(copy)
    monkeypatch.setitem(sys.modules, "sklearn.ensemble", None)
    with pytest.raises(ValueError, match=r"pip install -r requirements-extra\.txt"):
        crossvalidate.main([str(rated), "--methods", "forest", "--out", str(tmp_path / "a.md")])


def test_a_recording_s_traits_are_predicted(rated_run, rated, capsys):
    """Of one part's network: windows where chunks lie have the scores of the test."""
    fold, raw = rated_run / "seed-1" / "fold-1", rated.parent / "raw"
    scores = load_scores(fold / "epoch1_test_score.pkl")
    clip = min(scores).split("_")[0]
    chunks = [score for name, score in sorted(scores.items()) if name.startswith(clip)]
    path = next(raw.glob(f"n_{clip.removeprefix('participant')}_*.bvh"))
    argv = [str(path), "--weights", str(fold / "weights" / "best.pt"), "--json"]
    predict.main([*argv, "--window", "16", "--stride", "12"])
    found = [json.loads(line)["traits"] for line in capsys.readouterr().out.splitlines()]
    assert len(found) == len(chunks) == 3
    for window, chunk in zip(found, chunks, strict=True):
        np.testing.assert_allclose([window[trait] for trait in "OCEAN"], chunk, atol=1e-4)
