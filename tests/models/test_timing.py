"""Timing. Oracles: calls that sleep or allocate a known amount, and the sizes of tensors."""

import time
from functools import partial
from unittest.mock import Mock

import pytest
import torch

from dsd import DsdError, Network
from dsd.architecture import Skeleton
from dsd.models import timing
from dsd.models.sgd import SGD
from dsd.models.timing import Conditions, TooLarge, measure, peak_on_cpu, time_network

SMALL = Network((1, 1), (16, 32), (1, 1), (8, 8), Skeleton(stem="cifar", strides=(1, 2)), 16, 10)
QUICK = Conditions(batch=4, calls=3, seconds=0)


def test_a_call_takes_as_long_as_it_takes() -> None:
    """Median and quartiles of calls that sleep 1 ms, and one in four 30 ms; the warm-up's 200 ms are not in them."""
    naps = iter([0.2, 0.2] + [0.001, 0.001, 0.001, 0.03] * 4)
    found = measure(lambda: time.sleep(next(naps, 0)), Conditions(calls=16, seconds=0), lambda: 0)
    assert found.n == 16
    assert 1 <= found.ms_low <= found.ms < 25
    assert found.ms_high < 35


@pytest.mark.parametrize(
    ("conditions", "n"), [(Conditions(calls=3, seconds=0), (3, 3)), (Conditions(calls=1, seconds=0.1), (2, 11))]
)
def test_calls_go_on_until_there_are_enough(conditions: Conditions, n: tuple[int, int]) -> None:
    """So many calls, and so many seconds: 10 ms fit ten times in a tenth, fewer on a busy machine."""
    assert n[0] <= measure(partial(time.sleep, 0.01), conditions, lambda: 0).n <= n[1]


def test_peak_memory_is_what_lives_at_a_time() -> None:
    """Two megabyte tensors, one freed before a third comes: two at a time; and what lived before counts."""

    def call() -> None:
        one = torch.zeros(250_000)
        other = torch.zeros(250_000)
        del one
        third = torch.zeros(250_000)
        del other, third

    assert peak_on_cpu(call) == 2_000_000
    assert measure(call, Conditions(calls=1, seconds=0), lambda: 500).peak_bytes == 2_000_500


def test_inference_needs_less_memory_than_training() -> None:
    """Weights, images and the largest activations; training keeps all activations and gradients."""
    found = time_network(SMALL, Conditions(batch=8, train=True, calls=2, seconds=0))
    weights = sum(p.nbytes for p in timing.build(SMALL).parameters())
    assert found["infer_peak_gb"] * 1e9 > weights + 8 * 3 * 16 * 16 * 4
    assert found["train_peak_gb"] > found["infer_peak_gb"] + weights / 1e9
    assert {
        f"{kind}_{name}" for kind in ("infer", "train") for name in ("ms", "ms_low", "ms_high", "n", "peak_gb")
    } == (set(found))
    assert found["infer_ms_low"] <= found["infer_ms"] <= found["infer_ms_high"]


def test_a_training_step_trains() -> None:
    """Every call changes the weights by its gradients, which are gone afterwards."""
    model = timing.build(SMALL, torch.Generator().manual_seed(0))
    before = [p.detach().clone() for p in model.parameters()]
    optimizer = SGD(model.parameters())
    images, labels = torch.randn(4, 3, 16, 16), torch.arange(4)
    timing.training_step(model, images, labels, optimizer, QUICK)
    assert all(not torch.equal(old, new) for old, new in zip(before, model.parameters(), strict=True))
    assert all(p.grad is None for p in model.parameters())


def test_mixed_precision_computes_in_the_type_asked_for() -> None:
    """bfloat16 logits, float32 without it."""
    model, images = timing.build(SMALL).eval(), torch.randn(2, 3, 16, 16)
    assert timing.forward(model, images, Conditions(dtype="bfloat16")).dtype == torch.bfloat16
    assert timing.forward(model, images, Conditions()).dtype == torch.float32


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"dtype": "float64"}, "dtype = float64 is not known; choose one of: bfloat16, float16, float32"),
        ({"dtype": "float16"}, "float16: only GPUs support it"),
        ({"device": "gpu"}, "device = gpu is not known; give cpu, cuda or cuda:N"),
        ({"device": "meta"}, "device = meta: give cpu"),
        ({"device": "cuda:99"}, "device = cuda:99: . CUDA devices"),
        ({"batch": 0}, "batch = 0"),
        ({"batch": 2.5}, "batch = 2.5: give a whole number from 1"),
        ({"seconds": -1}, "seconds = -1: give a number from 0"),
        ({"device": "cpu:7"}, "device = cpu:7: give cpu"),
        ({"batch": 1, "train": True}, "batch norm cannot be trained on one image"),
    ],
)
def test_what_cannot_be_measured_is_refused(values: dict, message: str) -> None:
    """One line that names the value and what is allowed."""
    with pytest.raises(DsdError, match=message):
        Conditions(**values)


@pytest.mark.parametrize("error", [torch.OutOfMemoryError("CUDA out of memory"), MemoryError()])
def test_too_little_memory_is_said(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    """torch's and Python's own errors become one line with the network and the remedy."""
    monkeypatch.setattr(timing, "timed", Mock(side_effect=error))
    with pytest.raises(TooLarge, match=f"not enough memory on cpu for network {SMALL.key} and a batch of 4; give less"):
        time_network(SMALL, QUICK)


def test_a_batch_that_no_memory_holds_is_said() -> None:
    """What the CPU's allocator really raises, for 3 petabytes of images."""
    with pytest.raises(TooLarge, match="give less"):
        time_network(SMALL, Conditions(batch=10**12, device="cpu"))


def test_other_errors_are_not_taken_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug stays a bug."""
    monkeypatch.setattr(timing, "timed", Mock(side_effect=RuntimeError("mat1 and mat2 shapes cannot be multiplied")))
    with pytest.raises(RuntimeError, match="mat1"):
        time_network(SMALL, QUICK)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
def test_a_gpu_is_waited_for_and_its_memory_seen() -> None:
    """On a GPU: times, and a peak above the weights."""
    found = time_network(SMALL, Conditions(batch=8, device="cuda", train=True, dtype="float16", calls=3, seconds=0))
    assert found["train_ms"] > 0
    assert found["train_peak_gb"] * 1e9 > sum(p.nbytes for p in timing.build(SMALL).parameters())
