"""Parse and format quantities with a unit: 400M."""

import math
import re

from dsd.architecture.complexities import MEASURES
from dsd.errors import DsdError

UNITS = {"": 1, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18}


def quantity(value: float | None) -> str:
    """Format a number with its largest unit: 400M; "" for None."""
    if value is None:
        return ""
    unit = next(u for u in ("E", "P", "T", "G", "M", "K", "") if value >= UNITS[u] or not u)
    return f"{value / UNITS[unit]:.10g}{unit}"


def readable(column: str, value: float) -> str:
    """Format a value of a table's column with four digits; complexities with a unit.

    >>> readable("flops", 398_123_456.0), readable("depth", 21.0)
    ('398.1M', '21')
    """
    return quantity(float(f"{value:.4g}")) if column in MEASURES else f"{value:.4g}"


def parse_quantity(text: str, place: str) -> float:
    """Parse a number with an optional unit K, M or G.

    >>> parse_quantity("1.6G", "--flops")
    1600000000.0
    """
    match = re.fullmatch(r"(\d+\.?\d*(?:e\d+)?|\.\d+)([KMGTPkmgtp]?|E)", text.strip())
    if not match:
        raise DsdError(f"{place}: {text!r} is not a number with an optional unit K, M or G, such as 360M")
    value = float(match[1]) * UNITS[match[2].upper()]
    if math.isinf(value):
        raise DsdError(f"{place}: {text!r} is too large; for no limit, leave this side of the window empty")
    return value
