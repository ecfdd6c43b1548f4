"""The levels of --half, with torch.amp and with a stand-in of NVIDIA Apex."""

import contextlib
import sys
from types import ModuleType, SimpleNamespace

import pytest
import small_data
import torch
from torch import nn

from engine.device import apex
from engine.device.precision import Precision, choose_dtype
from engine.device.precision_choice import choose_precision
from model.msg3d import Model

CPU, CUDA = torch.device("cpu"), torch.device("cuda")


# GradScaler warns where there is no GPU; the tests only ask what would be chosen on one.
pytestmark = pytest.mark.filterwarnings("ignore:.*GradScaler is enabled, but CUDA is not available")


@pytest.fixture
def model():
    torch.manual_seed(0)
    return Model(**small_data.MODEL_ARGS)


def test_level_2_halves_all_but_batchnorm_and_keeps_masters(model):
    full = {key: value.clone() for key, value in model.state_dict().items()}
    precision = Precision(CPU, 2, torch.bfloat16)
    precision.cast(model)
    for name, module in model.named_modules():
        for parameter in module.parameters(recurse=False):
            is_norm = isinstance(module, nn.modules.batchnorm._BatchNorm)
            assert parameter.dtype == (torch.float32 if is_norm else torch.bfloat16), name
    assert all(value.dtype == torch.float32 for value in precision.parameters(model))
    kept = precision.full_weights(model)
    assert kept.keys() == full.keys()
    assert all(torch.equal(kept[key], full[key]) for key in full)


def test_level_2_steps_too_small_for_the_half_type_add_up():
    """One hundred steps of a thousandth of the weight's spacing move it, by way of the master."""
    model = nn.Linear(1, 1, bias=False)
    nn.init.constant_(model.weight, 1.0)
    precision = Precision(CPU, 2, torch.bfloat16)
    precision.cast(model)
    optimizer = torch.optim.SGD(precision.parameters(model), lr=1e-4)
    for _ in range(100):
        model.zero_grad()
        precision.backward(model(precision.inputs(torch.ones(1, 1))).float().sum(), optimizer)
        norm = precision.gradient_norm(optimizer, max_norm=0)
        precision.step(optimizer, norm)
    assert norm == 1
    assert precision.full_weights(model)["weight"].item() == pytest.approx(0.99, abs=1e-5)
    assert model.weight.item() == pytest.approx(0.99, abs=0.004)
    assert model.weight.dtype == torch.bfloat16


def test_level_2_comes_back_from_full_weights(model):
    precision = Precision(CPU, 2, torch.bfloat16)
    precision.cast(model)
    state = {key: value + 0.001 for key, value in precision.full_weights(model).items()}
    state = {key: value.long() if "num_batches" in key else value for key, value in state.items()}
    precision.load_full_weights(state)
    back = precision.full_weights(model)
    assert all(torch.equal(back[key], state[key]) for key in state)


def test_level_3_is_half_throughout(model):
    precision = Precision(CPU, 3, torch.bfloat16)
    precision.cast(model)
    assert {value.dtype for value in model.parameters()} == {torch.bfloat16}
    clips = precision.inputs(torch.from_numpy(small_data.clips(2)))
    assert model.eval()(clips).dtype == torch.bfloat16
    assert {v.dtype for v in precision.full_weights(model).values()} == {torch.float32, torch.int64}


def test_gradients_are_clipped_and_their_norm_is_that_before():
    model = nn.Linear(1, 1, bias=False)
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    precision = Precision(CPU)
    precision.cast(model)
    precision.backward(model(torch.full((1, 1), 5.0)).sum(), optimizer)
    assert precision.gradient_norm(optimizer, max_norm=2) == 5
    assert model.weight.grad.item() == pytest.approx(2)
    assert not precision.overflow_is_normal()


def test_only_bfloat16_and_level_3_go_without_scaling(monkeypatch):
    scaled = []
    monkeypatch.setattr(
        torch.amp, "GradScaler", lambda device, enabled: scaled.append(enabled) or SimpleNamespace()
    )
    for level, dtype in ((1, torch.float16), (2, torch.float16), (3, torch.float16)):
        Precision(CUDA, level, dtype)
    for level in (1, 2, 3):
        Precision(CUDA, level, torch.bfloat16)
    assert scaled == [True, True, False, False, False, False]


