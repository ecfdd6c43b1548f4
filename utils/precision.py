"""Mixed precision with torch.amp."""

import torch


class Precision:
    """Full precision, or autocast with loss scaling where the type needs it.

    Autocast uses float16 with a GradScaler on CUDA, and bfloat16, which needs no scaler, on CPUs.
    """

    def __init__(self, device: torch.device, half: bool) -> None:
        self.device_type = device.type
        self.enabled = half
        self.dtype = torch.float16 if device.type == "cuda" else torch.bfloat16
        scales = half and self.dtype == torch.float16
        self.scaler = torch.amp.GradScaler(device.type, enabled=scales)

    def autocast(self) -> torch.autocast:
        return torch.autocast(self.device_type, dtype=self.dtype, enabled=self.enabled)

    def backward(self, loss: torch.Tensor) -> None:
        self.scaler.scale(loss).backward()

    def step(self, optimizer: torch.optim.Optimizer) -> None:
        self.scaler.step(optimizer)
        self.scaler.update()
