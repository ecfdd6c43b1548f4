"""Cross-validation by main.py: whole groups, every clip once, resumable, results together."""

import json

import numpy as np
import pytest
import rated_data
import small_data
import small_run
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import main
from engine.data.clips import Clips
from engine.data.folds import Fold, split_by
from feeders.feeder import Feeder
from formats.scores import load_scores


@settings(max_examples=50, deadline=None)
@given(
    groups=st.lists(st.sampled_from("abcdefghij"), min_size=20, max_size=60),
    count=st.integers(2, 4),
    seed=st.integers(0, 99),
)
def test_parts_hold_whole_groups_and_every_clip_once(groups, count, seed):
    if len(set(groups)) < count:
        with pytest.raises(ValueError, match="requires as many groups"):
            split_by(groups, Fold(1, count, seed))
        return
    held_out = []
    for number in range(1, count + 1):
        stay, part = split_by(groups, Fold(number, count, seed))
        assert sorted(stay + part) == list(range(len(groups)))
        assert not {groups[i] for i in stay} & {groups[i] for i in part}
        held_out += part
    assert sorted(held_out) == list(range(len(groups)))


def test_parts_are_of_like_size_and_depend_on_the_seed():
    groups = [f"g{i // 5}" for i in range(100)]
    sizes = [len(split_by(groups, Fold(n, 5, 0))[1]) for n in range(1, 6)]
    assert sizes == [20] * 5
    assert split_by(groups, Fold(1, 5, 0)) != split_by(groups, Fold(1, 5, 1))


@pytest.fixture
def traits(tmp_path):
    data = rated_data.arrays(tmp_path, recordings=4, clips=2)
    feeder = {"data_path": str(data), "split": "all", "features": "laban"}
    content = {
        "work_dir": str(tmp_path / "run"), "task": "traits", "folds": 2,
        "feeder": "feeders.traits.TraitFeeder",
        "train_feeder_args": feeder, "test_feeder_args": feeder,
        "model": "small_network.Model",
        "model_args": {"num_class": 5, "num_point": 7, "num_person": 1, "in_channels": 15,
                       "graph": str(tmp_path / "raw" / "body.yaml")},
        "device": "cpu", "batch_size": 8, "forward_batch_size": 8, "num_epoch": 2,
        "eval_interval": 2, "num_worker": 0, "base_lr": 0.01,
    }  # fmt: skip
    path = tmp_path / "settings.yaml"
    path.write_text(yaml.safe_dump(content))
    return ["--config", str(path)], tmp_path / "run", data


def test_traits_of_all_parts_are_measured_together(traits):
    argv, work_dir, data = traits
    main.main([*argv, "--seeds", "1", "2"])
    seed = work_dir / "seed-1"
    table = json.loads((seed / "traits.json").read_text())
    assert table["mean"]["participants"] == 8
    # A clip's score is that of the part which did not train on its recording.
    scores = load_scores(seed / "epoch1_test_score.pkl")
    assert len(scores) == len(np.load(data / "y_all.npy"))
    for number in (1, 2):
        part = load_scores(seed / f"fold-{number}" / "epoch2_test_score.pkl")
        assert all(np.array_equal(scores[name], part[name]) for name in part)
    # What the mean of the other parts predicts, part by part.
    y, info = np.load(data / "y_all.npy"), np.load(data / "info_all.npy")
    owner = np.repeat(np.arange(len(info)), info[:, 2])
    groups = [f"session{session:06d}" for session in np.repeat(info[:, 0], info[:, 2])]
    errors = []
    for number in (1, 2):
        stay, part = split_by(groups, Fold(number, 2, 1))
        of = lambda rows: np.stack([y[owner == clip][0] for clip in np.unique(owner[rows])])  # noqa: E731
        errors.append(np.square(of(part) - of(stay).mean(axis=0)))
    expected = np.concatenate(errors).mean(axis=0)
    found = [table[trait]["baseline_mse"] for trait in "OCEAN"]
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    summary = json.loads((work_dir / "summary.json").read_text())
    assert summary["cross-validated mse"]["std"] >= 0 and summary["seeds"] == [1, 2]


def test_one_part_alone_and_the_rest_later_are_the_whole(traits):
    argv, work_dir, _ = traits
    main.main([*argv, "--fold", "2", "--work-dir", str(work_dir / "one")])
    assert not (work_dir / "one" / "traits.json").exists()
    main.main([*argv, "--work-dir", str(work_dir / "one"), "--resume", "auto"])
    main.main([*argv, "--work-dir", str(work_dir / "two")])
    one, two = ((work_dir / name / "predictions.csv").read_text() for name in ("one", "two"))
    assert one == two


def test_actions_too_by_clip_where_nothing_tells_the_subjects(tmp_path):
    data = small_data.learnable(tmp_path / "data")
    argv = small_run.write_settings(tmp_path, data, num_epoch=1)
    main.main([*argv, "--folds", "3"])
    clips = Clips(Feeder(**small_data.feeder_args(data, "train")))
    scores = load_scores(tmp_path / "run" / "epoch1_test_score.pkl")
    assert {*scores} == {*clips.sample_name}
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    right = sum(
        scores[n].argmax() == k for n, k in zip(clips.sample_name, clips.label, strict=True)
    )
    assert summary["test"]["top1"] == pytest.approx(right / len(clips))


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--folds", "1"], "--folds"),
        (["--folds", "3", "--fold", "4"], r"--fold must be 1 to --folds \(3\)"),
        (["--fold", "1"], "--fold must be 1 to --folds"),
        (["--folds", "3", "--val-split", "0.2"], "Leave out --val-split"),
        (["--folds", "99"], "requires as many groups"),
        (["--folds", "3", "--phase", "test", "--weights", "x.pt"], "--folds is for training"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path, more, message):
    data = small_data.learnable(tmp_path / "data")
    argv = small_run.write_settings(tmp_path, data, num_epoch=1)
    with pytest.raises((ValueError, SystemExit), match=message if more[1] != "1" else None):
        main.main([*argv, *more])
