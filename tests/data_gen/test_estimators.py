"""Files of MediaPipe, Azure Kinect, DeepLabCut and SLEAP."""

import io
import json

import h5py
import numpy as np
import pytest
from golden_arrays import ASSETS
from read_raw import COCO, read

from data_gen.readers.bad_files import BadFile
from data_gen.readers.ntu import read_skeleton


@pytest.mark.parametrize(
    "path", sorted((ASSETS / "ntu_raw").glob("*.skeleton")), ids=lambda p: p.stem
)
def test_files_of_ntu_rgb_d_are_read_as_by_its_own_reader(path):
    expected = read_skeleton(path)
    if not expected.any():
        with pytest.raises(BadFile, match="has nobody in any frame"):
            read("ntu", path.read_bytes(), name=path.name, skeleton="ntu_rgb_d")
        return
    (sample,) = read("ntu", path.read_bytes(), skeleton="ntu_rgb_d", rate=30)
    assert np.array_equal(sample.clip, expected[expected.any(axis=(1, 2, 3))])
    assert sample.rate == 30 and not sample.has_score


def test_the_format_of_ntu_rgb_d_may_have_other_joints():
    def body(x: int) -> str:
        return "\n".join(["7 0", "17", *[f"{x}.000 -1.5 3 0 0"] * 17])

    frames = [(1, 2), (), (2,)]
    texts = ["\n".join([str(len(people)), *map(body, people)]) for people in frames]
    content = "\n".join(["3", *texts, ""]).encode()
    (sample,) = read("ntu", content)
    assert sample.clip[:, :, 0, 0].tolist() == [[1, 0, 2], [2, 0, 0]]  # by their places
    (sample,) = read("ntu", content, track=True)
    assert sample.clip[:, :, 0, 0].tolist() == [[1, 0, 0], [2, 0, 0], [0, 0, 2]]
    with pytest.raises(BadFile, match=r"expected 25 joints\. Got 17"):
        read("ntu", content, skeleton="ntu_rgb_d")


def test_landmarks_of_mediapipe():
    point = {"x": 0.1, "y": 0.2, "z": 0.3, "visibility": 0.9}
    frames = [{"landmarks": [point] * 33, "worldLandmarks": [{**point, "x": 9.0}] * 33}, {}]
    content = json.dumps(frames).encode()
    (sample,) = read("mediapipe", content, skeleton="mediapipe33")
    assert sample.clip.shape == (1, 2, 33, 4) and sample.clip[0, 0, 0, 0] == 9
    assert not sample.clip[0, 1].any()
    (sample,) = read("mediapipe", content, skeleton="mediapipe33", world=False)
    assert sample.clip[0, 0, 0, 0] == pytest.approx(0.1)
    table = "\n".join(",".join(["0", *(["0.5"] * 132)]) for _ in range(3)).encode()
    (sample,) = read("mediapipe", table, name="a.csv", skeleton="mediapipe33")
    assert sample.clip.shape == (1, 3, 33, 4) and sample.has_score
    with pytest.raises(BadFile, match="2 landmarks, not 33"):
        read("mediapipe", json.dumps([[point] * 2]).encode(), skeleton="mediapipe33")


@pytest.mark.parametrize("key", ["hand_landmarks", "multi_hand_landmarks"])
def test_hands_of_mediapipe(key):
    point = {"x": 0.1, "y": 0.2, "z": 0.3}
    frames = [{key: [[point] * 21, [{**point, "x": 0.5}] * 21]}, {key: []}]
    (sample,) = read("mediapipe", json.dumps(frames).encode(), skeleton="hand21")
    assert sample.clip.shape == (2, 2, 21, 4)
    assert sample.clip[:, 0, 20, 0].tolist() == [0.1, 0.5] and not sample.clip[:, 1].any()


def test_landmarks_of_mediapipe_in_an_image_become_pixels():
    point = {"x": 0.5, "y": 0.25, "z": -0.5, "visibility": 0.9}
    world = {"x": 1.0, "y": 1.0, "z": 1.0}
    content = json.dumps([{"landmarks": [point] * 17, "worldLandmarks": [world] * 17}]).encode()
    (metres,) = read("mediapipe", content)
    assert metres.clip[0, 0, 0].tolist() == [1, 1, 1, 1]
    (pixels,) = read("mediapipe", content, image=[1920, 1080])
    np.testing.assert_allclose(pixels.clip[0, 0, 0], [960, 270, -960, 0.9])
    row = ",".join(["0.5,0.25,-0.5,0.9"] * 17).encode()
    (table,) = read("mediapipe", row, name="a.csv", image=[1920, 1080])
    np.testing.assert_allclose(table.clip, pixels.clip, rtol=1e-6)


def test_recordings_of_the_azure_kinect_are_in_millimetres():
    body = {"body_id": 7, "joint_positions": [[100.0, 200.0, 3000.0]] * 32}
    frames = [{"bodies": [body]}, {"bodies": []}, {"bodies": [{**body, "body_id": 2}, body]}]
    content = json.dumps({"frames": frames}).encode()
    (sample,) = read("kinect", content, skeleton="azure_kinect32")
    assert sample.clip.shape == (2, 3, 32, 3)
    assert sample.clip[0, 2, 5].tolist() == pytest.approx([0.1, 0.2, 3])
    assert sample.clip[1].any(axis=(1, 2)).tolist() == [False, False, True]


def test_tables_of_deeplabcut_and_analyses_of_sleap():
    cells = [["scorer"], ["individuals"], ["bodyparts"], ["coords"], ["0"], ["1"]]
    for who in ("a", "b"):
        for joint in reversed(COCO):
            for coord in ("x", "y", "likelihood"):
                column = ("net", who, joint, coord, "1.5", "" if joint == "nose" else "2")
                for row, cell in zip(cells, column, strict=True):
                    row.append(cell)
    text = "\n".join(",".join(row) for row in cells).encode()
    (sample,) = read("deeplabcut", text, name="a.csv")
    assert sample.clip.shape == (2, 2, 17, 3) and not sample.clip[:, 1, 0].any()
    with pytest.raises(BadFile, match=r"a\.csv: coords are x, y, likelihood\. Got 'z'"):
        read("deeplabcut", text.replace(b"coords,x", b"coords,z"), name="a.csv")
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file["tracks"] = np.full((1, 2, 17, 4), 3.0)
        file["node_names"] = [name.encode() for name in reversed(COCO)]
    (sample,) = read("deeplabcut", buffer.getvalue(), name="a.h5")
    assert sample.clip.shape == (1, 4, 17, 2)
    with h5py.File(buffer, "a") as file:
        del file["tracks"]
        file["tracks"] = np.full((1, 2, 16, 4), 3.0)
    with pytest.raises(BadFile, match="16 nodes, but 17 names"):
        read("deeplabcut", buffer.getvalue(), name="a.h5")
