"""Contracts of the model that do not need golden numbers."""

import pytest
import torch

from model.msg3d import Model

SMALL = {
    "num_class": 4,
    "num_point": 20,
    "num_person": 2,
    "num_gcn_scales": 3,
    "num_g3d_scales": 2,
    "graph": "graph.ucla.AdjMatrixGraph",
    "width": 6,
}


def test_every_parameter_gets_a_gradient():
    model = Model(**SMALL)
    model(torch.randn(2, 3, 9, 20, 2)).sum().backward()
    assert [name for name, p in model.named_parameters() if p.grad is None] == []


def test_the_width_scales_all_blocks_and_defaults_to_the_papers():
    assert Model(**SMALL).fc.in_features == 24
    assert Model(**{k: v for k, v in SMALL.items() if k != "width"}).fc.in_features == 384


def test_adjacency_follows_the_dtype_and_stays_out_of_the_state_dict():
    model = Model(**SMALL).double()
    assert model.sgcn1[0].A_scales.dtype == torch.float64
    assert not [key for key in model.state_dict() if "A_scales" in key]


def test_forward_leaves_the_input_alone():
    clips = torch.randn(1, 3, 6, 20, 2)
    before = clips.clone()
    Model(**SMALL)(clips)
    assert torch.equal(clips, before)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"num_point": 25}, "num_point is 25, but graph.ucla.AdjMatrixGraph has 20 joints"),
        ({"width": 16}, "must be a multiple of its 6 branches. Got 16"),
        ({"graph": "graph.uclaa.AdjMatrixGraph"}, "cannot import 'graph.uclaa.AdjMatrixGraph'"),
    ],
)
def test_impossible_arguments_are_named(change, message):
    with pytest.raises(ValueError, match=message):
        Model(**{**SMALL, **change})
