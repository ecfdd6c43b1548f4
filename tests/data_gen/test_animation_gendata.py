"""Rated motion capture -> chunks: positions, ratings and their agreement, what is left out."""

import csv
import json

import numpy as np
import pytest
import rated_data

from data_gen import animation_gendata, laban
from data_gen.readers.ratings import disagreement, read_ratings, reliability
from feeders.traits import TraitFeeder
from formats.chunks import chunk_starts
from graph import ntu_rgb_d
from graph.named import skeleton_class

pytest.importorskip("bvhio")


@pytest.fixture
def raw(tmp_path):
    return rated_data.write(tmp_path / "raw", recordings=2, clips=2)


def convert(raw, out, *more):
    body = ["--skeleton", str(raw / "body.yaml"), "--chunk-size", "16", "--num-worker", "0"]
    animation_gendata.main(["--data-path", str(raw), "--out-folder", str(out), *body, *more])


def turned(degrees, offset):
    """An offset after rotations about z, y and x, in this order from the left (BVH's ZYX)."""
    z, y, x = np.deg2rad(degrees)
    about_z = [[np.cos(z), -np.sin(z), 0], [np.sin(z), np.cos(z), 0], [0, 0, 1]]
    about_y = [[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]]
    about_x = [[1, 0, 0], [0, np.cos(x), -np.sin(x)], [0, np.sin(x), np.cos(x)]]
    return np.array(about_z) @ about_y @ about_x @ offset


def test_positions_are_those_of_forward_kinematics_in_metres(raw, tmp_path):
    turns = np.random.default_rng(0).uniform(-60, 60, (16, 3))
    text = rated_data.bvh({"Spine2": turns}, 16, rate=30)
    (raw / "n_100_o_0_0.bvh").write_text(text)
    convert(raw, tmp_path / "out")
    found = np.load(tmp_path / "out" / "X_all.npy")[0]
    spine = np.array([0, 130, 0])
    for t in range(16):
        np.testing.assert_allclose(found[t, 1], spine / 100, atol=1e-5)
        shoulder = spine + turned(turns[t], [-20, 10, 0])
        np.testing.assert_allclose(found[t, 3], shoulder / 100, atol=1e-5)
        hand = spine + turned(turns[t], [-20, -40, 0])
        np.testing.assert_allclose(found[t, 4], hand / 100, atol=1e-5)


