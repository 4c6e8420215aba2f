"""What a run asks of the device it is trained on."""

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
    """Refuse a precision that the device has not."""
    if recipe.precision == "tfloat32" and device.type != "cuda":
        raise DsdError(f"recipe.precision = tfloat32: is of CUDA devices, not of {device.type}; give float32")


def device_here() -> torch.device:
    """The device that runs of this machine are trained on."""
    return torch.device(default_device())


def set_products(recipe: Recipe, device: torch.device) -> None:
    """Let a GPU's products of float32 be exact, or fast; torch's default are fast convolutions."""
    if device.type == "cuda":
        torch.backends.cudnn.allow_tf32 = recipe.precision == "tfloat32"
        torch.backends.cuda.matmul.allow_tf32 = recipe.precision == "tfloat32"


def precision(recipe: Recipe, device: torch.device) -> AbstractContextManager[Any]:
    """The context in which a network computes."""
    return torch.autocast(device.type, torch.bfloat16) if recipe.precision == "bfloat16" else nullcontext()


def restart_peak(device: torch.device) -> None:
    """Begin to measure the peak of memory anew, where that can be done."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    else:
        with suppress(OSError):  # Linux only, and not in every container
            Path("/proc/self/clear_refs").write_text("5")


def peak_gb(device: torch.device) -> float:
    """The most that tensors took on a GPU, or the process in memory, since `restart_peak` [1e9 bytes].

    Where a process cannot be asked so (other systems than Linux) it is the most that it ever took.
    """
    if device.type == "cuda":
        return round(torch.cuda.max_memory_allocated(device) / 1e9, 4)
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):  # kB, which are 1,024 bytes
                return round(int(line.split()[1]) * 1024 / 1e9, 4)
    unit = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss [bytes]
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9, 4)
