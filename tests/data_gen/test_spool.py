"""Clips that wait on the disk."""

import errno
import os

import numpy as np
import pytest
from own_recordings import failing, write

from data_gen.pipeline.spool import Spool

SHAPES = [(2, 5, 17, 3), (0, 5, 17, 3), (1, 1, 17, 2), (1, 300, 17, 3)]


def test_clips_come_back_in_any_order_from_a_file_that_nobody_sees(tmp_path):
    spool = Spool(tmp_path)
    rng = np.random.default_rng(0)
    clips = [rng.normal(size=shape).astype(np.float32) for shape in SHAPES]
    places = [spool.add(clip[:, ::-1]) for clip in clips]
    for clip, place in reversed(list(zip(clips, places, strict=True))):
        assert place.shape == clip.shape
        np.testing.assert_array_equal(spool.clip(place), clip[:, ::-1])
        assert spool.clip(place).dtype == np.float32
    assert not any(tmp_path.iterdir())


def test_a_full_disk_is_one_line_and_not_a_bad_file(tmp_path, capsys, monkeypatch):
    np.savez(tmp_path / "all.npz", x=np.ones((4, 5, 17, 3)), y=np.arange(4) % 2)
    reader = {"format": "npz", "axes": "NTVC", "key": "x"}
    argv = write(tmp_path, files="all.npz", reader=reader, label={"field": "y"}, subject=None,
                 split={"fraction": 0.5}, classes=None)  # fmt: skip

    def full(*args):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "write", full)
    message = failing(capsys, argv)
    assert f"wait on the disk of {tmp_path}: No space left on device. Make room" in message
    assert not (tmp_path / "data").exists()


@pytest.mark.slow
def test_memory_does_not_grow_with_the_clips(tmp_path):
    """Of 512 MB of clips."""
    import resource

    spool, clip = Spool(tmp_path), np.ones((1, 300, 25, 3), np.float32)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    places = [spool.add(clip) for _ in range(5690)]
    assert all((spool.clip(place) == 1).all() for place in places)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000