def test_the_type_of_each_device(monkeypatch):
    assert choose_dtype(CPU, None) == torch.bfloat16
    with pytest.raises(ValueError, match="float16 requires a GPU: the CPU's"):
        choose_dtype(CPU, "float16")
    assert choose_dtype(CUDA, None) == torch.float16
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: (7, 5))
    with pytest.raises(ValueError, match="this GPU has none"):  # but emulates it
        choose_dtype(CUDA, "bfloat16")


# ---- Apex --------------------------------------------------------------------------------------


class StandIn(ModuleType):
    """apex.amp's interface, with a loss scale of 128 and a record of its calls.

    As with Apex the optimiser of level O2 gets its masters, float32 copies, with the first
    `scale_loss` unless asked for them before.
    """

    def __init__(self):
        super().__init__("apex.amp")
        self.calls, self.scale = [], 128.0
        self.halves = {}  # by their masters

    def initialize(self, models, optimizers=None, opt_level="O1", **options):
        self.calls.append(f"initialize {opt_level}")
        if opt_level == "O2":
            models.half()
        if optimizers is None:
            return models
        if opt_level == "O2":
            self.patch(optimizers)
        return models, optimizers

    def patch(self, optimizer):
        own_step = optimizer.step

        def lazy_init():
            if not self.halves:
                for group in optimizer.param_groups:
                    masters = [nn.Parameter(half.detach().float()) for half in group["params"]]
                    self.halves |= dict(zip(masters, group["params"], strict=True))
                    group["params"] = masters

        def step():
            own_step()
            for master, half in self.halves.items():
                half.data.copy_(master.data)

        optimizer._amp_lazy_init, optimizer.step = lazy_init, step

    @contextlib.contextmanager
    def scale_loss(self, loss, optimizers):
        self.calls.append("scale_loss")
        if hasattr(optimizers, "_amp_lazy_init"):
            optimizers._amp_lazy_init()
        yield loss * self.scale
        for master, half in self.halves.items():
            master.grad, half.grad = half.grad.float(), None
        for parameter in self.master_params(optimizers):
            parameter.grad /= self.scale

    def master_params(self, optimizer):
        return (parameter for group in optimizer.param_groups for parameter in group["params"])

    def state_dict(self):
        return {"loss_scaler0": {"loss_scale": self.scale, "unskipped": 0}}

    def load_state_dict(self, state):
        self.scale = state["loss_scaler0"]["loss_scale"]


@pytest.fixture
def amp(monkeypatch):
    package, amp = ModuleType("apex"), StandIn()
    package.amp, package.__path__ = amp, []
    monkeypatch.setitem(sys.modules, "apex", package)
    monkeypatch.setitem(sys.modules, "apex.amp", amp)
    return amp


@pytest.fixture
def stray(monkeypatch):
    """The unrelated package of PyPI."""
    package = ModuleType("apex")
    package.__path__ = []
    monkeypatch.setitem(sys.modules, "apex", package)
    monkeypatch.delitem(sys.modules, "apex.amp", raising=False)


def test_apex_trains_as_its_interface_asks(amp):
    precision = choose_precision(CUDA, half=True)
    model = nn.Linear(1, 1, bias=False)
    precision.cast(model)
    optimizer = torch.optim.SGD(precision.parameters(model), lr=1.0)
    model, optimizer = precision.attach(model, optimizer)
    before = model.weight.item()
    with precision.autocast():
        loss = model(precision.inputs(torch.full((1, 1), 3.0))).sum()
    precision.backward(loss, optimizer)
    norm = precision.gradient_norm(optimizer, 0)
    assert norm == 3
    precision.step(optimizer, norm)
    assert model.weight.item() == pytest.approx(before - 3)
    assert amp.calls == ["initialize O1", "scale_loss"]
    assert precision.overflow_is_normal()
    amp.scale = 1.0
    assert not precision.overflow_is_normal()
    precision.load_state_dict({"loss_scaler0": {"loss_scale": 64.0, "unskipped": 3}})
    assert precision.state_dict()["loss_scaler0"]["loss_scale"] == 64


def test_apex_evaluates_without_an_optimiser(amp):
    precision = choose_precision(CUDA, half=True, level=2)
    model, none = precision.attach(nn.Linear(1, 1), None)
    assert none is None and amp.calls == ["initialize O2"]
    precision.load_full_weights({"weight": torch.ones(1, 1), "bias": torch.zeros(1)})
    assert precision.full_weights(model)["weight"].item() == 1


