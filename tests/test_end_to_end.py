"""From raw text to a fused accuracy, by the commands a user types."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import golden_model
import numpy as np
import pytest
import small_data
import torch
import yaml

from utils.config import build

ROOT = Path(__file__).parents[1]


def command(cwd, script, *argv) -> str:
    """Run a command of the project somewhere else; its output."""
    line = [sys.executable, str(ROOT / script), *map(str, argv)]
    result = subprocess.run(line, cwd=cwd, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.slow
def test_raw_skeletons_become_a_fused_accuracy(tmp_path):
    raw = tmp_path / "raw"
    synthetic = ["--subjects", "5", "--actions", "10", "27"]
    command(tmp_path, "data_gen/synthetic.py", "--out-folder", raw, *synthetic)
    gendata = ["--data_path", raw, "--out_folder", tmp_path / "data/ntu", "--benchmark", "xsub"]
    command(tmp_path, "data_gen/ntu_gendata.py", *gendata)
    bone = ["--dataset", "ntu", "--data-folder", tmp_path / "data"]
    command(tmp_path, "data_gen/gen_bone_data.py", *bone)

    recipe = yaml.safe_load((ROOT / "config/demo/train_joint.yaml").read_text())
    recipe["model_args"] |= {"width": 12, "num_gcn_scales": 3, "num_g3d_scales": 2}
    recipe |= {"num_epoch": 6, "step": [5], "batch_size": 8, "forward_batch_size": 8}
    recipe |= {"eval_start": 6, "num_worker": 0}
    for stream in ("joint", "bone"):
        for part, split in (("train", "train"), ("test", "val")):
            recipe[f"{part}_feeder_args"] |= {
                "data_path": f"data/ntu/xsub/{split}_data_{stream}.npy",
                "label_path": f"data/ntu/xsub/{split}_label.pkl",
            }
        (tmp_path / "settings.yaml").write_text(yaml.safe_dump(recipe))
        config = ["--config", "settings.yaml", "--device", "cpu"]
        command(tmp_path, "main.py", *config, "--work-dir", f"run/{stream}")
        test = ["--phase", "test", "--weights", f"run/{stream}/weights/weights-6-36.pt"]
        command(tmp_path, "main.py", *config, *test, "--save-score", "--work-dir", f"eval/{stream}")
    fused = command(tmp_path, "ensemble.py", "--dataset", "ntu/xsub",
                    "--joint-dir", "eval/joint", "--bone-dir", "eval/bone")  # fmt: skip
    accuracy = float(re.search(r"Top1 Acc: ([0-9.]+)%", fused)[1])
    assert accuracy >= 75  # clapping or jumping up, of a subject never seen


@pytest.fixture
def project(tmp_path):
    """A copy of what eval_pretrained.sh needs."""
    for name in ("main.py", "ensemble.py", "config", "feeders", "graph", "model", "utils"):
        (tmp_path / name).symlink_to(ROOT / name)
    shutil.copy(ROOT / "eval_pretrained.sh", tmp_path)
    (tmp_path / "pretrained-models").mkdir()
    return tmp_path


@pytest.fixture
def pretrained(project):
    """With weights and data of one benchmark."""
    tmp_path = project
    weights = {f"module.{k}": v.float() for k, v in golden_model.state_dict("ntu60").items()}
    for name in ("ntu60-xsub-joint-fusion", "ntu60-xsub-bone"):
        path = tmp_path / "pretrained-models" / f"{name}.pt"
        torch.save(weights, path, _use_new_zipfile_serialization=False)
    data = small_data.clips(3, frames=16, joints=25, persons=2)
    small_data.write(tmp_path / "data/ntu/xsub", "val", data, [1, 2, 3])
    np.save(tmp_path / "data/ntu/xsub/val_data_bone.npy", data)
    return tmp_path


def evaluate(folder):
    line = ["bash", str(folder / "eval_pretrained.sh"), "--device", "cpu", "--num-worker", "0"]
    environment = {"PATH": "/usr/bin:/bin", "PYTHON": sys.executable}
    return subprocess.run(line, cwd="/", env=environment, capture_output=True, text=True)


def test_eval_pretrained_scores_what_is_there_and_names_what_is_missing(pretrained):
    result = evaluate(pretrained)
    assert result.returncode == 0, result.stderr
    rows = re.findall(
        r"^msg3d +\| ntu/xsub +\| (\w+) +\| ([0-9.]+) +\| ([0-9.]+)$", result.stdout, re.M
    )
    assert [(stream, published) for stream, _, published in rows] == [
        ("joint", "89.4"), ("bone", "90.1"), ("fused", "91.5")]  # fmt: skip
    assert re.search(r"^msg3d +\| kinetics +\| fused +\| - +\| 38.0$", result.stdout, re.M)
    assert "  pretrained-models/kinetics-bone.pt" in result.stdout
    assert "  data/ntu120/xset/val_data_bone.npy" in result.stdout
    assert "pretrained-models/ntu60-xsub-bone.pt" not in result.stdout.split("Missing")[1]


def test_eval_pretrained_fails_when_nothing_is_there_or_a_command_fails(pretrained):
    (pretrained / "pretrained-models" / "ntu60-xsub-bone.pt").write_bytes(b"damaged")
    result = evaluate(pretrained)
    assert result.returncode == 1
    assert "is not a usable torch file" in result.stderr
    for path in (pretrained / "pretrained-models").iterdir():
        path.unlink()
    assert evaluate(pretrained).returncode == 1


def released(project, name, model, **settings) -> None:
    """Random weights under a released name."""
    network = build(f"model.{model}.Model", settings)
    path = project / "pretrained-models" / f"{name}.pt"
    path.parent.mkdir(exist_ok=True)
    # The authors' files of AGCN's bones hold an older name.
    old = "bone" in name
    state = {k.replace(".down.", ".conv_res.") if old else k: v
             for k, v in network.state_dict().items()}  # fmt: skip
    torch.save(state, path)


@pytest.mark.slow
def test_eval_pretrained_scores_the_other_networks(project):
    ntu = {"num_point": 25, "num_person": 2, "graph": "graph.ntu_rgb_d.Graph"}
    for stream in ("joint", "bone"):
        released(project, f"ntu_cs_agcn_{stream}-49-31300", "agcn", num_class=60, **ntu)
    released(project, "st_gcn.ntu-xsub", "stgcn", in_channels=3, num_class=60,
             graph_args={"layout": "ntu-rgb+d", "strategy": "spatial"})  # fmt: skip
    name = "CTRGCN_NTU120_CSub_joint_84.9/runs-58-57072"
    released(project, name, "ctrgcn", num_class=120, **ntu)
    data = small_data.clips(3, frames=16, joints=25, persons=2)
    for folder in ("ntu/xsub", "NTU-RGB-D/xsub", "ctrgcn-ntu120-xsub"):
        small_data.write(project / "data" / folder, "val", data, [1, 2, 3])
    folder = project / "data" / "NTU-RGB-D" / "xsub"
    (folder / "val_data_joint.npy").rename(folder / "val_data.npy")
    result = evaluate(project)
    assert result.returncode == 0, result.stderr
    found = re.findall(r"^(\w+) +\| (\S+) +\| (\w+) +\| [0-9.]+ +\| (\S+)$", result.stdout, re.M)
    assert found == [
        ("agcn", "ntu/xsub", "joint", "85.3"),
        ("agcn", "ntu/xsub", "bone", "86.2"),
        ("agcn", "ntu/xsub", "fused", "88.5"),
        ("stgcn", "NTU-RGB-D/xsub", "joint", "81.5"),
        ("ctrgcn", "ctrgcn-ntu120-xsub", "joint", "84.9"),
    ]
