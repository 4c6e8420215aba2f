"""Lack of memory. Oracle: torch's own errors."""

import numpy as np
import pytest
import torch

from dsd.models.memory import asked_gb, lacks_memory


def test_torchs_own_error_is_understood() -> None:
    """A tensor of 4e18 bytes: no memory for it, and the size in GB."""
    with pytest.raises(RuntimeError) as caught:
        torch.empty(10**18, dtype=torch.float32)
    assert lacks_memory(caught.value)
    assert asked_gb(caught.value) == pytest.approx(4e9)


def test_a_gpus_error_is_understood() -> None:
    """torch's words for a GPU, in powers of 1024."""
    error = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 1.50 GiB. GPU 0 has a total capacity of …")
    assert lacks_memory(error)
    assert asked_gb(error) == pytest.approx(1.611, abs=1e-3)


@pytest.mark.parametrize(
    "text",
    ["CUDA error: out of memory", "CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate", "CUDNN_STATUS_ALLOC_FAILED"],
)
def test_what_cuda_says_beside_torch_is_understood(text: str) -> None:
    """Without a size."""
    assert lacks_memory(RuntimeError(text))
    assert asked_gb(RuntimeError(text)) is None


def test_numpys_error_is_understood() -> None:
    """An array of 8e18 bytes."""
    with pytest.raises(MemoryError) as caught:
        np.empty(10**18)
    assert lacks_memory(caught.value)
    assert asked_gb(caught.value) == pytest.approx(8e9, rel=0.01)


@pytest.mark.parametrize("error", [MemoryError("640 K"), ValueError("3 apples")])
def test_other_errors_name_no_size(error: Exception) -> None:
    """Python's own error lacks memory without a size; any other is none of it."""
    assert lacks_memory(error) == isinstance(error, MemoryError)
    assert asked_gb(error) is None
