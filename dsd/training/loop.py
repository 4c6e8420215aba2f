"""Training of one network: SGD, a half-period cosine, an evaluation after every epoch.

The same run gives the same bits on a CPU, also when it was interrupted: every epoch has its own random generator,
seeded by (seed, epoch), so that the state after an epoch is the model's and the optimizer's alone.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from dsd.models.anynet import build
from dsd.training import augmentation, checkpoint
from dsd.training.checkpoint import Checkpoint, Epoch
from dsd.training.data import ImageData, Split
from dsd.training.run import DataSpec, Recipe, Run
from dsd.training.schedule import learning_rate

EVALUATION_BATCH = 500


@dataclass(frozen=True)
class Result:
    """What a run reached.

    epochs: every epoch that was trained
    diverged: the loss of the last of these is not finite; training stopped there and the run is scored as it is
    """

    epochs: tuple[Epoch, ...]
    diverged: bool

    @property
    def error(self) -> float:
        """Top-1 error of the last epoch [%] ([DDS] §3.1)."""
        return self.epochs[-1].error

    @property
    def best_error(self) -> float:
        """The least top-1 error of all epochs [%] (as [NDS] and the authors' code report)."""
        return min(epoch.error for epoch in self.epochs)


def generator(seed: int, epoch: int) -> torch.Generator:
    """The source of all randomness of an epoch; epoch 0 is the initial weights."""
    state = np.random.SeedSequence((seed, epoch)).generate_state(2, np.uint32)
    return torch.Generator().manual_seed(int(state[0]) << 32 | int(state[1]))


@dataclass(frozen=True)
class Pictures:
    """The data of a run, ready to be fed: normalised, varied for training, in channels-last order."""

    data: ImageData
    spec: DataSpec

    def normalised(self, images: Tensor) -> Tensor:
        """uint8 (n, 3, r, r) to float32 of mean 0 and deviation 1 over the training images."""
        shape = (1, 3, 1, 1)
        mean, std = (t.to(images.device).view(shape) for t in (self.data.mean, self.data.std))
        return ((images.float() - mean) / std).contiguous(memory_format=torch.channels_last)

    def varied(self, indices: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """A training batch: images and labels at these positions."""
        rows = indices.to(self.data.train.labels.device)
        images = self.data.train.images[rows]
        if self.spec.shift:
            images = augmentation.shift(images, self.spec.shift, rng)
        if self.spec.flip:
            images = augmentation.flip(images, rng)
        return self.normalised(images), self.data.train.labels[rows]


def batches(n: int, size: int, rng: torch.Generator) -> list[Tensor]:
    """A permutation of n images cut into batches of `size`; the images that do not fill the last one are left out."""
    order = torch.randperm(n, generator=rng)
    whole = max(n // size, 1) * size
    return [order[start : start + size] for start in range(0, whole, size)]


def train_epoch(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    pictures: Pictures,
    recipe: Recipe,
    epoch: int,
    rng: torch.Generator,
) -> float:
    """One pass over the training images; returns the mean loss, not finite where the run has diverged."""
    model.train()
    steps = batches(len(pictures.data.train), recipe.batch_size, rng)
    total: Tensor | float = 0.0
    for step, indices in enumerate(steps):
        done = epoch - 1 + (step / len(steps) if recipe.lr_update == "step" else 0)
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(recipe, done)
        images, labels = pictures.varied(indices, rng)
        loss = nn.functional.cross_entropy(model(images), labels)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        total = total + loss.detach()  # stays on the device: no synchronisation a step
    return float(total) / len(steps)


@torch.no_grad()
def make_norms_precise(model: nn.Module, pictures: Pictures, recipe: Recipe, rng: torch.Generator) -> None:
    """Recompute batch norm's statistics as averages over training batches under the present weights ("precise BN").

    The running averages trail behind the weights; the authors' code does this before each evaluation.
    """
    norms = [layer for layer in model.modules() if isinstance(layer, nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a cumulative average
    model.train()
    count = min(recipe.precise_bn_images, len(pictures.data.train))
    for indices in batches(len(pictures.data.train), recipe.batch_size, rng)[: max(count // recipe.batch_size, 1)]:
        model(pictures.varied(indices, rng)[0])
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum


@torch.inference_mode()
def top1_error(model: nn.Module, pictures: Pictures, split: Split) -> float:
    """Top-1 error [%] over a split. A network that answers NaN is wrong everywhere, not right on class 0."""
    model.eval()
    right = torch.zeros((), dtype=torch.int64, device=split.labels.device)
    for start in range(0, len(split), EVALUATION_BATCH):
        images, labels = (part[start : start + EVALUATION_BATCH] for part in (split.images, split.labels))
        logits = model(pictures.normalised(images))
        hit = (logits.argmax(dim=1) == labels) & logits.isfinite().all(dim=1)
        right += hit.sum()
    return 100 * (len(split) - int(right)) / len(split)


def train(
    run: Run,
    data: ImageData,
    device: torch.device,
    checkpoint_path: Path | None = None,
    on_epoch: Callable[[Epoch], None] = lambda epoch: None,
) -> Result:
    """Train a network and say what it reached.

    Args:
        run: what to train
        data: the images that run.data names, in the device's memory
        device: where to train
        checkpoint_path: where to go on from and to keep the state after each epoch; None keeps none
        on_epoch: told of each epoch trained here, before its checkpoint is written
    """
    recipe, pictures = run.recipe, Pictures(data, run.data)
    model = build(run.network, generator(run.seed, 0)).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.SGD(
        model.parameters(),
        lr=recipe.first_lr,
        momentum=recipe.momentum,
        nesterov=recipe.nesterov,
        weight_decay=recipe.weight_decay,
        fused=True,
    )
    epochs: list[Epoch] = []
    earlier = checkpoint.load(checkpoint_path, run.key) if checkpoint_path else None
    if earlier:
        model.load_state_dict(earlier.model)
        optimizer.load_state_dict(earlier.optimizer)
        epochs = list(earlier.epochs)
    while len(epochs) < recipe.epochs:
        number = len(epochs) + 1
        rng, start = generator(run.seed, number), time.perf_counter()
        loss = train_epoch(model, optimizer, pictures, recipe, number, rng)
        trained = time.perf_counter()
        if recipe.precise_bn_images:
            make_norms_precise(model, pictures, recipe, rng)
        error = top1_error(model, pictures, data.test)
        lr = learning_rate(recipe, number - 1)
        epochs.append(Epoch(number, lr, loss, error, trained - start, time.perf_counter() - trained))
        on_epoch(epochs[-1])
        if not math.isfinite(loss):
            return Result(tuple(epochs), diverged=True)
        if checkpoint_path and number < recipe.epochs:
            checkpoint.save(checkpoint_path, Checkpoint(run.key, model.state_dict(), optimizer.state_dict(), epochs))
    return Result(tuple(epochs), diverged=False)