def test_apex_level_2_loads_and_saves_the_masters(amp):
    precision = choose_precision(CUDA, half=True, level=2)
    model = precision.cast(nn.Linear(1, 1, bias=False))
    optimizer = torch.optim.SGD(precision.parameters(model), lr=1e-4)
    model, optimizer = precision.attach(model, optimizer)
    state = {"weight": torch.full((1, 1), 1 / 3)}
    precision.load_full_weights(state)  # before the first step, as a resumed run does
    assert torch.equal(precision.full_weights(model)["weight"], state["weight"])
    for _ in range(100):  # steps too small for float16
        precision.backward(model(torch.ones(1, 1).half()).float().sum(), optimizer)
        precision.step(optimizer, precision.gradient_norm(optimizer, 0))
    saved = precision.full_weights(model)["weight"]
    assert saved.dtype == torch.float32
    assert saved.item() == pytest.approx(1 / 3 - 0.01, abs=1e-5)
    assert model.weight.dtype == torch.float16


def test_auto_takes_apex_where_it_can(amp):
    assert isinstance(choose_precision(CUDA, half=True), apex.ApexPrecision)
    for more in ({"backend": "native"}, {"level": 0}, {"num_processes": 2}):
        assert isinstance(choose_precision(CUDA, half=True, **more), Precision)
    assert isinstance(choose_precision(CUDA, half=False), Precision)
    assert isinstance(choose_precision(CPU, half=True), Precision)


def test_a_stray_apex_is_explained(stray, caplog):
    assert isinstance(choose_precision(CUDA, half=True), Precision)
    assert "the unrelated package that `pip install apex` brings" in caplog.text
    with pytest.raises(ValueError, match="--amp-backend apex: the installed package apex has no"):
        choose_precision(CUDA, half=True, backend="apex")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"device": CPU}, "--amp-backend apex: it requires a GPU"),
        ({"device": CUDA, "dtype": "bfloat16"}, "it knows float16 only"),
        ({"device": CUDA, "num_processes": 2}, "not used together with torchrun"),
    ],
)
def test_apex_where_it_cannot_be_used(amp, monkeypatch, settings, message):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: (8, 0))
    with pytest.raises(ValueError, match=message):
        choose_precision(half=True, backend="apex", **settings)


def test_no_apex_at_all(monkeypatch):
    monkeypatch.setitem(sys.modules, "apex", None)  # so that its import fails
    assert isinstance(choose_precision(CUDA, half=True), Precision)
    with pytest.raises(ValueError, match="NVIDIA Apex is not installed"):
        choose_precision(CUDA, half=True, backend="apex")


def test_level_2_with_several_gpus_is_refused():
    with pytest.raises(ValueError, match="--amp-opt-level 2 does not work with several GPUs"):
        choose_precision(CUDA, half=True, level=2, num_devices=2)
    assert choose_precision(CPU, half=True, level=2, dtype="bfloat16").level == 2


def test_bfloat16_autocast_with_several_gpus_is_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: (8, 0))
    settings = {"half": True, "dtype": "bfloat16", "backend": "native"}
    with pytest.raises(ValueError, match="bfloat16 at level 1 does not work with several GPUs"):
        choose_precision(CUDA, **settings, num_devices=2)
    assert choose_precision(CUDA, **settings).dtype == torch.bfloat16
    assert choose_precision(CUDA, **settings, level=3, num_devices=2).dtype == torch.bfloat16
    float16 = settings | {"dtype": "float16"}
    assert choose_precision(CUDA, **float16, num_devices=2).dtype == torch.float16


@pytest.mark.parametrize("has_instructions", [True, False])
def test_a_cpu_without_bfloat16_computes_in_float32_unless_told(
    has_instructions, monkeypatch, caplog
):
    monkeypatch.setattr(
        "engine.device.precision_choice.cpu_computes_bfloat16", lambda: has_instructions
    )
    caplog.set_level("INFO")
    precision = choose_precision(CPU, half=True)
    assert precision.dtype == (torch.bfloat16 if has_instructions else None)
    assert ("computing in float32" in caplog.text) != has_instructions
    assert choose_precision(CPU, half=True, dtype="bfloat16").dtype == torch.bfloat16
    with pytest.raises(ValueError, match="--amp-backend apex: it requires a GPU"):
        choose_precision(CPU, half=True, backend="apex")
