"""Time and memory of a network on a device, in inference and in a training step."""

import math
import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from itertools import accumulate
from pathlib import Path
from statistics import quantiles
from typing import Any

import torch
from torch import Tensor, nn

from dsd.architecture.catalogue.lookup import as_network
from dsd.architecture.network import Network
from dsd.errors import DsdError, known
from dsd.models.anynet import build
from dsd.models.device import check_device, default_device, device_name
from dsd.models.memory import lacks_memory
from dsd.models.sgd import SGD
from dsd.models.step import for_training, gradients

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
COLUMNS = {  # of a table of times, for inference and for a training step
    kind: tuple(f"{kind}_{name}" for name in ("ms", "ms_low", "ms_high", "n", "peak_gb")) for kind in ("infer", "train")
}
WARM_UP = 2  # calls; the first one allocates and selects algorithms
LR = 0.01  # of the steps that are timed
MOST = 1000  # after so many timed calls, `seconds` no longer counts


@dataclass(frozen=True)
class Conditions:
    """The conditions of a measurement.

    batch: images per call
    device: cpu, cuda or cuda:N; "": cuda if available, else cpu
    dtype: one of `DTYPES`; bfloat16 and float16 use mixed precision (torch.autocast)
    train: also time a training step: forward, cross-entropy, backward and an update of SGD with momentum
    calls, seconds: minimum number and minimum total time of the timed calls; after `MOST` calls, seconds is ignored
    """

    batch: int = 64
    device: str = ""
    dtype: str = "float32"
    train: bool = False
    calls: int = 5
    seconds: float = 1.0

    def __post_init__(self) -> None:
        if self.dtype not in DTYPES:
            raise DsdError(f"dtype = {self.dtype} is not known; choose one of: {known(DTYPES)}")
        for name in ("batch", "calls"):
            if not isinstance(getattr(self, name), int) or getattr(self, name) < 1:
                raise DsdError(f"{name} = {getattr(self, name)}: give a whole number from 1")
        if not 0 <= self.seconds < math.inf:
            raise DsdError(f"seconds = {self.seconds}: give a number from 0")
        if self.train and self.batch < 2:
            raise DsdError("batch = 1: batch norm cannot be trained on one image; give 2 or more")
        object.__setattr__(self, "device", self.device or default_device())
        check_device(self.device)
        if self.dtype == "float16" and torch.device(self.device).type == "cpu":
            raise DsdError("dtype = float16: only GPUs support it; give bfloat16 or float32 on a CPU")

    @property
    def as_columns(self) -> dict[str, Any]:
        """The conditions as columns of a table, with the device's name."""
        threads = None if is_cuda(self) else torch.get_num_threads()
        return {
            "device": device_name(self.device),
            "threads": threads,
            "dtype": self.dtype,
            "batch": self.batch,
            "calls": self.calls,
            "seconds": self.seconds,
            "torch": torch.__version__,
        }


@dataclass(frozen=True)
class Measured:
    """Median and quartiles of n calls [ms], and the peak memory [bytes], with everything allocated before."""

    ms: float
    ms_low: float
    ms_high: float
    n: int
    peak_bytes: int

    def columns(self, kind: str) -> dict[str, Any]:
        """Return the `COLUMNS` of `infer` or `train`: times to a microsecond, memory in GB."""
        times = (round(value, 3) for value in (self.ms, self.ms_low, self.ms_high))
        return dict(zip(COLUMNS[kind], (*times, self.n, round(self.peak_bytes / 1e9, 4)), strict=True))


def measure(call: Callable[[], object], conditions: Conditions, held: Callable[[], int]) -> Measured:
    """Time a call after a warm-up, synchronising the device each time. Then call once more to measure memory.

    Args:
        held: returns the bytes of the tensors that stay allocated between calls
    """
    seconds: list[float] = []
    for _ in range(WARM_UP):
        call()
    synchronise(conditions)
    while len(seconds) < conditions.calls or (sum(seconds) < conditions.seconds and len(seconds) < MOST):
        start = time.perf_counter()
        call()
        synchronise(conditions)
        seconds.append(time.perf_counter() - start)
    low, median, high = quantiles(seconds * (2 if len(seconds) == 1 else 1), n=4, method="inclusive")
    peak = peak_on_cuda(call, conditions.device) if is_cuda(conditions) else held() + peak_on_cpu(call)
    return Measured(1e3 * median, 1e3 * low, 1e3 * high, len(seconds), peak)


