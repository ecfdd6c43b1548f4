"""Baselines, networks and explanations of rated clips find what was planted, and nothing else."""

import json
import shutil
import sys

import numpy as np
import pytest
import rated_data
import yaml

import main
from engine.data.folds import Fold
from formats.scores import load_scores
from tools import crossvalidate, explain, predict, report
from tools.crossvalidating.baselines import METHODS, statistics
from tools.crossvalidating.comparison import Comparison, Predicted, as_markdown, baseline
from tools.crossvalidating.explanation import baseline_models, explained, occlusion, parts_of
from tools.crossvalidating.rated import RatedClips, read_rated

pytest.importorskip("sklearn")
pytest.importorskip("bvhio")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return rated_data.arrays(tmp_path_factory.mktemp("rated"))


@pytest.fixture(scope="module")
def clips(data):
    return read_rated(data)


def test_clips_are_put_together_again(clips, data):
    assert len(clips.names) == 24 and len(set(clips.sources)) == 8
    assert {name: clip.shape for name, (clip, *_) in clips.features.items()} == {
        "positions": (40, 7, 3), "laban": (40, 7, 12), "laban_released": (40, 7, 12),
        "descriptors": (40, 7, 4)}  # fmt: skip
    chunks = np.load(data / "skeleton_all.npy")
    np.testing.assert_array_equal(clips.features["positions"][1][:12], chunks[3][:12])
    np.testing.assert_array_equal(clips.features["positions"][1][-16:], chunks[5])
    bounds = clips.bounds()
    assert bounds["pearson"][2] > 0.95 and bounds["mse"][2] < 0.05


def test_parts_are_those_of_the_network(clips):
    """`main.py --folds` splits chunks, the baselines clips: the same recordings."""
    for number in (1, 2, 3):
        stay, held_out = clips.split(Fold(number, 3, 7))
        assert sorted([*stay, *held_out]) == list(range(24))
        sources = np.array(clips.sources)
        assert not {*sources[stay]} & {*sources[held_out]}


@pytest.mark.parametrize("method", ["ridge", "forest"])
def test_a_planted_trait_is_found_and_chance_is_not(clips, method):
    mean = baseline(clips, "mean", ["positions"], 4, [1])
    comparison = Comparison(clips.traits, clips.sources, mean)
    found = comparison.of(baseline(clips, method, ["laban"], 4, [1]))
    assert found["pearson"]["E"]["value"] > 0.8 and found["beats_mean"]["E"]
    lost = [trait for trait in "OCAN" if not found["beats_mean"][trait]]
    assert len(lost) >= 3  # one in forty is lucky
    low, high = found["mse"]["E"]["95"]
    assert low < found["mse"]["E"]["value"] < high
    text = as_markdown([comparison.of(mean), found], clips.bounds())
    assert f"Nothing is significantly better than the mean on {', '.join(lost)}." in text


def test_the_mean_never_beats_itself(clips):
    mean = baseline(clips, "mean", ["positions"], 4, [1, 2])
    found = Comparison(clips.traits, clips.sources, mean).of(mean)
    assert not any(found["beats_mean"].values()) and found["pearson"]["E"]["value"] < 0.2


def test_over_seeds_is_the_deviation_of_their_measures(clips):
    noise = np.random.default_rng(0).normal(size=(3, *clips.traits.shape))
    predicted = Predicted("x", "y", clips.traits + noise)
    found = Comparison(clips.traits, clips.sources, predicted).of(predicted)["mse"]["O"]
    errors = np.square(noise[:, :, 0]).mean(axis=1)
    assert found["value"] == pytest.approx(errors.mean())
    assert found["over_seeds"] == pytest.approx(errors.std(ddof=1))


