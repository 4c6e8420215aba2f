"""Stems: the layers before the first stage."""

from collections.abc import Callable

from dsd.architecture.layers import Conv, MaxPool, Strided


def simple_stem(w: int) -> tuple[Strided, ...]:
    """[3×3 (stride 2)] ([DDS] §3.1)."""
    return (Conv(3, w, kernel=3, stride=2),)


def cifar_stem(w: int) -> tuple[Strided, ...]:
    """[3×3], for images of 32×32 ([NDS])."""
    return (Conv(3, w, kernel=3),)


def resnet_stem(w: int) -> tuple[Strided, ...]:
    """[7×7 (stride 2), 3×3 max-pool (stride 2)], as in ResNets for ImageNet."""
    return Conv(3, w, kernel=7, stride=2), MaxPool(kernel=3, stride=2)


STEMS: dict[str, Callable[[int], tuple[Strided, ...]]] = {
    "simple": simple_stem,
    "cifar": cifar_stem,
    "resnet": resnet_stem,
}


STEM_WIDTHS = {"simple": 32, "cifar": 16, "resnet": 64}  # defaults
