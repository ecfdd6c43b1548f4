"""The Laban model: its dropout, its lengths, its arguments. Its numbers are in test_golden.py."""

import pytest
import torch
import torch.nn.functional as F

from graph import udiva
from model.ms_gcn import MultiScaleGraphConv
from model.ms_tcn import MultiScaleTemporalConv
from model.msg3d_laban import Model

SMALL = {
    "num_class": 5,
    "num_point": 24,
    "num_person": 1,
    "num_gcn_scales": 3,
    "num_g3d_scales": 2,
    "graph": "graph.udiva.AdjMatrixGraph",
    "layer_channels": 6,
}


@pytest.mark.parametrize(("c_in", "c_out", "window"), [(3, 8, 1), (8, 4, 1), (8, 4, 3)])
def test_dropout_acts_on_the_aggregated_features(c_in, c_out, window, monkeypatch):
    """Whatever order the block prefers; the literal form is spelt out here."""
    adjacency = udiva.AdjMatrixGraph().A_binary_with_I
    block = MultiScaleGraphConv(c_in, c_out, adjacency, 4, window, dropout=0.6).double().train()
    x = torch.randn(2, c_in, 24, 5, dtype=torch.float64)
    seen = []
    monkeypatch.setattr(F, "dropout", lambda y, p, *_: seen.append((y.detach(), p)) or y)
    block(x)
    ((aggregated, p),) = seen
    assert p == 0.6
    padded = F.pad(x, (window // 2, window // 2))
    windows = torch.stack([padded[..., w : w + 5] for w in range(window)], dim=2)
    A = (block.A_scales + block.A_res).view(4, window * 24, window * 24)
    literal = torch.einsum("kij,ncjt->nckit", A, windows.flatten(2, 3)).flatten(1, 2)
    torch.testing.assert_close(aggregated.view(literal.shape), literal)


def test_without_training_dropout_changes_nothing():
    adjacency = udiva.AdjMatrixGraph().A_binary_with_I
    plain = MultiScaleGraphConv(8, 4, adjacency, 4).eval()
    dropping = MultiScaleGraphConv(8, 4, adjacency, 4, dropout=0.6).eval()
    keys = {key.replace("layers.0", "layers.1") if "layers.0" in key
            else key.replace("layers.1", "layers.2"): value
            for key, value in plain.state_dict().items()}  # fmt: skip
    dropping.load_state_dict(keys, strict=True)
    x = torch.randn(2, 8, 24, 6)
    assert torch.equal(plain(x), dropping(x))


def test_ms_tcn_drops_the_four_dilated_branches_and_the_sum(monkeypatch):
    block = MultiScaleTemporalConv(6, 12, dropout=0.4).train()
    shapes = []
    monkeypatch.setattr(F, "dropout", lambda y, p, *_: shapes.append((y.shape[1], p)) or y)
    block(torch.randn(2, 6, 24, 5))
    assert shapes == [(8, 0.4), (12, 0.4)]


def test_every_parameter_gets_a_gradient_and_dropout_makes_passes_differ():
    torch.manual_seed(0)
    model, x = Model(**SMALL), torch.randn(2, 15, 8, 24, 1)
    outputs = model(x)
    outputs.sum().backward()
    assert [name for name, p in model.named_parameters() if p.grad is None] == []
    assert not torch.equal(outputs, model(x))
    model.eval()
    assert torch.equal(model(x), model(x))


def test_the_published_dropout_is_the_default_and_can_be_left_out(monkeypatch):
    shares = []
    monkeypatch.setattr(F, "dropout", lambda y, p, *_: shares.append(p) or y)
    x = torch.randn(1, 15, 8, 24, 1)
    Model(**SMALL)(x)
    # A block: 1 MS-GCN, 2 MS-G3D pathways, 3 MS-TCN of two places each.
    assert sorted(shares) == [0.4] * 3 * (2 + 3 * 2) + [0.6] * 3
    shares.clear()
    Model(**SMALL, dropout=(0, 0, 0))(x)
    assert not shares


@pytest.mark.parametrize("frames", [1, 7, 40])
def test_chunks_of_any_length(frames):
    with torch.no_grad():
        assert Model(**SMALL).eval()(torch.randn(2, 15, frames, 24, 1)).shape == (2, 5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"in_channels": 3}, "without features: model.msg3d.Model"),
        ({"num_point": 25}, "num_point is 25, but graph.udiva.AdjMatrixGraph has 24 joints"),
        ({"dropout": (0.6, 0.4, 1.0)}, r"below 1. Got \(0.6, 0.4, 1.0\)"),
        ({"layer_channels": 8}, "must be a multiple of its 6 branches. Got 8"),
    ],
)
def test_impossible_arguments_are_named(change, message):
    with pytest.raises(ValueError, match=message):
        Model(**{**SMALL, **change})
