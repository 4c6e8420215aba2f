"""Precision and peak memory of the device that a run trains on."""

import resource
import sys
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from typing import Any

import torch

from dsd.errors import DsdError
from dsd.models.device import default_device
from dsd.training.recipe import Recipe


def check_precision(recipe: Recipe, device: torch.device) -> None:
    """Reject a precision that the device does not support."""
    if recipe.precision == "tfloat32" and device.type != "cuda":
        raise DsdError(f"recipe.precision = tfloat32: only CUDA devices support it, not {device.type}; give float32")


def device_here() -> torch.device:
    """Return the device that runs on this machine train on."""
    return torch.device(default_device())


def set_products(recipe: Recipe, device: torch.device) -> None:
    """Set full or TF32 precision for float32 products on a GPU; torch's default is TF32 in convolutions only."""
    if device.type == "cuda":
        torch.backends.cudnn.allow_tf32 = recipe.precision == "tfloat32"
        torch.backends.cuda.matmul.allow_tf32 = recipe.precision == "tfloat32"


def precision(recipe: Recipe, device: torch.device) -> AbstractContextManager[Any]:
    """Return the autocast context of the recipe's precision."""
    return torch.autocast(device.type, torch.bfloat16) if recipe.precision == "bfloat16" else nullcontext()


def restart_peak(device: torch.device) -> None:
    """Reset the measured peak memory, if the system supports it."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    else:
        with suppress(OSError):  # Linux only, and not in every container
            Path("/proc/self/clear_refs").write_text("5")


def peak_gb(device: torch.device) -> float:
    """Return the peak memory since `restart_peak` [1e9 bytes]: of tensors on a GPU, else of the process.

    Without Linux's /proc, it is the peak since the process started.
    """
    if device.type == "cuda":
        return round(torch.cuda.max_memory_allocated(device) / 1e9, 4)
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):  # kB of 1,024 bytes
                return round(int(line.split()[1]) * 1024 / 1e9, 4)
    unit = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss [bytes]
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9, 4)
