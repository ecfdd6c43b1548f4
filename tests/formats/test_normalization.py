"""Normalisation of skeletons: the published numbers, its claims, and degenerate input."""

import numpy as np
import pytest
from golden_arrays import golden_arrays
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import data_gen.preprocess
from formats.normalization import (
    X_AXIS,
    Z_AXIS,
    centred,
    normalize_clip,
    pre_normalization,
    replay,
    rotated,
    rotation_matrix,
    rotation_to_axis,
)

coordinates = st.floats(-5, 5).filter(lambda value: value == 0 or abs(value) > 1e-4)
vectors = arrays(np.float64, 3, elements=coordinates)


def clips(seed: int = 0, num_frames: int = 12) -> np.ndarray:
    """(3, 3, T, 25, 2) float32 of two bodies."""
    rng = np.random.default_rng(seed)
    return rng.standard_normal((3, 3, num_frames, 25, 2)).astype(np.float32)


def body(*values: float) -> np.ndarray:
    """(3, T, 2): a body whose frames hold one value each; 0 is an empty frame."""
    return np.broadcast_to(np.array(values)[:, None], (3, len(values), 2))


def frames(body_: np.ndarray) -> list[float]:
    return body_[0, :, 0].tolist()


def test_the_published_numbers_come_out_and_the_input_stays():
    golden = golden_arrays("pre_normalization")
    data = golden["input"].copy()
    normalised = pre_normalization(data)
    assert normalised.dtype == np.float32
    assert np.abs(normalised - golden["output"]).max() < 1e-6
    assert np.array_equal(data, golden["input"])


def test_a_short_clip_is_replayed_to_the_end():
    assert frames(replay(body(1, 2, 3, 0, 0, 0, 0, 0))) == [1, 2, 3, 1, 2, 3, 1, 2]


def test_a_late_start_moves_data_to_the_front_and_closes_gaps():
    assert frames(replay(body(0, 0, 1, 0, 2, 0, 0))) == [1, 2, 1, 2, 1, 2, 1]


def test_a_gap_in_the_middle_stays_and_is_replayed_too():
    assert frames(replay(body(1, 0, 2, 0, 0, 0, 0))) == [1, 0, 2, 1, 0, 2, 1]


def test_a_full_clip_and_an_empty_one_stay_as_they_are():
    assert frames(replay(body(1, 2, 3))) == [1, 2, 3]
    assert frames(replay(body(0, 0, 0))) == [0, 0, 0]


def test_missing_joints_stay_zero_when_the_others_are_centred():
    clip = np.ones((3, 2, 3))
    clip[:, 0, 2] = 0
    clip[:, :, 1] = 5
    (moved,) = centred([clip], 1)
    assert np.array_equal(moved[:, 0, 2], [0, 0, 0])
    assert np.array_equal(moved[:, 1, 2], [-4, -4, -4])
    assert np.array_equal(moved[:, :, 1], np.zeros((3, 2)))


def test_all_bodies_are_centred_on_the_first():
    first, second = np.full((3, 2, 3), 2.0), np.full((3, 2, 3), 7.0)
    assert np.array_equal(centred([first, second], 0)[1], np.full((3, 2, 3), 5.0))


@given(st.integers(0, 2**32))
@settings(max_examples=10, deadline=None)
def test_the_middle_of_body_0_is_the_origin_and_its_shoulders_lie_on_x(seed):
    data = pre_normalization(clips(seed))
    assert np.array_equal(data[:, :, :, 1, 0], np.zeros((3, 3, 12)))
    shoulders = data[:, :, 0, 8, 0] - data[:, :, 0, 4, 0]
    assert np.abs(shoulders[:, 1:]).max() < 1e-5
    assert (shoulders[:, 0] > 0).all()


@given(st.integers(0, 2**32))
@settings(max_examples=10, deadline=None)
def test_distances_within_a_frame_do_not_change(seed):
    data = clips(seed).astype(np.float64)
    normalised = pre_normalization(data)
    before = np.linalg.norm(data[:, :, :, 3] - data[:, :, :, 17], axis=1)
    after = np.linalg.norm(normalised[:, :, :, 3] - normalised[:, :, :, 17], axis=1)
    np.testing.assert_allclose(after, before, rtol=1e-12)


