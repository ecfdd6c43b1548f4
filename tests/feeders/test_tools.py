"""What each augmentation preserves, and what it changes."""

import numpy as np
import pytest

from feeders import tools
from formats.normalization import normalize_clip
from graph.bone import bones_from_joints
from graph.ucla import AdjMatrixGraph


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


def test_rotation_preserves_distances_and_handedness(clip, rng):
    turned = tools.random_rotation(clip, [60, 30, 20], rng)
    np.testing.assert_allclose(distances(turned), distances(clip), atol=1e-5)
    volume, before = (np.linalg.det(x[:, 4, :3, 0].astype(float)) for x in (turned, clip))
    assert volume == pytest.approx(before, rel=1e-4)
    assert not np.allclose(turned, clip)
    np.testing.assert_allclose(tools.random_rotation(clip, [0, 0, 0], rng), clip, atol=1e-6)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_rotation_about_one_axis_keeps_it_and_the_limit(axis):
    still = np.eye(3, dtype=np.float32)[:, :, None, None]  # in frame i, the unit vector i
    limits = np.zeros(3)
    limits[{0: 1, 1: 0, 2: 2}[axis]] = 30  # the order is y, x, z
    cosines = []
    for seed in range(50):
        turned = tools.random_rotation(still, limits, np.random.default_rng(seed))[:, :, 0, 0]
        np.testing.assert_allclose(turned[axis], np.eye(3)[axis], atol=1e-6)
        cosines.append(turned[axis - 1, axis - 1])
    assert np.cos(np.deg2rad(30)) - 1e-6 <= min(cosines) < np.cos(np.deg2rad(20))


def test_the_mirror_exchanges_sides_and_preserves_bones(rng):
    clip = rng.normal(size=(3, 4, 20, 1)).astype(np.float32)
    images = AdjMatrixGraph.mirror_images()
    seen = [tools.random_mirror(clip, images, np.random.default_rng(seed)) for seed in range(60)]
    mirrored = [other for other in seen if other is not clip]
    assert 20 < len(mirrored) < 40  # every second
    hand, other_hand = (AdjMatrixGraph.joint_names.index(f"{s}_hand") for s in ("left", "right"))
    np.testing.assert_array_equal(mirrored[0][0, :, hand], -clip[0, :, other_hand])
    np.testing.assert_array_equal(mirrored[0][1:, :, hand], clip[1:, :, other_hand])
    bones = [bones_from_joints(x, AdjMatrixGraph.bones) for x in (mirrored[0], clip)]
    lengths = [np.linalg.norm(x, axis=0) for x in bones]
    np.testing.assert_allclose(lengths[0], lengths[1][:, images], rtol=1e-6)
    # Mirroring bones is taking the bones of the mirrored body.
    again = [tools.random_mirror(bones[1], images, np.random.default_rng(s)) for s in range(9)]
    assert any(np.allclose(other, bones[0], atol=1e-6) for other in again)


def test_joint_dropout_hides_whole_joints_and_leaves_the_others(clip):
    hidden = []
    for seed in range(60):
        dropped = tools.joint_dropout(clip, 0.3, np.random.default_rng(seed))
        there = dropped.any(axis=(0, 1, 3))
        np.testing.assert_array_equal(dropped[:, :, there], clip[:, :, there])
        hidden.append(1 - there.mean())
    assert 0.2 < np.mean(hidden) < 0.4
    np.testing.assert_array_equal(tools.joint_dropout(clip, 0, np.random.default_rng(0)), clip)


def test_noise_has_its_size_and_leaves_absent_joints_at_0(clip, rng):
    clip[:, 4, 2, 1] = 0
    added = tools.noise(clip, 0.1, rng) - clip
    there = clip.any(axis=0)
    assert not added[:, ~there].any()
    assert added[:, there].std() == pytest.approx(0.1, rel=0.2)


def test_scale_multiplies_all_coordinates_by_one_factor(clip, rng):
    ratio = (tools.random_scale(clip, 0.5, 1.5, rng) / np.where(clip, clip, 1))[clip != 0]
    assert 0.5 <= ratio.mean() <= 1.5
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-6)


def test_recorded_frames_leave_out_the_zeros_around(clip):
    np.testing.assert_array_equal(tools.recorded_frames(clip), clip[:, 2:9])
    assert tools.recorded_frames(np.zeros_like(clip)).shape[1] == 1


