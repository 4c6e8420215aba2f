"""Lack of memory, however torch says it."""

import re

import torch

UNITS = {"bytes": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40, "PiB": 2**50, "EiB": 2**60}
# torch on a GPU: "Tried to allocate 2.00 GiB", on a CPU: "you tried to allocate 123 bytes"; numpy: "Unable to …"
ASKED = re.compile(r"(?:tried|unable) to allocate ([\d.]+) (bytes|[KMGTPE]iB)", re.IGNORECASE)
# torch's allocator on a CPU, CUDA itself, cuBLAS and cuDNN, which have no error of their own
WORDS = ("allocate memory", "out of memory", "ALLOC_FAILED")


def lacks_memory(error: BaseException) -> bool:
    """Whether an error says that a device's memory does not suffice."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(word in str(error) for word in WORDS)


def asked_gb(error: BaseException) -> float | None:
    """The size that was asked for [1e9 bytes]; None where the error does not say it.

    >>> asked_gb(RuntimeError("can't allocate memory: you tried to allocate 2500000000 bytes."))
    2.5
    """
    found = ASKED.search(str(error))
    return round(float(found[1]) * UNITS[found[2]] / 1e9, 3) if found else None
