"""Full, mixed and half precision with torch.amp: the published --half and --amp-opt-level.

Level 0 is full precision. Level 1 is autocast. Level 2 keeps the model's weights in the half type,
except for BatchNorm, and float32 masters of them for the optimiser. Level 3 is the half type
throughout. float16 at levels 1 and 2 scales the loss, since small gradients would vanish; bfloat16
has the range of float32 and needs no scaling.
"""

import copy
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

MIN_SCALE = 1.0  # gradients that overflow unscaled are not the scale's fault


class Precision:
    """How a model computes, from the cast of its weights to the step of its optimiser.

    Order of use: `cast` the model with its weights loaded, build the optimiser over
    `parameters`, `attach` both, and only then spread the model over devices.
    """

    def __init__(self, device: torch.device, level: int = 0, dtype: torch.dtype | None = None):
        self.device_type, self.level, self.dtype = device.type, level, dtype
        scales = level in (1, 2) and dtype == torch.float16
        self.scaler = torch.amp.GradScaler(device.type, enabled=scales)
        self._masters: dict[str, nn.Parameter] = {}  # of the weights in the half type
        self._model: nn.Module | None = None

    def cast(self, model: nn.Module) -> nn.Module:
        """Bring the weights to the level's type, in place."""
        self._model = model
        if self.level == 3:
            model.to(self.dtype)
        if self.level == 2:
            norms = [module for module in model.modules() if isinstance(module, _BatchNorm)]
            full = {id(parameter) for norm in norms for parameter in norm.parameters()}
            self._masters = {
                name: nn.Parameter(parameter.detach().float().clone(), parameter.requires_grad)
                for name, parameter in model.named_parameters()
                if id(parameter) not in full
            }
            kept = [copy.deepcopy(norm.state_dict()) for norm in norms]
            model.to(self.dtype)
            for norm, state in zip(norms, kept, strict=True):
                norm.float().load_state_dict(state)
        return model

    def parameters(self, model: nn.Module) -> list[nn.Parameter]:
        """What the optimiser moves: the masters where there are any."""
        return [self._masters.get(name, value) for name, value in model.named_parameters()]

    def attach(
        self, model: nn.Module, optimizer: torch.optim.Optimizer | None
    ) -> tuple[nn.Module, torch.optim.Optimizer | None]:
        """Both as training uses them; here they need nothing."""
        return model, optimizer

    def inputs(self, clips: Tensor) -> Tensor:
        return clips.to(self.dtype) if self.level >= 2 else clips

    def autocast(self) -> torch.autocast:
        return torch.autocast(self.device_type, dtype=self.dtype, enabled=self.level == 1)

    def backward(self, loss: Tensor, optimizer: torch.optim.Optimizer) -> None:
        self.scaler.scale(loss).backward()

    def gradient_norm(self, optimizer: torch.optim.Optimizer, max_norm: float) -> Tensor:
        """Bring the gradients to where the optimiser looks, unscaled; clip them; their norm ()."""
        if self._masters:
            for name, parameter in self._model.named_parameters():
                if name in self._masters and parameter.grad is not None:
                    self._masters[name].grad = parameter.grad.float()
                    parameter.grad = None
        self.scaler.unscale_(optimizer)
        return clip(optimizer, max_norm)

    @property
    def keeps_gradients(self) -> bool:
        """Whether gradients stay in the parameters that the model computes with."""
        return not self._masters

    def skips_by_itself(self, optimizer: torch.optim.Optimizer) -> bool:
        """Whether a step leaves the weights alone on the device where gradients are not finite."""
        return _is_fused(optimizer) or self.scaler.is_enabled()

    def step(self, optimizer: torch.optim.Optimizer, norm: Tensor) -> None:
        """Step, unless gradients are not finite; where they were scaled, the scale falls then.

        Args:
            norm: of all gradients, ().
        """
        if self.scaler.is_enabled():
            self.scaler.step(optimizer)
            self.scaler.update()
        elif not _is_fused(optimizer):  # gradients were looked at before
            optimizer.step()
        else:  # as torch.amp's scaler hands it to fused optimisers
            optimizer.grad_scale, optimizer.found_inf = None, norm.isfinite().logical_not().float()
            optimizer.step()
            del optimizer.grad_scale, optimizer.found_inf
        if self._masters:
            self._copy_masters()

    def overflow_is_normal(self) -> bool:
        """Whether gradients that are not finite only mean that the loss was scaled too far."""
        return self.scaler.is_enabled() and self.scaler.get_scale() > MIN_SCALE

    def full_weights(self, model: nn.Module) -> dict[str, Tensor]:
        """The model's state_dict in float32, with all digits that training has."""
        state = model.state_dict()
        masters = {name: master.detach() for name, master in self._masters.items()}
        return {
            key: value.float() if value.is_floating_point() else value
            for key, value in (state | masters).items()
        }

    def load_full_weights(self, state: dict[str, Tensor]) -> None:
        """Put what `full_weights` gave back into the model and the masters."""
        self._model.load_state_dict(state)
        with torch.no_grad():
            for name, master in self._masters.items():
                master.copy_(state[name])

    def state_dict(self) -> dict[str, Any]:
        return self.scaler.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        if self.scaler.is_enabled() and state:  # a run that was not scaled leaves none
            self.scaler.load_state_dict(state)

    @torch.no_grad()
    def _copy_masters(self) -> None:
        for name, parameter in self._model.named_parameters():
            if name in self._masters:
                parameter.copy_(self._masters[name])


def _is_fused(optimizer: torch.optim.Optimizer) -> bool:
    return all(group.get("fused") for group in optimizer.param_groups)


def clip(optimizer: torch.optim.Optimizer, max_norm: float) -> Tensor:
    """Clip the gradients of an optimiser's parameters to `max_norm` (0: not at all); their norm."""
    return torch.nn.utils.clip_grad_norm_(parameters_of(optimizer), max_norm or torch.inf)


def parameters_of(optimizer: torch.optim.Optimizer) -> list[nn.Parameter]:
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]


def choose_dtype(device: torch.device, requested: str | None) -> torch.dtype:
    """The half type of a run: float16 on GPUs and bfloat16 on the CPU unless asked otherwise.

    Raises:
        ValueError: the device does not compute in it.
    """
    if device.type == "cpu":
        if requested == "float16":
            raise ValueError(
                "--amp-dtype float16 requires a GPU: the CPU's float16 kernels are slower than its "
                "float32 ones, and small gradients vanish. Use --amp-dtype bfloat16."
            )
        return torch.bfloat16
    if requested == "bfloat16" and not _gpu_has_bfloat16():
        raise ValueError("--amp-dtype bfloat16: this GPU has none. Use --amp-dtype float16.")
    return getattr(torch, requested or "float16")


def _gpu_has_bfloat16() -> bool:
    """Whether the current GPU computes in bfloat16 itself.

    Not torch.cuda.is_bf16_supported(), which counts an emulation slower than float32; its argument
    against that is not in all versions of torch.
    """
    return bool(torch.version.hip) or torch.cuda.get_device_capability() >= (8, 0)
