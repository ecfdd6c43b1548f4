"""What the GPU benchmarks compare: the literal form and ours, training and at inference."""
# Shapes: N clips, C channels, T frames, V joints, M persons.

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
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
from model import aagcn, agcn, ctrgcn, gpu, msg3d, stgcn
from model.constants import fixed_weights
from utils.cli import PROJECT

NETWORKS = {"msg3d": msg3d, "ctrgcn": ctrgcn, "aagcn": aagcn, "agcn": agcn, "stgcn": stgcn}
DATA = {
    "NTU RGB+D": {"num_class": 60, "num_point": 25, "num_person": 2, "graph": "ntu_rgb_d"},
    "NW-UCLA": {"num_class": 10, "num_point": 20, "num_person": 1, "graph": "kinect_v1"},
}
SCALES = {
    "NTU RGB+D": {"num_gcn_scales": 13, "num_g3d_scales": 6},
    "NW-UCLA": {"num_gcn_scales": 8, "num_g3d_scales": 4},
}
PRECISIONS = {
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
    "TF32": None,  # float32 whose products may be rounded to TF32
    "float32": None,
}
ONE_BY_ONE, RECORDED = "ours", "ours, recorded"  # how kernels are started
MEASURED = ("portable", ONE_BY_ONE, RECORDED)
FORMS = ("literal", *MEASURED, "compiled")  # the last takes minutes to be ready


def _oracle() -> ModuleType:
    """tests/helpers/oracle.py, which lies in no package."""
    found = spec_from_file_location("oracle", PROJECT / "tests" / "helpers" / "oracle.py")
    module = module_from_spec(found)
    found.loader.exec_module(module)
    return module


@dataclass(frozen=True)
class Side:
    """One of several that are compared.

    Args:
        form: literal: tests/helpers/oracle.py, which does what the published code does; portable:
            the form of the CPU; ours: the kernels of model/gpu/; recorded: as CUDA graphs;
            compiled: what --compile makes of it.
        absent: of how many clips the second body is zero.
        network: one of NETWORKS; others than msg3d have only the forms "ours" and "recorded".
        data: a name of DATA, whose joints and persons clips have.
    """

    form: str
    precision: str = "float16"
    batch: int = 32
    frames: int = 300
    absent: int = 0
    network: str = "msg3d"
    data: str = "NTU RGB+D"

    def __post_init__(self) -> None:
        assert self.form in FORMS and self.precision in PRECISIONS
        assert self.network == "msg3d" or self.form in (ONE_BY_ONE, RECORDED)

    @property
    def dtype(self) -> torch.dtype | None:
        return PRECISIONS[self.precision]

    def model(self, device: torch.device) -> nn.Module:
        torch.manual_seed(0)
        torch.backends.cuda.matmul.allow_tf32 = self.precision != "float32"
        torch.backends.cudnn.allow_tf32 = self.precision != "float32"
        args = DATA[self.data] | (SCALES[self.data] if self.network == "msg3d" else {})
        network = _oracle() if self.form == "literal" else NETWORKS[self.network]
        model = network.Model(**args, in_channels=3).to(device)
        return compile_model(model, device) if self.form == "compiled" else model

    def clips(self) -> torch.Tensor:
        """(N, 3, T, V, M) on the host."""
        sizes = DATA[self.data]
        size = self.frames, sizes["num_point"], sizes["num_person"]
        clips = torch.randn(self.batch, 3, *size)
        clips[: self.absent, ..., 1:] = 0
        return clips.pin_memory() if torch.cuda.is_available() else clips

    def training(self, device: torch.device) -> Callable[[], object]:
        """One optimiser step of main.py, without waiting for it."""
        precision = Precision(device, 1 if self.dtype else 0, self.dtype)
        model = precision.cast(self.model(device)).train()
        parameters = precision.parameters(model)
        optimizer = make_optimizer("SGD", parameters, 0.05, 5e-4, nesterov=True)
        schedule = make_schedule(optimizer, "step", [30], 0, 60, 100)
        state, task = TrainState(model, optimizer, schedule, precision), ActionClassification()
        graphs = None
        if self.form == RECORDED:
            graphs = SliceGraphs(model, partial(slice_sums, state, task, num_slices=1))
        clips, labels = self.clips(), torch.arange(self.batch) % DATA[self.data]["num_class"]

        def step() -> None:
            with self.chosen_form():
                launch_step(state, task, clips, labels, self.batch, graphs=graphs)

        return step

    def chosen_form(self) -> AbstractContextManager[None]:
        """Around every call: the portable form is chosen for all networks of the process."""
        return gpu.portable_form() if self.form == "portable" else nullcontext()

    def inference(self, device: torch.device) -> Callable[[], object]:
        """Scores of clips that lie on the device."""
        model, clips = self.model(device).eval(), self.clips().to(device)
        precision = Precision(device, 1 if self.dtype else 0, self.dtype)
        forward = RecordedForward(model, precision)
        forward.records = self.form == RECORDED
        kept: dict = {}

        def infer() -> torch.Tensor:
            with self.chosen_form(), fixed_weights(kept):
                return forward(clips)

        return infer
