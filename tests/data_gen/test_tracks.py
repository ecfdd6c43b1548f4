"""Persons over the frames of a clip."""

import json

import numpy as np
import pytest
from read_raw import read

from data_gen.readers.bad_files import BadFile
from data_gen.readers.tracks import MAX_TRACKS, by_nearest, by_place, clip_of, moments_of, step_of


def person(place: float) -> np.ndarray:
    return np.full((17, 2), place)


def test_people_are_followed_by_the_nearest_place():
    frames = [[person(1), person(9)], [person(9.1), person(1.1)], [person(1.2)]]
    clip = clip_of(by_nearest(frames), 3, 17, 2, "a video")
    assert clip[:, :, 0, 0].tolist() == [[1, 1.1, 1.2], [9, 9.1, 0]]
    clip = clip_of(by_place(frames), 3, 17, 2, "a video")
    assert clip[:, :, 0, 0].tolist() == [[1, 9.1, 1.2], [9, 1.1, 0]]


def test_who_was_away_for_a_frame_begins_a_new_track():
    frames = [[person(1)], [], [person(1)]]
    assert clip_of(by_nearest(frames), 3, 17, 2, "")[:, :, 0, 0].tolist() == [[1, 0, 0], [0, 0, 1]]


@pytest.mark.parametrize(
    ("numbers", "step", "expected"),
    [
        ([5, 3], 1, [3, 4, 5]),
        ([0, 20, 5], 5, [0, 5, 10, 15, 20]),
        ([7], 1, [7]),
        ([], 1, []),
        ([1, 10**9], 1, [1, 10**9]),  # times rather than frames
    ],
)
def test_frames_without_anybody_count(numbers, step, expected):
    assert moments_of(numbers, step) == expected


def test_the_step_of_frames():
    assert [step_of(n) for n in ([20, 0, 5], [3, 4, 9], [7], [])] == [5, 1, 1, 1]


def test_a_long_table_may_lack_frames():
    rows = [f"{frame},0,{frame}.5,1" for frame in (0, 5, 20)]
    (sample,) = read("csv", "\n".join(["frame,joint,x,y", *rows]).encode())
    assert sample.clip[0, :, 0, 0].tolist() == [0.5, 5.5, 0, 0, 20.5]


def test_of_very_many_tracks_the_longest_stay():
    """As of a tracker that takes a person for a new one in nearly every frame."""
    people = [{"keypoints": [[t, 1]] * 17, "keypoint_scores": [1] * 17} for t in range(1, 201)]
    frames = []
    for t, one in enumerate(people):
        others = [people[150] | {"track_id": -1}] if t % 2 else []
        frames.append({"frame_id": t, "instances": [one | {"track_id": t}, *others]})
    (sample,) = read("mmpose", json.dumps(frames).encode())
    assert sample.clip.shape == (MAX_TRACKS, 200, 17, 3)
    assert sample.clip[1, 1, 0, 0] == 2 and (sample.clip[2, 1::2, 0, 0] == 151).all()


def test_a_clip_too_large_for_the_memory_is_refused():
    with pytest.raises(BadFile, match=r"^a\.json: 50,000,000 frames x 1 persons are"):
        clip_of([{0: person(1)}], 50_000_000, 17, 2, "a.json")
