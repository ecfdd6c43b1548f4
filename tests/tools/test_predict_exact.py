"""Raw clips -> predictions: those of main.py's test on the arrays, to the bit."""

import io
import json
import sys
import zipfile

import numpy as np
import pytest
import torch
import trained_run
import udiva_data
from golden_arrays import ASSETS
from predicted import asked, lines, ntu_weights

from data_gen import (
    custom_gendata,
    kinetics_gendata,
    laban_gendata,
    ucla_gendata,
    udiva_gendata,
)
from formats.chunks import mean_by_name


def assert_same(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> None:
    assert set(one) == set(other) and one
    for name in one:
        assert np.array_equal(one[name], other[name].astype(one[name].dtype)), name


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"stream": "bone"},
        {"stream": "bone_motion", "window_size": 32, "resize": True},
        {"stream": "joint_motion", "window_size": 32, "resize": True, "fit_axes": True},
    ],
    ids=["joint", "bone", "resized-bone-motion", "fit-axes"],
)
def test_ntu_to_the_bit(tmp_path, ntu, options):
    weights = ntu_weights(tmp_path, ntu, **options)
    assert_same(trained_run.test_scores(weights), asked(weights, [str(ntu / "raw")]))


def test_a_bone_file_is_derived_as_its_command_does(tmp_path, ntu):
    from data_gen import gen_bone_data

    folder = ntu / "ntu" / "xsub"
    gen_bone_data.main(["--dataset", "ntu", "--data-folder", str(ntu)])
    weights = ntu_weights(tmp_path, ntu, data_path=str(folder / "train_data_bone.npy"))
    assert_same(trained_run.test_scores(weights), asked(weights, [str(ntu / "raw")]))


def test_several_crops_are_averaged(tmp_path, ntu):
    options = {"window_size": 16, "resize": True, "uniform_crop": 0.8}
    weights = ntu_weights(tmp_path, ntu, **options)
    config = weights.parents[1] / "config.yaml"
    config.write_text(config.read_text() + "num_clips: 3\n")
    assert_same(trained_run.test_scores(weights), asked(weights, [str(ntu / "raw")]))


def test_kinetics_to_the_bit(tmp_path):
    raw, out = ASSETS / "kinetics_raw", tmp_path / "kinetics"
    kinetics_gendata.main(["--data_path", str(raw), "--out_folder", str(out), "--num-worker", "0"])
    model = {"num_class": 400, "num_point": 18, "num_person": 2, "num_gcn_scales": 2,
             "num_g3d_scales": 2, "graph": "openpose_coco", "width": 6}  # fmt: skip
    where = {"data_path": str(out / "val_data_joint.npy"), "label_path": str(out / "val_label.pkl")}
    weights = trained_run.make(tmp_path / "run", {"model_args": model, "test_feeder_args": where})
    scores = trained_run.test_scores(weights)
    found = asked(weights, [str(raw / "kinetics_val" / name) for name in scores])
    assert_same(scores, found)


def test_ucla_to_the_bit_from_an_archive(tmp_path):
    rng = np.random.default_rng(0)
    path = tmp_path / "all_sqe.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number, frames in enumerate((9, 4, 7)):
            clip = {"skeletons": rng.normal(size=(frames, 20, 3)).tolist(), "label": number + 1}
            archive.writestr(
                f"all_sqe/a0{number + 1}_s01_e00_v0{number + 1}.json", json.dumps(clip)
            )
    ucla_gendata.main(["--data-path", str(path), "--out-folder", str(tmp_path / "nw-ucla")])
    model = {"num_class": 10, "num_point": 20, "num_person": 1, "num_gcn_scales": 2,
             "num_g3d_scales": 2, "graph": "kinect_v1", "width": 6}  # fmt: skip
    where = {
        "data_path": str(tmp_path / "nw-ucla/train_data_joint.npy"),
        "label_path": str(tmp_path / "nw-ucla/train_label.pkl"),
        "window_size": 8,
        "resize": True,
    }
    weights = trained_run.make(tmp_path / "run", {"model_args": model, "test_feeder_args": where})
    scores = trained_run.test_scores(weights)
    assert_same(scores, asked(weights, [str(path)], only=scores))


