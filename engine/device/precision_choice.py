"""Which precision a run computes in, and with whose library."""

import logging

import torch

from engine.device.apex import ApexPrecision, find_amp
from engine.device.precision import Precision, choose_dtype

logger = logging.getLogger(__name__)


def choose_precision(
    device: torch.device,
    half: bool,
    level: int = 1,
    dtype: str | None = None,
    backend: str = "auto",
    num_devices: int = 1,
    num_processes: int = 1,
) -> Precision | ApexPrecision:
    """From the flags --half, --amp-opt-level, --amp-dtype and --amp-backend.

    Args:
        num_devices: that one process spreads its batches over (DataParallel).

    Raises:
        ValueError: this machine or this combination cannot do it; the message says what can.
    """
    if not half or level == 0:
        return Precision(device)
    half_type = choose_dtype(device, dtype)
    if level == 2 and num_devices > 1:
        raise ValueError(
            "--amp-opt-level 2 does not work with several GPUs in --device (DataParallel), as with "
            "Apex. Use level 1, or start the same command with torchrun."
        )
    if level == 1 and half_type == torch.bfloat16 and num_devices > 1:
        # NOTE: DataParallel's threads enter autocast without its type, that is, in float16.
        raise ValueError(
            "--amp-dtype bfloat16 at level 1 does not work with several GPUs in --device "
            "(DataParallel). Use --amp-dtype float16, or start the same command with torchrun."
        )
    obstacle = _against_apex(device, half_type, num_processes)
    if backend == "apex" and obstacle:
        raise ValueError(f"--amp-backend apex: {obstacle}. Use --amp-backend native (torch.amp).")
    if device.type == "cpu" and not dtype and not cpu_computes_bfloat16():
        logger.info(
            "--half: this CPU has no bfloat16 instructions and would emulate them several times "
            "slower than float32; computing in float32. --amp-dtype bfloat16 insists."
        )
        return Precision(device)
    if backend != "native" and not obstacle:
        amp, obstacle = find_amp()
        if amp:
            logger.info("mixed precision: NVIDIA Apex, level O%d", level)
            return ApexPrecision(amp, level)
        if backend == "apex":
            raise ValueError(f"--amp-backend apex: {obstacle}. Use --amp-backend native.")
        if "has no apex.amp" in obstacle:
            logger.warning("%s; using torch.amp instead.", obstacle)
    logger.info("mixed precision: torch.amp, level %d, %s", level, half_type)
    return Precision(device, level, half_type)


def cpu_computes_bfloat16() -> bool:
    """Whether this CPU has instructions for bfloat16 (AVX512_BF16, AMX or those of Arm)."""
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def _against_apex(device: torch.device, dtype: torch.dtype, num_processes: int) -> str:
    if device.type != "cuda":
        return "it requires a GPU"
    if dtype != torch.float16:
        return "it knows float16 only"
    if num_processes > 1:
        return "it is not used together with torchrun here"
    return ""
