"""Lack of memory, however torch says it."""

import re

import torch

UNITS = {"bytes": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
# torch on a GPU: "Tried to allocate 2.00 GiB"; on a CPU: "you tried to allocate 123 bytes"
ASKED = re.compile(r"tried to allocate ([\d.]+) (bytes|[KMGT]iB)", re.IGNORECASE)


def lacks_memory(error: BaseException) -> bool:
    """Whether an error says that a device's memory does not suffice; on a CPU torch has no error of its own for it."""
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or "allocate memory" in str(error)


def asked_gb(error: BaseException) -> float | None:
    """The size that was asked for [1e9 bytes]; None where the error does not say it.

    >>> asked_gb(RuntimeError("can't allocate memory: you tried to allocate 2500000000 bytes."))
    2.5
    """
    found = ASKED.search(str(error))
    return round(float(found[1]) * UNITS[found[2]] / 1e9, 3) if found else None
