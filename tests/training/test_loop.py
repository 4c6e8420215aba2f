"""Training: it learns, it follows the recipe, and it gives the same bits however often it was interrupted."""

import math
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch
from torch import nn

from dsd import DsdError, Network, build
from dsd.architecture import Skeleton
from dsd.models.sgd import SGD, has_fused_step
from dsd.models.step import gradients
from dsd.training import checkpoint, loop
from dsd.training.data.batches import shuffled_batches
from dsd.training.data.images import Batch
from dsd.training.data.in_memory.memory import InMemory
from dsd.training.data.loading import load_data
from dsd.training.data.spec import DataSpec
from dsd.training.device import check_precision, peak_gb, precision, restart_peak
from dsd.training.evaluation import make_norms_precise, misses
from dsd.training.loop import CheckpointPolicy, State, train
from dsd.training.randomness import generator
from dsd.training.recipe import Recipe
from dsd.training.run import Run, run_key
from dsd.training.schedule import half_cosine

NETWORK = Network((1, 1), (16, 32), (1, 1), (8, 8), Skeleton(stem="cifar", strides=(1, 2)), 8, 10)
RECIPE = Recipe("test", epochs=4, lr=0.05, batch_size=64, precise_bn_images=128)
SPEC = DataSpec("digits", 8, 10, train_images=320, test_images=200, shift=1, flip=True)
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def data() -> InMemory:
    """A part of the digits."""
    return load_data(SPEC)


def run_of(recipe: Recipe = RECIPE, seed: int = 0) -> Run:
    """A run of the small network."""
    return Run(run_key(NETWORK.key, recipe, SPEC, seed), NETWORK, recipe, SPEC, seed)


def numbers(result: loop.Result) -> list[tuple[float, float, float]]:
    """What must be equal to the bit: rates, losses and errors of all epochs."""
    return [(epoch.lr, epoch.loss, epoch.error) for epoch in result.epochs]


def test_the_same_run_gives_the_same_bits(data: InMemory) -> None:
    """Equal seeds agree to the bit in every epoch; another seed differs."""
    first, again, other = (train(run_of(seed=seed), data, CPU) for seed in (0, 0, 1))
    assert numbers(first) == numbers(again) != numbers(other)


class Killed(BaseException):
    """Stands for a signal."""


@pytest.mark.parametrize("every_s", [math.inf, 0.0])
@pytest.mark.parametrize("batches_before", [0, 3, 9, 17, 25])
def test_an_interrupted_run_gives_the_same_bits(
    data: InMemory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batches_before: int, every_s: float
) -> None:
    """Stopped at any batch, in training or before an evaluation, and resumed: every number is the undisturbed run's.

    Checkpoints are written after each epoch, or after each step.
    """
    undisturbed, training, count = train(run_of(), data, CPU), InMemory.training, 0

    def stop(self: InMemory, chosen: list[torch.Tensor], rng: torch.Generator) -> Iterator[Batch]:
        nonlocal count
        for batch in training(self, chosen, rng):
            count += 1
            if count > batches_before:
                raise Killed
            yield batch

    keeping = CheckpointPolicy(tmp_path / "run.pt", every_s)
    monkeypatch.setattr(InMemory, "training", stop)
    with pytest.raises(Killed):
        train(run_of(), data, CPU, keeping)
    monkeypatch.undo()
    # an epoch has 5 batches of training and 2 for batch norm
    assert keeping.path.exists() == (batches_before >= (7 if every_s else 1))
    steps: list[tuple[int, int]] = []
    again = train(run_of(), data, CPU, keeping, on_step=lambda epoch, done, of: steps.append((epoch, done)))
    assert numbers(again) == numbers(undisturbed)
    if not every_s:  # no step is done twice
        assert len(steps) == 4 * 5 - sum(min(5, max(0, batches_before - 7 * epoch)) for epoch in range(4))


@pytest.mark.parametrize("batches_before", [1, 4, 5, 6, 7, 8, 9, 10, 20, 32])
def test_a_run_that_is_told_to_stop_keeps_its_state(data: InMemory, tmp_path: Path, batches_before: int) -> None:
    """Told in training, while batch norm is made precise, or in the evaluation: it ends after that batch, and goes on
    to the undisturbed run's numbers without a step being done twice.
    """
    undisturbed, asked, steps, told = train(run_of(), data, CPU), 0, [], []

    def stop() -> bool:
        nonlocal asked
        asked += 1
        return asked >= batches_before

    def on_step(epoch: int, done: int, of: int) -> None:
        steps.append((epoch, done))

    with pytest.raises(loop.Interrupted) as stopped:
        train(run_of(), data, CPU, CheckpointPolicy(tmp_path / "run.pt", stop=stop), on_step=on_step)
    assert asked == batches_before
    again = train(
        run_of(),
        data,
        CPU,
        CheckpointPolicy(tmp_path / "run.pt"),
        on_step=on_step,
        on_resume=lambda *at: told.append(at),
    )
    assert numbers(again) == numbers(undisturbed)
    assert steps == [(epoch, step) for epoch in range(1, 5) for step in range(1, 6)]
    assert told == [(stopped.value.epochs, stopped.value.steps)]