def test_arrays_table_and_manifest_say_the_same(raw, tmp_path, capsys):
    convert(raw, tmp_path / "out")
    out = tmp_path / "out"
    x, y, info = (np.load(out / f"{name}_all.npy") for name in ("X", "y", "info"))
    assert x.shape == (12, 16, 7, 3) and x.dtype == np.float32  # 80 frames at 60 -> 40 at 30
    assert info.tolist() == [[0, 100, 3], [0, 101, 3], [1, 102, 3], [1, 103, 3]]
    ratings = read_ratings(raw / "ZeroEGGS_Study_Results.csv")
    np.testing.assert_allclose(y[3:6], [ratings["101"].mean(axis=0)] * 3, atol=1e-6)
    with (out / "ratings.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["frames"] for row in rows] == ["40"] * 4
    assert float(rows[1]["E"]) == pytest.approx(ratings["101"][:, 2].mean(), abs=1e-3)
    assert float(rows[1]["E spread"]) == pytest.approx(ratings["101"][:, 2].std(ddof=1), abs=1e-3)
    manifest = json.loads((out / "dataset.json").read_text())
    assert manifest["folds"] == "session" and manifest["rate"] == 30
    icc = manifest["reliability"]["E"]
    assert icc == pytest.approx(reliability(ratings)[2], abs=1e-3) and icc > 0.9
    assert f"E     {y[::3, 2].mean():6.2f}" in capsys.readouterr().out


def test_agreement_equals_the_example_of_shrout_and_fleiss():
    """Six targets, four judges: ICC(1,4) is .44 (Psychological Bulletin 86, 1979, Table 4)."""
    table = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    ratings = {str(i): np.array(row, float)[:, None] for i, row in enumerate(table)}
    assert reliability(ratings)[0] == pytest.approx(0.44, abs=0.005)
    assert disagreement(ratings)[0] == pytest.approx(6.26 / 4, abs=0.005)  # WMS / k
    alone = {name: values[:1] for name, values in ratings.items()}
    assert np.isnan(reliability(alone)[0]) and np.isnan(disagreement(alone)[0])


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("0,11,0,0,1,1,x,1,1,1,0,100", "line 2: a trait is not a number"),
        ("0,11,0,0,1,1,4,1,1,1,0,100", "line 2: ratings must be -3 to 3"),
        ("0,11,0,0,1,1", "line 2: a trait is not a number"),
    ],
)
def test_bad_ratings_are_named(tmp_path, line, message):
    header = "UserMail,ExperimentNo,SampleNo,ModNo,O,C,E,A,N,TimeSeconds,CheckBoxes,FileName"
    path = tmp_path / "r.csv"
    path.write_text(f"{header}\n{line}\n")
    with pytest.raises(ValueError, match=message):
        read_ratings(path)
    path.write_text(f"{header}\n0,1,1,0,1,1,1,1,1,1,0,7\n0,1,1,0,1,1,1,1,1,1,0,7\n")
    with pytest.raises(ValueError, match="line 3: rater 0 rates 7 again"):
        read_ratings(path)
    path.write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match="has no column 'UserMail'"):
        read_ratings(path)
    path.write_text(f'{header}\n"{"9" * 200_000}')
    with pytest.raises(ValueError, match="is not a table: field larger"):
        read_ratings(path)
    path.write_text(header)
    with pytest.raises(ValueError, match="holds no ratings"):
        read_ratings(path)


def test_takes_of_bandai_namco_are_named_as_in_the_ratings(tmp_path):
    """Numbers with exponents, tabs, hyphens for underscores, takes only where there are several."""
    raw = tmp_path / "raw"
    raw.mkdir()
    (raw / "body.yaml").write_text(rated_data.SKELETON)
    files = ("bow_not-confident_001", "bow_not-confident_002", "call_normal_001", "call_normal_002")
    text = rated_data.bvh({}, 80).replace("Frames: ", "Frames:\t").replace(" 0.000000", " 1e-07")
    for name in files:
        (raw / f"dataset-1_{name}.bvh").write_text(text)
    header = "UserMail,ExperimentNo,SampleNo,ModNo,O,C,E,A,N,TimeSeconds,CheckBoxes,FileName"
    names = ("bow_not_confident", "call_normal_1", "call_normal_2")
    rows = [f"{r},1,1,0,1,1,{i},1,1,1,0,{n}" for r in (0, 1) for i, n in enumerate(names)]
    (raw / "Bandai_Study_Results.csv").write_text("\n".join([header, *rows]))
    convert(raw, tmp_path / "out", "--dataset", "bandai")
    with (tmp_path / "out" / "ratings.csv").open(newline="") as file:
        found = [(row["clip"], row["source"], row["E"]) for row in csv.DictReader(file)]
    assert found == [
        ("bow_not_confident", "0", "0.000"), ("call_normal_1", "1", "1.000"),
        ("call_normal_2", "1", "2.000")]  # fmt: skip
    hips = np.load(tmp_path / "out" / "X_all.npy")[0, 0, 0]
    np.testing.assert_allclose(hips, [0, 1, 0], atol=1e-6)


