"""Every network under the same commands: training, resuming, testing, tools."""

import json

import numpy as np
import pytest
import small_data
import small_run
import torch
import trained_run
import yaml
from small_data import NETWORKS

import main
from formats.scores import load_scores
from tools import export, predict, report


@pytest.mark.parametrize("name", NETWORKS)
def test_it_trains_resumes_and_is_asked(name, tmp_path, capsys):
    """By its short name, in half precision; parts of its weights that are loaded stay frozen."""
    data = small_data.learnable(tmp_path / "nw-ucla")
    (data / "dataset.json").write_text(json.dumps({"dataset": "nw-ucla", "classes": list("abc")}))
    more = {"num_epoch": 1, "half": True, "model": name}
    argv = small_run.write_settings(tmp_path, data, **more)
    settings = yaml.safe_load((tmp_path / "settings.yaml").read_text())
    settings["model_args"] = NETWORKS[name]
    (tmp_path / "settings.yaml").write_text(yaml.safe_dump(settings))
    main.main([*argv, "--save-score", "yes"])
    main.main([*argv, "--num-epoch", "2", "--resume", "auto", "--save-score", "yes"])
    best = tmp_path / "run" / "weights" / "best.pt"
    lines = (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["epoch"] for line in lines] == [1, 2]

    head = "fcn" if name == "stgcn" else "fc"
    frozen = ["--weights", str(best), "--ignore-weights", head, "--freeze-loaded", "--work-dir"]
    main.main([*argv, *frozen, str(tmp_path / "frozen")])
    before, after = (torch.load(p, weights_only=True) for p in (
        best, tmp_path / "frozen" / "weights" / "best.pt"))  # fmt: skip
    changed = {key.partition(".")[0] for key in before if not torch.equal(before[key], after[key])
               and "running" not in key and "num_batches" not in key}  # fmt: skip
    assert changed == {head}

    capsys.readouterr()
    skeletons = np.random.default_rng(5).normal(size=(8, 20, 3)).tolist()
    clip = tmp_path / "a01_s01_e00_v03.json"
    clip.write_text(json.dumps({"skeletons": skeletons, "label": 1}))
    predict.main([str(clip), "--weights", str(best), "--json"])
    assert len(json.loads(capsys.readouterr().out.splitlines()[-1])["top"]) == 3
    report.main([str(tmp_path / "run"), "--out", str(tmp_path / "a.html"), "--no-speed"])
    content = json.loads((tmp_path / "a.json").read_text())["runs"][0]
    assert content["model"] == name and content["samples"] == 10


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_it_is_exported(name, tmp_path):
    pytest.importorskip("onnxruntime")
    data = small_data.learnable(tmp_path / "data")
    where = small_data.feeder_args(data, "val")
    settings = {
        "model": f"model.{name}.Model", "model_args": NETWORKS[name], "test_feeder_args": where,
    }  # fmt: skip
    weights = trained_run.make(tmp_path / "run", settings)
    export.main(["--weights", str(weights), "--out", str(tmp_path / "a.onnx")])
    assert (tmp_path / "a.onnx").exists()


def test_scores_of_different_networks_are_fused(tmp_path):
    import ensemble

    data = small_data.learnable(tmp_path / "data" / "own")
    where = small_data.feeder_args(data, "val")
    folders, scores = [], []
    for name in ("stgcn", "ctrgcn"):
        settings = {"model": f"model.{name}.Model", "model_args": NETWORKS[name],
                    "test_feeder_args": where}  # fmt: skip
        weights = trained_run.make(tmp_path / name, settings)
        scores.append(trained_run.test_scores(weights))
        folders.append(tmp_path / f"{name}_eval")
    argv = ["--dataset", "own", "--data-folder", str(tmp_path / "data"), "--score-dirs"]
    ensemble.main([*argv, *map(str, folders)])
    assert (
        scores[0].keys()
        == scores[1].keys()
        == load_scores(folders[0] / "epoch1_test_score.pkl").keys()
    )
