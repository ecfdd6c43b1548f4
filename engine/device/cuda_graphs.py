"""Passes recorded once as a CUDA graph, then replayed: of training, and of inference.

Starting its some 1,500 kernels one by one takes a host longer than a large GPU takes to run them.
A graph starts them all with one call; kernels and numbers stay the same.
"""
# Shapes: N clips, C channels, T frames, V joints, M persons.

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from engine.contracts import Precision, Recordable
from engine.device import processes
from utils.text import one_line

logger = logging.getLogger(__name__)

WARM_UPS = 3  # before recording: kernels are compiled, libraries take their work space
MODE = "thread_local"  # another thread may pin the next batch's memory meanwhile
ROW_STEPS = 8  # graphs for so many numbers of bodies at most
FIRST_CALLS = 3  # of inference, that are not recorded: a shape that is rare is not worth it
MAX_FORWARDS = 8  # graphs of inference, each of which keeps memory of its own


def obstacle_to_graphs(model: nn.Module) -> str:
    """Why the passes of a network cannot be recorded; empty: they can.

    Args:
        model: spread over its devices.
    """
    if next(model.parameters()).device.type != "cuda":
        return "it requires a GPU"
    if not isinstance(model, Recordable):
        return "the model is spread over devices, or does not say that it can be recorded"
    return "--compile starts kernels its own way" if model._compiled_call_impl is not None else ""


def obstacle_to_training_graphs(model: nn.Module, precision: Precision) -> str:
    """`obstacle_to_graphs`, for training."""
    if obstacle := obstacle_to_graphs(model):
        return obstacle
    if processes.num_processes() > 1:
        return "it is not used with torchrun"
    return "" if precision.keeps_gradients else "gradients are moved at --amp-opt-level 2"


@dataclass
class Recorded:
    """A graph and the tensors that it reads and writes."""

    clips: Tensor
    labels: Tensor
    graph: torch.cuda.CUDAGraph = field(default_factory=torch.cuda.CUDAGraph)
    sums: Tensor | None = None
    gradients: list[Tensor | None] = field(default_factory=list)


class SliceGraphs:
    """Stands in for `engine.step.slice_sums`, with a graph for every shape of a slice.

    Bodies that are missing are left out as in model.absent; as the number of rows of a graph is
    fixed, there are graphs for a few numbers of them.

    Args:
        sums_of: clips (N, C, T, V, M) and labels on the device -> sums, with gradients left in the
            parameters. It must not wait for the device.

    Attributes:
        failed: that a recording failed; there are no more.
    """

    def __init__(self, model: nn.Module, sums_of: Callable[[Tensor, Tensor], Tensor]) -> None:
        self.model, self.sums_of = model, sums_of
        self.parameters = [value for value in model.parameters() if value.requires_grad]
        self.device = self.parameters[0].device
        self.recorded: dict[tuple, Recorded] = {}
        self.failed = False

    def graph_of(self, clips: Tensor, labels: Tensor) -> Recorded | None:
        """The graph for a slice on the host, recorded if there is none yet; None: it failed."""
        if self.failed:
            return None
        rows = _num_rows(self.model, clips)
        key = clips.shape, labels.shape, rows
        if key not in self.recorded:
            try:
                self.recorded[key] = self._record(clips, labels, rows)
            except RuntimeError as error:
                self.failed = True
                _warn_of(error)
        return self.recorded.get(key)

    def __call__(self, recorded: Recorded, clips: Tensor, labels: Tensor) -> Tensor:
        """The sums of a slice; its gradients take the place of all that were in the parameters.

        Args:
            recorded: its graph.
            clips, labels: on the host, pinned or not.
        """
        recorded.clips.copy_(clips, non_blocking=True)
        recorded.labels.copy_(labels, non_blocking=True)
        recorded.graph.replay()
        for parameter, gradient in zip(self.parameters, recorded.gradients, strict=True):
            parameter.grad = gradient
        return recorded.sums

    def _record(self, clips: Tensor, labels: Tensor, rows: int) -> Recorded:
        recorded = Recorded(clips.to(self.device), labels.to(self.device))
        pool = next(iter(self.recorded.values())).graph.pool() if self.recorded else None
        buffers = [(buffer, buffer.clone()) for buffer in self.model.buffers()]
        random_state = torch.cuda.get_rng_state(self.device)
        stream = torch.cuda.Stream(self.device)
        stream.wait_stream(torch.cuda.current_stream(self.device))
        try:
            with self.model.fixed_rows(rows):
                with torch.cuda.stream(stream):
                    for _ in range(WARM_UPS):
                        self.model.zero_grad()
                        self.sums_of(recorded.clips, recorded.labels)
                torch.cuda.current_stream(self.device).wait_stream(stream)
                self.model.zero_grad()  # the gradients that the graph writes are made by it
                with torch.cuda.graph(recorded.graph, pool, capture_error_mode=MODE):
                    recorded.sums = self.sums_of(recorded.clips, recorded.labels)
            recorded.gradients = [parameter.grad for parameter in self.parameters]
        finally:
            for buffer, before in buffers:  # the warm-up moved running statistics
                buffer.copy_(before)
            torch.cuda.set_rng_state(random_state, self.device)
        return recorded


