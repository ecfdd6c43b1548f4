"""Effort features: the released arrays, and what the corrected ones promise."""

import numpy as np
import pytest
from golden_arrays import golden_arrays

from data_gen import laban
from graph.udiva import AdjMatrixGraph


@pytest.fixture
def golden():
    return golden_arrays("laban_released")


@pytest.fixture
def walk():
    """(T, V, 3): a random walk of every joint."""
    return np.random.default_rng(0).normal(size=(40, 24, 3)).cumsum(axis=0)


def test_released_features_equal_the_published_arrays(golden):
    before = golden["input"].copy()
    skeleton = np.stack([laban.normalize_chunk(chunk) for chunk in golden["input"]])
    np.testing.assert_allclose(skeleton, golden["skeleton"], rtol=0, atol=1e-12)
    features = laban.laban_features(golden["skeleton"], "released")
    np.testing.assert_allclose(features, golden["laban"], rtol=0, atol=1e-12)
    np.testing.assert_array_equal(golden["input"], before)


def test_the_bones_are_those_of_the_skeleton():
    bones = {frozenset(pair) for pair in enumerate(laban.UDIVA.parents) if pair[0] != pair[1]}
    assert bones == {frozenset(edge) for edge in AdjMatrixGraph.edges}


def test_normalised_chunks_have_the_chest_at_the_origin_and_the_collars_along_x(walk):
    chunk = laban.normalize_chunk(walk)
    np.testing.assert_allclose(chunk[:, 6], 0, atol=1e-12)
    across = chunk[0, 13] - chunk[0, 14]
    np.testing.assert_allclose(across, [np.linalg.norm(across), 0, 0], atol=1e-12)


def test_corrected_features_are_what_the_text_names(walk):
    time, flow, space, weight = np.split(laban.laban_features(walk), 4, axis=-1)
    np.testing.assert_allclose(time[5], walk[5] - walk[4])
    np.testing.assert_allclose(weight[5], walk[5] - 2 * walk[4] + walk[3])
    np.testing.assert_allclose(flow[5], space[5] - 2 * space[4] + space[3])
    bone = walk[5, 20] - walk[5, 18]
    np.testing.assert_allclose(space[5, 20], np.arccos(bone / np.linalg.norm(bone)))


def test_a_chunk_begins_without_a_jump():
    """At constant speed, velocity is constant from frame 0 on, and acceleration is 0."""
    start, velocity = np.random.default_rng(0).normal(size=(2, 24, 3))
    positions = start + np.arange(6)[:, None, None] * velocity
    time, _, _, weight = np.split(laban.laban_features(positions), 4, axis=-1)
    np.testing.assert_allclose(time, np.broadcast_to(velocity, time.shape))
    np.testing.assert_allclose(weight, 0, atol=1e-12)


def test_bones_without_length_are_at_right_angles_and_long_ones_stay_finite():
    positions = np.zeros((3, 24, 3), np.float32)
    assert np.all(laban.bone_angles(positions) == np.float32(np.pi / 2))
    positions[:, 0] = [0.1, 1e-12, 0]  # nearly along an axis: rounding could leave arccos
    assert np.isfinite(laban.laban_features(positions)).all()


@pytest.mark.parametrize("frames", [1, 2, 3])
@pytest.mark.parametrize("variant", laban.VARIANTS)
def test_the_shortest_chunks(walk, frames, variant):
    assert laban.laban_features(walk[:frames], variant).shape == (frames, 24, 12)
    assert laban.descriptors(walk[:frames]).shape == (frames, 24, 4)


def test_batches_are_chunks_one_by_one(walk):
    both = np.stack([walk, 2 * walk])
    for function in (laban.laban_features, laban.descriptors):
        np.testing.assert_array_equal(function(both)[1], function(2 * walk))


def test_descriptors_by_a_naive_loop(walk):
    found, half = laban.descriptors(walk, window=7), 3
    velocity = np.diff(walk, axis=0)
    for frame in (10, 20):
        window = range(frame - half, frame + half + 1)
        energy = max((velocity[t - 1] ** 2).sum(-1)[0] for t in window)
        acceleration = np.mean([np.linalg.norm(np.diff(walk, 2, 0)[t - 2, 0]) for t in window])
        jerk = np.mean([np.linalg.norm(np.diff(walk, 3, 0)[t - 3, 0]) for t in window])
        path = sum(np.linalg.norm(velocity[t, 0]) for t in list(window)[:-1])
        displacement = np.linalg.norm(walk[frame + half, 0] - walk[frame - half, 0])
        space = (path + laban.STILL) / (displacement + laban.STILL)
        np.testing.assert_allclose(found[frame, 0], [energy, acceleration, space, jerk])


def test_a_straight_way_is_direct_and_standing_still_is_no_movement():
    straight = np.arange(60)[:, None, None] * np.ones((24, 3))
    np.testing.assert_allclose(laban.descriptors(straight)[..., 2], 1)
    np.testing.assert_allclose(laban.descriptors(np.ones((60, 24, 3))), [[[0, 0, 1, 0]] * 24] * 60)


@pytest.mark.parametrize("window", [2, 1, 8])
def test_impossible_windows_are_named(walk, window):
    with pytest.raises(ValueError, match=f"odd and 3 or more. Got {window}"):
        laban.descriptors(walk, window)


def test_unknown_variants_are_named(walk):
    with pytest.raises(ValueError, match=r"corrected, released\. Got 'new'"):
        laban.laban_features(walk, "new")