def test_files_that_cannot_be_used_are_left_out_and_named(raw, tmp_path, capsys):
    (raw / "n_101_o_0_0.bvh").write_text("HIERARCHY nothing")
    (raw / "n_102_o_1_0.bvh").write_text(rated_data.bvh({}, 8))
    (raw / "more").mkdir()
    (raw / "more" / "n_103_o_1_1.bvh").write_text(rated_data.bvh({}, 80))
    (raw / "n_999_o_1_1.bvh").write_text("without ratings, passed over")
    convert(raw, tmp_path / "out")
    assert np.load(tmp_path / "out" / "info_all.npy")[:, 1].tolist() == [100, 103]
    report = json.loads((tmp_path / "out" / "gendata_report.json").read_text())
    kinds = [entry["kind"] for entry in report["left_out"]]
    assert kinds == ["duplicate", "of another form", "too short"]
    with pytest.raises(ValueError, match=r"clip 103 exists already"):
        convert(raw, tmp_path / "strict", "--strict")


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--chunk-size", "0"], "--chunk-size must be above 0"),
        (["--rate", "nan"], "--rate in"),
        (["--name-pattern", "("], "no regular expression"),
        (["--name-pattern", "n_.*"], "requires a group"),
        (["--name-pattern", "x_(?P<clip>.*)"], "is named x_"),
        (["--ratings", "nothing.csv"], "nothing.csv"),
        (["--skeleton", "zeroeggs"], "is usable"),
        (["--dataset", "bandai"], "Bandai_Study_Results.csv"),
    ],
)
def test_what_cannot_be_meant_is_refused(raw, tmp_path, more, message):
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        convert(raw, tmp_path / "out", *more)
    assert not (tmp_path / "out" / "X_all.npy").exists()


@pytest.mark.parametrize(("frames", "size"), [(16, 16), (17, 16), (100, 32), (245, 32)])
def test_chunks_cover_the_clip(frames, size):
    starts = chunk_starts(frames, size)
    covered = {t for start in starts for t in range(start, start + size)}
    assert covered == set(range(frames))


def test_a_body_is_known_by_its_joints(tmp_path):
    body = laban.anatomy_of(skeleton_class("zeroeggs"))
    names = skeleton_class("zeroeggs").joint_names
    assert names[body.centre] == "spine_middle" and names[body.up[0]] == "pelvis"
    assert [names[joint] for joint in body.across] == ["left_shoulder", "right_shoulder"]
    assert names[body.parents[names.index("left_wrist")]] == "left_elbow"
    (tmp_path / "arms.yaml").write_text("joints: [a, b]\nbones: {b: a}\nroot: a\n")
    for skeleton in (skeleton_class(str(tmp_path / "arms.yaml")), skeleton_class("kinect_15")):
        if skeleton.centre not in (None, 0) and "left_shoulder" in skeleton.joint_names:
            continue
        with pytest.raises(ValueError, match="left and right shoulder"):
            laban.anatomy_of(skeleton)
    assert laban.anatomy_of(ntu_rgb_d.AdjMatrixGraph).centre is not None


def test_sets_of_features_stand_side_by_side_and_recordings_together(tmp_path):
    data = rated_data.arrays(tmp_path, recordings=2, clips=2)
    feeder = {name: TraitFeeder(str(data), "all", **more) for name, more in {
        "laban": {"features": "laban"}, "both": {"features": "laban+descriptors"},
        "alone": {"features": "descriptors", "positions": False}}.items()}  # fmt: skip
    laban_, both, alone = (feeder[name][0][0] for name in ("laban", "both", "alone"))
    assert [len(each) for each in (laban_, both, alone)] == [15, 19, 4]
    np.testing.assert_array_equal(both, np.concatenate([laban_, alone]))
    np.testing.assert_allclose(laban_[:3, :, 1], 0, atol=1e-6)  # the chest is the origin
    assert feeder["laban"].groups == ["session000000"] * 6 + ["session000001"] * 6
    assert feeder["laban"].sample_name[0].startswith("participant100_session000000_")
    with pytest.raises(ValueError, match="positions: false requires features"):
        TraitFeeder(str(data), "all", positions=False)
