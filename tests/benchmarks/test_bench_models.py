"""The table of all networks, and the comparison with a checkout of published code."""

import pytest

from benchmarks import bench_models

PUBLISHED = """
import torch
from torch import nn
from graph import Graph  # the checkout's own, not the project's

class Model(nn.Module):
    def __init__(self, num_class, num_point, num_person, graph, graph_args):
        super().__init__()
        assert (num_class, num_point, num_person) == (60, 25, 2) and graph_args
        self.fc = nn.Linear(Graph.width, num_class)

    def forward(self, x):
        return self.fc(x.mean((2, 3, 4)))
"""


@pytest.fixture
def checkout(tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "agcn.py").write_text(PUBLISHED)
    (tmp_path / "graph.py").write_text("class Graph:\n    width = 3\n")
    return tmp_path


@pytest.fixture
def ours(monkeypatch):
    """Our side without its five seconds."""
    monkeypatch.setattr(bench_models, "cell", lambda *_, **__: {"train": 10.0, "infer": 10.0})


def test_a_published_network_runs_without_the_project_s_packages(checkout, ours, capsys):
    bench_models.main(["--against", str(checkout), "--batch", "2"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "| network | training, ours / published | inference, ours / published |"
    assert lines[2].startswith("| agcn | ") and len(lines) == 3
    assert float(lines[2].split("|")[2]) > 1  # a linear layer is faster than ten clips a second


def test_what_does_not_run_is_one_line(checkout, ours, capsys):
    (checkout / "model" / "agcn.py").write_text("raise RuntimeError('needs a GPU')")
    with pytest.raises(SystemExit):
        bench_models.main(["--against", str(checkout)])
    assert "does not run here: RuntimeError: needs a GPU" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        bench_models.main(["--against", str(checkout / "model")])
    assert "is not a checkout of" in capsys.readouterr().err


@pytest.mark.slow
def test_a_cell_of_the_table():
    found = bench_models.cell("ctrgcn", 16, 1, 1, "cpu")
    assert round(found["parameters"] / 1e6, 2) == 1.45
    assert min(found["train"], found["infer"]) > 0
