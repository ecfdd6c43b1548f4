"""What predicted traits depend on is found where it was planted, and the pictures are written."""

import json
import shutil

import numpy as np
import pytest

from tools import explain, report
from tools.crossvalidating.rated import RatedClips
from tools.explaining.features import baseline_models, explained, occlusion, parts_of

pytest.importorskip("sklearn")
pytest.importorskip("bvhio")


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
    assert effect[:5].max() == effect[25:].max() == 0
    assert effect[12, 0] == (3 + 4 + 5 + 4 + 3) / 5


def test_parts_of_several_sets_say_which(rated_clips):
    names = [part.name for part in parts_of(["positions", "laban", "descriptors"])]
    assert names[0] == "Position" and "Time (laban)" in names and "Time (descriptors)" in names
    last = parts_of(["positions", "laban", "descriptors"])[-1]
    assert (last.channels.start, last.channels.stop) == (18, 19)


def test_a_network_is_explained_and_reported(rated_run, tmp_path):
    seed = rated_run / "seed-1"
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
        explain.main([str(rated_run)])


def test_a_baseline_is_explained(rated, tmp_path, capsys):
    argv = f"--baseline ridge --features descriptors --folds 2 --data {rated}".split()
    explain.main([*argv, "--out", str(tmp_path), "--clips", "0"])
    assert "E: " in capsys.readouterr().out
    assert len(list(tmp_path.glob("importance-*.png"))) == 5
    with pytest.raises(ValueError, match="--baseline requires --data and --out"):
        explain.main(["--baseline", "ridge"])
    with pytest.raises(ValueError, match="--features must be of"):
        explain.main([*argv[:2], "--features", "x", "--data", str(rated), "--out", str(tmp_path)])
