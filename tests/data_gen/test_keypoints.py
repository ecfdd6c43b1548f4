"""Key points of people in images, on files in their true layout, odd cases included."""

import json

import numpy as np
import pytest
from read_raw import read

from data_gen.readers.bad_files import BadFile


def openpose(*people):
    return json.dumps({"version": 1.3, "people": [
        {"person_id": [-1], "pose_keypoints_2d": keypoints} for keypoints in people
    ]}).encode()  # fmt: skip


def test_openpose_is_a_folder_of_frames():
    one, two = [1.0, 2.0, 0.9] * 25, [500.0, 2.0, 0.9] * 25
    frames = [openpose(one), openpose(), openpose(two, [v + 1 for v in one]), openpose(two)]
    parts = [
        (f"x_{i}_keypoints.json", lambda c=c: c)
        for i, c in zip((2, 9, 10, 11), frames, strict=True)
    ]
    (sample,) = read("openpose", parts, skeleton="openpose_body25")
    assert sample.clip.shape == (2, 4, 25, 3) and sample.clip[0, 2, 0, 0] == 500
    (sample,) = read("openpose", parts, skeleton="openpose_body25", track=True)
    people = [np.flatnonzero(body[:, 0, 0]).tolist() for body in sample.clip]
    assert sorted(people) == [[0], [2], [2, 3]]  # nobody is followed over an empty frame
    with pytest.raises(BadFile, match="has 25 joints a person, the skeleton 18"):
        read("openpose", parts, skeleton="openpose_coco")


def test_keypoint_results_as_coco_and_alphapose_write_them():
    result = {"category_id": 1, "keypoints": [3.0, 4.0, 0.5] * 17, "score": 2.1}
    results = [{**result, "image_id": f"{i}.jpg"} for i in (0, 1, 1, 3)]
    (sample,) = read("coco", json.dumps(results).encode())
    assert sample.clip.shape == (2, 4, 17, 3) and sample.has_score
    assert sample.clip.any(axis=(2, 3)).sum(axis=0).tolist() == [1, 2, 0, 1]
    with pytest.raises(BadFile, match="no keypoints"):
        read("coco", json.dumps([{"image_id": 1}]).encode())


def kinetics(*frames, **more) -> bytes:
    data = [{"frame_index": number, "skeleton": people} for number, people in frames]
    return json.dumps({"data": data, **more}).encode()


def test_files_as_of_kinetics():
    person = {"pose": [0.25, 0.75] * 17, "score": [0.5] * 16 + [0]}
    content = kinetics((1, [person]), (4, [person, person]), label="wave", label_index=3)
    (sample,) = read("kinetics", content, rate=25)
    assert sample.clip.shape == (2, 4, 17, 3) and sample.has_score and sample.rate == 25
    assert sample.clip[0, :, 0].tolist() == [[0.25, 0.75, 0.5], [0] * 3, [0] * 3, [0.25, 0.75, 0.5]]
    assert not sample.clip[:, :, 16].any()  # of score 0
    assert sample.fields == {"label": "wave", "label_index": 3}
    (sample,) = read("kinetics", content, image=(400, 200))
    assert sample.clip[0, 0, 0].tolist() == [100, 150, 0.5]
    with pytest.raises(BadFile, match="has 17 joints a person, the skeleton 18"):
        read("kinetics", content, skeleton="openpose_coco")
    for wrong in ({"pose": [1] * 34}, {"pose": ["a"] * 34, "score": [1] * 17}, 3):
        with pytest.raises(BadFile, match=r"clip\.x"):
            read("kinetics", kinetics((1, [wrong])))


@pytest.mark.parametrize(
    ("ids", "order"),
    [
        ([10, 9, 12], [9, 10, None, 12]),
        (["f_10.png", "f_9.png", "f_12.png"], ["f_9.png", "f_10.png", None, "f_12.png"]),
        (["b", 7, "a"], [7, "a", "b"]),  # some without a number
        (["a1", "b1", "a0"], ["a0", "a1", "b1"]),  # a number twice
        (["v.f2", "v.f1"], ["v.f1", "v.f2"]),
        ([5, 10**9], [5, 10**9]),  # nearly all would be missing
        ([2, "9" * 5000], [2, "9" * 5000]),
        ([3, "3"], [3]),
    ],
)
def test_images_of_keypoint_results_are_put_in_time(ids, order):
    places = {str(image): 1.0 + n for n, image in enumerate(ids)}
    results = [{"image_id": i, "keypoints": [places[str(i)], 0.0, 0.5] * 17} for i in ids]
    (sample,) = read("coco", json.dumps(results).encode())
    found = sample.clip[0, :, 0, 0].tolist()
    assert found == [places[str(image)] if image is not None else 0 for image in order]


def instance(value, track=None, coordinates=2):
    joints = {"keypoints": [[value] * coordinates] * 17, "keypoint_scores": [0.5] * 16 + [0]}
    return joints | ({} if track is None else {"track_id": track})


def mmpose(*frames, **meta) -> bytes:
    found = [{"frame_id": n, "instances": people} for n, people in frames]
    return json.dumps({"meta_info": meta, "instance_info": found} if meta else found).encode()


