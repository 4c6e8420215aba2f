"""The device that models run on."""

import platform

import torch

from dsd.errors import DsdError


def default_device() -> str:
    """Return cuda if available, else cpu."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def check_device(name: str) -> None:
    """Reject a device that this machine does not have."""
    try:
        kind, index = torch.device(name).type, torch.device(name).index
    except RuntimeError:
        raise DsdError(f"device = {name} is not known; give cpu, cuda or cuda:N") from None
    if kind not in ("cpu", "cuda") or (kind == "cpu" and index is not None):
        raise DsdError(f"device = {name}: give cpu, cuda or cuda:N")
    if kind == "cuda" and (index or 0) >= torch.cuda.device_count():
        raise DsdError(f"device = {name}: {torch.cuda.device_count()} CUDA devices are available; give cpu")


def device_name(device: str) -> str:
    """Return a device's name, a CPU's with its vector instructions: NVIDIA H100 80GB HBM3, AMD EPYC 7B13 (AVX2).

    Vector instructions change the last bits of sums, and names of virtual CPUs do not show them.
    """
    if torch.device(device).type == "cuda":
        return str(torch.cuda.get_device_name(device))
    try:
        with open("/proc/cpuinfo") as file:  # noqa: PTH123  a system file
            names = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    except OSError:
        names = []
    name = names[0] if names else platform.processor() or platform.machine()
    return f"{name} ({torch.backends.cpu.get_cpu_capability()})"
