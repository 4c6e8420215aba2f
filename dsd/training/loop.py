"""Training of one network: SGD, a half-period cosine schedule, an evaluation after every epoch.

On a CPU a run is reproducible to the bit, even if interrupted. Every epoch has its own random generator, seeded by
(seed, epoch). So the state of a run is its model, its optimizer and the number of steps done.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

from dsd.models.anynet import build
from dsd.models.sgd import SGD
from dsd.models.step import for_training, gradients
from dsd.runs import Epoch, Outcome
from dsd.training import checkpoint
from dsd.training.checkpoint import Checkpoint
from dsd.training.data.batches import shuffled_batches
from dsd.training.data.images import Images
from dsd.training.device import peak_gb, precision, restart_peak, set_products
from dsd.training.evaluation import errors, make_norms_precise
from dsd.training.randomness import generator
from dsd.training.run import Run, check
from dsd.training.schedule import learning_rate

Steps = Callable[[int, int, int], None]  # number of the epoch, its steps done, all its steps


class Interrupted(Exception):
    """Training stopped on request; its checkpoint holds `epochs` finished epochs and `steps` steps of the next."""

    def __init__(self, epochs: int, steps: int) -> None:
        super().__init__(f"stopped after {epochs} epochs and {steps} steps")
        self.epochs, self.steps = epochs, steps


@dataclass(frozen=True)
class Result:
    """The result of a run.

    epochs: all trained epochs
    diverged: the loss of the last epoch is not finite; training stopped there, and its errors are the run's
    """

    epochs: tuple[Epoch, ...]
    diverged: bool

    @property
    def last(self) -> Epoch:
        """The last epoch; its top-1 error is the run's ([DDS] §3.1)."""
        return self.epochs[-1]

    @property
    def best(self) -> Epoch:
        """The first epoch with the lowest top-1 error ([NDS] and the authors' code report this error)."""
        return min(self.epochs, key=lambda epoch: epoch.error)

    @property
    def outcome(self) -> Outcome:
        """The result as numbers."""
        last, best, epochs = self.last, self.best, self.epochs
        train_s = sum(epoch.train_s for epoch in epochs)
        return Outcome(
            error=last.error,
            top5_error=last.top5_error,
            best_error=best.error,
            best_epoch=best.epoch,
            loss=last.loss,
            epochs=len(epochs),
            train_s=round(train_s, 3),
            eval_s=round(sum(epoch.eval_s for epoch in epochs), 3),
            images_s=round(sum(epoch.images_s * epoch.train_s for epoch in epochs) / train_s, 1),
            peak_gb=max(epoch.peak_gb for epoch in epochs),
            skipped=int(max(epoch.skipped for epoch in epochs)),
            diverged=self.diverged,
        )


@dataclass(frozen=True)
class CheckpointPolicy:
    """Where and when an unfinished run writes checkpoints.

    path: file of the checkpoint; None: no checkpoints
    every_s: seconds between two checkpoints within an epoch; each epoch but the last also ends with one
    stop: called after every batch; if it returns true, training writes a checkpoint and raises `Interrupted`
    """

    path: Path | None = None
    every_s: float = math.inf
    stop: Callable[[], bool] = lambda: False


@dataclass
class State:
    """The state of an unfinished run: model, optimizer, finished epochs, and progress in the next one."""

    model: nn.Module
    optimizer: SGD
    epochs: list[Epoch] = field(default_factory=list)
    steps: int = 0
    loss: Tensor | None = None
    train_s: float = 0.0
    skipped: int = 0
    saved: float = field(default_factory=time.monotonic)

    def resume(self, earlier: Checkpoint) -> None:
        """Restore the state of a checkpoint."""
        self.model.load_state_dict(earlier.model)
        self.optimizer.load_state_dict(earlier.optimizer)
        self.epochs, self.steps, self.train_s = list(earlier.epochs), earlier.steps, earlier.train_s
        self.skipped = earlier.skipped
        device = next(self.model.parameters()).device
        self.loss = None if earlier.loss is None else earlier.loss.to(device)

    def save(self, run: Run, policy: CheckpointPolicy, since: float = 0.0) -> None:
        """Write a checkpoint; `since`: seconds of training not yet in train_s."""
        if policy.path:
            state = Checkpoint(
                run.key,
                self.model.state_dict(),
                self.optimizer.state_dict(),
                self.epochs,
                self.steps,
                self.loss,
                self.train_s + since,
                self.skipped,
            )
            checkpoint.save(policy.path, state)
        self.saved = time.monotonic()

    def stop_if_told(self, run: Run, policy: CheckpointPolicy, since: float) -> None:
        """Write a checkpoint and stop if the policy requests it; `since`: seconds of training not yet in train_s.

        Raises:
            Interrupted: `policy.stop` returned true
        """
        if policy.stop():
            self.save(run, policy, since)
            raise Interrupted(len(self.epochs), self.steps)

    def finish(self, epoch: Epoch) -> None:
        """Add a finished epoch, and reset the progress in the next one."""
        self.epochs.append(epoch)
        self.steps, self.loss, self.train_s, self.skipped = 0, None, 0.0, 0


