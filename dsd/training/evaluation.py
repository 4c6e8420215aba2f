"""Evaluation: top-1 and top-5 errors, with precise batch norm statistics computed before."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from dsd.errors import DsdError
from dsd.models.step import micro_batches
from dsd.training.data.batches import shuffled_batches
from dsd.training.data.images import Images
from dsd.training.device import precision
from dsd.training.recipe import Recipe

BEST = 5  # classes of a top-5 answer


@dataclass(frozen=True)
class Errors:
    """Top-1 and top-5 error [%]. Non-finite logits count as wrong."""

    top1: float
    top5: float


@torch.no_grad()
def make_norms_precise(
    model: nn.Module,
    images: Images,
    recipe: Recipe,
    device: torch.device,
    rng: torch.Generator,
    on_batch: Callable[[], None] = lambda: None,
) -> None:
    """Recompute batch norm's statistics as averages over training batches with the current weights ("precise BN").

    The running averages lag behind the weights; the authors' code does this before each evaluation. `on_batch` is
    called after each batch, and can raise to stop.
    """
    norms = [layer for layer in model.modules() if isinstance(layer, nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
    model.train()
    count = max(min(recipe.precise_bn_images, images.train_size) // recipe.batch_size, 1)
    chosen = shuffled_batches(images.train_size, recipe.batch_size, rng)[:count]
    batch = recipe.micro_batch or recipe.batch_size
    every = (part for pictures, _ in images.training(chosen, rng) for part in micro_batches(pictures, batch))
    for i, part in enumerate(every, start=1):
        for norm in norms:
            norm.momentum = 1 / i  # average of all parts; None would do the same, but wait for a GPU each time
        with precision(recipe, device):
            model(part)
        on_batch()
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum


@torch.inference_mode()
def errors(
    model: nn.Module,
    images: Images,
    recipe: Recipe,
    device: torch.device,
    on_batch: Callable[[], None] = lambda: None,
) -> Errors:
    """Compute the errors on the test images; `on_batch` is called after each batch, and can raise to stop."""
    model.eval()
    wrong, seen = torch.zeros(2, dtype=torch.int64, device=device), 0
    for pictures, labels in images.testing():
        size = recipe.micro_batch or max(len(labels), 1)
        for part, answers in zip(micro_batches(pictures, size), micro_batches(labels, size), strict=True):
            with precision(recipe, device):
                logits = model(part)
            wrong += misses(logits, answers)
        seen += len(labels)
        on_batch()
    if not seen:
        raise DsdError("none of the test images can be decoded")
    top1, top5 = (100 * count / seen for count in wrong.tolist())
    return Errors(top1, top5)


def misses(logits: Tensor, labels: Tensor) -> Tensor:
    """Count the logits (n, classes) that miss the label with the best class, and with the best five: (2,)."""
    best = logits.topk(min(BEST, logits.shape[1]), dim=1).indices
    # the best class comes from argmax: topk can order equal logits differently
    first = logits.argmax(dim=1) == labels
    among = (best == labels[:, None]).any(dim=1) | first
    finite = logits.isfinite().all(dim=1)
    return torch.stack(((~(first & finite)).sum(), (~(among & finite)).sum()))
