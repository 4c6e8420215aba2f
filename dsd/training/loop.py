"""Training of one network: SGD, a half-period cosine, an evaluation after every epoch.

The same run gives the same bits on a CPU, also when it was interrupted: every epoch has its own random generator,
seeded by (seed, epoch), so that the state of a run is the model's, the optimizer's, and how many steps are done.
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
from dsd.training.data.batches import batches
from dsd.training.data.images import Images
from dsd.training.device import peak_gb, precision, restart_peak, set_products
from dsd.training.evaluation import errors, make_norms_precise
from dsd.training.randomness import generator
from dsd.training.run import Run, check
from dsd.training.schedule import learning_rate

Steps = Callable[[int, int, int], None]  # number of the epoch, steps of it that are done, and of all


class Interrupted(Exception):
    """Training was told to stop; its checkpoint has `epochs` finished ones and `steps` of the next."""

    def __init__(self, epochs: int, steps: int) -> None:
        super().__init__(f"stopped after {epochs} epochs and {steps} steps")
        self.epochs, self.steps = epochs, steps


@dataclass(frozen=True)
class Result:
    """What a run reached.

    epochs: every epoch that was trained
    diverged: the loss of the last of these is not finite; training stopped there and the run is scored as it is
    """

    epochs: tuple[Epoch, ...]
    diverged: bool

    @property
    def last(self) -> Epoch:
        """The last epoch; its top-1 error is the run's ([DDS] §3.1)."""
        return self.epochs[-1]

    @property
    def best(self) -> Epoch:
        """The first epoch of the least top-1 error (the error that [NDS] and the authors' code report)."""
        return min(self.epochs, key=lambda epoch: epoch.error)

    @property
    def outcome(self) -> Outcome:
        """All of it in numbers."""
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
    """Where the state of a run is kept while it is unfinished.

    path: of the checkpoint; None keeps none
    every_s: seconds between two of them in the middle of an epoch; after each epoch there is one anyway
    stop: asked after every batch; where it says yes, training keeps its state and ends with `Interrupted`
    """

    path: Path | None = None
    every_s: float = math.inf
    stop: Callable[[], bool] = lambda: False


@dataclass
class State:
    """A run on its way: its model and optimizer, the epochs that are finished, and what was done of the next one."""

    model: nn.Module
    optimizer: SGD
    epochs: list[Epoch] = field(default_factory=list)
    steps: int = 0
    loss: Tensor | None = None
    train_s: float = 0.0
    skipped: int = 0
    saved: float = field(default_factory=time.monotonic)

    def resume(self, earlier: Checkpoint) -> None:
        """Go on from a checkpoint."""
        self.model.load_state_dict(earlier.model)
        self.optimizer.load_state_dict(earlier.optimizer)
        self.epochs, self.steps, self.train_s = list(earlier.epochs), earlier.steps, earlier.train_s
        self.skipped = earlier.skipped
        device = next(self.model.parameters()).device
        self.loss = None if earlier.loss is None else earlier.loss.to(device)

    def save(self, run: Run, keeping: CheckpointPolicy, since: float = 0.0) -> None:
        """Write a checkpoint; `since` are the seconds of training that are not yet in train_s."""
        if keeping.path:
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
            checkpoint.save(keeping.path, state)
        self.saved = time.monotonic()

    def stop_if_told(self, run: Run, keeping: CheckpointPolicy, since: float) -> None:
        """Keep the state and end where that is wanted; `since` are the seconds of training not yet in train_s.

        Raises:
            Interrupted: it is
        """
        if keeping.stop():
            self.save(run, keeping, since)
            raise Interrupted(len(self.epochs), self.steps)

    def finish(self, epoch: Epoch) -> None:
        """An epoch is done."""
        self.epochs.append(epoch)
        self.steps, self.loss, self.train_s, self.skipped = 0, None, 0.0, 0


def train_epoch(
    run: Run,
    state: State,
    images: Images,
    device: torch.device,
    rng: torch.Generator,
    keeping: CheckpointPolicy,
    on_step: Steps,
) -> float:
    """One pass over the training images, from the step where it was left; the mean loss, not finite if it diverged."""
    recipe, model = run.recipe, state.model
    model.train()
    number, steps, start = len(state.epochs) + 1, batches(images.train_size, recipe.batch_size, rng), time.monotonic()
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
        state.stop_if_told(run, keeping, time.monotonic() - start)
        if time.monotonic() - state.saved > keeping.every_s:
            state.save(run, keeping, time.monotonic() - start)
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
    """Train a network and say what it reached.

    Args:
        run: what to train
        images: those that run.data names, on their way to the device
        device: where to train
        keeping: where to go on from, and where to keep the state; None keeps none
        on_epoch: told of each epoch trained here, before its checkpoint is written
        on_step: told of each step, which it should not delay
        on_resume: told of the epochs and steps of the checkpoint that training goes on from, if there is one

    Raises:
        Interrupted: `keeping.stop` asked for it
    """
    recipe, keeping = run.recipe, keeping or CheckpointPolicy()
    check(recipe, run.data)
    set_products(recipe, device)
    model = for_training(build(run.network, generator(run.seed, 0)), device)
    state = State(model, SGD(model.parameters(), recipe.momentum, recipe.nesterov, recipe.weight_decay))
    earlier = checkpoint.load(keeping.path, run.key) if keeping.path else None
    if earlier:
        state.resume(earlier)
        on_resume(len(earlier.epochs), earlier.steps)
    while len(state.epochs) < recipe.epochs:
        epoch = one_epoch(run, state, images, device, keeping, on_step)
        on_epoch(epoch)
        state.finish(epoch)
        if not math.isfinite(epoch.loss):
            return Result(tuple(state.epochs), diverged=True)
        if epoch.epoch < recipe.epochs:
            state.save(run, keeping)
    return Result(tuple(state.epochs), diverged=False)


def one_epoch(
    run: Run, state: State, images: Images, device: torch.device, keeping: CheckpointPolicy, on_step: Steps
) -> Epoch:
    """Train the rest of an epoch, then evaluate."""
    number, recipe = len(state.epochs) + 1, run.recipe
    rng, start = generator(run.seed, number), time.perf_counter()
    restart_peak(device)
    images.skipped = state.skipped
    loss = train_epoch(run, state, images, device, rng, keeping, on_step)
    trained = time.perf_counter()
    train_s, seen = state.train_s + trained - start, state.steps * recipe.batch_size - images.skipped

    def on_batch() -> None:
        state.stop_if_told(run, keeping, trained - start)

    if recipe.precise_bn_images:
        make_norms_precise(state.model, images, recipe, device, rng, on_batch)
        images.skipped = state.skipped  # an image counts once
    found = errors(state.model, images, recipe, device, on_batch)
    return Epoch(
        epoch=number,
        lr=learning_rate(recipe, number - 1),
        loss=loss,
        error=found.top1,
        top5_error=found.top5,
        train_s=train_s,
        eval_s=time.perf_counter() - trained,
        images_s=round(seen / train_s, 1),
        peak_gb=peak_gb(device),
        skipped=images.skipped,
    )
