"""Mixed precision with NVIDIA Apex, as the published code had it, for those who still have it.

apex.amp was deprecated for years and removed after release 25.05. The package `apex` of PyPI is
something else altogether.
"""

import importlib
from contextlib import AbstractContextManager, nullcontext
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn

from engine.device.precision import MIN_SCALE


def find_amp() -> tuple[ModuleType | None, str]:
    """apex.amp, or None and why it cannot be used."""
    try:
        importlib.import_module("apex")
    except ImportError:
        return None, "NVIDIA Apex is not installed"
    try:
        amp = importlib.import_module("apex.amp")
    except ImportError:
        amp = None
    if all(hasattr(amp, name) for name in ("initialize", "scale_loss", "state_dict")):
        return amp, ""
    return None, (
        "the installed package apex has no apex.amp: it is a release after 25.05, or the unrelated "
        "package that `pip install apex` brings (then `pip uninstall apex`)"
    )


class ApexPrecision:
    """`engine.device.precision.Precision` by way of apex.amp; float16 and CUDA only."""

    def __init__(self, amp: ModuleType, level: int) -> None:
        self.amp, self.level = amp, level
        self._model: nn.Module | None = None
        self._optimizer: torch.optim.Optimizer | None = None

    def cast(self, model: nn.Module) -> nn.Module:
        return model

    def parameters(self, model: nn.Module) -> list[nn.Parameter]:
        return list(model.parameters())

    def attach(
        self, model: nn.Module, optimizer: torch.optim.Optimizer | None
    ) -> tuple[nn.Module, torch.optim.Optimizer | None]:
        """Let Apex patch both; the model must be on its GPU and not yet spread."""
        level = f"O{self.level}"
        if optimizer is None:
            model = self.amp.initialize(model, opt_level=level)
        else:
            model, optimizer = self.amp.initialize(model, optimizer, opt_level=level)
            # NOTE: Apex makes the masters of level 2 only with the first step, too late for what is
            # loaded or saved before.
            if hasattr(optimizer, "_amp_lazy_init"):
                optimizer._amp_lazy_init()
        self._model, self._optimizer = model, optimizer
        return model, optimizer

    def inputs(self, clips: Tensor) -> Tensor:
        return clips  # Apex patches forward to cast them

    def autocast(self) -> AbstractContextManager:
        return nullcontext()  # Apex patches the functions themselves

    def backward(self, loss: Tensor, optimizer: torch.optim.Optimizer) -> None:
        with self.amp.scale_loss(loss, optimizer) as scaled:
            scaled.backward()

    def gradient_norm(self, optimizer: torch.optim.Optimizer, max_norm: float) -> Tensor:
        masters = list(self.amp.master_params(optimizer))
        return nn.utils.clip_grad_norm_(masters, max_norm or torch.inf)

    keeps_gradients = False  # Apex's own affair

    def skips_by_itself(self, optimizer: torch.optim.Optimizer) -> bool:
        return False  # it asks the device itself, too

    def step(self, optimizer: torch.optim.Optimizer, norm: Tensor) -> None:
        optimizer.step()  # which Apex skips after an overflow

    def overflow_is_normal(self) -> bool:
        return all(scaler["loss_scale"] > MIN_SCALE for scaler in self.state_dict().values())

    def full_weights(self, model: nn.Module) -> dict[str, Tensor]:
        masters = {name: master.detach() for name, master in self._masters().items()}
        return {
            key: value.float() if value.is_floating_point() else value
            for key, value in (model.state_dict() | masters).items()
        }

    def load_full_weights(self, state: dict[str, Tensor]) -> None:
        self._model.load_state_dict(state)
        for name, master in self._masters().items():  # at level 2 they are copies
            master.data.copy_(state[name])

    def state_dict(self) -> dict[str, Any]:
        return self.amp.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        if state:
            self.amp.load_state_dict(state)

    def _masters(self) -> dict[str, Tensor]:
        """What the optimiser moves, by name; none without one."""
        if self._optimizer is None:
            return {}
        names = [name for name, _ in self._model.named_parameters()]
        return dict(zip(names, self.amp.master_params(self._optimizer), strict=True))