def test_strengths_of_ridge_regression_never_see_the_held_out_clips(clips):
    x = np.stack([statistics(clip).ravel() for clip in clips.joined(["laban"])])
    stay, held_out = clips.split(Fold(1, 4, 1))
    sources = np.array(clips.sources)
    changed = clips.traits.copy()
    changed[held_out] = 99
    one, other = (
        METHODS["ridge"](x[stay], traits[stay], sources[stay], 1)(x[held_out])
        for traits in (clips.traits, changed)
    )
    np.testing.assert_array_equal(one, other)


def planted(count=12, frames=60) -> RatedClips:
    """Clips in which E is the spread of channel 4 of joint 2, and O the mean of channel 0 of joint
    1.
    """
    rng = np.random.default_rng(3)
    features, traits = [], rng.normal(size=(count, 5))
    for e, o in zip(traits[:, 2], traits[:, 0], strict=True):
        clip = rng.normal(0, 0.05, (frames, 7, 12))
        clip[:, 2, 4] *= 20 * (e + 4)
        clip[:, 1, 0] += o
        features.append(clip)
    names = [str(i) for i in range(count)]
    sources = [f"session{i:06d}" for i in range(count)]
    return RatedClips(names, names, sources, sources, [1] * count, traits, {"laban": features},
                      {"rate": 30.0, "skeleton": "zeroeggs"})  # fmt: skip


def test_importance_lies_where_it_was_planted():
    clips = planted(40)
    models = baseline_models(clips, "ridge", ["laban"], 4, 1)
    found = explained(clips, ["laban"], models)
    assert found.parts == ["Time", "Flow", "Space", "Weight"]
    assert found.importance.shape == (5, 4, 7)
    assert np.unravel_index(found.importance[2].argmax(), (4, 7)) == (1, 2)  # Flow of joint 2
    assert np.unravel_index(found.importance[0].argmax(), (4, 7)) == (0, 1)  # Time of joint 1
    assert [curve.shape for curve in found.effect] == [(60, 5)] * 40


def test_occlusion_of_a_sum_is_its_share():
    clip = np.zeros((30, 1, 1))
    clip[10:15] = 1
    predict = lambda clips: np.array([[clip.sum()] * 5 for clip in clips])  # noqa: E731
    effect = occlusion(clip, predict([clip])[0], predict, rate=10)
    assert effect.shape == (30, 5)
    assert (
        effect[:5].max() == 0
        and effect[25:].max() == 0
        and effect[12, 0] == (3 + 4 + 5 + 4 + 3) / 5
    )


def test_parts_of_several_sets_say_which(clips):
    names = [part.name for part in parts_of(["positions", "laban", "descriptors"])]
    assert names[0] == "Position" and "Time (laban)" in names and "Time (descriptors)" in names
    last = parts_of(["positions", "laban", "descriptors"])[-1]
    assert (last.channels.start, last.channels.stop) == (18, 19)


@pytest.fixture(scope="module")
def trained(data, tmp_path_factory):
    tmp_path = tmp_path_factory.mktemp("trained")
    feeder = {"data_path": str(data), "split": "all", "features": "laban"}
    body = json.loads((data / "dataset.json").read_text())["skeleton"]
    content = {
        "work_dir": str(tmp_path / "run"), "task": "traits", "folds": 2, "seeds": [1],
        "feeder": "feeders.traits.TraitFeeder",
        "train_feeder_args": feeder, "test_feeder_args": feeder,
        "model": "model.msg3d_laban.Model",
        "model_args": {"num_class": 5, "num_point": 7, "num_person": 1, "num_gcn_scales": 2,
                       "num_g3d_scales": 1, "graph": body, "in_channels": 15,
                       "layer_channels": 6, "dropout": [0, 0, 0]},
        "device": "cpu", "batch_size": 8, "forward_batch_size": 8, "num_epoch": 1,
        "num_worker": 0, "base_lr": 0.01,
    }  # fmt: skip
    path = tmp_path / "settings.yaml"
    path.write_text(yaml.safe_dump(content))
    main.main(["--config", str(path)])
    return tmp_path / "run"