@pytest.mark.parametrize("num_frames", [7, 8, 13, 14, 300])
def test_recorded_frames_leave_out_the_repetitions_of_ntu(clip, num_frames):
    bodies = [clip[:, 2:9, :, 0], clip[:, 2:6, :, 1]]  # the second was seen for four frames
    filled = [body[:, np.resize(np.arange(body.shape[1]), num_frames)] for body in bodies]
    repeated = np.stack(filled, axis=-1)
    np.testing.assert_array_equal(tools.recorded_frames(repeated), repeated[:, :7])


def test_recorded_frames_keep_a_body_that_stands_still_beside_one_that_moves(clip):
    clip = clip[:, 2:9].copy()
    clip[..., 0] = 1.0
    np.testing.assert_array_equal(tools.recorded_frames(clip), clip)


@pytest.mark.parametrize("persons", [1, 2])
def test_recorded_frames_of_a_normalised_ntu_clip_are_as_many_as_of_the_raw_one(rng, persons):
    raw = np.zeros((3, 300, 25, 2), np.float32)
    raw[:, :75, :, :persons] = rng.normal(size=(3, 75, 25, persons))
    clip = normalize_clip(raw)
    assert clip[:, -1].any()
    np.testing.assert_array_equal(tools.recorded_frames(clip), clip[:, :75])


def test_crop_keeps_at_least_the_share(clip):
    clip[0, :, 0, 0] = np.arange(12)
    lengths, starts = set(), set()
    for seed in range(200):
        crop = tools.random_crop(clip, 0.5, np.random.default_rng(seed))
        start = int(crop[0, 0, 0, 0])
        np.testing.assert_array_equal(crop, clip[:, start : start + crop.shape[1]])
        lengths.add(crop.shape[1])
        starts.add(start)
    assert lengths == set(range(6, 13))
    assert starts == set(range(7))
    assert tools.random_crop(clip[:, :1], 0.5, np.random.default_rng(0)).shape[1] == 1


def test_uniform_crops_cover_the_clip_evenly():
    clip = np.arange(7, dtype=np.float32)[None, :, None, None]
    crops = [tools.uniform_crop(clip, 0.6, number, 4).ravel().tolist() for number in range(4)]
    assert crops == [[0, 1, 2, 3], [1, 2, 3, 4], [2, 3, 4, 5], [3, 4, 5, 6]]
    assert tools.uniform_crop(clip, 0.6).ravel().tolist() == [2, 3, 4, 5]  # about the middle
    np.testing.assert_array_equal(tools.uniform_crop(clip, 1.0), clip)
    assert tools.uniform_crop(clip[:, :1], 0.5, 1, 3).shape[1] == 1


def test_resize_keeps_the_ends_and_interpolates_a_line():
    line = np.linspace(0, 1, 5, dtype=np.float32)[None, :, None, None]
    np.testing.assert_allclose(tools.resize(line, 9)[0, :, 0, 0], np.linspace(0, 1, 9), atol=1e-6)
    np.testing.assert_allclose(tools.resize(line, 3)[0, :, 0, 0], [0, 0.5, 1], atol=1e-6)
    np.testing.assert_allclose(tools.resize(line[:, :1], 4)[0, :, 0, 0], 0)
    assert tools.resize(line, 9).dtype == np.float32


def test_random_resize_takes_one_moment_of_every_stretch_in_order():
    line = np.linspace(0, 1, 5, dtype=np.float32)[None, :, None, None]
    seen = [tools.random_resize(line, 8, np.random.default_rng(s))[0, :, 0, 0] for s in range(60)]
    np.testing.assert_array_equal(np.floor(np.array(seen) * 8), np.tile(np.arange(8), (60, 1)))
    assert np.ptp(seen, axis=0).min() > 0.08  # of a stretch of 0.125


@pytest.mark.parametrize(
    "augment",
    [
        lambda clip, rng: tools.random_choose(clip, 8, rng),
        tools.random_shift,
        tools.random_move,
        lambda clip, rng: tools.random_rotation(clip, [60, 30], rng),
        lambda clip, rng: tools.random_scale(clip, 0.5, 1.5, rng),
        lambda clip, rng: tools.random_mirror(clip, [0, 2, 1, 4, 3], rng),
        lambda clip, rng: tools.joint_dropout(clip, 0.3, rng),
        lambda clip, rng: tools.noise(clip, 0.1, rng),
        lambda clip, rng: tools.random_resize(clip, 7, rng),
        lambda clip, rng: tools.uniform_crop(clip, 0.5),
        lambda clip, rng: tools.resize(tools.random_crop(clip, 0.5, rng), 7),
    ],
)
def test_augmentations_leave_their_input_alone_and_keep_the_type(augment, clip, rng):
    before = clip.copy()
    augmented = augment(clip, rng)
    np.testing.assert_array_equal(clip, before)
    assert augmented.dtype == np.float32
