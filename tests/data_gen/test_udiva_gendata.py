"""Raw UDIVA in both layouts -> arrays: what they hold, what is dropped, left out and said."""

import json

import h5py
import numpy as np
import pytest
import udiva_data
from one_error import error_of
from udiva_data import bodies, folder, metadata, recording

from data_gen import laban_gendata, udiva_gendata

TRAITS = {7: (0.1, 0.2, 0.3, 0.4, 0.5), 12: (-1.0, 0.0, 1.0, 2.0, -2.0)}


def convert(root, out, *flags):
    argv = ["--data-path", str(root), "--out-folder", str(out), "--num-worker", "0", *flags]
    udiva_gendata.main([*argv, *([] if "--chunk-size" in flags else ["--chunk-size", "4"])])
    return {path.stem: np.load(path) for path in sorted(out.glob("*.npy"))}


def report(out, split="train"):
    return json.loads((out / "gendata_report.json").read_text())["splits"][split]


def fails_with(capsys, root, out, *flags):
    line = error_of(lambda: convert(root, out, *flags), capsys, may_warn=True)
    assert not list(out.glob("*.npy")) and not list(out.glob(".*"))
    return line


@pytest.fixture
def talk(tmp_path):
    """One session of two, 9 and 4 frames of talk."""
    root = tmp_path / "raw"
    metadata(root, "train", {31: (7, 12)}, TRAITS)
    recording(folder(root, "train", 31, 1, "T"), bodies(9, 1))
    recording(folder(root, "train", 31, 2, "T"), bodies(4, 2))
    return root


@pytest.mark.parametrize("flat", [False, True])
@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("name", ["annotations_raw.hdf5", "annotations_cleaned.hdf5"])
def test_both_layouts_zips_and_cleaned_files(tmp_path, flat, zipped, name):
    root = tmp_path / "raw"
    for split in ("train", "val"):
        metadata(root, split, {31: (7, 12)}, TRAITS, flat)
        for part, seed in ((1, 1), (2, 2)):
            place = folder(root, split, 31, part, "A", flat)
            recording(place, bodies(9, seed), name, zipped)
    found = convert(root, tmp_path / "out", "--tasks", "A")
    for split in ("train", "val"):
        expected = np.concatenate([bodies(9, 1)[:8], bodies(9, 2)[:8]]).reshape(4, 4, 24, 3)
        np.testing.assert_array_equal(found[f"X_{split}"], expected)
        np.testing.assert_allclose(found[f"y_{split}"], np.repeat([*TRAITS.values()], 2, axis=0))
        assert found[f"info_{split}"].tolist() == [[31, 7, 2], [31, 12, 2]]
        assert found[f"X_{split}"].dtype == found[f"y_{split}"].dtype == np.float32
    lines = (tmp_path / "out" / "info_val.csv").read_text().splitlines()
    assert lines[1] == "000031,7,FC1,animals,2,9,0,0"


def test_frames_without_a_body_or_with_nan_are_dropped_and_counted(tmp_path):
    root, frames = tmp_path / "raw", list(bodies(8))
    broken = frames[3].copy()
    broken[5, 1] = np.nan
    metadata(root, "train", {31: (7, 12)}, TRAITS)
    recording(folder(root, "train", 31, 1, "T"), [frames[0], None, frames[1], broken, *frames[4:6]])
    recording(folder(root, "train", 31, 2, "T"), frames[:4])
    found = convert(root, tmp_path / "out", "--tasks", "T")
    np.testing.assert_array_equal(found["X_train"][0], np.stack([frames[i] for i in (0, 1, 4, 5)]))
    said = report(tmp_path / "out")
    assert (said["frames"], said["without_body"], said["not_finite"]) == (10, 1, 1)


def test_what_is_of_no_use_is_named_and_left_out(talk, tmp_path):
    metadata(talk, "train", {31: (7, 12), 32: (7, 99), 33: (12, 7), 34: (7, 8)},
             {**TRAITS, 8: (0, "", 0, 0, 0)})  # fmt: skip
    recording(folder(talk, "train", 32, 1, "T"), [None] * 6)  # nobody there
    damaged = folder(talk, "train", 33, 1, "T")
    damaged.mkdir(parents=True)
    (damaged / "annotations_raw.hdf5").write_bytes(b"no HDF5")
    recording(folder(talk, "train", 33, 2, "T"), bodies(3))  # shorter than a chunk
    assert convert(talk, tmp_path / "out", "--tasks", "T")["info_train"].tolist() == [
        [31, 7, 2], [31, 12, 1]]  # fmt: skip
    reasons = {p["what"].split("annotations/")[-1]: p["reason"]
               for p in report(tmp_path / "out")["left_out"]}  # fmt: skip
    assert "no such participant" in reasons["train: participant 99"]
    assert "a trait has no value" in reasons["train: participant 8"]
    assert reasons["000032/FC1_T"] == "0 usable frames, fewer than a chunk of 4"
    assert "cannot be read" in reasons["000033/FC1_T"]
    assert reasons["000033/FC2_T"].startswith("3 usable frames")
    assert "neither annotations_raw.hdf5 nor" in reasons["000034/FC1_T"]
    assert len(reasons) == 6


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda root: metadata(root, "train", {31: (7, 99)}, TRAITS), "no such participant"),
        (lambda root: (folder(root, "train", 31, 2, "T") / "annotations_raw.hdf5").unlink(),
         "neither annotations_raw.hdf5 nor"),
        (lambda root: metadata(root, "train", {31: (7, 12)}, TRAITS, columns=("O",)),
         "no trait columns OPENMINDEDNESS_Z"),
    ],
)  # fmt: skip
def test_strict_stops_at_the_first_of_them(talk, tmp_path, capsys, change, message):
    change(talk)
    out = tmp_path / "out"
    assert message in fails_with(capsys, talk, out, "--tasks", "T", "--strict")
    convert(talk, out, "--tasks", "T")  # without it, they are left out


