"""Trends of complexity measures and time against flops in a population ([DDS] §4, Fig. 12).

Shape letters: n networks, k terms of a model.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dsd.architecture.complexities import MEASURES, UNITS
from dsd.arrays import nonnegative_fit
from dsd.errors import DsdError, known
from dsd.io.table_reading import as_frame

FEW = 5  # fewest networks for a trend
POWERS = {"flops": 1.0, "√flops": 0.5}  # possible terms of a trend
# the fits of Fig. 12: column → terms in flops
TRENDS: dict[str, tuple[str, ...]] = {
    "acts": ("√flops",),
    "params": ("flops",),
    "infer_ms": ("flops", "√flops"),
    "train_ms": ("flops", "√flops"),
}


@dataclass(frozen=True)
class Trend:
    """y ≈ Σ coefficient · term, with flops in GF; y in millions (acts, params) or milliseconds.

    coefficients: one per term, non-negative; least squares without intercept
    r2: share of the variance of y that the trend explains
    exponent, exponent_se: p of y ∝ flops^p, by log-log regression, and its standard error
    n: number of networks
    """

    column: str
    coefficients: dict[str, float]
    r2: float
    exponent: float
    exponent_se: float
    n: int

    def __str__(self) -> str:
        sides = " + ".join(f"{value:.3g}·{term}" for term, value in self.coefficients.items())
        unit = "M" if self.column in UNITS else "ms"
        power = f"∝ flops^{self.exponent:.2f} (±{self.exponent_se:.2f})"
        return f"{self.column} [{unit}] ≈ {sides} (flops in GF), R² = {self.r2:.3f}; {power}; n = {self.n}"

    def at(self, flops: NDArray[np.floating]) -> NDArray[np.float64]:
        """The predicted y (n,) for flops (n,), in millions or milliseconds."""
        terms = [value * (flops / UNITS["flops"]) ** POWERS[term] for term, value in self.coefficients.items()]
        return np.asarray(np.sum(terms, axis=0), float)


def fit_trend(flops: NDArray[np.floating], y: NDArray[np.floating], terms: Sequence[str], column: str = "y") -> Trend:
    """Fit y by terms in flops with non-negative least squares.

    Args:
        flops: (n,) multiply-adds, n > k
        y: (n,) positive; the coefficients have its unit
        terms: (k,) keys of `POWERS`

    Raises:
        DsdError: fewer than k + 1 networks, or all with the same flops
    """
    if len(flops) <= len(terms) or np.ptp(flops) == 0:
        raise DsdError(
            f"{column}: {len(flops)} networks of {len(np.unique(flops))} different flops are too few for a fit; give "
            f"at least {len(terms) + 1} that differ in flops"
        )
    x = np.asarray(flops, float) / UNITS["flops"]
    design = np.stack([x ** POWERS[term] for term in terms], axis=1)
    solution, residual = nonnegative_fit(design, np.asarray(y, float))
    exponent, error = slope(np.log(x), np.log(y))
    r2 = 1 - residual**2 / ((y - y.mean()) ** 2).sum() if np.ptp(y) > 0 else float("nan")
    coefficients = dict(zip(terms, solution.tolist(), strict=True))
    return Trend(column, coefficients, float(r2), exponent, error, len(x))


def slope(x: NDArray[np.floating], y: NDArray[np.floating]) -> tuple[float, float]:
    """The slope of the least-squares line through points (n,), and its standard error (NaN for two points)."""
    if len(x) < 3:
        return float(np.polyfit(x, y, 1)[0]), float("nan")
    line, covariance = np.polyfit(x, y, 1, cov=True)
    return float(line[0]), float(np.sqrt(covariance[0, 0]))


def trends(frame: pd.DataFrame) -> dict[str, Trend]:
    """Fit the trends of Fig. 12 for each column with values for at least `FEW` networks of different flops.

    Args:
        frame: one row per network, with `flops`; a trend leaves out rows without its value

    Raises:
        DsdError: the table has no column flops
    """
    frame = as_frame(frame, "dsd.analysis.trends")
    if "flops" not in frame:
        raise DsdError(f"the table has no column flops; its columns are: {known(frame)}")
    fitted = {}
    for column, terms in TRENDS.items():
        rows = positive(frame, ("flops", column)) if column in frame else frame.head(0)
        if len(rows) >= FEW and rows["flops"].nunique() >= FEW:
            flops, y = rows["flops"].to_numpy(float), rows[column].to_numpy(float) / UNITS.get(column, 1)
            fitted[column] = fit_trend(flops, y, terms, column)
    return fitted


def positive(frame: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """The rows whose values in these columns are positive and finite, so that their logarithm exists."""
    numbers = frame[list(columns)].apply(pd.to_numeric, errors="coerce")
    return numbers[(np.isfinite(numbers) & (numbers > 0)).all(axis=1)]


def correlations(frame: pd.DataFrame, column: str = "infer_ms") -> dict[str, float]:
    """Pearson's correlation of a time column with flops, params and acts ([DDS] Fig. 12, top).

    Raises:
        DsdError: the table lacks the column, flops, params or acts
    """
    frame = as_frame(frame, "dsd.analysis.correlations")
    for name in (column, *MEASURES):
        if name not in frame:
            raise DsdError(f"the table has no column {name}; its columns are: {known(frame)}")
    rows = frame[frame[column].notna()]
    return {name: float(rows[column].corr(rows[name].astype(float))) for name in MEASURES}
