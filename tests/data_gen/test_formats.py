"""What holds for every format of recordings."""

import pytest
from read_raw import read

from data_gen.readers.bad_files import BadFile
from data_gen.readers.formats import FORMATS


@pytest.mark.parametrize("format_", FORMATS)
def test_bytes_of_another_kind_are_refused(format_, monkeypatch):
    if format_ in ("c3d", "bvh"):
        pytest.importorskip({"c3d": "c3d", "bvh": "bvhio"}[format_])
    for content in (b"", b"\x00" * 100, b"[" * 5000, b"PK\x03\x04", b"\x89HDF\r\n\x1a\n", b"{}"):
        with pytest.raises(ValueError, match=r"a\.x"):
            read(format_, content, name="a.x")


@pytest.mark.parametrize(
    ("format_", "content"),
    [
        ("mediapipe", b"[[[]]]"),
        ("mediapipe", b"[3]"),
        ("mediapipe", b'[{"landmarks": true}]'),
        ("mediapipe", b'[{"landmarks": {"landmark": 2}}]'),
        ("kinect", b'{"frames": [{"bodies": [1]}]}'),
        ("kinect", b'{"frames": [{"bodies": [{"body_id": []}]}]}'),
        ("kinect", b'{"frames": [{"bodies": [null]}]}'),
        ("coco", b'[{"image_id": 1, "keypoints": [{}]}]'),
    ],
)
def test_values_of_another_kind_are_refused_in_one_line(format_, content):
    with pytest.raises(BadFile, match=r"clip\.x"):
        read(format_, content)
