"""What the GPU benchmarks compare: the literal form and ours, training and at inference."""
# Shapes: N clips, C channels, T frames, V joints, M persons.

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType

import torch
from torch import nn

from engine.device.compilation import compile_model
from engine.device.cuda_graphs import RecordedForward, SliceGraphs
from engine.device.precision import Precision
from engine.optimization import make_optimizer, make_schedule
from engine.run_dir.checkpoint import TrainState
from engine.step import launch_step, slice_sums
from engine.tasks.action import ActionClassification
from model import ctrgcn, gpu, msg3d
from model.constants import fixed_weights
from utils.cli import PROJECT

NTU = {"num_class": 60, "num_point": 25, "num_person": 2}
MSG3D = {**NTU, "num_gcn_scales": 13, "num_g3d_scales": 6,
         "graph": "graph.ntu_rgb_d.AdjMatrixGraph"}  # fmt: skip
CTRGCN = {**NTU, "graph": "ntu_rgb_d"}
PRECISIONS = {
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
    "TF32": None,  # float32 whose products may be rounded to TF32
    "float32": None,
}
MEASURED = ("portable", "ours", "ours, recorded")
FORMS = ("literal", *MEASURED, "compiled")  # the last takes minutes to be ready


def _oracle() -> ModuleType:
    """tests/oracle.py, which lies in no package."""
    found = spec_from_file_location("oracle", PROJECT / "tests" / "oracle.py")
    module = module_from_spec(found)
    found.loader.exec_module(module)
    return module


@dataclass(frozen=True)
class Side:
    """One of several that are compared.

    Args:
        form: literal: tests/oracle.py, which does what the published code does; portable: the form
            of the CPU; ours: the kernels of model/gpu/; recorded: as CUDA graphs; compiled: what
            --compile makes of it.
        absent: of how many clips the second body is zero.
        network: msg3d or ctrgcn, which has only the form "ours", in torch.
    """

    form: str
    precision: str = "float16"
    batch: int = 32
    frames: int = 300
    absent: int = 0
    network: str = "msg3d"

    def __post_init__(self) -> None:
        assert self.form in FORMS and self.precision in PRECISIONS
        assert self.network == "msg3d" or (self.network, self.form) == ("ctrgcn", "ours")

    @property
    def dtype(self) -> torch.dtype | None:
        return PRECISIONS[self.precision]

    def model(self, device: torch.device) -> nn.Module:
        torch.manual_seed(0)
        torch.backends.cuda.matmul.allow_tf32 = self.precision != "float32"
        torch.backends.cudnn.allow_tf32 = self.precision != "float32"
        if self.network == "ctrgcn":
            return ctrgcn.Model(**CTRGCN).to(device)
        if self.form == "literal":
            return _oracle().Model(**MSG3D).to(device)
        model = msg3d.Model(**MSG3D).to(device)
        return compile_model(model, device) if self.form == "compiled" else model

    def clips(self) -> torch.Tensor:
        """(N, 3, T, 25, 2) on the host."""
        clips = torch.randn(self.batch, 3, self.frames, 25, 2)
        clips[: self.absent, ..., 1:] = 0
        return clips.pin_memory() if torch.cuda.is_available() else clips

    def training(self, device: torch.device, context: ExitStack) -> Callable[[], object]:
        """One optimiser step of main.py, without waiting for it."""
        precision = Precision(device, 1 if self.dtype else 0, self.dtype)
        model = precision.cast(self.model(device)).train()
        parameters = precision.parameters(model)
        optimizer = make_optimizer("SGD", parameters, 0.05, 5e-4, nesterov=True)
        schedule = make_schedule(optimizer, "step", [30], 0, 60, 100)
        state, task = TrainState(model, optimizer, schedule, precision), ActionClassification()
        if self.form == "portable":
            context.enter_context(gpu.portable_form())
        graphs = None
        if self.form == "ours, recorded":
            graphs = SliceGraphs(model, partial(slice_sums, state, task, num_slices=1))
        clips, labels = self.clips(), torch.arange(self.batch) % NTU["num_class"]
        return lambda: launch_step(state, task, clips, labels, self.batch, graphs=graphs)

    def inference(self, device: torch.device, context: ExitStack) -> Callable[[], object]:
        """Scores of clips that lie on the device."""
        model, clips = self.model(device).eval(), self.clips().to(device)
        precision = Precision(device, 1 if self.dtype else 0, self.dtype)
        if self.form == "portable":
            context.enter_context(gpu.portable_form())
        context.enter_context(fixed_weights())
        if self.form == "ours, recorded":
            return partial(RecordedForward(model, precision), clips)

        @torch.no_grad()
        def infer() -> torch.Tensor:
            with precision.autocast():
                return model(clips)

        return infer