def test_each_clip_is_normalised_by_itself():
    data = clips()
    together = pre_normalization(data)
    alone = np.concatenate([pre_normalization(clip[None]) for clip in data])
    assert np.array_equal(together, alone)


def test_one_clip_alone_equals_the_array_bit_for_bit_and_stays():
    data = clips()
    data[0, :, 7:] = 0  # replayed
    data[1, :, :, :, 1] = 0  # one person
    data[2, :, 4:, :, 1] = 0  # persons replayed with different periods
    before = data.copy()
    together = pre_normalization(data)
    for clip, expected in zip(data, together, strict=True):
        strided = np.ascontiguousarray(clip.transpose(3, 1, 2, 0)).transpose(3, 1, 2, 0)
        for view in (clip, strided):
            assert normalize_clip(view).tobytes() == expected.tobytes()
    assert np.array_equal(data, before)


@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 2**32))
@settings(max_examples=20, deadline=None)
def test_replay_before_or_after_a_frame_by_frame_step_is_the_same_bit_for_bit(first, length, seed):
    """What lets a store keep only the frames: a frame's result does not depend on its place."""
    matrix = rotation_to_axis(np.random.default_rng(seed).standard_normal(3), Z_AXIS)
    data = np.zeros((3, 24, 25), np.float32)
    data[:, first : first + length] = clips(seed)[0, :, :length, :, 0]
    assert rotated(replay(data), matrix).tobytes() == replay(rotated(data, matrix)).tobytes()


def test_the_published_name_stays():
    assert data_gen.preprocess.pre_normalization is pre_normalization


def test_other_joints_can_be_centre_and_axes():
    """Those of UDIVA's 24 joints, without padding."""
    data = np.random.default_rng(0).standard_normal((2, 3, 5, 24, 1))
    data[:, :, 3:] = 0
    moved = pre_normalization(data, z_axis=(0, 6), x_axis=(13, 14), centre=6, pad=False)
    assert not moved[:, :, :, 6].any() and not moved[:, :, 3:].any()
    np.testing.assert_allclose((moved[:, 1:, 0, 13] - moved[:, 1:, 0, 14]), 0, atol=1e-12)


@given(vectors, st.sampled_from((X_AXIS, Z_AXIS)))
def test_rotations_are_orthogonal_and_bring_the_vector_to_the_axis(vector, axis):
    matrix = rotation_to_axis(vector, axis)
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(3), atol=1e-12)
    np.testing.assert_allclose(np.linalg.det(matrix), 1, rtol=1e-12)
    length = np.linalg.norm(vector)
    np.testing.assert_allclose(matrix @ vector, length * np.eye(3)[axis], atol=2e-6 * (1 + length))


def test_a_quarter_turn_about_z_brings_x_to_y():
    turn = rotation_matrix(np.array([0, 0, 2.0]), np.pi / 2)
    np.testing.assert_allclose(turn @ [1, 0, 0], [0, 1, 0], atol=1e-15)


def test_a_vector_without_length_turns_nothing():
    assert np.array_equal(rotation_to_axis(np.zeros(3), Z_AXIS), np.eye(3))
    assert np.array_equal(rotation_to_axis(np.full(3, 1e-9), X_AXIS), np.eye(3))


def test_shoulders_that_point_the_wrong_way_turn_about_the_vertical():
    turn = rotation_to_axis(np.array([-0.3, 0, 0]), X_AXIS)
    np.testing.assert_allclose(turn @ [0, 0, 1], [0, 0, 1], atol=1e-15)
    np.testing.assert_allclose(turn @ [-1, 0, 0], [1, 0, 0], atol=1e-15)


@pytest.mark.parametrize("what", ["nothing", "one point", "only body 1", "only one frame"])
def test_degenerate_clips_stay_finite(what):
    data = np.zeros((1, 3, 6, 25, 2), np.float32)
    if what == "one point":
        data[:] = 0.5
    elif what == "only body 1":
        data[..., 1] = clips(num_frames=6)[:1, ..., 1]
    elif what == "only one frame":
        data[:, :, 4] = clips()[:1, :, 0]
    assert np.isfinite(pre_normalization(data)).all()


def test_no_clips_give_no_clips():
    assert pre_normalization(np.zeros((0, 3, 6, 25, 2), np.float32)).shape == (0, 3, 6, 25, 2)