def test_predictions_of_mmpose():
    frames = [(1, [instance(10.0)]), (2, []), (4, [instance(11.0), instance(50.0)])]
    for content in (mmpose(*frames), mmpose(*frames, dataset_name="coco")):
        (sample,) = read("mmpose", content)
        assert sample.clip.shape == (2, 4, 17, 3) and sample.has_score
        assert sample.clip[0, :, 0].tolist() == [[10, 10, 0.5], [0, 0, 0], [0, 0, 0], [11, 11, 0.5]]
        assert not sample.clip[:, :, 16].any()  # of score 0
    (lifted,) = read("mmpose", mmpose((0, [instance(1.0, coordinates=3)])))
    assert lifted.clip.shape == (1, 1, 17, 4) and lifted.has_score


def test_people_of_mmpose_keep_their_tracks():
    frames = [(0, [instance(1.0, 7), instance(5.0, 3)]), (1, [instance(5.0, 3)])]
    (sample,) = read("mmpose", mmpose(*frames))
    assert sample.clip[:, :, 0, 0].tolist() == [[1, 0], [5, 5]]
    frames[1][1].append(instance(9.0))  # one without: by their place
    (sample,) = read("mmpose", mmpose(*frames))
    assert sample.clip[:, :, 0, 0].tolist() == [[1, 5], [5, 9]]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{}", "has no instance_info"),
        (b'[{"frame_id": 1}]', "has no instances"),
        (mmpose((1, [{"keypoints": [[1, 2]], "keypoint_scores": [1]}])), "1 joints a person"),
        (mmpose((1, [{"keypoints": [[1, 2]] * 17, "keypoint_scores": [1]}])), "are not numbers"),
        (mmpose((1, [{"keypoints": ["a"] * 17, "keypoint_scores": [1] * 17}])), "are not numbers"),
        (mmpose((1, [{"keypoints": [[1]] * 17, "keypoint_scores": [1] * 17}])), "1 coordinates"),
        (mmpose((1, [instance(1.0)]), (2, [instance(1.0, coordinates=3)])), "2 and of 3"),
    ],
)
def test_what_is_no_prediction_of_mmpose(content, said):
    with pytest.raises(BadFile, match=said):
        read("mmpose", content)


def label(*people, confidence=True, rest=()) -> bytes:
    joint = lambda x: [x, 0.5, 0.9] if confidence else [x, 0.5]  # noqa: E731
    rows = [[0, 0.5, 0.5, 0.2, 0.8, *(joint(x) * 17), *more]
            for x, more in zip(people, rest or [()] * len(people), strict=True)]  # fmt: skip
    return "\n".join(" ".join(f"{value:g}" for value in row) for row in rows).encode()


def labels(**files: bytes) -> list:
    return [(f"{name}.txt", lambda content=content: content) for name, content in files.items()]


@pytest.mark.parametrize("confidence", [True, False])
def test_labels_of_yolo_are_places_in_the_image(confidence):
    """A frame without anybody has no file."""
    files = labels(
        v_10=label(0.25, confidence=confidence), v_8=label(0.5, 0.75, confidence=confidence)
    )
    (sample,) = read("yolo", files, name="v/labels", image=[1920, 1080])
    assert sample.has_score == confidence and sample.name == "labels"
    assert sample.clip.shape == (2, 3, 17, 3 if confidence else 2)
    assert sample.clip[:, :, 3, 0].tolist() == [[960, 0, 480], [1440, 0, 0]]
    assert sample.clip[0, 0, 3, 1] == 540


@pytest.mark.parametrize("rest", [((0.93, 2), (0.8, 1)), ((2,), (1,))], ids=["confidence", "alone"])
def test_people_of_yolo_keep_their_tracks(rest):
    files = labels(v_1=label(0.1, 0.2, rest=rest), v_2=label(0.2, rest=rest[1:]))
    (sample,) = read("yolo", files, image=[100, 100])
    np.testing.assert_allclose(sample.clip[:, :, 0, 0], [[10, 0], [20, 20]])
    files = labels(v_1=label(0.1, 0.2, rest=[(0.9,), (0.8,)]), v_2=label(0.2))  # confidences only
    (sample,) = read("yolo", files, image=[100, 100])
    np.testing.assert_allclose(sample.clip[:, :, 0, 0], [[10, 20], [20, 0]])


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (labels(a_1=label(0.1), b_1=label(0.1)), r"frames of 2 videos \(a, b\). Put those of each"),
        (labels(a_1=b"0 0.5 0.5 0.1 0.1 0.3 0.3 0.9"), "1 joints a person, the skeleton 17"),
        (labels(a_1=b"person 0.5"), "a_1.txt is not a label of numbers"),
        (labels(a_1=label(0.1), a_2=label(0.1, confidence=False)), "with and without a confidence"),
    ],
)
def test_what_are_no_labels_of_one_video(files, said):
    with pytest.raises(BadFile, match=said):
        read("yolo", files, name="labels", image=[100, 100])
