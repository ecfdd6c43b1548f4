"""Every setting of the Feeder reaches its function, in the order that the file says."""

import numpy as np
import pytest
import small_data

from feeders import tools
from feeders.augmentation import Augmentation
from graph.ucla import AdjMatrixGraph

IMAGES = AdjMatrixGraph.mirror_images()
RESIZE = {"resize": True, "window_size": 6}


@pytest.fixture
def clip():
    """(3, 8, 20, 1) of which the last three frames are zeros."""
    clip = small_data.clips(1)[0]
    clip[:, 5:] = 0
    return clip


def rng():
    """A mirror's first draw is above a half, so that it turns the clip."""
    return np.random.default_rng(0)


def crop_and_resize(clip, rng):
    return tools.resize(tools.random_crop(clip, 0.5, rng), 6)


CASES = {
    "choose": (
        {"random_choose": True, "window_size": 6},
        lambda c, r: tools.random_choose(c, 6, r),
    ),
    "shift": ({"random_shift": True}, tools.random_shift),
    "move": ({"random_move": True}, tools.random_move),
    "pad": ({"window_size": 12}, lambda c, r: tools.pad(c, 12)),
    "resize": (RESIZE, lambda c, r: tools.resize(c, 6)),
    "crop": (RESIZE | {"random_crop": 0.5}, crop_and_resize),
    "uniform crop": (
        RESIZE | {"uniform_crop": 0.5},
        lambda c, r: tools.resize(tools.uniform_crop(c, 0.5), 6),
    ),
    "uneven": (RESIZE | {"random_resize": True}, lambda c, r: tools.random_resize(c, 6, r)),
    "rotate": (
        {"random_rotation": [60, 30, 10]},
        lambda c, r: tools.random_rotation(c, [60, 30, 10], r),
    ),
    "scale": ({"random_scale": [0.5, 2.0]}, lambda c, r: tools.random_scale(c, 0.5, 2.0, r)),
    "mirror": (
        {"random_mirror": True},
        lambda c, r: tools.random_mirror(c, IMAGES, r),
    ),
    "dropout": ({"joint_dropout": 0.3}, lambda c, r: tools.joint_dropout(c, 0.3, r)),
    "frames": (RESIZE | {"random_frames": True}, lambda c, r: tools.random_frames(c, 6, r)),
    "fit": ({"fit_axes": True}, lambda c, r: tools.fit_axes(c)),
    "axis": ({"axis_dropout": 1.0}, lambda c, r: tools.axis_dropout(c, 1.0, r)),
    "blackout": ({"joint_blackout": 1.0}, lambda c, r: tools.joint_blackout(c, 1.0, r)),
    "noise": ({"noise": 0.1}, lambda c, r: tools.noise(c, 0.1, r)),
}


@pytest.mark.parametrize("case", CASES)
def test_a_setting_is_its_function_alone(case, clip):
    settings, function = CASES[case]
    augmented = Augmentation(**settings)(clip, rng(), mirror_images=IMAGES)
    np.testing.assert_array_equal(augmented, function(clip, rng()))
    assert not np.array_equal(augmented, clip)
    assert augmented.dtype == np.float32


@pytest.mark.parametrize("case", ["rotate", "scale", "fit", "axis", "noise", "dropout", "mirror"])
@pytest.mark.parametrize("places", [2, 3])
def test_a_confidence_stays(case, places, clip):
    """It follows its joint, but is no coordinate."""
    settings, _ = CASES[case]
    if case == "rotate" and places == 2:
        settings = {"random_rotation": [0, 0, 30]}
    scored = np.concatenate([clip[:places], np.abs(clip[:1])])
    augmented = Augmentation(**settings)(scored, rng(), mirror_images=IMAGES, has_score=True)
    alone = Augmentation(**settings)(clip[:places], rng(), mirror_images=IMAGES)
    np.testing.assert_array_equal(augmented[:places], alone)
    assert not np.array_equal(alone, clip[:places])
    expected = scored[-1][:, IMAGES] if case == "mirror" else scored[-1]
    hidden = (case == "dropout") & ~augmented.any(axis=0)
    np.testing.assert_array_equal(augmented[-1], np.where(hidden, 0, expected))


def test_places_in_an_image_turn_within_it(clip):
    turned = Augmentation(random_rotation=[0, 0, 90])(clip[:2], rng())
    np.testing.assert_allclose(np.linalg.norm(turned, axis=0), np.linalg.norm(clip[:2], axis=0),
                               rtol=1e-5)  # fmt: skip
    like_z = Augmentation(random_rotation=[0, 0, 90])(clip, rng())
    np.testing.assert_allclose(turned, like_z[:2], rtol=1e-6)


def test_without_settings_a_clip_stays_as_it_is(clip):
    augmentation = Augmentation()
    np.testing.assert_array_equal(augmentation(clip, rng()), clip)
    assert not augmentation.varies


def test_frames_are_chosen_before_joints_are_moved(clip):
    both = RESIZE | {"random_crop": 0.5, "random_scale": [0.5, 2.0], "noise": 0.1}
    draws = rng()
    expected = tools.random_scale(crop_and_resize(clip, draws), 0.5, 2.0, draws)
    expected = tools.noise(expected, 0.1, draws)
    np.testing.assert_array_equal(Augmentation(**both)(clip, rng()), expected)


@pytest.mark.parametrize("case", CASES)
def test_what_varies_is_known(case, clip):
    augmentation = Augmentation(**CASES[case][0])
    seeds = [np.random.default_rng(seed) for seed in range(8)]
    clips = [augmentation(clip, rng, (i, 8), IMAGES) for i, rng in enumerate(seeds)]
    differ = any(not np.array_equal(clips[0], other) for other in clips)
    assert augmentation.varies == differ


def test_settings_without_effect_are_said(caplog):
    augmentation = Augmentation(**RESIZE | {"random_shift": True})
    assert "random_shift has no effect with resize" in caplog.text
    assert not augmentation.varies


@pytest.mark.parametrize("limits", [(2.0, 1.0), (0.0, 1.0), (-1.0, 1.0)])
def test_a_scale_must_be_a_range_above_0(limits):
    with pytest.raises(ValueError, match=r"random_scale must be \[low, high\], above 0"):
        Augmentation(random_scale=limits)
