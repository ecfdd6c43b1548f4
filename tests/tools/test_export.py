"""Exported files compute what torch computes, say what they are, and are taken as weights."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import small_data
import torch
import trained_run
from one_error import error_of

from engine.run_dir.torch_files import read
from formats.exported import KEY, NetworkInfo
from formats.safetensors_header import metadata_of
from tools import export, predict
from tools.exporting import networks as exporting
from tools.predicting.networks import open_network
from utils.cli import PROJECT

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning",
                                        "ignore::UserWarning")  # torch.export's own  # fmt: skip


def settings_for(data: Path) -> dict:
    where = small_data.feeder_args(data, "val", window_size=8, resize=True)
    return {"model_args": small_data.MODEL_ARGS, "test_feeder_args": where}


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    root = tmp_path_factory.mktemp("export")
    data = small_data.learnable(root / "nw-ucla")
    about = {"dataset": "nw-ucla", "clip_shape": [3, 8, 20, 1], "classes": ["wave", "clap", "hop"]}
    (data / "dataset.json").write_text(json.dumps(about))
    return trained_run.make(root / "run", settings_for(data))


def exported(weights: Path, ending: str, *flags: object) -> Path:
    out = weights.parents[1] / f"model{ending}"
    export.main(["--weights", str(weights), "--out", str(out), *map(str, flags)])
    return out


def clip(folder: Path) -> Path:
    """A raw clip of NW-UCLA."""
    skeletons = np.random.default_rng(5).normal(size=(11, 20, 3)).tolist()
    path = folder / "a01_s01_e00_v03.json"
    path.write_text(json.dumps({"skeletons": skeletons, "label": 1}))
    return path


def test_onnx_computes_any_number_of_clips_and_frames_also_without_torch(weights, tmp_path, capsys):
    pytest.importorskip("onnxruntime", reason="pip install -r requirements-extra.txt")
    pytest.importorskip("onnxscript", reason="pip install -r requirements-extra.txt")
    onnx_file = exported(weights, ".onnx")
    ours = open_network(weights, None, ["cpu"]).network
    theirs = open_network(onnx_file, None, ["cpu"])
    assert theirs.info.classes == ["wave", "clap", "hop"]
    rng = np.random.default_rng(1)
    for clips, frames in ((1, 8), (2, 20), (5, 13)):
        batch = rng.normal(size=(clips, 3, frames, 20, 1)).astype(np.float32)
        np.testing.assert_allclose(theirs.network(batch), ours(batch), rtol=1e-4, atol=1e-4)

    path = clip(tmp_path)
    capsys.readouterr()
    predict.main([str(path), "--weights", str(weights), "--json"])
    ours = json.loads(capsys.readouterr().out)
    program = (
        "import sys; sys.modules['torch'] = None; from tools import predict; "
        f"predict.main([{str(onnx_file)!r}, {str(path)!r}, '--json'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    theirs = json.loads(done.stdout)
    assert [one["name"] for one in theirs["top"]] == [one["name"] for one in ours["top"]]
    for one, other in zip(theirs["top"], ours["top"], strict=True):
        assert one["probability"] == pytest.approx(other["probability"], abs=1e-3)


def test_safetensors_are_weights_everywhere(weights, tmp_path, capsys):
    pytest.importorskip("safetensors", reason="pip install -r requirements-extra.txt")
    path = exported(weights, ".safetensors")
    info = NetworkInfo.from_text(metadata_of(path)[KEY], path)
    assert info.classes == ["wave", "clap", "hop"] and info.settings["model_args"]["width"] == 6
    alone = tmp_path / "somewhere" / "model.safetensors"
    alone.parent.mkdir()
    alone.write_bytes(path.read_bytes())
    ours, theirs = read(weights), read(alone)
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    assert trained_run.test_scores(weights, "--weights", str(alone)).keys()
    raw = clip(tmp_path)
    answers = []
    for network in (weights, alone):
        predict.main(["--weights", str(network), str(raw), "--json"])
        answers.append(json.loads(capsys.readouterr().out.splitlines()[-1]))
    assert answers[0] == answers[1]


@pytest.mark.slow
def test_a_program_of_torch_export(weights, capsys):
    path = exported(weights, ".pt2", "--fixed")
    said = capsys.readouterr().out
    assert said.count("largest difference") == 3
    extra = {KEY: ""}
    torch.export.load(path, extra_files=extra)
    assert NetworkInfo.from_text(extra[KEY], path).classes[0] == "wave"


def test_another_computation_is_refused(weights):
    """The check compares: outputs that are off by a thousandth are an error."""
    made = exporting.Exported.of(weights, None, None, fixed=False)
    assert len(exporting.compared(made, made.network)) == 4
    with pytest.raises(ValueError, match="differ from torch's"):
        exporting.compared(made, lambda clips: made.network(clips) * 1.001 + 0.001)


@pytest.mark.slow
@pytest.mark.parametrize("model", ["model.msg3d.Model", "model.msg3d_laban.Model"])
def test_both_networks_and_absent_persons(tmp_path, model):
    pytest.importorskip("onnxruntime")
    args = {**small_data.MODEL_ARGS, "num_person": 2}
    if "laban" in model:
        args = {k: v for k, v in args.items() if k != "width"} | {"in_channels": 15}
    settings = {"model": model, "model_args": args, "test_feeder_args": {"window_size": 12}}
    path = exported(trained_run.make(tmp_path / "run", settings), ".onnx")
    assert path.exists()


def failing(capsys, *argv: object) -> str:
    return error_of(lambda: export.main([str(word) for word in argv]), capsys, may_warn=True)


@pytest.mark.parametrize(
    "content",
    [
        {"settings": {"model": "evil.module.Model"}},
        {"settings": {"feeder": "os.system"}},
        {"settings": {"model_args": {"graph": "evil.graph.Graph"}}},
        {"settings": {"test_feeder_args": {"graph": "a.b.c.D"}}},
        {"settings": {}, "dataset": {"skeleton": "evil.graph.Graph"}},
        {"settings": {}, "dataset": {"settings": {"skeleton": "evil.graph.Graph"}}},
        {"settings": []},
        {"settings": {"model_args": [1]}},
        {"settings": {"test_feeder_args": {"stream": 3}}},
        {"settings": {}, "dataset": {"settings": [1]}},
        {"settings": {}, "dataset": None},
        {"settings": {}, "classes": "abc"},
        {"other": 1},
    ],
)
def test_an_exported_file_cannot_name_code_of_others(content, tmp_path):
    with pytest.raises(ValueError, match=r"is not imported|something else|does not say what"):
        NetworkInfo.from_text(json.dumps(content), tmp_path / "a.onnx")


def test_what_cannot_be_is_one_line(weights, tmp_path, capsys, monkeypatch):
    out = tmp_path / "a.onnx"
    assert "must end with" in failing(capsys, "--weights", weights, "--out", tmp_path / "a.bin")
    assert "config.yaml" in failing(capsys, "--weights", tmp_path / "x/y/a.pt", "--out", out)
    damaged = tmp_path / "damaged.safetensors"
    damaged.write_bytes(b"\xff" * 100)
    with pytest.raises(ValueError, match=r"is not a \.safetensors file"):
        metadata_of(damaged)
    with pytest.raises(ValueError, match=r"not a usable \.safetensors file"):
        read(damaged)
    program = tmp_path / "a.pt2"
    program.write_bytes(b"PK")
    with pytest.raises(ValueError, match="not taken from files"):
        open_network(program, None, ["cpu"])
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"\x08\x01" * 50)
    with pytest.raises(ValueError, match=r"not a usable \.onnx file|does not say what"):
        open_network(broken, None, ["cpu"])
    monkeypatch.setitem(sys.modules, "onnx", None)
    assert "requires onnx" in failing(capsys, "--weights", weights, "--out", out)
    assert not out.exists()
