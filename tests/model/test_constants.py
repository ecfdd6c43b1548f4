"""What follows from weights only: computed once where they are fixed, and of no other weights."""

from threading import Event, Thread

import pytest
import small_data
import torch
from small_data import NETWORKS
from torch import nn

from engine.contracts import KeepsConstants
from model import graph_conv
from model.constants import constants_of, fixed_weights
from utils.config import build

CLIPS = torch.from_numpy(small_data.clips(2))


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_scores_the_same_with_them(name):
    torch.manual_seed(0)
    model = build(f"model.{name}.Model", NETWORKS[name])
    for module in model.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            nn.init.uniform_(module.running_var, 0.5, 1.5)
            nn.init.normal_(module.running_mean)
    model.eval()
    assert isinstance(model, KeepsConstants)
    kept: dict = {}
    with torch.no_grad():
        expected = model(CLIPS)
        for _ in range(2):
            with model.fixed_weights(kept):
                assert torch.equal(model(CLIPS), expected)
        assert kept
        for parameter in model.parameters():
            parameter.mul_(1.5)
        changed = model(CLIPS)
        assert not torch.allclose(changed, expected)
        with model.fixed_weights():
            assert torch.equal(model(CLIPS), changed)


def test_they_are_computed_once(monkeypatch):
    model = build("model.msg3d.Model", small_data.MODEL_ARGS).eval()
    made, of = [], graph_conv.Kernels.of
    monkeypatch.setattr(graph_conv.Kernels, "of", lambda *args: made.append(1) or of(*args))
    with torch.no_grad(), model.fixed_weights():
        model(CLIPS)
        first = len(made)
        model(CLIPS)
    assert len(made) == first == 9  # graph convolutions


def test_where_a_gradient_is_wanted_they_are_made_anew():
    block = nn.Linear(2, 2)
    with fixed_weights():
        with torch.no_grad():
            kept = constants_of(block, "twice", lambda: block.weight * 2)
            assert constants_of(block, "twice", lambda: block.weight * 2) is kept
        own = constants_of(block, "twice", lambda: block.weight * 2)
    assert own is not kept and own.requires_grad


def test_threads_do_not_leave_them_to_each_other():
    """One thread's context ends within another's, in either order."""
    block, done = nn.Linear(2, 2), []
    first, second = Event(), Event()

    def run(own: Event, other: Event) -> None:
        with torch.no_grad(), fixed_weights():
            own.set()
            other.wait(5)
            done.append(constants_of(block, "sum", lambda: block.weight.sum()))

    threads = [Thread(target=run, args=pair) for pair in ((first, second), (second, first))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 2 and done[0] is not done[1]
    with torch.no_grad():
        block.weight.add_(1)
        assert constants_of(block, "sum", lambda: block.weight.sum()) != done[0]
