"""What a network gets wrong, and batch norm's statistics before it is asked."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from dsd.errors import DsdError
from dsd.models.step import micro_batches
from dsd.training.data.batches import batches
from dsd.training.data.images import Images
from dsd.training.device import precision
from dsd.training.recipe import Recipe

BEST = 5  # of the classes, for top-5


@dataclass(frozen=True)
class Errors:
    """Top-1 and top-5 error [%]. An answer that is not finite is wrong, not right on the first classes."""

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
    """Recompute batch norm's statistics as averages over training batches under the present weights ("precise BN").

    The running averages trail behind the weights; the authors' code does this before each evaluation. `on_batch` is
    called after each batch, and may break off.
    """
    norms = [layer for layer in model.modules() if isinstance(layer, nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
    model.train()
    count = max(min(recipe.precise_bn_images, images.train_size) // recipe.batch_size, 1)
    chosen = batches(images.train_size, recipe.batch_size, rng)[:count]
    batch = recipe.micro_batch or recipe.batch_size
    every = (part for pictures, _ in images.training(chosen, rng) for part in micro_batches(pictures, batch))
    for i, part in enumerate(every, start=1):
        for norm in norms:
            norm.momentum = 1 / i  # the average of all; None would mean the same, and wait for a GPU each time
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
    """The errors on the test images; `on_batch` is called after each batch, and may break off."""
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
    """How many of the answers (n, classes) are not the label, and have it not among the best five: (2,)."""
    best = logits.topk(min(BEST, logits.shape[1]), dim=1).indices
    # the first is asked of argmax: topk may order equal logits another way
    first = logits.argmax(dim=1) == labels
    among = (best == labels[:, None]).any(dim=1) | first
    finite = logits.isfinite().all(dim=1)
    return torch.stack(((~(first & finite)).sum(), (~(among & finite)).sum()))