def test_a_run_killed_between_an_epoch_and_its_checkpoint_repeats_the_epoch(data: InMemory, tmp_path: Path) -> None:
    """The event of an epoch comes before its checkpoint, and the repeated epoch has the same numbers."""
    path, seen = tmp_path / "run.pt", []

    def stop(epoch: checkpoint.Epoch) -> None:
        seen.append((epoch.epoch, epoch.loss))
        if epoch.epoch == 2:
            raise Killed

    with pytest.raises(Killed):
        train(run_of(), data, CPU, CheckpointPolicy(path), stop)
    train(run_of(), data, CPU, CheckpointPolicy(path), lambda epoch: seen.append((epoch.epoch, epoch.loss)))
    assert [number for number, _ in seen] == [1, 2, 2, 3, 4]
    assert seen[1] == seen[2]


def test_a_checkpoint_of_another_run_or_a_damaged_one_is_not_used(data: InMemory, tmp_path: Path) -> None:
    """The run starts anew rather than from the wrong state."""
    path = tmp_path / "run.pt"
    train(run_of(), data, CPU, CheckpointPolicy(path))
    assert checkpoint.load(path, run_of().key) is not None
    assert checkpoint.load(path, "another") is None
    path.write_bytes(path.read_bytes()[:1000])
    assert checkpoint.load(path, run_of().key) is None
    assert numbers(train(run_of(), data, CPU, CheckpointPolicy(path))) == numbers(train(run_of(), data, CPU))


def test_a_diverging_run_ends_with_its_score(data: InMemory) -> None:
    """A loss that is not finite ends the run: diverged, scored as it is, nothing answered counts as right."""
    result = train(run_of(replace(RECIPE, lr=1e20, precise_bn_images=0)), data, CPU)
    assert result.diverged
    assert not math.isfinite(result.epochs[-1].loss)
    assert len(result.epochs) < RECIPE.epochs
    assert (result.last.error, result.last.top5_error) == (100, 100)


def test_the_rate_follows_the_half_cosine(data: InMemory) -> None:
    """lr · (1 + cos(π t)) / 2 at the start of each epoch; the last of ten epochs has 0.0245 of the first."""
    rates = [epoch.lr for epoch in train(run_of(), data, CPU).epochs]
    assert rates == [0.05 * 0.5 * (1 + math.cos(math.pi * i / 4)) for i in range(4)]
    assert half_cosine(1.0, 0.9) == pytest.approx(0.0245, abs=5e-5)


@pytest.mark.parametrize(("lr_update", "distinct"), [("epoch", 1), ("step", 5)])
def test_the_rate_is_set_once_an_epoch_or_at_every_step(
    data: InMemory, monkeypatch: pytest.MonkeyPatch, lr_update: str, distinct: int
) -> None:
    """With five steps an epoch, `step` uses five rates, `epoch` one."""
    recipe = replace(RECIPE, lr_update=lr_update)
    model, rates = build(NETWORK), set()
    optimizer = SGD(model.parameters())
    monkeypatch.setattr(optimizer, "step", rates.add)
    state = State(model, optimizer, [None])
    loop.train_epoch(run_of(recipe), state, data, CPU, generator(0, 2), CheckpointPolicy(), lambda *_: None)
    assert len(rates) == distinct


@pytest.mark.parametrize(("momentum", "nesterov"), [(0.9, True), (0.9, False), (0.0, True)])
def test_the_optimizer_is_torchs(data: InMemory, momentum: float, nesterov: bool) -> None:
    """Ten steps with weight decay and changing rates: the bits of torch.optim.SGD, also taken up half-way."""
    ours, theirs = (build(NETWORK, generator(0, 0)) for _ in range(2))
    sgd = SGD(ours.parameters(), momentum, nesterov, 0.01)
    reference = torch.optim.SGD(
        theirs.parameters(), lr=1, momentum=momentum, nesterov=nesterov and momentum > 0, weight_decay=0.01, fused=True
    )
    for i in range(10):
        images, labels = next(data.training([torch.arange(32) + 32 * i], generator(0, i)))
        if i == 5:  # what a checkpoint keeps is enough
            state, sgd = sgd.state_dict(), SGD(ours.parameters(), momentum, nesterov, 0.01)
            sgd.load_state_dict(state)
        for model, optimizer in ((ours, sgd), (theirs, reference)):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(images), labels).backward()
        sgd.step(0.1 / (i + 1))
        reference.param_groups[0]["lr"] = 0.1 / (i + 1)
        reference.step()
    assert all(torch.equal(a, b) for a, b in zip(ours.parameters(), theirs.parameters(), strict=True))


