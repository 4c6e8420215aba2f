"""The device that models run on."""

import platform

import torch

from dsd.errors import DsdError


def default_device() -> str:
    """cuda where there is one, else cpu."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def check_device(name: str) -> None:
    """Refuse a device that is not here."""
    try:
        kind, index = torch.device(name).type, torch.device(name).index
    except RuntimeError:
        raise DsdError(f"device = {name} is not known; give cpu, cuda or cuda:N") from None
    if kind not in ("cpu", "cuda") or (kind == "cpu" and index is not None):
        raise DsdError(f"device = {name}: give cpu, cuda or cuda:N")
    if kind == "cuda" and (index or 0) >= torch.cuda.device_count():
        raise DsdError(f"device = {name}: {torch.cuda.device_count()} CUDA devices are to be seen here; give cpu")


def device_name(device: str) -> str:
    """The device as people call it, a CPU with its vector instructions: NVIDIA H100 80GB HBM3, AMD EPYC 7B13 (AVX2).

    Sums of other vectors end in other bits, and names of virtual CPUs do not tell which they have.
    """
    if torch.device(device).type == "cuda":
        return str(torch.cuda.get_device_name(device))
    try:
        with open("/proc/cpuinfo") as file:  # noqa: PTH123  no path of ours
            names = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    except OSError:
        names = []
    name = names[0] if names else platform.processor() or platform.machine()
    return f"{name} ({torch.backends.cpu.get_cpu_capability()})"
