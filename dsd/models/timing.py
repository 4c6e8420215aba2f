"""How long a network takes on a device, and how much memory: inference, and a step of training."""

import math
import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from itertools import accumulate
from statistics import quantiles
from typing import Any

import torch
from torch import Tensor, nn

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
WARM_UP = 2  # calls; the first one allocates, and chooses algorithms
LR = 0.01  # of the steps that are timed
MOST = 1000  # timed calls


@dataclass(frozen=True)
class Conditions:
    """How to measure.

    batch: images a call
    device: cpu, cuda or cuda:N; "" for cuda where there is one, else cpu
    dtype: a name of `DTYPES`; other than float32, as mixed precision (torch.autocast)
    train: also a training step: forward, cross-entropy, backward and an update of SGD with momentum
    calls, seconds: timed calls go on until there are so many, and so long, or `MOST`
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
            raise DsdError("dtype = float16: is for GPUs; give bfloat16 or float32 on a CPU")

    @property
    def told(self) -> dict[str, Any]:
        """What a table tells of it, with the device's name."""
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
    """Times [ms] of n calls: median and quartiles; and the peak of memory [bytes] with all that was there before."""

    ms: float
    ms_low: float
    ms_high: float
    n: int
    peak_bytes: int

    def told(self, kind: str) -> dict[str, Any]:
        """As `COLUMNS` of `infer` or `train`: times to a microsecond, memory in GB."""
        times = (round(value, 3) for value in (self.ms, self.ms_low, self.ms_high))
        return dict(zip(COLUMNS[kind], (*times, self.n, round(self.peak_bytes / 1e9, 4)), strict=True))


def measure(call: Callable[[], object], conditions: Conditions, held: Callable[[], int]) -> Measured:
    """Time a call, after a warm-up, waiting for the device each time; then once more for its memory.

    Args:
        held: gives the bytes of the tensors that live from call to call
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
    """Whether it is a GPU that computes."""
    return torch.device(conditions.device).type == "cuda"


def synchronise(conditions: Conditions) -> None:
    """Wait until the device has done what it was given; a CPU always has."""
    if is_cuda(conditions):
        torch.cuda.synchronize(conditions.device)


def peak_on_cuda(call: Callable[[], object], device: str) -> int:
    """The most that tensors took on the device during a call [bytes]."""
    torch.cuda.reset_peak_memory_stats(device)
    call()
    torch.cuda.synchronize(device)
    return int(torch.cuda.max_memory_allocated(device))


def peak_on_cpu(call: Callable[[], object]) -> int:
    """The most that a call took at a time beyond what was there before [bytes], of what torch allocates."""
    os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # or the profiler writes on standard error
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        call()
    results: Any = profiler.profiler
    events = [event for event in results.kineto_results.events() if event.name() == "[memory]"]
    sizes = [event.nbytes() for event in sorted(events, key=lambda event: event.start_ns())]
    return int(max(accumulate(sizes, initial=0)))


def bytes_of(*tensors: Tensor) -> int:
    """What tensors take."""
    return sum(tensor.nbytes for tensor in tensors)


class TooLarge(DsdError, MemoryError):
    """A network and a batch that the device's memory does not hold."""


def time_network(network: Network, conditions: Conditions | None = None) -> dict[str, Any]:
    """Time and memory of a network as `COLUMNS`: those of inference and, where `conditions.train`, of a training step.

    Raises:
        TooLarge: the device's memory does not suffice
    """
    conditions = conditions or Conditions()
    try:
        return timed(network, conditions)
    except (RuntimeError, MemoryError) as error:
        if not lacks_memory(error):
            raise
        place = f"{conditions.device} has not the memory for"
        raise TooLarge(f"{place} network {network.key} and a batch of {conditions.batch}; give less") from error


def timed(network: Network, conditions: Conditions) -> dict[str, Any]:
    """`time_network`, where memory suffices."""
    side = network.resolution
    model = build(network, torch.Generator().manual_seed(0)).to(conditions.device)
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(conditions.batch, 3, side, side, generator=generator).to(conditions.device)
    state = [*model.parameters(), *model.buffers(), images]
    model.eval()
    with torch.inference_mode():
        inference = measure(partial(forward, model, images, conditions), conditions, lambda: bytes_of(*state))
    found = inference.told("infer")
    if conditions.train:
        model = for_training(model, conditions.device).train()
        images = images.contiguous(memory_format=torch.channels_last)
        state = [*model.parameters(), *model.buffers(), images]
        labels = torch.arange(conditions.batch, device=conditions.device) % network.classes
        optimizer = SGD(model.parameters())

        def held() -> int:
            return bytes_of(*state, labels, *optimizer.momenta)

        step = measure(partial(training_step, model, images, labels, optimizer, conditions), conditions, held)
        found |= step.told("train")
    return found


def precision(conditions: Conditions) -> AbstractContextManager[Any]:
    """Mixed precision where another type than float32 is asked for."""
    if conditions.dtype == "float32":
        return nullcontext()
    return torch.autocast(torch.device(conditions.device).type, DTYPES[conditions.dtype])


def forward(model: nn.Module, images: Tensor, conditions: Conditions) -> Tensor:
    """Logits of a batch."""
    with precision(conditions):
        logits: Tensor = model(images)
    return logits


def training_step(model: nn.Module, images: Tensor, labels: Tensor, optimizer: SGD, conditions: Conditions) -> None:
    """Forward, backward and an update, as runs are trained."""
    gradients(model, images, labels, partial(precision, conditions))
    optimizer.step(LR)
    optimizer.zero_grad()  # at the end: from call to call no gradients live
