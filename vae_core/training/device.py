"""The device that a run trains on, and what it must be able to do."""

from __future__ import annotations

import torch

from vae_core.errors import ConfigError


def check_device(asked: str, precision: str = "float32") -> None:
    """Checks that this machine has the device, and that the device computes in this precision.

    Raises:
        ConfigError: CUDA was asked for and is not available, or the device has no bfloat16 arithmetic.
    """
    has_cuda = torch.cuda.is_available()
    if asked == "cuda" and not has_cuda:
        raise ConfigError("This machine has no CUDA device that torch can use; choose cpu or auto as the device.")
    on_cuda = has_cuda and asked != "cpu"
    if precision == "bf16" and not (torch.cuda.is_bf16_supported() if on_cuda else _cpu_has_bf16()):
        where = "GPU" if on_cuda else "processor"
        raise ConfigError(f"This {where} has no bfloat16 arithmetic, which would be slower there; choose float32.")


def _cpu_has_bf16() -> bool:
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16") or capabilities.get("bf16"))


def device_of(asked: str, precision: str = "float32") -> str:
    """The device to train on: `auto` is CUDA if available, else the CPU. Raises as `check_device`."""
    check_device(asked, precision)
    return ("cuda" if torch.cuda.is_available() else "cpu") if asked == "auto" else asked