def test_networks_stand_beside_baselines(data, trained, tmp_path, capsys):
    out = tmp_path / "table.md"
    argv = [str(data), "--features", "laban", "together", "--methods", "ridge", "--folds", "2"]
    crossvalidate.main([*argv, "--seeds", "1", "--runs", str(trained), "--out", str(out)])
    content = json.loads(out.with_suffix(".json").read_text())
    assert [(r["method"], r["features"]) for r in content["results"]] == [
        ("mean", "-"), ("ridge", "laban"), ("ridge", "together"),
        ("msg3d_laban", "positions+laban")]  # fmt: skip
    table = json.loads((trained / "seed-1" / "traits.json").read_text())
    network = content["results"][-1]["mse"]
    assert network["E"]["value"] == pytest.approx(table["E"]["mse"], rel=1e-4)
    mean = content["results"][0]["mse"]
    assert mean["E"]["value"] == pytest.approx(table["E"]["baseline_mse"], rel=1e-4)
    assert out.read_text() in capsys.readouterr().out
    with pytest.raises(FileNotFoundError, match=r"main\.py --folds 5"):
        crossvalidate.main([str(data), "--runs", str(tmp_path)])
    with pytest.raises(FileNotFoundError, match=r"no ratings\.csv"):
        crossvalidate.main([str(tmp_path)])
    with pytest.raises(ValueError, match=r"--out must end with \.md"):
        crossvalidate.main([str(data), "--out", "x.txt"])


def test_what_is_damaged_or_missing_is_one_line(data, tmp_path, monkeypatch):
    copy = tmp_path / "copy"
    shutil.copytree(data, copy)
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
        crossvalidate.main([str(data), "--methods", "forest", "--out", str(tmp_path / "a.md")])


def test_a_network_is_explained_and_reported(trained, tmp_path):
    seed = trained / "seed-1"
    explain.main([str(seed), "--clips", "1"])
    found = json.loads((seed / "explanation.json").read_text())
    assert found["parts"] == ["Position", "Time", "Flow", "Space", "Weight"]
    assert np.shape(found["importance"]["E"]) == (5, 7) and len(found["effect"]["100"]["E"]) == 40
    assert '"curves"' in (seed / "explained.html").read_text()
    report.main([str(seed), "--out", str(tmp_path / "r.html"), "--no-speed"])
    page = (tmp_path / "r.html").read_text()
    assert page.count('"picture"') == 5
    shutil.copytree(seed, tmp_path / "a<b")
    report.main([str(tmp_path / "a<b"), "--out", str(tmp_path / "r2.html"), "--no-speed"])
    assert '"run":"a\\u003cb"' in (tmp_path / "r2.html").read_text()  # no name ends the script
    assert json.loads((tmp_path / "r.json").read_text())["runs"][0]["explained"]["E"]
    with pytest.raises(FileNotFoundError, match="Name one of its seeds"):
        explain.main([str(trained)])


def test_a_recording_s_traits_are_predicted(trained, data, capsys):
    """Of one part's network: windows where chunks lie have the scores of the test."""
    fold, raw = trained / "seed-1" / "fold-1", data.parent / "raw"
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


def test_a_baseline_is_explained(data, tmp_path, capsys):
    argv = ["--baseline", "ridge", "--features", "descriptors", "--folds", "2", "--data", str(data)]
    explain.main([*argv, "--out", str(tmp_path), "--clips", "0"])
    assert "E: " in capsys.readouterr().out
    assert len(list(tmp_path.glob("importance-*.png"))) == 5
    with pytest.raises(ValueError, match="--baseline requires --data and --out"):
        explain.main(["--baseline", "ridge"])
    with pytest.raises(ValueError, match="--features must be of"):
        explain.main([*argv[:2], "--features", "x", "--data", str(data), "--out", str(tmp_path)])