def train_epoch(
    run: Run,
    state: State,
    images: Images,
    device: torch.device,
    rng: torch.Generator,
    policy: CheckpointPolicy,
    on_step: Steps,
) -> float:
    """Train an epoch from its first undone step. Return the mean loss, not finite if training diverged."""
    recipe, model = run.recipe, state.model
    model.train()
    number, steps, start = (
        len(state.epochs) + 1,
        shuffled_batches(images.train_size, recipe.batch_size, rng),
        time.monotonic(),
    )
    images.skip(steps[: state.steps], rng)
    exact = partial(precision, recipe, device)
    loss = torch.zeros((), device=device) if state.loss is None else state.loss
    for pictures, labels in images.training(steps[state.steps :], rng):
        done = number - 1 + (state.steps / len(steps) if recipe.lr_update == "step" else 0)
        if len(labels):
            state.optimizer.zero_grad()
            loss = loss + gradients(model, pictures, labels, exact, recipe.micro_batch)  # stays on the device
            state.optimizer.step(learning_rate(recipe, done))
        state.steps, state.loss, state.skipped = state.steps + 1, loss, images.skipped
        on_step(number, state.steps, len(steps))
        state.stop_if_told(run, policy, time.monotonic() - start)
        if time.monotonic() - state.saved > policy.every_s:
            state.save(run, policy, time.monotonic() - start)
    return float(loss) / len(steps)


def train(
    run: Run,
    images: Images,
    device: torch.device,
    keeping: CheckpointPolicy | None = None,
    on_epoch: Callable[[Epoch], None] = lambda epoch: None,
    on_step: Steps = lambda epoch, done, steps: None,
    on_resume: Callable[[int, int], None] = lambda epochs, steps: None,
) -> Result:
    """Train a network.

    Args:
        run: what to train
        images: the images of run.data, loaded for the device
        device: where to train
        keeping: checkpoint to resume from and to write; None: no checkpoints
        on_epoch: called with each epoch trained here, before its checkpoint is written
        on_step: called after each step; must be fast
        on_resume: called with the epochs and steps of the checkpoint that training resumes from, if there is one

    Raises:
        Interrupted: `keeping.stop` returned true
    """
    recipe, policy = run.recipe, keeping or CheckpointPolicy()
    check(recipe, run.data)
    set_products(recipe, device)
    model = for_training(build(run.network, generator(run.seed, 0)), device)
    state = State(model, SGD(model.parameters(), recipe.momentum, recipe.nesterov, recipe.weight_decay))
    earlier = checkpoint.load(policy.path, run.key) if policy.path else None
    if earlier:
        state.resume(earlier)
        on_resume(len(earlier.epochs), earlier.steps)
    while len(state.epochs) < recipe.epochs:
        epoch = one_epoch(run, state, images, device, policy, on_step)
        on_epoch(epoch)
        state.finish(epoch)
        if not math.isfinite(epoch.loss):
            return Result(tuple(state.epochs), diverged=True)
        if epoch.epoch < recipe.epochs:
            state.save(run, policy)
    return Result(tuple(state.epochs), diverged=False)


def one_epoch(
    run: Run, state: State, images: Images, device: torch.device, policy: CheckpointPolicy, on_step: Steps
) -> Epoch:
    """Train the rest of an epoch, then evaluate."""
    number, recipe = len(state.epochs) + 1, run.recipe
    rng, start = generator(run.seed, number), time.perf_counter()
    restart_peak(device)
    images.skipped = state.skipped
    loss = train_epoch(run, state, images, device, rng, policy, on_step)
    trained = time.perf_counter()
    train_s, seen = state.train_s + trained - start, state.steps * recipe.batch_size - images.skipped

    def on_batch() -> None:
        state.stop_if_told(run, policy, trained - start)

    if recipe.precise_bn_images:
        make_norms_precise(state.model, images, recipe, device, rng, on_batch)
        images.skipped = state.skipped  # count each image once
    test_errors = errors(state.model, images, recipe, device, on_batch)
    return Epoch(
        epoch=number,
        lr=learning_rate(recipe, number - 1),
        loss=loss,
        error=test_errors.top1,
        top5_error=test_errors.top5,
        train_s=train_s,
        eval_s=time.perf_counter() - trained,
        images_s=round(seen / train_s, 1),
        peak_gb=peak_gb(device),
        skipped=images.skipped,
    )
