"""Training in tests uses one thread, as a worker does."""

import pytest
import torch


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """Two threads on two busy cores are many times slower than one."""
    torch.set_num_threads(1)
