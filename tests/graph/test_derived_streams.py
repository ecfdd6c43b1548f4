"""Motions against a loop over frames."""

import numpy as np
import pytest

from graph.streams import motion_from_joints


@pytest.mark.parametrize("shape", [(2, 3, 5, 4, 2), (3, 5, 4, 2), (3, 1, 4, 2)])
def test_a_motion_is_the_next_frame_minus_this_one_and_the_last_is_0(shape):
    clips = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    before = clips.copy()
    motions = motion_from_joints(clips)
    assert motions.dtype == np.float32 and motions.shape == shape
    for frame in range(shape[-3] - 1):
        step = clips[..., frame + 1, :, :] - clips[..., frame, :, :]
        assert np.array_equal(motions[..., frame, :, :], step)
    assert not motions[..., -1, :, :].any()
    assert np.array_equal(clips, before)
