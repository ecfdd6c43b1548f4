"""BVH and C3D."""

import io
import warnings
from itertools import pairwise

import numpy as np
import pytest
from read_raw import read

from data_gen.readers.bad_files import BadFile


@pytest.mark.parametrize("format_", ["c3d", "bvh"])
def test_a_missing_package_is_one_line(format_, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, {"c3d": "c3d", "bvh": "bvhio"}[format_], None)
    with pytest.raises(ValueError, match=r"requires the package .*requirements-extra\.txt"):
        read(format_, b"")


def write_skeleton(folder, *names):
    path = folder / "own.yaml"
    bones = ", ".join(f"{child}: {parent}" for parent, child in pairwise(names))
    path.write_text(f"joints: [{', '.join(names)}]\nbones: {{{bones}}}\nroot: {names[0]}\n")
    return str(path)


BVH = """HIERARCHY
ROOT Hips
{
  OFFSET 0 0 0
  CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
  JOINT Chest
  {
    OFFSET 0 2 0
    CHANNELS 3 Zrotation Xrotation Yrotation
    End Site
    {
      OFFSET 0 1 0
    }
  }
}
MOTION
Frames: 2
Frame Time: 0.04
1 2 3 0 0 0 0 0 0
1 2 3 90 0 0 0 0 0
"""


def test_positions_of_bvh_by_forward_kinematics(tmp_path):
    pytest.importorskip("bvhio")
    skeleton = write_skeleton(tmp_path, "Hips", "Chest")
    (sample,) = read("bvh", BVH.encode(), name="a.bvh", skeleton=skeleton)
    assert sample.rate == pytest.approx(25)
    expected = [[[1, 2, 3], [1, 4, 3]], [[1, 2, 3], [-1, 2, 3]]]  # turned by 90 degrees about z
    np.testing.assert_allclose(sample.clip[0], expected, atol=1e-5)
    for bad in (BVH[:200], BVH.replace("1 2 3 90", "1 2 90"), BVH.replace("}", "", 1)):
        with pytest.raises(BadFile, match=r"a\.bvh"):
            read("bvh", bad.encode(), name="a.bvh", skeleton=skeleton)


def c3d_file(points: np.ndarray, unit: str, *labels: str) -> bytes:
    """Of points (T, markers, x y z residual camera) at 100 Hz."""
    c3d = pytest.importorskip("c3d")
    writer = c3d.Writer(point_rate=100, point_units=unit)
    writer.set_point_labels(list(labels))
    writer.add_frames([(frame, np.zeros((0, 0))) for frame in points.astype(np.float32)])
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the absence of analog data
        writer.write(file)
    return file.getvalue()


@pytest.mark.parametrize(("unit", "factor"), [("mm  ", 1000), ("cm", 100), ("M", 1)])
def test_markers_of_c3d(unit, factor, tmp_path):
    points = np.zeros((4, 3, 5))
    points[..., :3] = np.arange(1, 37).reshape(4, 3, 3)
    points[2, 1, 3:] = -1  # the marker "top" was not seen
    content = c3d_file(points, unit, "other", "top", "hip")
    skeleton = write_skeleton(tmp_path, "hip", "top")
    (sample,) = read("c3d", content, name="a.c3d", skeleton=skeleton)
    assert sample.rate == 100 and sample.clip.shape == (1, 4, 2, 3)
    expected = points[:, [2, 1], :3] / factor
    expected[2, 1] = 0
    np.testing.assert_allclose(sample.clip[0], expected, rtol=1e-6)


def test_markers_of_another_unit_or_fewer_frames_than_announced_are_refused(tmp_path):
    skeleton, points = write_skeleton(tmp_path, "hip", "top"), np.zeros((200, 2, 5))
    with pytest.raises(BadFile, match=r"a\.c3d has the unit 'ft'"):
        read("c3d", c3d_file(points, "ft", "hip", "top"), name="a.c3d", skeleton=skeleton)
    content = c3d_file(points, "mm", "hip", "top")[:-1024]
    with pytest.raises(BadFile, match=r"a\.c3d has 1\d\d frames, but announces 200"):
        read("c3d", content, name="a.c3d", skeleton=skeleton)