def is_cuda(conditions: Conditions) -> bool:
    """Return whether the device is a GPU."""
    return torch.device(conditions.device).type == "cuda"


def synchronise(conditions: Conditions) -> None:
    """Wait until a GPU has finished its work; do nothing on a CPU."""
    if is_cuda(conditions):
        torch.cuda.synchronize(conditions.device)


def peak_on_cuda(call: Callable[[], object], device: str) -> int:
    """Return the peak memory of tensors on the device during a call [bytes]."""
    torch.cuda.reset_peak_memory_stats(device)
    call()
    torch.cuda.synchronize(device)
    return int(torch.cuda.max_memory_allocated(device))


def peak_on_cpu(call: Callable[[], object]) -> int:
    """Return the peak memory that torch allocates during a call, beyond what was allocated before [bytes]."""
    os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # else the profiler writes on standard error
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        call()
    results: Any = profiler.profiler
    events = [event for event in results.kineto_results.events() if event.name() == "[memory]"]
    sizes = [event.nbytes() for event in sorted(events, key=lambda event: event.start_ns())]
    return int(max(accumulate(sizes, initial=0)))


def bytes_of(*tensors: Tensor) -> int:
    """Return the size of tensors [bytes]."""
    return sum(tensor.nbytes for tensor in tensors)


class TooLarge(DsdError, MemoryError):
    """The device has not enough memory for a network and batch."""


def time_network(network: Network | str | Path, conditions: Conditions | None = None) -> dict[str, Any]:
    """Measure time and memory of a network: `COLUMNS` of inference and, if `conditions.train`, of a training step.

    Raises:
        TooLarge: the device has not enough memory
    """
    conditions, network = conditions or Conditions(), as_network(network, "dsd.models.time_network")
    try:
        return timed(network, conditions)
    except (RuntimeError, MemoryError) as error:
        if not lacks_memory(error):
            raise
        lack = f"not enough memory on {conditions.device} for"
        raise TooLarge(f"{lack} network {network.key} and a batch of {conditions.batch}; give less") from error


def timed(network: Network, conditions: Conditions) -> dict[str, Any]:
    """Measure as `time_network` does, without handling of memory errors."""
    side = network.resolution
    model = build(network, torch.Generator().manual_seed(0)).to(conditions.device)
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(conditions.batch, 3, side, side, generator=generator).to(conditions.device)
    state = [*model.parameters(), *model.buffers(), images]
    model.eval()
    with torch.inference_mode():
        inference = measure(partial(forward, model, images, conditions), conditions, lambda: bytes_of(*state))
    columns = inference.columns("infer")
    if conditions.train:
        model = for_training(model, conditions.device).train()
        images = images.contiguous(memory_format=torch.channels_last)
        state = [*model.parameters(), *model.buffers(), images]
        labels = torch.arange(conditions.batch, device=conditions.device) % network.classes
        optimizer = SGD(model.parameters())

        def held() -> int:
            return bytes_of(*state, labels, *optimizer.momenta)

        step = measure(partial(training_step, model, images, labels, optimizer, conditions), conditions, held)
        columns |= step.columns("train")
    return columns


def precision(conditions: Conditions) -> AbstractContextManager[Any]:
    """Return the context of mixed precision, unless the dtype is float32."""
    if conditions.dtype == "float32":
        return nullcontext()
    return torch.autocast(torch.device(conditions.device).type, DTYPES[conditions.dtype])


def forward(model: nn.Module, images: Tensor, conditions: Conditions) -> Tensor:
    """Compute the logits of a batch."""
    with precision(conditions):
        logits: Tensor = model(images)
    return logits


def training_step(model: nn.Module, images: Tensor, labels: Tensor, optimizer: SGD, conditions: Conditions) -> None:
    """Run forward, backward and an update, as in training runs."""
    gradients(model, images, labels, partial(precision, conditions))
    optimizer.step(LR)
    optimizer.zero_grad()  # at the end, so that no gradients stay allocated between calls
