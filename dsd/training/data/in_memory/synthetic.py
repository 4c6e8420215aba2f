"""Random images, for timing only: nothing can be learnt from them."""

import torch

from dsd.errors import DsdError
from dsd.training.data.in_memory.memory import Split
from dsd.training.data.spec import DataSpec

DIFFERENT = 256  # distinct images; they repeat


def make_synthetic(spec: DataSpec) -> tuple[Split, Split]:
    """Make uniform random pixels and labels, with a fixed seed.

    Raises:
        DsdError: the number of images or classes is not given
    """
    for key in ("train_images", "test_images", "classes"):
        if not getattr(spec, key):
            raise DsdError(f"data.{key} = 0: synthetic images have no default number; give one")
    rng = torch.Generator().manual_seed(0)

    def split(n: int) -> Split:
        shape = (min(n, DIFFERENT), 3, spec.resolution, spec.resolution)
        images = torch.randint(0, 256, shape, dtype=torch.uint8, generator=rng)
        return Split(images, torch.randint(0, spec.classes, (n,), generator=rng))

    return split(spec.train_images), split(spec.test_images)
