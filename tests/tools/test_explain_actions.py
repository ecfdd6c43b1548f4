"""Importance of joints for actions: a planted joint is found and drawn."""

import json

import numpy as np
import pytest
import small_data
import trained_run
from one_error import error_of

from tools import explain, report
from tools.explaining.joints import donors_of, importance_of

PLANTED = 4


def scores_by_one_joint(clips: np.ndarray) -> np.ndarray:
    """(N, 3): the class is the mean x of joint 4 of all bodies, rounded."""
    place = clips[:, 0, :, PLANTED].mean(axis=(1, 2))
    return -10 * np.abs(place[:, None] - np.arange(3))


@pytest.mark.parametrize("persons", [1, 2])
def test_the_joint_that_tells_the_class_is_found(persons):
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], [6, 4, 5])
    clips = rng.normal(size=(15, 3, 8, 6, persons)).astype(np.float32)
    clips[:, 0, :, PLANTED] = labels[:, None, None]
    found = importance_of(scores_by_one_joint, clips, labels)
    assert found.counts.tolist() == [6, 4, 5] and (found.probability > 0.99).all()
    assert (found.fall[:, PLANTED] > 0.99).all()
    assert not np.delete(found.fall, PLANTED, axis=1).any()
    assert found.strongest(0)[0] == PLANTED


def test_absent_bodies_stay_absent():
    clips = np.ones((4, 3, 2, 6, 2), np.float32)
    clips[2:, ..., 1] = 0
    seen = []

    def network(part: np.ndarray) -> np.ndarray:
        seen.append(part.any(axis=(1, 2)))  # (N, V, M)
        return np.zeros((len(part), 2))

    importance_of(network, clips, np.array([0, 0, 1, 1]))
    for joints in seen:
        assert joints[:2].all() and joints[2:, :, 0].all() and not joints[2:, :, 1].any()


def test_donors_are_of_all_other_classes():
    place = np.repeat([0, 1, 2, 3], [6, 2, 9, 1])
    donors = donors_of(place)
    assert (place[donors] != place).all()
    assert {*place[donors[place == 2]]} == {0, 1, 3}
    with pytest.raises(ValueError, match="all clips are of"):
        importance_of(scores_by_one_joint, np.zeros((2, 3, 4, 6, 1)), np.array([1, 1]))


def test_a_work_dir_is_explained_and_reported(tmp_path, capsys):
    data = small_data.learnable(tmp_path / "nw-ucla")
    about = {"dataset": "nw-ucla", "classes": ["wave", "clap", "<hop>"]}
    (data / "dataset.json").write_text(json.dumps(about))
    where = small_data.feeder_args(data, "val", stream="bone")
    settings = {"model_args": small_data.MODEL_ARGS, "test_feeder_args": where}
    weights = trained_run.make(tmp_path / "run", settings)
    explain.main([str(tmp_path / "run"), "--per-class", "2"])
    said = capsys.readouterr().out
    assert said.startswith("wave: ") and "importance.png" in said
    found = json.loads((tmp_path / "run" / "importance.json").read_text())
    assert np.shape(found["fall"]) == (3, 20) and found["clips"] == [2, 2, 2]
    assert found["stream"] == "bone" and found["classes"][2] == "<hop>"
    trained_run.test_scores(weights)
    report.main([str(tmp_path / "run_eval"), "--out", str(tmp_path / "r.html"), "--no-speed"])
    assert '{"run":"run_eval","title":"actions","picture"' in (tmp_path / "r.html").read_text()


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--per-class", "0"], "--per-class must be 1 or more. Got 0."),
        ([], "has no weights/best.pt. Name a training's."),
    ],
)
def test_what_cannot_be_explained_is_one_line(tmp_path, capsys, flags, said):
    (tmp_path / "config.yaml").write_text("task: action\n")
    assert said in error_of(lambda: explain.main([str(tmp_path), *flags]), capsys)
