"""BatchNorm side by side, of rows that count several times, and folded away."""

import pytest
import torch
from torch import nn

from model.batch_norm import batch_norm, convolve_and_normalize
from model.layers import pointwise


def layers(*sizes: int) -> list[nn.BatchNorm2d]:
    torch.manual_seed(1)
    norms = [nn.BatchNorm2d(size).double() for size in sizes]
    for norm in norms:
        nn.init.uniform_(norm.weight, 0.5, 1.5)
        nn.init.normal_(norm.bias)
    return norms


@pytest.mark.parametrize("repeats", [[1, 1, 1], [1, 4, 2]])
def test_rows_that_stand_for_several_count_as_all_of_them(repeats):
    x = 3 + 2 * torch.randn(3, 5, 4, 6, dtype=torch.float64)
    grad = torch.randn(sum(repeats), 5, 4, 6, dtype=torch.float64)
    index = torch.arange(3).repeat_interleave(torch.tensor(repeats))
    a, b = x.clone().requires_grad_(), x.clone().requires_grad_()
    (ours,), (theirs,) = layers(5), layers(5)
    y = batch_norm(a, [ours], torch.tensor(repeats))[index]
    expected = theirs(b[index])
    torch.testing.assert_close(y, expected, rtol=1e-12, atol=1e-12)
    y.backward(grad)
    expected.backward(grad)
    torch.testing.assert_close(a.grad, b.grad, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(ours.weight.grad, theirs.weight.grad)
    torch.testing.assert_close(ours.bias.grad, theirs.bias.grad)
    for key, value in theirs.state_dict().items():
        torch.testing.assert_close(ours.state_dict()[key], value)


@pytest.mark.parametrize("training", [True, False])
def test_layers_side_by_side_normalise_as_each_alone(training):
    x = torch.randn(2, 7, 3, 5, dtype=torch.float64)
    ours, theirs = layers(3, 4), layers(3, 4)
    for norm in ours + theirs:
        norm.train(training)
    expected = torch.cat([n(part) for n, part in zip(theirs, x.split([3, 4], 1), strict=True)], 1)
    torch.testing.assert_close(batch_norm(x, ours), expected)
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one.state_dict(), other.state_dict())


def test_what_follows_is_done_again_but_counted_once():
    (norm,) = layers(4)
    x = torch.randn(2, 4, 3, 5, dtype=torch.float64, requires_grad=True)
    calls = []
    y = batch_norm(x, [norm], not_kept=lambda y: (calls.append(1), y.sin())[1])
    y.sum().backward()
    assert len(calls) == 2
    assert norm.num_batches_tracked == 1
    (plain,) = layers(4)
    other = x.detach().clone().requires_grad_()
    plain(other).sin().sum().backward()
    torch.testing.assert_close(x.grad, other.grad)
    torch.testing.assert_close(norm.running_var, plain.running_var)


def test_layers_of_another_kind_are_called_as_they_are():
    class Doubling(nn.BatchNorm2d):
        def forward(self, input):
            return 2 * super().forward(input)

    x = torch.randn(2, 3, 4, 5)
    torch.testing.assert_close(batch_norm(x, [Doubling(3)]), 2 * nn.BatchNorm2d(3)(x))


def test_fixed_statistics_become_part_of_the_convolution():
    norms, convolutions = layers(3, 2), [nn.Conv2d(6, 3, 1).double(), nn.Conv2d(6, 2, 1).double()]
    for norm in norms:
        norm.running_mean.normal_()
        norm.running_var.uniform_(0.5, 2)
        norm.eval()
    x, calls = torch.randn(2, 6, 4, 5, dtype=torch.float64), []

    def convolve(*args):
        calls.append(args)
        return pointwise(*args)

    expected = torch.cat([n(c(x)) for n, c in zip(norms, convolutions, strict=True)], 1)
    torch.testing.assert_close(convolve_and_normalize(convolve, x, convolutions, norms), expected)
    assert len(calls) == 1


@pytest.mark.parametrize("weights", [torch.float32, torch.bfloat16])
def test_half_features_have_statistics_in_single_precision(weights):
    x = (100 + torch.randn(2, 3, 50, 60)).bfloat16().requires_grad_()
    norm = nn.BatchNorm2d(3).to(weights)
    y = batch_norm(x, [norm])
    assert y.dtype == torch.bfloat16
    assert y.float().std().item() == pytest.approx(1, abs=0.02)
    assert norm.running_mean.tolist() == pytest.approx([10] * 3, abs=0.1)
    y.square().sum().backward()
    assert x.grad.dtype == torch.bfloat16 and norm.weight.grad.dtype == weights
    assert norm.weight.grad.tolist() == pytest.approx([2 * 6000] * 3, rel=0.02)


def test_without_a_momentum_statistics_are_means_over_the_batches():
    (ours,), (theirs,) = layers(3), layers(3)
    ours.momentum = theirs.momentum = None
    for batch in torch.randn(4, 2, 3, 4, 5, dtype=torch.float64):
        batch_norm(batch, [ours])
        theirs(batch)
    torch.testing.assert_close(ours.state_dict(), theirs.state_dict())
