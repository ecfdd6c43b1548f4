"""Every block of model/ equals the literal formulation in tests/oracle.py, values and gradients."""

import oracle
import pytest
import torch

from graph import kinetics, ntu_rgb_d, ucla, udiva
from model.ms_g3d import MSG3DPathway
from model.ms_gcn import MultiScaleGraphConv
from model.ms_tcn import MultiScaleTemporalConv
from model.msg3d import Model

GRAPHS = {
    18: kinetics.AdjMatrixGraph,
    20: ucla.AdjMatrixGraph,
    24: udiva.AdjMatrixGraph,
    25: ntu_rgb_d.AdjMatrixGraph,
}


def equal_values_and_gradients(block, literal, x, swap_axes=True) -> None:
    """Same weights, same input: compare outputs, input gradients and parameter gradients."""
    block.double().train()
    literal.double().train()
    with torch.no_grad():
        for parameter in literal.parameters():
            parameter.copy_(torch.randn_like(parameter) * 0.3)
    block.load_state_dict(literal.state_dict(), strict=True)
    x = x.double()
    ours = x.transpose(2, 3).contiguous() if swap_axes else x.clone()
    ours.requires_grad_(True)
    theirs = x.clone().requires_grad_(True)
    output, expected = block(ours), literal(theirs)
    if swap_axes:
        output = output.transpose(2, 3)
    torch.testing.assert_close(output, expected, rtol=1e-9, atol=1e-9)
    weights = torch.randn_like(expected)
    (output * weights).sum().backward()
    (expected * weights).sum().backward()
    gradient = ours.grad.transpose(2, 3) if swap_axes else ours.grad
    torch.testing.assert_close(gradient, theirs.grad, rtol=1e-8, atol=1e-8)
    gradients = dict(block.named_parameters())
    for key, parameter in literal.named_parameters():
        torch.testing.assert_close(gradients[key].grad, parameter.grad, rtol=1e-8, atol=1e-8)


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


@pytest.mark.parametrize("joints", GRAPHS)
@pytest.mark.parametrize(("c_in", "c_out"), [(3, 8), (8, 8), (8, 4)])
def test_ms_gcn_equals_the_literal_form(joints, c_in, c_out):
    adjacency = GRAPHS[joints]().A_binary_with_I
    block = MultiScaleGraphConv(c_in, c_out, adjacency, num_scales=5)
    literal = oracle.GraphConv(c_in, c_out, adjacency, num_scales=5)
    equal_values_and_gradients(block, literal, torch.randn(2, c_in, 7, joints))


@pytest.mark.parametrize("frames", [1, 2, 9, 12])
@pytest.mark.parametrize("window", [3, 5])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("c_in", [3, 8])
def test_ms_g3d_pathway_equals_the_literal_form(frames, window, stride, c_in):
    adjacency = GRAPHS[18]().A_binary_with_I
    sizes = (c_in, 6, 10, adjacency, 3, window, stride)
    block, literal = MSG3DPathway(*sizes), oracle.Pathway(*sizes)
    equal_values_and_gradients(block, literal, torch.randn(2, c_in, frames, 18))


@pytest.mark.parametrize("frames", [3, 8, 13])
@pytest.mark.parametrize(("c_in", "c_out", "stride"), [(12, 12, 1), (12, 24, 2), (6, 12, 1)])
@pytest.mark.parametrize("activation", [True, False])
def test_ms_tcn_equals_the_literal_form(frames, c_in, c_out, stride, activation):
    block = MultiScaleTemporalConv(c_in, c_out, stride=stride, activation=activation)
    literal = oracle.TCN(c_in, c_out, stride, activation)
    equal_values_and_gradients(block, literal, torch.randn(2, c_in, frames, 5))


@pytest.mark.parametrize(("joints", "persons", "frames"), [(25, 2, 11), (20, 1, 8), (18, 3, 3)])
def test_the_whole_network_equals_the_literal_form(joints, persons, frames):
    graph = f"{GRAPHS[joints].__module__}.AdjMatrixGraph"
    sizes = (7, joints, persons, 4, 3, graph, 3, 12)
    clips = torch.randn(3, 3, frames, joints, persons)
    equal_values_and_gradients(Model(*sizes), oracle.Model(*sizes), clips, swap_axes=False)
