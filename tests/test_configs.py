"""Every YAML is accepted, says the published numbers, and builds its model."""

import json
from functools import cache
from pathlib import Path

import pytest
import torch

from engine.build import model_class
from engine.settings.parse import parse
from graph.streams import STREAMS
from utils.config import build

ROOT = Path(__file__).parents[1]
ZOO = ("stgcn", "agcn", "aagcn", "ctrgcn")
BASES = {ROOT / "config" / "nw-ucla" / name for name in ("network.yaml", "recipe.yaml")}
BASES |= {ROOT / "config" / name / "recipe.yaml" for name in ZOO}
FILES = sorted({*(ROOT / "config").rglob("*.yaml")} - BASES)
PUBLISHED = {
    "nturgbd-cross-subject": ("ntu/xsub", 60, 50, [30, 40]),
    "nturgbd-cross-view": ("ntu/xview", 60, 50, [30, 40]),
    "nturgbd120-cross-subject": ("ntu120/xsub", 120, 60, [30, 50]),
    "nturgbd120-cross-setup": ("ntu120/xset", 120, 60, [30, 50]),
    "kinetics-skeleton": ("kinetics", 400, 65, [45, 55]),
}
WEIGHTS = {
    ("nturgbd-cross-subject", "joint"): "ntu60-xsub-joint-fusion.pt",
    ("nturgbd-cross-subject", "bone"): "ntu60-xsub-bone.pt",
    ("nturgbd-cross-view", "joint"): "ntu60-xview-joint.pt",
    ("nturgbd-cross-view", "bone"): "ntu60-xview-bone.pt",
    ("nturgbd120-cross-subject", "joint"): "ntu120-xsub-joint.pt",
    ("nturgbd120-cross-subject", "bone"): "ntu120-xsub-bone.pt",
    ("nturgbd120-cross-setup", "joint"): "ntu120-xset-joint.pt",
    ("nturgbd120-cross-setup", "bone"): "ntu120-xset-bone.pt",
    ("kinetics-skeleton", "joint"): "kinetics-joint.pt",
    ("kinetics-skeleton", "bone"): "kinetics-bone.pt",
}


def load(*path):
    return parse(["--config", str(ROOT.joinpath("config", *path))])


