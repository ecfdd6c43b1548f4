"""The files of PYSKL and CTR-GCN."""

import pickle

import numpy as np
import pytest
from read_raw import npz, read

from data_gen.readers.bad_files import BadFile


def pyskl(**changes):
    annotation = {
        "frame_dir": "S001", "label": 4, "img_shape": (1080, 1920), "original_shape": (1080, 1920),
        "total_frames": 3, "keypoint": np.ones((1, 3, 17, 2), np.float16),
        "keypoint_score": np.ones((1, 3, 17), np.float16), **changes,
    }  # fmt: skip
    return pickle.dumps({"split": {"xsub_train": ["S001"], "xsub_val": []},
                         "annotations": [annotation]})  # fmt: skip


def test_annotations_of_pyskl():
    (sample,) = read("pyskl", pyskl())
    assert sample.name == "S001" and sample.has_score and sample.clip.shape == (1, 3, 17, 3)
    assert sample.fields == {"split": ["xsub_train"], "label": 4}
    assert sample.image == (1920, 1080)
    (sample,) = read("pyskl", pyskl(keypoint_score=None, keypoint=np.ones((2, 3, 17, 3))))
    assert not sample.has_score and sample.clip.shape == (2, 3, 17, 3)
    for change in ({"keypoint": np.ones((3, 17, 2))}, {"label": "x"}, {"frame_dir": None,
    "keypoint": 3},
                   {"keypoint_score": np.ones(3)}):  # fmt: skip
        with pytest.raises(BadFile, match=r"clip\.x"):
            read("pyskl", pyskl(**change))


@pytest.mark.parametrize(
    "content",
    [
        pickle.dumps({"split": {"train": 3}, "annotations": []}),
        pickle.dumps({"split": {"train": "ab"}, "annotations": []}),
        pyskl(img_shape=4),
        pyskl(keypoint_score={"a": 1}),
        pyskl(img_shape=([1], 2)),
        pyskl(img_shape=(float("inf"), 2)),
    ],
)
def test_annotations_of_another_kind_are_refused_in_one_line(content):
    with pytest.raises(BadFile, match=r"clip\.x"):
        read("pyskl", content)


def test_arrays_of_ctr_gcn():
    x = np.zeros((3, 6, 150), np.float32)
    x[:, :4] = np.random.default_rng(0).normal(size=(3, 4, 150))
    y = np.eye(60)[[5, 0, 59]]
    content = npz(x_train=x, y_train=y, x_test=x[:1], y_test=y[:1])
    samples = read("ctrgcn", content, skeleton="ntu_rgb_d")
    assert [s.name for s in samples] == [
        "train_000000",
        "train_000001",
        "train_000002",
        "val_000000",
    ]
    assert [s.fields["label"] for s in samples] == [5, 0, 59, 5]
    assert samples[0].clip.shape == (2, 4, 25, 3)
    assert np.array_equal(samples[0].clip[1, 2, 3], x[0, 2, 75 + 9 : 75 + 12])
    with pytest.raises(BadFile, match="x_train must be"):
        read("ctrgcn", npz(x_train=x[..., :75], y_train=y), skeleton="ntu_rgb_d")
    numbers = read("ctrgcn", npz(x_train=x, y_train=np.array([5.0, 0, 59])), skeleton="ntu_rgb_d")
    assert [s.fields["label"] for s in numbers] == [5, 0, 59]
    for wrong in (y / 2, y + np.eye(60)[0], np.array([0.5, 1, 2]), np.array(["a", "b", "c"])):
        with pytest.raises(BadFile, match="y_train must be numbers or one-hot rows"):
            read("ctrgcn", npz(x_train=x, y_train=wrong), skeleton="ntu_rgb_d")
