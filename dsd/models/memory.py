"""Recognition of out-of-memory errors of torch and numpy."""

import re

import torch

UNITS = {"bytes": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40, "PiB": 2**50, "EiB": 2**60}
# torch on a GPU: "Tried to allocate 2.00 GiB", on a CPU: "you tried to allocate 123 bytes"; numpy: "Unable to …"
ASKED = re.compile(r"(?:tried|unable) to allocate ([\d.]+) (bytes|[KMGTPE]iB)", re.IGNORECASE)
# torch's allocator on a CPU, CUDA itself, cuBLAS and cuDNN: none raises OutOfMemoryError
WORDS = ("allocate memory", "out of memory", "ALLOC_FAILED")


def lacks_memory(error: BaseException) -> bool:
    """Return whether an error means that a device is out of memory."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(word in str(error) for word in WORDS)


def asked_gb(error: BaseException) -> float | None:
    """Return the requested size [1e9 bytes]; None if the error does not contain it.

    >>> asked_gb(RuntimeError("can't allocate memory: you tried to allocate 2500000000 bytes."))
    2.5
    """
    match = ASKED.search(str(error))
    return round(float(match[1]) * UNITS[match[2]] / 1e9, 3) if match else None
