"""Published networks by name, built from their published parameters."""

import math
from collections.abc import Callable
from functools import partial

import numpy as np

from dsd.architecture.network import Network
from dsd.architecture.quantized_linear import generate, quantized
from dsd.architecture.skeleton import Skeleton
from dsd.errors import DsdError, shortened

# depth, w_0, w_a, w_m, bottleneck ratio, group width
REGNET_X: dict[str, tuple[int, int, float, float, int, int]] = {  # [DDS] Fig. 15
    "200MF": (13, 24, 36.44, 2.49, 1, 8),
    "400MF": (22, 24, 24.48, 2.54, 1, 16),
    "600MF": (16, 48, 36.97, 2.24, 1, 24),
    "800MF": (16, 56, 35.73, 2.28, 1, 16),
    "1.6GF": (18, 80, 34.01, 2.25, 1, 24),
    "3.2GF": (25, 88, 26.31, 2.25, 1, 48),
    "4.0GF": (23, 96, 38.65, 2.43, 1, 40),
    "6.4GF": (17, 184, 60.83, 2.07, 1, 56),
    "8.0GF": (23, 80, 49.56, 2.88, 1, 120),
    "12GF": (19, 168, 73.36, 2.37, 1, 112),
    "16GF": (22, 216, 55.59, 2.1, 1, 128),
    "32GF": (23, 320, 69.86, 2.0, 1, 168),
}
REGNET_Y: dict[str, tuple[int, int, float, float, int, int]] = {  # [DDS] Fig. 16
    "200MF": (13, 24, 36.44, 2.49, 1, 8),
    "400MF": (16, 48, 27.89, 2.09, 1, 8),
    "600MF": (15, 48, 32.54, 2.32, 1, 16),
    "800MF": (14, 56, 38.84, 2.4, 1, 16),
    "1.6GF": (27, 48, 20.71, 2.65, 1, 24),
    "3.2GF": (21, 80, 42.63, 2.66, 1, 24),
    "4.0GF": (22, 96, 31.41, 2.24, 1, 64),
    "6.4GF": (25, 112, 33.22, 2.27, 1, 72),
    "8.0GF": (17, 192, 76.82, 2.19, 1, 56),
    "12GF": (19, 168, 73.36, 2.37, 1, 112),
    "16GF": (18, 200, 106.23, 2.48, 1, 112),
    "32GF": (20, 232, 115.89, 2.53, 1, 232),
}
LARGEST = 1e9  # of a RegNet's parameters; floats can represent all derived values
DEEPEST = 100_000  # most blocks of a RegNet for which an error message counts the stages
RESNET_DEPTHS = {50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}  # He et al. 2016, Table 1
NDS_DEPTHS = {56: 9, 110: 18}  # blocks of each of three stages: 6n + 2 layers, He et al. 2016, §4.2

# Tan & Le 2019 (EfficientNet), Table 1: depth, width, expansion of the input, stride and kernel of each stage of B0
B0_STAGES = [(1, 16, 1, 1, 3), (2, 24, 6, 2, 3), (2, 40, 6, 2, 5), (3, 80, 6, 2, 3), (3, 112, 6, 1, 5)]
B0_STAGES += [(4, 192, 6, 2, 5), (1, 320, 6, 1, 3)]
B0_STEM, B0_HEAD = 32, 1280
# §3.3: width and depth relative to B0, and the resolution (authors' code)
EFFICIENTNETS = {
    "B0": (1.0, 1.0, 224),
    "B1": (1.0, 1.1, 240),
    "B2": (1.1, 1.2, 260),
    "B3": (1.2, 1.4, 300),
    "B4": (1.4, 1.8, 380),
    "B5": (1.6, 2.2, 456),
}


def regnet(
    d: int,
    w_0: float,
    w_a: float,
    w_m: float,
    b: float,
    g: int,
    skeleton: Skeleton = Skeleton(),  # noqa: B008  immutable
    resolution: int = 224,
    classes: int = 1000,
) -> Network:
    """Build the RegNet of six parameters, with one stage per stride of the skeleton ([DDS] Eq. 2–4, width rule).

    Raises:
        DsdError: the parameters do not form that many stages
    """
    for name, value, bound in (("w_a", w_a, 0), ("w_m", w_m, 1), ("bottleneck ratio", b, 0)):
        if not bound < value <= LARGEST:
            raise DsdError(f"{name} = {value:g}: give a number above {bound}, at most {LARGEST:g}")
    for name, value, least in (("depth", d, 1), ("w_0", w_0, 8), ("group width", g, 1)):
        if not least <= value <= LARGEST:
            raise DsdError(f"{name} = {value:g}: give a number from {least} to {LARGEST:g}")
    stages = generate(np.array([w_0]), np.array([w_a]), np.array([w_m]), np.array([d]), skeleton.stages)
    if not len(stages.rows):
        raise DsdError(
            f"depth {d}, w_0 {w_0:g}, w_a {w_a:g}, w_m {w_m:g} {formed(d, w_0, w_a, w_m)}; strides are for "
            f"{skeleton.stages} stages"
        )
    ratios = np.full((1, skeleton.stages), b)
    widths, groups = skeleton.block_type.realised(stages.widths.astype(np.int64), ratios, np.full(ratios.shape, g))
    d_i, w_i, b_i, g_i = (tuple(a[0].tolist()) for a in (stages.depths.astype(np.int64), widths, ratios, groups))
    return Network(d_i, w_i, b_i, g_i, skeleton, resolution, classes)


