"""Chunks -> normalised skeletons and features on disk."""

import numpy as np
import pytest
from golden_arrays import golden_arrays

from data_gen import laban, laban_gendata
from formats.chunks import NUM_CHANNELS
from utils.cli import run


def convert(folder, *flags):
    laban_gendata.main(["--data-folder", str(folder), "--num-worker", "0", *flags])


def test_every_feature_set_is_that_of_the_normalised_chunks(tmp_path):
    golden = golden_arrays("laban_released")
    np.save(tmp_path / "X_val.npy", golden["input"].astype(np.float32))
    convert(tmp_path, "--features", *NUM_CHANNELS)
    skeleton = np.load(tmp_path / "skeleton_val.npy")
    np.testing.assert_allclose(skeleton, golden["skeleton"], atol=1e-5)
    released = np.load(tmp_path / "laban_released_val.npy")
    np.testing.assert_allclose(released, golden["laban"], atol=1e-4)
    corrected = np.load(tmp_path / "laban_val.npy")
    np.testing.assert_allclose(corrected, laban.laban_features(golden["skeleton"]), atol=1e-4)
    for name, channels in NUM_CHANNELS.items():
        features = np.load(tmp_path / f"{name}_val.npy")
        assert features.shape == (*skeleton.shape[:3], channels) and features.dtype == np.float32


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "Make them with udiva_gendata.py"),
        (np.zeros((2, 5, 25, 3), np.float32), "must hold chunks (N, T, 24, 3)"),
        (np.zeros((2, 5), np.float32), "must hold chunks (N, T, 24, 3)"),
    ],
)
def test_unusable_chunks_are_one_line(tmp_path, capsys, content, message):
    if content is not None:
        np.save(tmp_path / "X_train.npy", content)
    with pytest.raises(SystemExit) as exit_:
        run(lambda: convert(tmp_path))
    assert exit_.value.code == 1 and message in capsys.readouterr().err
    assert {path.name for path in tmp_path.iterdir()} <= {"X_train.npy"}
