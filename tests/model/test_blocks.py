"""Every block of model/ equals the literal one of tests/helpers/oracle.py, values and gradients."""

import copy

import numpy as np
import oracle
import pytest
import torch

from graph import kinetics, ntu_rgb_d, ucla, udiva
from model import graph_conv
from model.absent import merge_absent
from model.layers import max_of_three
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


def equal_values_and_gradients(
    block, literal, x, swap_axes=True, training=True, of_input=True
) -> None:
    """Same weights, same input: compare outputs, gradients and the running statistics."""
    block.double().train(training)
    literal.double().train(training)
    with torch.no_grad():
        for parameter in literal.parameters():
            parameter.copy_(torch.randn_like(parameter) * 0.3)
        for key, buffer in literal.named_buffers():
            if "running" in key:
                buffer.uniform_(0.5, 1.5)
    block.load_state_dict(literal.state_dict(), strict=True)
    x = x.double()
    ours = x.transpose(2, 3).contiguous() if swap_axes else x.clone()
    ours.requires_grad_(of_input)
    theirs = x.clone().requires_grad_(of_input)
    output, expected = block(ours), literal(theirs)
    if swap_axes:
        output = output.transpose(2, 3)
    torch.testing.assert_close(output, expected, rtol=1e-9, atol=1e-9)
    weights = torch.randn_like(expected)
    (output * weights).sum().backward()
    (expected * weights).sum().backward()
    if of_input:
        gradient = ours.grad.transpose(2, 3) if swap_axes else ours.grad
        torch.testing.assert_close(gradient, theirs.grad, rtol=1e-8, atol=1e-8)
    gradients = dict(block.named_parameters())
    for key, parameter in literal.named_parameters():
        torch.testing.assert_close(gradients[key].grad, parameter.grad, rtol=1e-8, atol=1e-8)
    state = block.state_dict()
    for key, buffer in literal.state_dict().items():
        torch.testing.assert_close(state[key], buffer, rtol=1e-9, atol=1e-9)


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


TRAINING = pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])


@TRAINING
@pytest.mark.parametrize("joints", GRAPHS)
@pytest.mark.parametrize(("c_in", "c_out"), [(3, 8), (8, 8), (8, 4)])
def test_ms_gcn_equals_the_literal_form(joints, c_in, c_out, training):
    adjacency = GRAPHS[joints]().A_binary_with_I
    block = MultiScaleGraphConv(c_in, c_out, adjacency, num_scales=5)
    literal = oracle.GraphConv(c_in, c_out, adjacency, num_scales=5)
    x = torch.randn(2, c_in, 7, joints)
    equal_values_and_gradients(block, literal, x, training=training)


@pytest.mark.parametrize("frames", [1, 2, 9, 12])
@pytest.mark.parametrize("window", [3, 5])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("c_in", [3, 8])
@TRAINING
def test_ms_g3d_pathway_equals_the_literal_form(frames, window, stride, c_in, training):
    adjacency = GRAPHS[18]().A_binary_with_I
    sizes = (c_in, 6, 10, adjacency, 3, window, stride)
    block, literal = MSG3DPathway(*sizes), oracle.Pathway(*sizes)
    x = torch.randn(2, c_in, frames, 18)
    equal_values_and_gradients(block, literal, x, training=training)


@pytest.mark.parametrize("frames", [3, 8, 13])
@pytest.mark.parametrize(("c_in", "c_out", "stride"), [(12, 12, 1), (12, 24, 2), (6, 12, 1)])
@pytest.mark.parametrize("activation", [True, False])
@TRAINING
def test_ms_tcn_equals_the_literal_form(frames, c_in, c_out, stride, activation, training):
    block = MultiScaleTemporalConv(c_in, c_out, stride=stride, activation=activation)
    literal = oracle.TCN(c_in, c_out, stride, activation)
    x = torch.randn(2, c_in, frames, 5)
    equal_values_and_gradients(block, literal, x, training=training)