def formed(d: int, w_0: float, w_a: float, w_m: float) -> str:
    """Describe how many stages a RegNet's parameters form, and whether a level of Eq. 3 lacks its own stage."""
    if d > DEEPEST:
        return "form too many stages to count"
    line = quantized(w_0, w_a, w_m, d)
    s = len(line.widths)
    stages = f"form {s} stage{'' if s == 1 else 's'} of widths {shortened(', '.join(map(str, line.widths)), 60)}"
    if line.levels == s:
        return stages
    return f"{stages} from {line.levels} levels of Eq. 3; each level needs its own width, as in the paper"


def resnet(depth: int) -> Network:
    """Build a ResNet for ImageNet: R blocks, b = 4 (He et al. 2016), the stride on the 3×3 as in the authors' code."""
    skeleton, inner = Skeleton("R", "resnet", (1, 2, 2, 2)), (64, 128, 256, 512)
    return Network(RESNET_DEPTHS[depth], (256, 512, 1024, 2048), (4,) * 4, inner, skeleton)


def resnext(depth: int) -> Network:
    """Build a ResNeXt of 32 groups, 4 channels each in stage 1 (Xie et al. 2017, 32×4d): X blocks with b = 2."""
    skeleton = Skeleton("X", "resnet", (1, 2, 2, 2))
    return Network(RESNET_DEPTHS[depth], (256, 512, 1024, 2048), (2,) * 4, (4, 8, 16, 32), skeleton)


def nds_resnet(depth: int) -> Network:
    """Build a ResNet for images of 32×32 and ten classes ([NDS], He et al. 2016, §4.2)."""
    skeleton = Skeleton("basic", "cifar", (1, 2, 2))
    return Network((NDS_DEPTHS[depth],) * 3, (16, 32, 64), (1,) * 3, (16, 32, 64), skeleton, 32, 10)


def scaled_width(w: int, factor: float) -> int:
    """Round w · factor to a multiple of 8, halves up, but not below 0.9 · w · factor (the EfficientNets' code).

    >>> scaled_width(16, 1.2), scaled_width(32, 1.6)
    (24, 48)
    """
    rounded = max(8, int(w * factor + 4) // 8 * 8)
    return rounded if rounded >= 0.9 * w * factor else rounded + 8


def efficientnet(wider: float, deeper: float, resolution: int) -> Network:
    """Scale EfficientNet-B0 (Tan & Le 2019, §3.3): MBConv blocks with squeeze-and-excitation, and SiLU."""
    depths, widths, expansions, strides, kernels = zip(*B0_STAGES, strict=True)
    skeleton = Skeleton(
        *("mbconv", "simple", strides, "silu", kernels), scaled_width(B0_STEM, wider), scaled_width(B0_HEAD, wider)
    )
    return Network(
        depths=tuple(math.ceil(d * deeper) for d in depths),
        widths=tuple(scaled_width(w, wider) for w in widths),
        bottleneck_ratios=tuple(1 if expansion == 1 else 1 / expansion for expansion in expansions),
        group_widths=(1,) * len(depths),
        skeleton=skeleton,
        resolution=resolution,
    )


NAMED: dict[str, Callable[[], Network]] = {
    **{f"RegNetX-{regime}": partial(regnet, *line) for regime, line in REGNET_X.items()},
    **{f"RegNetY-{regime}": partial(regnet, *line, Skeleton("Y")) for regime, line in REGNET_Y.items()},
    **{f"ResNet-{depth}": partial(resnet, depth) for depth in RESNET_DEPTHS},
    **{f"ResNeXt-{depth}": partial(resnext, depth) for depth in RESNET_DEPTHS},
    **{f"EfficientNet-{name}": partial(efficientnet, *scale) for name, scale in EFFICIENTNETS.items()},
    **{f"ResNet-{depth}": partial(nds_resnet, depth) for depth in NDS_DEPTHS},
}