@pytest.mark.parametrize("kernel", ["missing", "called in another way", "of another meaning"])
@pytest.mark.parametrize(("momentum", "nesterov"), [(0.9, True), (0.9, False), (0.0, True)])
def test_the_optimizer_does_without_the_private_kernel(
    kernel: str, momentum: float, nesterov: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten steps without `torch._fused_sgd_`, or with one that does something else: torch.optim.SGD up to rounding."""
    if kernel == "missing":
        monkeypatch.delattr(torch, "_fused_sgd_")
    else:
        other = (lambda these, /: None) if kernel == "called in another way" else (lambda *words, **named: None)
        monkeypatch.setattr(torch, "_fused_sgd_", other)
    has_fused_step.cache_clear()
    start = torch.randn(100, generator=generator(0, 0))
    ours, theirs = (nn.Parameter(start.clone()) for _ in range(2))
    sgd = SGD([ours], momentum, nesterov, 0.01)
    reference = torch.optim.SGD(
        [theirs], lr=0.1, momentum=momentum, nesterov=nesterov and momentum > 0, weight_decay=0.01, foreach=False
    )
    for _ in range(10):
        for parameter, step in ((ours, lambda: sgd.step(0.1)), (theirs, reference.step)):
            parameter.grad = parameter.detach().sin()
            step()
    assert not has_fused_step()
    has_fused_step.cache_clear()
    torch.testing.assert_close(ours, theirs, rtol=1e-6, atol=1e-7)
    assert not torch.allclose(ours, start, atol=0.1)


def test_this_torch_has_the_fused_kernel() -> None:
    """The version that is tested; where it has none, training is slower and the stored bits cannot be repeated."""
    assert has_fused_step()


def test_an_epoch_shows_every_image_once() -> None:
    """Batches are a permutation; the images that do not fill the last batch are left out."""
    shown = torch.cat(shuffled_batches(1297, 64, generator(0, 1)))
    assert len(shown) == len(set(shown.tolist())) == 1280
    assert len(shuffled_batches(10, 64, generator(0, 1))) == 1


def test_precise_norms_are_averages_under_the_present_weights(data: InMemory) -> None:
    """The stem's statistics become those of the images, whatever the running averages were, and momentum is kept."""
    model = build(NETWORK, generator(0, 0))
    norm = model.stem[0][1]
    norm.running_mean.fill_(100.0)
    recipe = replace(RECIPE, precise_bn_images=320)
    plain = InMemory(replace(SPEC, shift=0, flip=False), data.train, data.test, CPU)
    make_norms_precise(model, plain, recipe, CPU, generator(0, 1))
    with torch.no_grad():
        outputs = model.stem[0][0](plain.normalised(data.train.images))
    torch.testing.assert_close(norm.running_mean, outputs.mean(dim=(0, 2, 3)), rtol=1e-4, atol=1e-5)
    assert norm.momentum == nn.BatchNorm2d(1).momentum


def test_a_run_is_known_by_resolved_values() -> None:
    """Names and folders do not matter, any value that changes the result does."""
    key = run_of().key
    assert run_key(NETWORK.key, replace(RECIPE, name="other"), replace(SPEC, folder="/elsewhere"), 0) == key
    for recipe, spec, seed in [
        (replace(RECIPE, lr=0.1), SPEC, 0),
        (RECIPE, replace(SPEC, shift=0), 0),
        (RECIPE, SPEC, 1),
    ]:
        assert run_key(NETWORK.key, recipe, spec, seed) != key


@pytest.mark.parametrize(
    "change", [{"lr": 0.0}, {"epochs": 0}, {"batch_size": 1}, {"momentum": 1.0}, {"lr_update": "x"}]
)
def test_a_recipe_that_cannot_be_is_refused(change: dict[str, float]) -> None:
    """The error names the key."""
    with pytest.raises(DsdError, match=rf"recipe.{next(iter(change))} = "):
        replace(RECIPE, **change)


def test_micro_batches_have_the_batchs_gradient() -> None:
    """Without batch norm the parts' gradients add up to the whole's; uneven parts count by their size."""
    model = nn.Sequential(nn.Flatten(), nn.Linear(12, 5))
    images, labels = torch.randn(10, 3, 2, 2, generator=generator(0, 0)), torch.arange(10) % 5
    found = []
    for size in (0, 5, 2):
        model.zero_grad()
        loss = gradients(model, images, labels, nullcontext, size)
        found.append((loss, model[1].weight.grad.clone()))
    model.zero_grad()
    found.append((gradients(model, images, labels, nullcontext, 4), model[1].weight.grad.clone()))
    for loss, gradient in found[1:]:
        torch.testing.assert_close(loss, found[0][0])
        torch.testing.assert_close(gradient, found[0][1])


def test_micro_batches_train_another_run(data: InMemory) -> None:
    """Batch norm sees the parts: another key, other bits, and it learns as well; one part is the batch itself."""
    recipe = replace(RECIPE, micro_batch=16)
    assert replace(RECIPE, micro_batch=64) == RECIPE
    assert run_of(recipe).key != run_of().key
    parts, whole = train(run_of(recipe), data, CPU), train(run_of(), data, CPU)
    assert numbers(parts) != numbers(whole)
    for result in (parts, whole):
        assert result.last.loss < result.epochs[0].loss


def test_precision_is_part_of_the_recipe(data: InMemory) -> None:
    """bfloat16 is another run with other numbers, close to those of float32; the network stays in float32."""
    recipe = replace(RECIPE, precision="bfloat16")
    assert run_of(recipe).key != run_of().key
    seen: set[torch.dtype] = set()
    mixed = train(run_of(recipe), data, CPU)
    whole = train(run_of(), data, CPU)
    assert numbers(mixed) != numbers(whole)
    assert mixed.epochs[0].loss == pytest.approx(whole.epochs[0].loss, rel=0.05)
    model = build(NETWORK, generator(0, 0))
    hook = model.stages[0][0].transform[0][0].register_forward_hook(lambda *words: seen.add(words[2].dtype))
    gradients(model, *next(data.training([torch.arange(8)], generator(0, 1))), partial(precision, recipe, CPU))
    hook.remove()
    assert seen == {torch.bfloat16}
    assert {parameter.grad.dtype for parameter in model.parameters()} == {torch.float32}


def test_a_precision_that_the_device_has_not_is_refused() -> None:
    """tfloat32 is a GPU's."""
    with pytest.raises(DsdError, match=r"recipe.precision = tfloat32: only CUDA devices support it, not cpu"):
        check_precision(replace(RECIPE, precision="tfloat32"), CPU)


def test_top5_counts_the_best_five() -> None:
    """By hand: label best, second, sixth, and an answer that is not finite; ties go to the first class."""
    logits = torch.tensor([[9.0, 8, 7, 6, 5, 4]] * 4 + [[1.0] * 6])
    logits[3, 2] = math.nan
    labels = torch.tensor([0, 1, 5, 0, 0])
    assert misses(logits, labels).tolist() == [3, 2]


def test_every_epoch_tells_its_speed_and_memory(data: InMemory) -> None:
    """Images a second are images over seconds of training; some memory was taken."""
    result = train(run_of(), data, CPU)
    for epoch in result.epochs:
        assert epoch.images_s == pytest.approx(320 / epoch.train_s, rel=0.01)
        assert epoch.peak_gb > 0.01


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the peak since a moment")
def test_the_peak_of_memory_is_seen() -> None:
    """0.4 GB more raise the peak by so much; it stays when they are gone, until it is restarted."""
    restart_peak(CPU)
    before = peak_gb(CPU)
    torch.ones(100_000_000).sum()
    assert peak_gb(CPU) - before == pytest.approx(0.4, abs=0.05)
    restart_peak(CPU)
    assert peak_gb(CPU) - before == pytest.approx(0, abs=0.05)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
def test_a_gpu_learns_the_digits_too(tmp_path: Path) -> None:
    """The same run on a GPU reaches the same error within three points, also when it was stopped and resumed there."""
    spec, device = DataSpec("digits", 8, 10, shift=1), torch.device("cuda")
    run = Run("r", NETWORK, replace(RECIPE, epochs=10, lr_update="step"), spec, 0)
    wanted = train(run, load_data(spec), CPU).last.error
    assert train(run, load_data(spec, device), device).last.error == pytest.approx(wanted, abs=3)
    left = iter(range(100))  # steps, of 20 an epoch
    keeping = CheckpointPolicy(tmp_path / "run.pt", 0.0)
    with pytest.raises(StopIteration):
        train(run, load_data(spec, device), device, keeping, on_step=lambda *_: next(left))
    seen: list[int] = []
    resumed = train(run, load_data(spec, device), device, keeping, lambda epoch: seen.append(epoch.epoch))
    assert resumed.last.error == pytest.approx(wanted, abs=3)
    assert seen == [6, 7, 8, 9, 10]