@pytest.mark.parametrize("path", FILES, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_every_config_builds_a_network_that_scores_clips(path):
    settings = load(path)
    assert settings.run.work_dir
    args = settings.model.model_args
    scores = scores_of(settings.model.model, json.dumps(args))
    assert scores.shape == (2, args["num_class"])


@cache
def scores_of(name, model_args):
    """Of two random clips; many files name the same network."""
    args = json.loads(model_args)
    shape = (2, args.get("in_channels", 3), 6, args["num_point"], args["num_person"])
    with torch.inference_mode():
        return build(model_class(name), args).eval()(torch.randn(shape))


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_published_files_stay_whole(name):
    files = sorted((ROOT / "config" / name).glob("*.yaml"))
    assert [file.stem for file in files] == ["test_bone", "test_joint", "train_bone", "train_joint"]
    assert not any(line.startswith("base:") for f in files for line in f.read_text().splitlines())


@pytest.mark.parametrize("path", FILES, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_every_config_opens_with_the_command_that_uses_it(path):
    comment = [line for line in path.read_text().splitlines() if line.startswith("#")]
    assert any(f"main.py --config config/{path.relative_to(ROOT / 'config')}" in c for c in comment)


@pytest.mark.parametrize("name", PUBLISHED)
@pytest.mark.parametrize("stream", ["joint", "bone"])
def test_the_published_training_recipe(name, stream):
    data, classes, epochs, steps = PUBLISHED[name]
    args = load(name, f"train_{stream}.yaml")
    assert args.run.phase == "train"
    assert (args.training.num_epoch, args.training.step) == (epochs, steps)
    kinetics = name == "kinetics-skeleton"
    recipe = (
        args.training.base_lr,
        args.training.weight_decay,
        args.data.batch_size,
        args.data.forward_batch_size,
    )
    assert recipe == ((0.1, 3e-4, 128, 64) if kinetics else (0.05, 5e-4, 32, 16))
    assert args.run.device == (["0", "1", "2", "3"] if kinetics else ["0"])
    assert (args.training.optimizer, args.training.nesterov) == ("SGD", True)
    scales = args.model.model_args["num_gcn_scales"], args.model.model_args["num_g3d_scales"]
    assert scales == ((8, 8) if kinetics else (13, 6))
    assert args.model.model_args["num_class"] == classes
    assert args.data.train_feeder_args["data_path"] == f"./data/{data}/train_data_{stream}.npy"
    assert args.data.test_feeder_args["label_path"] == f"./data/{data}/val_label.pkl"
    assert kinetics or args.data.test_batch_size == 32


@pytest.mark.parametrize(("name", "stream"), WEIGHTS)
def test_test_configs_point_at_the_released_weights(name, stream):
    args = load(name, f"test_{stream}.yaml")
    assert args.run.phase == "test"
    assert str(args.model.weights) == f"pretrained-models/{WEIGHTS[name, stream]}"
    assert args.data.test_feeder_args["data_path"].endswith(
        f"{PUBLISHED[name][0]}/val_data_{stream}.npy"
    )
    assert args.model.model_args == load(name, f"train_{stream}.yaml").model.model_args


@pytest.mark.parametrize("name", ["joint", "joint_laban"])
def test_the_published_personality_recipe(name):
    train, test = (load("personality", f"{phase}_{name}.yaml") for phase in ("train", "test"))
    recipe = (
        train.training.optimizer,
        train.training.nesterov,
        train.training.base_lr,
        train.training.weight_decay,
    )
    assert recipe == ("SGD", True, 0.05, 1e-3)
    assert (train.data.batch_size, train.training.num_epoch) == (16, 200)
    assert train.model.task == test.model.task == "traits"
    assert train.model.model_args == test.model.model_args
    scales = train.model.model_args["num_gcn_scales"], train.model.model_args["num_g3d_scales"]
    assert scales == (13, 6)
    parts = train.data.train_feeder_args, train.data.test_feeder_args, test.data.test_feeder_args
    assert [part["split"] for part in parts] == ["train", "val", "test"]
    assert test.model.weights == train.run.work_dir / "weights" / "best.pt"
    laban = {"in_channels": 15, "layer_channels": 12}
    if name == "joint_laban":
        assert laban.items() <= train.model.model_args.items()
        assert train.model.model == "model.msg3d_laban.Model"


RECIPES = {  # batch, weight decay, steps, epochs; on Kinetics other ones
    "stgcn": ((64, 1e-4, [10, 50], 80), (256, 1e-4, [20, 30, 40, 50], 50)),
    "agcn": ((64, 1e-4, [30, 40], 50), (128, 1e-4, [45, 55], 65)),
    "aagcn": ((64, 1e-4, [30, 40], 50), (128, 1e-4, [45, 55], 65)),
    "ctrgcn": ((64, 4e-4, [35, 55], 65), None),
}


@pytest.mark.parametrize("model", ZOO)
@pytest.mark.parametrize("name", PUBLISHED)
def test_the_published_recipes_of_other_networks(model, name):
    kinetics = name == "kinetics-skeleton"
    expected = RECIPES[model][kinetics]
    if expected is None:
        assert not (ROOT / "config" / model / name).exists()
        return
    train, test = (load(model, name, f"{phase}.yaml") for phase in ("train", "test"))
    training = train.training
    found = (train.data.batch_size, training.weight_decay, training.step, training.num_epoch)
    assert found == expected
    assert (training.optimizer, training.nesterov, training.base_lr) == ("SGD", True, 0.1)
    data, classes, *_ = PUBLISHED[name]
    assert train.data.train_feeder_args["data_path"] == f"./data/{data}/train_data_joint.npy"
    assert train.model.model_args["num_class"] == classes
    assert test.model.weights == train.run.work_dir / "weights" / "best.pt"
    assert test.data.test_feeder_args == train.data.test_feeder_args


def test_ctrgcn_on_nw_ucla_as_published():
    settings = load("ctrgcn", "nw-ucla", "train.yaml")
    feeder, training = settings.data.train_feeder_args, settings.training
    assert (feeder["window_size"], feeder["random_frames"], feeder["fit_axes"]) == (52, True, True)
    assert feeder["random_rotation"] == [60, 60]
    assert (feeder["repeat"], training.num_epoch, training.step) == (5, 65, [50])
    assert (settings.data.batch_size, training.weight_decay) == (16, 1e-4)


@pytest.mark.parametrize("stream", STREAMS)
def test_the_four_streams_of_nw_ucla(stream):
    train, test = (load("nw-ucla", f"{phase}_{stream}.yaml") for phase in ("train", "test"))
    assert (train.run.phase, test.run.phase) == ("train", "test")
    parts = train.data.train_feeder_args, train.data.test_feeder_args, test.data.test_feeder_args
    assert [part["stream"] for part in parts] == [stream] * 3
    assert [part["window_size"] for part in parts] == [parts[0]["window_size"]] * 3
    assert "/train_" in parts[0]["data_path"] and "/train_" in parts[0]["label_path"]
    assert parts[1] == parts[2] and "/val_" in parts[2]["data_path"]
    assert test.model.model_args == train.model.model_args
    steps = train.training.num_epoch * (1020 // train.data.batch_size)
    average = train.run.work_dir / "weights" / f"ema-{train.training.num_epoch}-{steps}.pt"
    assert train.recipe.ema_decay and test.model.weights == average
    assert (train.run.work_dir.name, test.run.work_dir.name) == (stream, f"{stream}_eval")
    assert train.precision.half == test.precision.half
