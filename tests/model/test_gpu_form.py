"""The GPU form of every block equals the portable one; Triton's interpreter runs its kernels."""
# Shapes: N rows (bodies), C channels, T frames, V joints, M persons.

import copy

import pytest
import small_graph
import torch

from model.constants import fixed_weights
from model.gpu import blocks, launch
from model.ms_g3d import MultiWindowMSG3D
from model.ms_gcn import MultiScaleGraphConv
from model.ms_tcn import MultiScaleTemporalConv
from model.msg3d import Model

pytest.importorskip("triton")

CHAIN = small_graph.Chain().A_binary_with_I
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


def slow(value):
    return pytest.param(value, marks=pytest.mark.slow)


TRAINING = pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


@pytest.fixture
def on_gpu(monkeypatch):
    """Switches the GPU form on."""
    return lambda: monkeypatch.setattr(launch, "on_gpu", lambda x: True)


def randomize(module) -> None:
    """Weights, statistics and the learned masks far from where they start."""
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            parameter.copy_(torch.randn_like(parameter) * (0.1 if "A_res" in name else 0.3))
            if "bn" in name and name.endswith("weight"):
                parameter.add_(1)
        for key, buffer in module.named_buffers():
            if "running" in key:
                buffer.uniform_(0.5, 1.5)


def both(block, on_gpu, training, *inputs, call=None, with_input=True):
    """Outputs, gradients and running statistics: portable in float64, GPU form in float32."""
    randomize(block)
    block.train(training)
    found = []
    for gpu in (False, True):
        kind = torch.float32 if gpu else torch.float64
        own = copy.deepcopy(block).to(DEVICE, kind)
        given = [value.to(DEVICE, kind, copy=True) for value in inputs]
        given = [value.requires_grad_(training and with_input) for value in given]
        if gpu:
            on_gpu()
        with torch.set_grad_enabled(training):
            out = (call or type(own).__call__)(own, *given)
        values = [out.detach()]
        if training:
            weights = torch.randn(out.shape, generator=torch.Generator().manual_seed(1))
            (out * weights.to(out)).sum().backward()
            values += [value.grad for value in given if with_input]
            values += [parameter.grad for parameter in own.parameters()]
        found.append((values, own.state_dict()))
    return found


def check(found) -> None:
    (portable, state), (gpu, gpu_state) = found
    assert all(value is not None for value in gpu)
    for one, other in zip(portable, gpu, strict=True):
        atol = 1e-4 * max(1.0, one.abs().max().item())
        torch.testing.assert_close(other.to(one), one, rtol=1e-4, atol=atol)
    for key, value in state.items():
        torch.testing.assert_close(gpu_state[key].to(value), value, rtol=1e-4, atol=1e-4)


@TRAINING
@pytest.mark.parametrize(("c_in", "c_out"), [(3, 24), (16, 16), (32, 48)])
def test_ms_gcn(on_gpu, training, c_in, c_out):
    block = MultiScaleGraphConv(c_in, c_out, CHAIN, num_scales=3)
    check(both(block, on_gpu, training, torch.randn(3, c_in, 5, 7)))


@TRAINING
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("frames", [1, slow(2), 7, slow(8)])
@pytest.mark.parametrize("c_in", [3, 16])
def test_ms_g3d(on_gpu, training, stride, frames, c_in):
    block = MultiWindowMSG3D(c_in, 16, 24, CHAIN, 2, stride)
    x, plain = torch.randn(2, c_in, 5, frames), torch.randn(2, 24, 5, -(-frames // stride))
    add = MultiWindowMSG3D.add_to
    check(both(block, on_gpu, training, plain, x, call=lambda block, *given: add(block, *given)))


@TRAINING
@pytest.mark.parametrize("activation", [True, False])
@pytest.mark.parametrize("frames", [1, slow(3), 9, slow(12)])
@pytest.mark.parametrize(("c_in", "c_out", "stride"), [(48, 48, 1), (24, 96, 2), (18, 18, 2)])
def test_ms_tcn(on_gpu, training, c_in, c_out, stride, frames, activation):
    block = MultiScaleTemporalConv(c_in, c_out, stride, activation)
    check(both(block, on_gpu, training, torch.randn(2, c_in, 5, frames)))


def small_model() -> Model:
    return Model(4, 5, 2, 3, 2, "small_graph.Chain", width=12)


@TRAINING
@pytest.mark.parametrize("absent", [slow(0), 2])
def test_whole_model_with_bodies_that_are_not_there(on_gpu, training, absent):
    clips = torch.randn(3, 3, 9, 5, 2)
    clips[:absent, ..., 1] = 0
    check_whole_model(both(small_model(), on_gpu, training, clips, with_input=False), training)


def check_whole_model(found, training) -> None:
    (portable, state), (gpu, gpu_state) = found
    scale = max(value.norm().item() for value in portable[1:]) if training else 0
    for one, other in zip(portable, gpu, strict=True):
        # Gradients that are 0 but for rounding, of biases before a BatchNorm, have no scale.
        assert (other - one).norm() <= 2e-3 * one.norm() + 1e-5 * scale
    for key, value in state.items():
        torch.testing.assert_close(gpu_state[key].to(value), value, rtol=1e-3, atol=1e-3)


@pytest.mark.slow
@TRAINING
def test_rows_that_only_fill_up_change_nothing(on_gpu, training):
    def in_seven_rows(model, clips):
        with model.fixed_rows(7 if launch.on_gpu(clips) else 8):
            return model(clips)

    clips = torch.randn(4, 3, 9, 5, 2)
    clips[1:, ..., 1] = 0  # five rows suffice
    found = both(small_model(), on_gpu, training, clips, call=in_seven_rows, with_input=False)
    check_whole_model(found, training)


@pytest.mark.slow
@TRAINING
def test_half_precision_is_close(on_gpu, training):
    model, clips = small_model().to(DEVICE), torch.randn(2, 3, 8, 5, 2, device=DEVICE)
    randomize(model)
    model.train(training)
    with torch.set_grad_enabled(training):
        expected = copy.deepcopy(model)(clips)
        on_gpu()
        with torch.autocast(DEVICE, torch.float16):
            out = model(clips).float()
    assert (out - expected).norm() / expected.norm() < 1e-2
    if training:
        out.square().sum().backward()
        assert all(parameter.grad.isfinite().all() for parameter in model.parameters())


def test_constants_are_computed_once_while_weights_are_fixed(on_gpu, monkeypatch):
    model, clips = small_model().eval().to(DEVICE), torch.randn(1, 3, 8, 5, 2, device=DEVICE)
    on_gpu()
    calls, real = [], blocks.fixed_affine
    monkeypatch.setattr(blocks, "fixed_affine", lambda *args: calls.append(1) or real(*args))
    with torch.no_grad():
        with fixed_weights():
            first = model(clips)
            once = len(calls)
            again = model(clips)
        assert len(calls) == once and torch.equal(first, again)
        model.tcn3.parts().heads[0].weight.data.mul_(2)
        assert not torch.allclose(model(clips), first)