@pytest.mark.parametrize("reader", ["{format: npz}", "{format: npz, score: keep}"])
def test_recordings_of_ones_own_to_the_bit(tmp_path, reader, capsys, monkeypatch):
    rng = np.random.default_rng(0)
    (tmp_path / "raw").mkdir()
    for number in range(6):
        clip = rng.normal(size=(5 + number, 17, 3)).astype(np.float32)
        np.savez(tmp_path / f"raw/a{number % 2}_s{number % 3}_{number}.npz", joints=clip)
    (tmp_path / "my.yaml").write_text(
        f"name: own\nfiles: raw\nreader: {reader}\nskeleton: coco17\n"
        "label: {regex: 'a(\\d)'}\nsubject: {regex: 's(\\d)'}\n"
        "split: {by: subject, train: [0, 1]}\nnormalise: centre+scale\nframes: 8\n"
    )
    custom_gendata.main(
        ["--config", str(tmp_path / "my.yaml"), "--out-folder", str(tmp_path / "own"),
         "--config-folder", str(tmp_path / "config"), "--format", "compact", "--num-worker", "0"]
    )  # fmt: skip
    model = {"num_class": 2, "num_point": 17, "num_person": 1, "num_gcn_scales": 2,
             "num_g3d_scales": 2, "graph": "coco17", "width": 6}  # fmt: skip
    where = {"data_path": str(tmp_path / "own/clips"), "split": "train"}
    weights = trained_run.make(tmp_path / "run", {"model_args": model, "test_feeder_args": where})
    scores = trained_run.test_scores(weights)
    assert_same(scores, asked(weights, [str(tmp_path / "raw")], only=scores))
    state = torch.load(weights, weights_only=True)
    torch.save(state | {"fc.weight": state["fc.weight"] / 1000}, weights)  # or all are 1.000000
    name = tmp_path / "raw/a0_s0_0.npz"
    text = "\n".join(json.dumps(frame.tolist()) for frame in np.load(name)["joints"])
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    capsys.readouterr()
    (piped,) = lines(capsys, "-", "--weights", weights, "--json")
    (read,) = lines(capsys, name, "--weights", weights, "--json")
    assert json.loads(piped)["top"] == json.loads(read)["top"]


def test_traits_to_the_bit(tmp_path):
    root, out = tmp_path / "raw", tmp_path / "udiva"
    traits = {7: (0.1, 0.2, 0.3, 0.4, 0.5), 12: (-1.0, 0.0, 1.0, 2.0, -2.0)}
    for split in ("train", "test"):
        udiva_data.metadata(root, split, {31: (7, 12)}, traits)
        for part in (1, 2):
            folder = udiva_data.folder(root, split, 31, part, "T")
            udiva_data.recording(folder, udiva_data.bodies(9, part))
    udiva_gendata.main(
        ["--data-path", str(root), "--out-folder", str(out), "--chunk-size", "4", "--tasks", "T",
         "--num-worker", "0"]
    )  # fmt: skip
    laban_gendata.main(["--data-folder", str(out), "--num-worker", "0"])
    model = {"num_class": 5, "num_point": 24, "num_person": 1, "num_gcn_scales": 2,
             "num_g3d_scales": 2, "graph": "graph.udiva.AdjMatrixGraph",
             "in_channels": 15}  # fmt: skip
    settings = {
        "task": "traits",
        "model": "model.msg3d_laban.Model",
        "model_args": model,
        "feeder": "feeders.traits.TraitFeeder",
        "test_feeder_args": {"data_path": str(out), "split": "test", "features": "laban"},
    }
    weights = trained_run.make(tmp_path / "run", settings)
    scores = trained_run.test_scores(weights)
    by_recording = mean_by_name(
        np.stack([*scores.values()]), [name.rpartition("_")[0] for name in scores]
    )
    found = asked(weights, [str(root / "test")])
    assert len(by_recording) == len(found) == 2
    for mean in by_recording.values():
        assert any(np.array_equal(mean, other) for other in found.values())
