"""Chunks, names and traits as the network gets them."""

import pickle

import numpy as np
import pytest
import udiva_data

from engine.data.clips import Clips
from engine.data.validation_split import validation_split
from feeders.traits import TraitFeeder

TRAITS = [(1, 0, 0, 0, 0), (2, 0, 0, 0, 0), (-6, 0, 0, 0, 0)]


@pytest.fixture
def data(tmp_path):
    return udiva_data.arrays(tmp_path, "train", TRAITS, [3, 1, 2])


def test_a_chunk_is_positions_then_features(data):
    feeder = TraitFeeder(str(data), "train", features="laban")
    chunk, traits, index = feeder[3]
    assert chunk.shape == (15, 12, 24, 1) and chunk.dtype == np.float32 and index == 3
    skeleton, laban = (np.load(data / f"{name}_train.npy") for name in ("skeleton", "laban"))
    np.testing.assert_array_equal(chunk[:3, ..., 0].transpose(1, 2, 0), skeleton[3])
    np.testing.assert_array_equal(chunk[3:, ..., 0].transpose(1, 2, 0), laban[3])
    np.testing.assert_array_equal(traits, TRAITS[1])
    assert TraitFeeder(str(data), "train")[0][0].shape == (3, 12, 24, 1)
    assert len(TraitFeeder(str(data), "train", debug=True)) == 6


def test_names_tell_the_participant_and_are_unique(data):
    clips = Clips(TraitFeeder(str(data), "train"))
    assert len(set(clips.sample_name)) == 6
    assert clips.subjects == ["010"] * 3 + ["011"] + ["012"] * 2


def test_a_validation_part_has_whole_participants(data):
    clips = Clips(TraitFeeder(str(data), "train"))
    stay, held_out = validation_split(clips, 0.2, "subject", seed=0)
    assert not {clips.subjects[i] for i in stay} & {clips.subjects[i] for i in held_out}


def test_the_training_mean_is_over_participants_not_chunks(data):
    feeder = TraitFeeder(str(data), "train")
    np.testing.assert_allclose(feeder.training_mean, [-1, 0, 0, 0, 0])
    udiva_data.arrays(data, "val", TRAITS[:1], [2])
    np.testing.assert_allclose(TraitFeeder(str(data), "val").training_mean, [-1, 0, 0, 0, 0])


def test_a_worker_opens_the_files_itself(data):
    feeder = TraitFeeder(str(data), "train", features="laban")
    content = pickle.dumps(feeder)
    assert len(content) < 5000
    np.testing.assert_array_equal(pickle.loads(content)[4][0], feeder[4][0])


def test_effort_curves_are_of_the_participant_with_most_chunks(data):
    efforts = TraitFeeder(str(data), "train", features="laban").efforts()
    assert efforts["participant"] == "010" and list(efforts["curves"])[:2] == ["Time", "Flow"]
    laban = np.load(data / "laban_train.npy")[0]
    expected = np.linalg.norm(laban[..., 6:9], axis=-1).mean(axis=1)
    np.testing.assert_allclose(efforts["curves"]["Space"], expected, rtol=1e-5)
    assert TraitFeeder(str(data), "train").efforts() == {}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: (d / "skeleton_train.npy").unlink(), "no data file"),
        (lambda d: np.save(d / "y_train.npy", np.zeros((5, 5))), "do not belong together"),
        (lambda d: np.save(d / "y_train.npy", np.full((6, 5), np.nan)), "holds no true traits"),
        (lambda d: np.save(d / "laban_train.npy", np.zeros((6, 9, 24, 12))), "gendata.py again"),
        (lambda d: (d / "info_train.npy").write_bytes(b"no array"), "is not a readable array"),
    ],
)
def test_files_that_do_not_fit_are_named(data, change, message):
    change(data)
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        TraitFeeder(str(data), "train", features="laban")


def test_unknown_features_are_named(data):
    with pytest.raises(
        ValueError,
        match=r"none, laban, laban_released, descriptors, or several joined by [+]. Got 'labans'",
    ):
        TraitFeeder(str(data), "train", features="labans")
