"""Published complexities, times and errors of named networks, for comparison with our own counts.

Values are text, as published: the number of digits shows the rounding.
"""

from dataclasses import dataclass

from dsd.architecture.complexities import UNITS, Complexity

# [DDS] Fig. 15, Fig. 16, Table 3, Table 4: flops (B), params (M), acts (M), training batch, inference of 64 images on a
# V100 (ms), training of 100 epochs on 8 V100 (h), top-1 error on ImageNet (%). He et al. 2016, Table 6: params (M).
PRINTED = """
RegNetX-200MF    0.2   2.7   2.2  1024   10   2.8  31.1±0.09
RegNetX-400MF    0.4   5.2   3.1  1024   15   3.9  27.3±0.15
RegNetX-600MF    0.6   6.2   4.0  1024   17   4.4  25.9±0.03
RegNetX-800MF    0.8   7.3   5.1  1024   21   5.7  24.8±0.09
RegNetX-1.6GF    1.6   9.2   7.9  1024   33   8.7  23.0±0.13
RegNetX-3.2GF    3.2  15.3  11.4   512   57  14.3  21.7±0.08
RegNetX-4.0GF    4.0  22.1  12.2   512   69  17.1  21.4±0.19
RegNetX-6.4GF    6.5  26.2  16.4   512   92  23.5  20.8±0.07
RegNetX-8.0GF    8.0  39.6  14.1   512   94  22.6  20.7±0.07
RegNetX-12GF    12.1  46.1  21.4   512  137  32.9  20.3±0.04
RegNetX-16GF    15.9  54.3  25.5   512  168  39.7  20.0±0.11
RegNetX-32GF    31.7 107.8  36.3   256  318  76.9  19.5±0.12
RegNetY-200MF    0.2   3.2   2.2  1024   11   3.1  29.6±0.11
RegNetY-400MF    0.4   4.3   3.9  1024   19   5.1  25.9±0.16
RegNetY-600MF    0.6   6.1   4.3  1024   19   5.2  24.5±0.07
RegNetY-800MF    0.8   6.3   5.2  1024   22   6.0  23.7±0.03
RegNetY-1.6GF    1.6  11.2   8.0  1024   39  10.1  22.0±0.08
RegNetY-3.2GF    3.2  19.4  11.3   512   67  16.5  21.0±0.05
RegNetY-4.0GF    4.0  20.6  12.3   512   68  16.8  20.6±0.08
RegNetY-6.4GF    6.4  30.6  16.4   512  104  26.1  20.1±0.04
RegNetY-8.0GF    8.0  39.2  18.0   512  113  28.1  20.1±0.09
RegNetY-12GF    12.1  51.8  21.4   512  150  36.0  19.7±0.06
RegNetY-16GF    15.9  83.6  23.0   512  189  45.6  19.6±0.16
RegNetY-32GF    32.3 145.0  30.3   256  319  76.0  19.0±0.12
ResNet-50        4.1  22.6  11.1     -   53  12.2  23.2±0.09
ResNet-101       7.8  44.6  16.2     -   90  20.4  21.4±0.11
ResNet-152      11.5  60.2  22.6     -  130  29.2  20.9±0.12
ResNeXt-50       4.2  25.0  14.4     -   78  18.0  21.9±0.10
ResNeXt-101      8.0  44.2  21.2     -  137  31.8  20.7±0.08
ResNeXt-152     11.7  60.0  29.7     -  197  45.7  20.4±0.06
EfficientNet-B0  0.4   5.3   6.7   256   34  11.7  24.9±0.03
EfficientNet-B1  0.7   7.8  10.9   256   52  15.6  24.1±0.16
EfficientNet-B2  1.0   9.2  13.8   256   68  18.4  23.4±0.06
EfficientNet-B3  1.8  12.0  23.8   256  114  32.1  22.5±0.05
EfficientNet-B4  4.2  19.0  48.5   128  240  65.1  21.2±0.06
EfficientNet-B5  9.9  30.0  98.9    64  504 135.1  21.5±0.11
ResNet-56          -  0.85     -     -    -     -          -
ResNet-110         -   1.7     -     -    -     -          -
"""

# Why a count differs from the published value
AS_IN_TAN = "published as in Tan & Le 2019, Table 2; the count is of the network as built"
DIFFERENCES = {
    ("ResNet-50", "params"): "an error in the paper; the authors' code also counts 25.6 M",
    ("ResNet-101", "params"): "44.549 M, rounded twice",
    ("EfficientNet-B2", "params"): AS_IN_TAN,
    ("EfficientNet-B3", "params"): AS_IN_TAN,
    ("EfficientNet-B4", "flops"): AS_IN_TAN,
    ("EfficientNet-B4", "params"): AS_IN_TAN,
    ("EfficientNet-B4", "acts"): "2 % below the count; the authors' code counts the same; reason unknown",
    ("EfficientNet-B5", "flops"): AS_IN_TAN,
    ("EfficientNet-B5", "params"): AS_IN_TAN,
    ("ResNet-56", "params"): "published for shortcuts without weights; [NDS] uses projections, 0.003 M more",
}


@dataclass(frozen=True)
class Published:
    """One row of published values; "-" if there is none."""

    flops: str
    params: str
    acts: str
    batch: str
    infer_ms: str
    train_h: str
    error: str


def published_rows() -> dict[str, Published]:
    """Parse all rows, by network name."""
    rows = (line.split() for line in PRINTED.strip().splitlines())
    return {name: Published(*values) for name, *values in rows}


PUBLISHED = published_rows()


def meets(printed: str, count: float) -> bool:
    """Whether a count, in the published unit, rounds to the published value.

    >>> meets("5.2", 5.157), meets("22.6", 25.557)
    (True, False)
    """
    return f"{count:.{len(printed.partition('.')[2])}f}" == printed


def differing(name: str, counted: Complexity) -> dict[str, str]:
    """Find the measures whose count differs from the published value, each with the reason; "" if unknown."""
    row = PUBLISHED[name]
    return {
        measure: DIFFERENCES.get((name, measure), "")
        for measure, unit in UNITS.items()
        if getattr(row, measure) != "-" and not meets(getattr(row, measure), getattr(counted, measure) / unit)
    }


# Networks to compare: title and groups
COMPARISONS: dict[str, dict[str, tuple[tuple[str, ...], ...]]] = {
    "resnext": {
        "grouped by acts (Radosavovic et al. 2020, Table 3a)": (
            ("ResNet-50", "RegNetX-3.2GF"),
            ("ResNeXt-50", "ResNet-101", "RegNetX-6.4GF"),
            ("ResNeXt-101", "ResNet-152", "RegNetX-12GF"),
        ),
        "grouped by flops (Radosavovic et al. 2020, Table 3b)": (
            ("ResNet-50", "ResNeXt-50", "RegNetX-4.0GF"),
            ("ResNet-101", "ResNeXt-101", "RegNetX-8.0GF"),
            ("ResNet-152", "ResNeXt-152", "RegNetX-12GF"),
        ),
    },
    "efficientnet": {
        "grouped by flops (Radosavovic et al. 2020, Table 4)": (
            ("EfficientNet-B0", "RegNetY-400MF"),
            ("EfficientNet-B1", "RegNetY-600MF"),
            ("EfficientNet-B2", "RegNetY-800MF"),
            ("EfficientNet-B3", "RegNetY-1.6GF"),
            ("EfficientNet-B4", "RegNetY-4.0GF"),
            ("EfficientNet-B5", "RegNetY-8.0GF"),
        ),
    },
}