def test_a_test_split_may_have_no_traits(talk, tmp_path):
    metadata(talk, "test", {40: (1, 2)}, {1: (), 2: ()}, columns=())
    for part in (1, 2):
        recording(folder(talk, "test", 40, part, "T"), bodies(4))
    found = convert(talk, tmp_path / "out", "--tasks", "T")
    assert np.isnan(found["y_test"]).all() and found["y_test"].shape == (2, 5)
    assert np.isfinite(found["y_train"]).all()
    assert "no trait columns" in report(tmp_path / "out", "test")["left_out"][0]["reason"]


def test_the_output_does_not_depend_on_workers(tmp_path):
    root = tmp_path / "raw"
    metadata(root, "train", dict.fromkeys(range(1, 36), (7, 12)), TRAITS)
    for session in range(1, 36):
        for part in (1, 2):
            recording(folder(root, "train", session, part, "T"), bodies(5, 2 * session + part))
    one, two = tmp_path / "one", tmp_path / "two"
    convert(root, one, "--tasks", "T")
    convert(root, two, "--tasks", "T", "--num-worker", "2")
    for path in sorted(one.iterdir()):
        assert path.read_bytes() == (two / path.name).read_bytes()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda root: (root / "train/metadata/parts_train.csv").unlink(), "Fetch it too"),
        (lambda root: (root / "train/metadata/sessions_train.csv").write_text("ID,PART.1\n1,7\n"),
         "has no column PART.2, but ID, PART.1"),
        (lambda root: (root / "train/metadata/sessions_train.csv").write_text(
            "ID,PART.1,PART.2\n1,seven,8\n"), "an ID must be a number. Got 'seven'"),
        (lambda root: (root / "train").rename(root / "training"), "holds no split of UDIVA"),
    ],
)  # fmt: skip
def test_unusable_metadata_is_one_line(talk, tmp_path, capsys, change, message):
    change(talk)
    assert message in fails_with(capsys, talk, tmp_path / "out")


def test_nothing_of_use_is_an_error(talk, tmp_path, capsys):
    out = tmp_path / "out"
    assert "No recording of train" in fails_with(capsys, talk, out, "--chunk-size", "50")
    assert "must be above 0. Got 0" in fails_with(capsys, talk, out, "--chunk-size", "0")


def test_landmarks_of_another_skeleton_are_named(talk, tmp_path):
    place = folder(talk, "train", 31, 2, "T")
    recording(place, [body[:17] for body in bodies(8)])
    convert(talk, tmp_path / "out", "--tasks", "T")
    (problem,) = report(tmp_path / "out")["left_out"]
    assert "(17, 3) and float32, not (24, 3) of floats" in problem["reason"]


def test_the_data_of_other_tests_are_as_the_commands_write_them(talk, tmp_path):
    """The shapes of udiva_data.arrays are those that laban_gendata makes."""
    convert(talk, tmp_path / "out", "--tasks", "T")
    laban_gendata.main(["--data-folder", str(tmp_path / "out"), "--num-worker", "0"])
    udiva_data.arrays(tmp_path / "made", "train", [*TRAITS.values()], [2, 1], frames=4)
    for path in (tmp_path / "made").iterdir():
        made, written = np.load(path), np.load(tmp_path / "out" / path.name)
        assert made.shape == written.shape and made.dtype == written.dtype


def spoil(path, how, secret):
    """Replace the landmarks of the first frame."""
    with h5py.File(path, "r+") as file:
        body = file["00000/body"]
        del body["landmarks"]
        if how == "an external link":
            body["landmarks"] = h5py.ExternalLink(str(secret), "landmarks")
        elif how == "a soft link":
            body["landmarks"] = h5py.SoftLink("/00001/body/landmarks")
        elif how == "external storage":
            external = [(str(secret), 0, 24 * 3 * 4)]
            body.create_dataset("landmarks", (24, 3), "f4", external=external)
        elif how == "10^12 values":
            body.create_dataset("landmarks", (10**6, 10**6), "f4", chunks=(1, 10))
        elif how == "text":
            body["landmarks"] = np.full((24, 3), b"a")
        else:
            large = {"chunks": (2**13, 2**10), "maxshape": (None, None), "compression": "gzip"}
            body.create_dataset("landmarks", (24, 3), "f4", **large)


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("an external link", "is a link, which is not followed"),
        ("a soft link", "is a link, which is not followed"),
        ("external storage", "lies in another file, which is not opened"),
        ("10^12 values", "landmarks of shape (1000000, 1000000)"),
        ("text", "landmarks of shape (24, 3) and |S1"),
        ("a bomb", "has chunks of (8192, 1024)"),
    ],
)
def test_no_other_file_is_read_and_nothing_grows(talk, tmp_path, how, reason):
    secret = tmp_path / "secret"
    secret.write_bytes(b"s" * 1000)
    spoil(folder(talk, "train", 31, 2, "T") / "annotations_raw.hdf5", how, secret)
    convert(talk, tmp_path / "out", "--tasks", "T")
    (problem,) = report(tmp_path / "out")["left_out"]
    assert reason in problem["reason"]
