"""CUDA graphs, as far as they can be tested without a GPU; tests/test_gpu.py has the rest."""
# Shapes: N clips, C channels, T frames, V joints, M persons.

import copy
from types import SimpleNamespace

import pytest
import small_data
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from engine.contracts import Recordable
from engine.device import cuda_graphs
from engine.device.cuda_graphs import FIRST_CALLS, RecordedForward, SliceGraphs
from engine.device.precision import Precision
from engine.optimization import make_optimizer, make_schedule
from engine.run_dir.checkpoint import TrainState
from engine.step import launch_step, slice_sums
from engine.tasks.action import ActionClassification
from model import batch_norm
from utils.config import build

TASK = ActionClassification()
CPU = torch.device("cpu")
# Operators by which a host waits for a GPU, or copies from its own memory to one.
WAITS = {
    "aten::_local_scalar_dense",  # Tensor.item()
    "aten::nonzero",
    "aten::_unique2",
    "aten::unique_consecutive",
    "aten::lift_fresh",  # torch.tensor(), Tensor.new_tensor()
}


class Waits(TorchDispatchMode):
    """Notes which of WAITS are called."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if (name := func._schema.name) in WAITS:
            self.seen.append(name)
        return func(*args, **(kwargs or {}))


def make_state(network: str = "msg3d", **args: object) -> TrainState:
    torch.manual_seed(0)
    model = build(f"model.{network}.Model", {**small_data.NETWORKS[network], **args}).train()
    precision = Precision(CPU)
    optimizer = make_optimizer("SGD", precision.parameters(model), 0.05, 0, nesterov=True)
    schedule = make_schedule(optimizer, "step", [9], 0, 10, 10)
    return TrainState(model, optimizer, schedule, precision)


def two_persons() -> tuple[torch.Tensor, torch.Tensor]:
    """Four clips (4, 3, 8, 20, 2), six rows of which suffice, and labels."""
    clips = torch.from_numpy(small_data.clips(4, persons=2))
    clips[1:, ..., 1] = 0
    return clips, torch.tensor([0, 1, 2, 0])


@pytest.mark.parametrize("network", small_data.NETWORKS)
def test_no_network_that_can_be_recorded_makes_the_host_wait(network, monkeypatch):
    monkeypatch.setattr(batch_norm, "has_fast_norm", lambda x: True)  # as on a GPU
    state, (clips, labels) = make_state(network, num_person=2), two_persons()
    assert isinstance(state.model, Recordable)
    for rows in (7, 8):
        with Waits() as waits, state.model.fixed_rows(rows):
            slice_sums(state, TASK, clips, labels, num_slices=1)
        assert waits.seen == []
    with Waits() as waits:  # rows are counted
        slice_sums(state, TASK, clips, labels, num_slices=1)
    assert waits.seen


def fake_record(graphs: SliceGraphs, clips, labels, rows):
    """A graph that computes again, in the place of what it computed before."""
    static, of_static = clips.clone(), labels.clone()
    gradients = [torch.zeros_like(parameter) for parameter in graphs.parameters]
    sums = torch.zeros(2)

    def replay() -> None:
        graphs.model.zero_grad()
        with graphs.model.fixed_rows(rows):
            sums.copy_(graphs.sums_of(static, of_static))
        for gradient, parameter in zip(gradients, graphs.parameters, strict=True):
            gradient.copy_(parameter.grad)

    graph = SimpleNamespace(replay=replay)
    return SimpleNamespace(
        clips=static, labels=of_static, graph=graph, sums=sums, gradients=gradients
    )


def losses_of_steps(state: TrainState, slice_size: int, graphs: SliceGraphs | None) -> list[float]:
    clips, labels = two_persons()
    steps = [launch_step(state, TASK, clips, labels, slice_size, graphs=graphs) for _ in range(3)]
    return [step.settle().loss for step in steps]


def graphs_of(state: TrainState, slice_size: int) -> SliceGraphs:
    slices = 4 // slice_size
    return SliceGraphs(
        state.model, lambda clips, labels: slice_sums(state, TASK, clips, labels, slices)
    )


@pytest.mark.parametrize("slice_size", [4, 2])
def test_replayed_steps_are_the_same(monkeypatch, slice_size):
    monkeypatch.setattr(SliceGraphs, "_record", fake_record)
    state = make_state(num_person=2)
    expected = losses_of_steps(make_state(num_person=2), slice_size, None)
    graphs = graphs_of(state, slice_size)
    assert losses_of_steps(state, slice_size, graphs) == pytest.approx(expected, rel=1e-5)
    # Four rows suffice for one slice of two clips, three for the other.
    assert len(graphs.recorded) == 4 // slice_size


def test_if_recording_fails_training_continues_without_and_says_so_once(monkeypatch, caplog):
    def fail(*args):
        raise RuntimeError("operation not permitted when stream is capturing\nmore")

    monkeypatch.setattr(SliceGraphs, "_record", fail)
    state = make_state(num_person=2)
    expected = losses_of_steps(make_state(num_person=2), 2, None)
    assert losses_of_steps(state, 2, graphs_of(state, 2)) == expected
    (record,) = caplog.records
    assert record.getMessage() == (
        "CUDA graphs cannot be recorded (operation not permitted when stream is capturing); "
        "continuing without."
    )


@pytest.fixture
def recorded_forward(monkeypatch):
    """A RecordedForward whose graphs compute again."""

    def record(forward, clips, rows):
        static = clips.clone()
        outputs = forward._outputs(static)

        def replay() -> None:
            with forward.model.fixed_rows(rows):
                outputs.copy_(forward._outputs(static))

        return static, SimpleNamespace(replay=replay), outputs

    monkeypatch.setattr(RecordedForward, "_record", record)
    forward = RecordedForward(make_state(num_person=2).model.eval(), Precision(CPU))
    assert not forward.records
    forward.records = True  # as on a GPU
    return forward


def test_frequent_shapes_of_inference_are_replayed(recorded_forward):
    clips, _ = two_persons()
    plain = copy.deepcopy(recorded_forward.model)
    for number in range(1, 7):
        outputs = recorded_forward(number * clips)
        with torch.no_grad():
            torch.testing.assert_close(outputs, plain(number * clips))
        assert len(recorded_forward.recorded) == (number > FIRST_CALLS)
    recorded_forward(clips[:2])
    assert len(recorded_forward.recorded) == 1


def test_no_more_shapes_of_inference_are_recorded_than_memory_is_kept_for(
    recorded_forward, monkeypatch
):
    monkeypatch.setattr(cuda_graphs, "MAX_FORWARDS", 1)
    clips, _ = two_persons()
    for frames in (8, 6):
        for _ in range(FIRST_CALLS + 1):
            recorded_forward(clips[:, :, :frames])
    assert [shape[2] for shape, _ in recorded_forward.recorded] == [8]


def test_if_recording_fails_inference_continues_without_and_says_so_once(
    recorded_forward, monkeypatch, caplog
):
    def fail(*args):
        raise RuntimeError("out of memory")

    monkeypatch.setattr(RecordedForward, "_record", fail)
    clips, _ = two_persons()
    outputs = [recorded_forward(clips) for _ in range(FIRST_CALLS + 3)]
    assert all(torch.equal(each, outputs[0]) for each in outputs)
    assert len(caplog.records) == 1
