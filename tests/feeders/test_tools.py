"""What each augmentation preserves, and what it changes."""

import numpy as np
import pytest

from feeders import tools


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def clip():
    """(3, 12, 5, 2): data in frames 2 to 9, zeros around."""
    clip = np.zeros((3, 12, 5, 2), np.float32)
    clip[:, 2:9] = np.random.default_rng(1).normal(size=(3, 7, 5, 2))
    return clip


def distances(clip):
    """(T, V, V, M) between all joints of a person."""
    return np.linalg.norm(clip[:, :, :, None] - clip[:, :, None, :], axis=0)


def test_valid_span_is_where_the_data_are(clip):
    assert tools.valid_span(clip) == (2, 9)
    assert tools.valid_span(np.zeros_like(clip)) == (0, 0)


def test_pad_puts_zeros_after_the_clip_and_leaves_long_clips(clip):
    padded = tools.pad(clip, 15)
    np.testing.assert_array_equal(padded[:, :12], clip)
    assert padded.shape[1] == 15
    assert not padded[:, 12:].any()
    assert tools.pad(clip, 5) is clip


def test_choose_crops_consecutive_frames_from_everywhere(clip):
    clip[0, :, 0, 0] = np.arange(1, 13)
    starts = set()
    for seed in range(60):
        chosen = tools.random_choose(clip, 8, np.random.default_rng(seed))
        start = int(chosen[0, 0, 0, 0]) - 1
        np.testing.assert_array_equal(chosen, clip[:, start : start + 8])
        starts.add(start)
    assert starts == {0, 1, 2, 3, 4}


def test_choose_pads_a_short_clip_at_a_random_place(clip):
    short = clip[:, 2:9]
    starts = set()
    for seed in range(60):
        chosen = tools.random_choose(short, 9, np.random.default_rng(seed))
        begin, end = tools.valid_span(chosen)
        np.testing.assert_array_equal(chosen[:, begin:end], short)
        assert chosen.shape[1] == 9
        starts.add(begin)
    assert starts == {0, 1, 2}


def test_shift_moves_the_valid_frames_and_keeps_them(clip):
    starts = set()
    for seed in range(80):
        shifted = tools.random_shift(clip, np.random.default_rng(seed))
        begin, end = tools.valid_span(shifted)
        np.testing.assert_array_equal(shifted[:, begin:end], clip[:, 2:9])
        starts.add(begin)
    assert starts == set(range(6))


def test_move_leaves_depth_and_is_a_similarity_in_the_plane(clip, rng):
    moved = tools.random_move(clip, rng)
    np.testing.assert_array_equal(moved[2], clip[2])
    before = distances(clip[:2, 2:9])
    ratio = distances(moved[:2, 2:9])[before > 0] / before[before > 0]
    assert 0.9 - 1e-5 <= ratio.min() <= ratio.max() <= 1.1 + 1e-5


def test_move_drifts_linearly_between_its_ends():
    still = np.ones((3, 21, 1, 1), np.float32)
    still[:2] = 0  # only the offset can move the origin
    path = tools.random_move(still, np.random.default_rng(3))[:2, :, 0, 0]
    np.testing.assert_allclose(np.diff(path, n=2), 0, atol=1e-6)
    steps = path[:, [0, -1]] / 0.1
    np.testing.assert_allclose(steps, np.round(steps), atol=1e-5)  # of the offsets
    assert np.abs(steps).max() < 2.5
    assert np.ptp(path) > 0


def test_rotation_preserves_distances_and_the_limits(clip, rng):
    turned = tools.random_rotation(clip, 60, 30, rng)
    np.testing.assert_allclose(distances(turned), distances(clip), atol=1e-5)
    assert not np.allclose(turned, clip)
    np.testing.assert_allclose(tools.random_rotation(clip, 0, 0, rng), clip, atol=1e-6)
    upright = np.zeros((3, 1, 1, 1), np.float32)
    upright[1] = 1
    heights = [
        tools.random_rotation(upright, 180, 30, np.random.default_rng(seed))[1].item()
        for seed in range(50)
    ]
    assert min(heights) >= np.cos(np.deg2rad(30)) - 1e-6
    assert min(heights) < np.cos(np.deg2rad(20))


def test_scale_multiplies_all_coordinates_by_one_factor(clip, rng):
    ratio = (tools.random_scale(clip, 0.5, 1.5, rng) / np.where(clip, clip, 1))[clip != 0]
    assert 0.5 <= ratio.mean() <= 1.5
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-6)


def test_crop_keeps_at_least_the_share_of_the_valid_frames(clip):
    lengths = set()
    for seed in range(60):
        crop = tools.random_crop(clip, 0.5, np.random.default_rng(seed))
        assert crop.any(axis=(0, 2, 3)).all()  # valid frames only
        lengths.add(crop.shape[1])
    assert lengths == {4, 5, 6, 7}
    assert tools.random_crop(np.zeros_like(clip), 0.5, np.random.default_rng(0)).shape[1] == 1


def test_resize_keeps_the_ends_and_interpolates_a_line():
    line = np.linspace(0, 1, 5, dtype=np.float32)[None, :, None, None]
    np.testing.assert_allclose(tools.resize(line, 9)[0, :, 0, 0], np.linspace(0, 1, 9), atol=1e-6)
    np.testing.assert_allclose(tools.resize(line, 3)[0, :, 0, 0], [0, 0.5, 1], atol=1e-6)
    np.testing.assert_allclose(tools.resize(line[:, :1], 4)[0, :, 0, 0], 0)
    assert tools.resize(line, 9).dtype == np.float32


@pytest.mark.parametrize(
    "augment",
    [
        lambda clip, rng: tools.random_choose(clip, 8, rng),
        tools.random_shift,
        tools.random_move,
        lambda clip, rng: tools.random_rotation(clip, 60, 30, rng),
        lambda clip, rng: tools.random_scale(clip, 0.5, 1.5, rng),
        lambda clip, rng: tools.resize(tools.random_crop(clip, 0.5, rng), 7),
    ],
)
def test_augmentations_leave_their_input_alone_and_keep_the_type(augment, clip, rng):
    before = clip.copy()
    augmented = augment(clip, rng)
    np.testing.assert_array_equal(clip, before)
    assert augmented.dtype == np.float32