class RecordedForward:
    """Outputs of a network in evaluation, as a graph for each shape of a batch that is frequent.

    Bodies that are missing are left out as in `SliceGraphs`. A network that cannot be recorded is
    computed as it is.

    NOTE: the graphs hold what followed from the weights when they were recorded: make a new one
    when weights change. The result is overwritten by the next call.

    Attributes:
        records: whether shapes are recorded; not where the network or the device cannot.
    """

    def __init__(self, model: nn.Module, precision: Precision) -> None:
        self.model, self.precision = model, precision
        self.device = next(model.parameters()).device
        self.records = not obstacle_to_graphs(model)
        self.calls: Counter[tuple] = Counter()
        self.recorded: dict[tuple, tuple[Tensor, torch.cuda.CUDAGraph, Tensor]] = {}

    def __call__(self, clips: Tensor) -> Tensor:
        """Clips (N, C, T, V, M) -> outputs (N, K) float32 on the device.

        Args:
            clips: on the host, or on the device, where missing bodies are not looked for.
        """
        if not self.records:
            return self._outputs(clips)
        on_host = clips.device.type == "cpu"
        rows = _num_rows(self.model, clips) if on_host else len(clips) * clips.shape[-1]
        key = clips.shape, rows
        self.calls[key] += 1
        if key not in self.recorded:
            if self.calls[key] <= FIRST_CALLS or len(self.recorded) == MAX_FORWARDS:
                return self._outputs(clips)
            try:
                self.recorded[key] = self._record(clips, rows)
            except RuntimeError as error:
                self.records = False
                _warn_of(error)
                return self._outputs(clips)
        static, graph, outputs = self.recorded[key]
        static.copy_(clips, non_blocking=True)
        graph.replay()
        return outputs

    @torch.no_grad()
    def _outputs(self, clips: Tensor) -> Tensor:
        clips = clips.to(self.device, non_blocking=True)
        with self.precision.autocast():
            return self.model(self.precision.inputs(clips)).float()

    def _record(self, clips: Tensor, rows: int) -> tuple[Tensor, torch.cuda.CUDAGraph, Tensor]:
        static, graph = clips.to(self.device, copy=True), torch.cuda.CUDAGraph()
        stream = torch.cuda.Stream(self.device)
        stream.wait_stream(torch.cuda.current_stream(self.device))
        with self.model.fixed_rows(rows):
            with torch.cuda.stream(stream):
                for _ in range(WARM_UPS):
                    self._outputs(static)
            torch.cuda.current_stream(self.device).wait_stream(stream)
            with torch.cuda.graph(graph, capture_error_mode=MODE):
                outputs = self._outputs(static)
        return static, graph, outputs


def _warn_of(error: RuntimeError) -> None:
    reason = one_line(str(error).strip().split("\n")[0], 200)
    logger.warning("CUDA graphs cannot be recorded (%s); continuing without.", reason)


def _num_rows(model: nn.Module, clips: Tensor) -> int:
    """Rows that suffice for the bodies of clips on the host, in steps."""
    bodies = len(clips) * clips.shape[-1]
    step = max(1, bodies // ROW_STEPS)
    return min(bodies, -(-model.rows_needed(clips) // step) * step)
