"""The GPU benchmark runs through; without a GPU with the forms that need none."""

import json

import pytest
import torch

from benchmarks import bench_gpu


@pytest.mark.skipif(torch.cuda.is_available(), reason="is measured there")
@pytest.mark.slow
def test_the_table_compares_forms_in_each_phase(tmp_path, capsys):
    path = tmp_path / "gpu.json"
    arguments = ["--batch", "4", "--frames", "2", "--rounds", "1", "--steps", "1"]
    bench_gpu.main([*arguments, "--precision", "float32", "--json", str(path)])
    figures = json.loads(path.read_text())
    results, networks = figures["results"], figures["networks"]["float32"]
    assert [(row["phase"], row["form"], row["absent"]) for row in results] == [
        ("training", "literal", 0),
        ("training", "portable", 0),
        ("inference", "literal", 0),
        ("inference", "portable", 0),
        ("training", "literal", 3),
        ("training", "portable", 3),
    ]
    assert all(row["ms"] > 0 and row["clips_per_second"] > 0 for row in results)
    assert results[0]["time_ratio"] == 1
    assert [(row["phase"], row["network"]) for row in networks] == [
        (phase, network) for phase in ("training", "inference") for network in ("msg3d", "ctrgcn")
    ]
    shown = capsys.readouterr().out
    assert "| training, float32, 3 clips with one person | portable |" in shown
    msg3d, ctrgcn = (row["clips_per_second"] for row in networks[2:])
    share = f"- inference, NW-UCLA, 4 of 2 frames, one by one: {msg3d / ctrgcn:.3f}"
    assert share in shown