NETWORKS = [
    pytest.param(25, 2, 11, marks=pytest.mark.slow),
    (20, 1, 8),
    (18, 3, 3),
    (24, 2, 1),
]


def networks(joints, persons):
    graph = f"{GRAPHS[joints].__module__}.AdjMatrixGraph"
    sizes = (7, joints, persons, 4, 3, graph, 3, 12)
    return Model(*sizes), oracle.Model(*sizes)


@TRAINING
@pytest.mark.parametrize(("joints", "persons", "frames"), NETWORKS)
def test_the_whole_network_equals_the_literal_form(joints, persons, frames, training):
    clips = torch.randn(3, 3, frames, joints, persons)
    both = networks(joints, persons)
    equal_values_and_gradients(*both, clips, swap_axes=False, training=training)


@TRAINING
@pytest.mark.parametrize("absent", [[(0, 1), (2, 1), (3, 1)], [(1, 0), (1, 1), (3, 0), (3, 1)]])
def test_absent_bodies_computed_once_change_nothing(absent, training):
    clips = torch.randn(4, 3, 9, 25, 2)
    for clip, person in absent:
        clips[clip, ..., person] = 0
    assert len(merge_absent(clips).rows) < 8
    # The gradient of constant input depends on which of equal frames a max-pool picks.
    options = {"swap_axes": False, "training": training, "of_input": False}
    equal_values_and_gradients(*networks(joints=25, persons=2), clips, **options)


def test_each_absent_body_has_its_own_gradient_where_one_is_asked_for():
    clips = torch.randn(3, 3, 9, 25, 2)
    clips[..., 1] = 0
    model, _ = networks(joints=25, persons=2)
    model.eval()(clips.requires_grad_()).sum().backward()
    assert clips.grad[..., 1].abs().amax((1, 2, 3)).gt(0).all()


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("frames", [1, 2, 3, 8, 13])
def test_the_largest_of_three_frames_is_that_of_max_pooling(frames, stride):
    x = torch.randn(2, 3, 4, frames)
    with torch.no_grad():
        fast = max_of_three(x, stride)
    pool = torch.nn.MaxPool2d((1, 3), stride=(1, stride), padding=(0, 1))
    assert torch.equal(fast, pool(x))
    assert torch.equal(max_of_three(x, stride), pool(x))


def test_a_few_rows_at_a_time_are_as_good_as_all(monkeypatch):
    adjacency = GRAPHS[18]().A_binary_with_I
    x = torch.randn(5, 8, 18, 9)
    results = []
    for size in (1, 1 << 30):
        monkeypatch.setitem(graph_conv.CHUNK_BYTES, "cpu", size)
        torch.manual_seed(0)
        block = MSG3DPathway(8, 6, 10, adjacency, 3, 5, 2)
        block(x).square().sum().backward()
        results.append([parameter.grad for parameter in block.parameters()])
    for one, other in zip(*results, strict=True):
        torch.testing.assert_close(one, other)


def losses_of_twenty_steps(model, clips, labels):
    optimizer = torch.optim.SGD(model.parameters(), 0.01, momentum=0.9, nesterov=True)
    losses = []
    for _ in range(20):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(clips), labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return np.array(losses)


def test_twenty_steps_in_single_precision_are_as_exact_as_the_literal_form_s():
    torch.manual_seed(0)
    ours, literal = networks(joints=20, persons=1)
    ours.load_state_dict(literal.state_dict())
    exact = copy.deepcopy(literal).double()
    clips, labels = torch.randn(8, 3, 16, 20, 1), torch.arange(8) % 7
    torch.testing.assert_close(ours(clips), literal(clips), rtol=1e-4, atol=1e-4)
    truth = losses_of_twenty_steps(exact, clips.double(), labels)
    # Rounding grows with every step, differently on every kind of CPU.
    error, error_of_literal = (
        np.abs(losses_of_twenty_steps(model, clips, labels) - truth) for model in (ours, literal)
    )
    assert error[:5].max() < 1e-4
    assert error.max() < 3 * error_of_literal.max() + 1e-3
    assert truth[-1] < 0.5 * truth[0]
