"""The quantized linear fit: how close are a network's block widths to those of a RegNet ([DDS] §3.3, Fig. 8)?

The depth d is fixed to the network's. The fit minimises e_fit = mean_j |ln(w_j / observed_j)|, the mean log-ratio of
predicted to observed block widths, over w_0, w_a and w_m. The paper specifies neither the absolute value, nor the base,
nor the grid; these are ours. So is the rounding of widths to multiples of 8: every prediction is then a RegNet.

The widths of Eq. 2–4 depend on w_a only through r = w_a/w_0, and are piecewise constant in r: block j steps from level
k to k + 1 at 1 + r·j = w_m^(k + ½). Between steps e_fit is constant, so the minimum over all w_a is exact: sort the
steps and add up the change of each. The order of steps depends only on w_m and d; it is the same for every w_0 and
every network of d blocks.

Shape letters: d blocks, V different widths among them, A values of w_0, M values of w_m, K levels, E steps of one w_m.
"""

import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from dsd.architecture.quantized_linear import WIDTH_STEP, level
from dsd.errors import DsdError, known
from dsd.io.table_reading import as_frame, typed_cells

USUAL = 128  # blocks; the steps of deeper networks take tens of megabytes and are not cached
MOST = 1_000  # blocks of a network
SAME = 1e-12  # relative tolerance of r: steps closer than this are equal up to rounding
NEAR = 5e-5  # error bound of a sum of logarithms in single precision, per block
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Grid:
    """The search range of a fit; the default is RegNet's range ([DDS] §3.3: w_0, w_a < 256, 1.5 ≤ w_m ≤ 3).

    w_0: least value, largest value and step
    w_m: least value, largest value and step
    w_a: largest value; the fit is exact over all smaller values
    width_step: predicted widths are rounded to its multiples
    """

    w_0: tuple[int, int, int] = (8, 256, 8)
    w_m: tuple[float, float, float] = (1.5, 3.0, 0.005)
    w_a: float = 256.0
    width_step: int = WIDTH_STEP

    def __post_init__(self) -> None:
        for name, (low, high, step) in (("w_0", self.w_0), ("w_m", self.w_m)):
            least = 1 if name == "w_m" else 0
            if not (least < low <= high and step > 0):
                raise DsdError(
                    f"{name} = {low}:{high}:{step}: give low:high:step with {least} < low ≤ high and step > 0"
                )
        if self.w_0[0] < self.width_step / 2:
            raise DsdError(f"w_0 = {self.w_0[0]}: rounds to width 0; give {self.width_step} or more")
        if self.w_a <= 0:
            raise DsdError(f"w_a = {self.w_a}: give a number above 0")

    @cached_property
    def w_0s(self) -> Floats:
        """The values of w_0 (A,)."""
        low, high, step = self.w_0
        return np.arange(low, high + step / 2, step, dtype=float)

    @cached_property
    def w_ms(self) -> Floats:
        """The values of w_m (M,)."""
        low, high, step = self.w_m
        return np.round(low + step * np.arange(int((high - low) / step + 1e-9) + 1), 9)

    @property
    def rule(self) -> str:
        """Describe objective and search range of the fit in one line."""
        return (
            "e_fit = mean over blocks of |ln(predicted / observed width)|, minimised over w_0 = "
            f"{self.w_0[0]}–{self.w_0[1]} by {self.w_0[2]}, w_m = {self.w_m[0]:g}–{self.w_m[1]:g} by {self.w_m[2]:g}, "
            f"all w_a up to {self.w_a:g}; "
            f"widths rounded to multiples of {self.width_step}"
        )


GRID = Grid()
COARSE = Grid(w_m=(1.5, 3.0, 0.05))  # for a quick look at many networks


@dataclass(frozen=True)
class LinearFit:
    """The RegNet closest to a network.

    w_0, w_a, w_m: parameters of the RegNet; ties go to the least w_0, then w_m, then w_a. w_a is the middle of the
        interval on which the fit is constant
    e_fit: mean |ln(predicted / observed)| over blocks; 0 for a RegNet, 0.1 for widths that are off by 10 %
    """

    w_0: float
    w_a: float
    w_m: float
    e_fit: float

    def widths(self, depth: int, width_step: int = WIDTH_STEP) -> Floats:
        """The predicted block widths (d,) (Eq. 2–4)."""
        return predicted_widths(self.w_0, self.w_a, self.w_m, depth, width_step)


def predicted_widths(w_0: float, w_a: float, w_m: float, depth: int, width_step: int = WIDTH_STEP) -> Floats:
    """The widths (d,) of Eq. 2–4 for blocks 0 to d − 1, rounded to multiples of `width_step`.

    >>> predicted_widths(24, 24.48, 2.54, 9)
    array([ 24.,  64.,  64., 152., 152., 152., 152., 152., 152.])
    """
    first, slope, log_w_m = (np.array(value, float) for value in (w_0, w_a, np.log(w_m)))
    return rounded(w_0 * w_m ** level(first, slope, log_w_m, np.arange(depth)), width_step)


def rounded(widths: NDArray[np.floating], width_step: int) -> Floats:
    """Round to the nearest multiple of `width_step`, at least one multiple."""
    nearest: Floats = np.maximum(width_step * np.rint(widths / width_step), width_step)
    return nearest


@dataclass(frozen=True)
class Steps:
    """The steps of all w_m for one depth, sorted by r; a w_m with fewer than E steps is padded with steps of no effect.

    r: (M, E) w_a/w_0 at which a block steps up; infinite for padding
    block: (M, E) index of the block, from 0
    level: (M, E) level before the step
    levels: K; the highest level reached is K − 1
    ends: (E + 1,) for each step, the pairs of w_m and w_0, as positions in (M·A,), with their largest w_a before it
    active: (E,) number of w_m, counted from the least, that still have this step
    midway: (E,) for each step, the w_m with their next step at the same r, so no r lies between the two
    """

    r: Floats
    block: NDArray[np.int16]
    level: NDArray[np.int16]
    levels: int
    ends: list[Ints]
    active: list[int]
    midway: list[Ints]


def steps_of(depth: int, grid: Grid) -> Steps:
    """All steps of the blocks of a network of this depth, up to the largest w_a/w_0 of the grid."""
    r_max = grid.w_a / grid.w_0[0]
    levels = int(np.ceil(np.log(1 + r_max * max(depth - 1, 1)) / np.log(grid.w_ms[0]) + 0.5)) + 1
    j, k = np.arange(1, depth), np.arange(levels - 1)
    r = (grid.w_ms[:, None, None] ** (k + 0.5) - 1) / j[:, None]  # (M, d − 1, K − 1)
    flat = r.reshape(len(grid.w_ms), -1)
    flat = np.where(flat > r_max, np.inf, flat)
    order = np.argsort(flat, axis=1, kind="stable")
    r_sorted = np.take_along_axis(flat, order, axis=1)
    kept = int(np.isfinite(r_sorted).sum(axis=1).max(initial=0))
    order, r_sorted = order[:, :kept], r_sorted[:, :kept]
    beyond = np.isinf(r_sorted)
    block = np.where(beyond, 0, order // max(levels - 1, 1) + 1)
    leaves = np.where(beyond, levels - 1, order % max(levels - 1, 1))  # the last level's change is zero
    allowed = np.stack([np.searchsorted(row, grid.w_a / grid.w_0s, side="right") for row in r_sorted])  # (M, A)
    order_of_ends = np.argsort(allowed, axis=None, kind="stable")
    ends = np.split(order_of_ends, np.searchsorted(allowed.ravel()[order_of_ends], np.arange(1, kept + 1)))
    active = [int((allowed[:, 0] > e).sum()) for e in range(kept)]  # a larger w_m has fewer steps
    with np.errstate(invalid="ignore"):  # infinity minus infinity
        same = np.diff(r_sorted, axis=1, append=np.inf) <= SAME * r_sorted
    midway = [np.flatnonzero(column) for column in (same & ~beyond).T]
    return Steps(r_sorted, block.astype(np.int16), leaves.astype(np.int16), levels, ends, active, midway)


usual_steps_of = lru_cache(maxsize=64)(steps_of)


@lru_cache(maxsize=16)
def log_widths(levels: int, grid: Grid) -> Floats:
    """ln of the predicted width for each w_m, level and w_0: (M, K, A)."""
    k = np.arange(levels)[:, None]
    return np.log(rounded(grid.w_0s * grid.w_ms[:, None, None] ** k, grid.width_step))


@lru_cache(maxsize=16)
def single_log_widths(levels: int, grid: Grid) -> NDArray[np.float32]:
    """`log_widths` in single precision, which is twice as fast."""
    return log_widths(levels, grid).astype(np.float32)


def fit_quantized_linear(block_widths: ArrayLike, grid: Grid = GRID) -> LinearFit:
    """Equal `plain_fit` in less time: the best quantized linear widths, exact in w_a, on a grid in w_0 and w_m.

    Args:
        block_widths: (d,) width of each block, from input to output
        grid: search range

    Raises:
        DsdError: no blocks, or a width that is not positive

    >>> fit = fit_quantized_linear([24, 56, 56, 152, 152, 152])
    >>> fit.w_0, fit.e_fit
    (24.0, 0.0)
    """
    observed = np.asarray(block_widths, float)
    if observed.ndim != 1 or not len(observed) or not (np.isfinite(observed) & (observed > 0)).all():
        raise DsdError(f"block widths = {np.array2string(observed, threshold=8)}: give a positive number per block")
    steps = (usual_steps_of if len(observed) <= USUAL else steps_of)(len(observed), grid)
    rows, columns = nearly_best(observed, steps, grid)
    logs = np.log(observed)
    best = min(exact_fit(logs, steps, grid, m, a) for m, a in zip(rows.tolist(), columns.tolist(), strict=True))
    _, w_0, w_m, w_a = best
    error = np.log(predicted_widths(w_0, w_a, w_m, len(observed), grid.width_step)) - logs
    return LinearFit(w_0, w_a, w_m, float(np.abs(error).mean()))


def plain_fit(block_widths: ArrayLike, grid: Grid = GRID) -> LinearFit:
    """Reference for `fit_quantized_linear`, far slower: every w_0 and w_m, and one w_a between any two steps."""
    observed = np.asarray(block_widths, float)
    depth, fits = len(observed), []
    for w_0, w_m in itertools.product(grid.w_0s.tolist(), grid.w_ms.tolist()):
        k = np.arange(int(np.log(1 + grid.w_a / w_0 * depth) / np.log(w_m)) + 2)
        steps = ((w_m ** (k + 0.5) - 1) * w_0 / np.arange(1, depth)[:, None]).ravel()  # w_a at which a block steps up
        edges = np.unique([0, *steps[steps < grid.w_a], grid.w_a])
        for w_a in (edges[1:] + edges[:-1]) / 2:
            ratios = predicted_widths(w_0, w_a, w_m, depth, grid.width_step) / observed
            fits.append((float(np.abs(np.log(ratios)).mean()), w_0, w_m, float(w_a)))
    e_fit, w_0, w_m, w_a = min(fits)
    return LinearFit(w_0, w_a, w_m, e_fit)


def nearly_best(observed: Floats, steps: Steps, grid: Grid) -> tuple[Ints, Ints]:
    """Candidate pairs of w_m and w_0, as positions in the grid, found in single precision; one of them is the best."""
    widths, own = np.unique(observed, return_inverse=True)
    cost = single_log_widths(steps.levels, grid)[:, :, None, :] - np.log(widths).astype(np.float32)[:, None]
    np.abs(cost, out=cost)  # (M, K, V, A)
    change = np.zeros_like(cost)
    np.subtract(cost[:, 1:], cost[:, :-1], out=change[:, :-1])
    pairs, blocks = (len(grid.w_ms), len(grid.w_0s)), np.bincount(own)
    total = np.einsum("mva,v->ma", cost[:, 0], blocks.astype(np.float32))  # no block has stepped yet
    least = total.copy()
    table = change.reshape(-1, pairs[1])  # one row per w_m, level and width
    first = np.arange(pairs[0])[:, None] * steps.levels
    taken = (first + steps.level) * len(widths) + own[steps.block]  # (M, E)
    rows, flat = np.empty(pairs, np.float32), total.reshape(-1)
    for e, step in enumerate(np.ascontiguousarray(taken.T)):
        m = steps.active[e]
        table.take(step[:m], axis=0, out=rows[:m], mode="clip")
        now, so_far = total[:m], least[:m]
        now += rows[:m]
        flat[steps.ends[e]] = np.inf  # beyond the largest w_a
        kept = so_far[steps.midway[e]]
        np.minimum(so_far, now, out=so_far)
        so_far[steps.midway[e]] = kept
    candidates = np.flatnonzero(least <= least.min() + NEAR * len(observed))
    return candidates // pairs[1], candidates % pairs[1]


def exact_fit(logs: Floats, steps: Steps, grid: Grid, m: int, a: int) -> tuple[float, float, float, float]:
    """e_fit, w_0, w_m and w_a of the best w_a for one pair of w_m and w_0; logs: (d,) ln of the observed widths."""
    w_0, w_m = float(grid.w_0s[a]), float(grid.w_ms[m])
    allowed = int(np.searchsorted(steps.r[m], grid.w_a / w_0, side="right"))
    r, block, leaves = steps.r[m, :allowed], steps.block[m, :allowed], steps.level[m, :allowed]
    predicted = log_widths(steps.levels, grid)[m, :, a]
    change = np.abs(predicted[leaves + 1] - logs[block]) - np.abs(predicted[leaves] - logs[block])
    total = np.concatenate([[0.0], np.cumsum(change)]) + np.abs(predicted[0] - logs).sum()
    # steps at the same r count as one step
    bounds = np.concatenate([[0.0], r, [grid.w_a / w_0]])
    total[bounds[1:] - bounds[:-1] <= SAME * bounds[:-1]] = np.inf
    total = np.round(total / len(logs), 12)  # removes differences from floating-point rounding
    at = int(np.argmin(total))
    return float(total[at]), w_0, w_m, float(w_0 * (bounds[at] + bounds[at + 1]) / 2)


def fit_all(
    block_widths: Sequence[ArrayLike], grid: Grid = GRID, progress: Callable[[int], None] = lambda done: None
) -> list[LinearFit]:
    """Fit each network; equal networks are fitted once, and the fit of a network without blocks is NaN.

    Args:
        block_widths: for each network, the widths (d,) of its blocks
        progress: called with the number of networks done
    """
    if isinstance(block_widths, str | pd.DataFrame) or not isinstance(block_widths, Sequence):
        raise DsdError(
            f"dsd.analysis.fit_all takes a list of widths per network, not {type(block_widths).__name__}; "
            "dsd.analysis.block_widths(frame) gives it"
        )
    known = {b"": LinearFit(*[float("nan")] * 4)}
    networks = [np.asarray(widths, float) for widths in block_widths]
    by_depth = sorted(range(len(networks)), key=lambda i: len(networks[i]))
    for done, i in enumerate(by_depth, start=1):
        key = networks[i].tobytes()
        if key not in known:
            known[key] = fit_quantized_linear(networks[i], grid)
        progress(done)
    return [known[widths.tobytes()] for widths in networks]


def block_widths(frame: pd.DataFrame, place: str = "table") -> list[Floats]:
    """The block widths (d,) of each row, from its columns d1, d2, … and w1, w2, …; empty if all columns are empty.

    Args:
        place: name of the table in messages

    Raises:
        DsdError: a column is missing, or a row has a depth that is not whole or a width that is not positive; the
            message names the row, from 1
    """
    frame = as_frame(frame, "dsd.analysis.block_widths")
    stages = sorted(int(str(name)[1:]) for name in frame if re.fullmatch(r"d\d+", str(name)))
    if not stages:
        raise DsdError(f"{place}: has no columns d1, d2, … (stage depths); its columns are: {known(frame)}")
    missing = [f"w{i}" for i in stages if f"w{i}" not in frame]
    if missing:
        raise DsdError(f"{place}: has no column {missing[0]} (stage width)")
    shapes = {name: typed_cells(list(frame[name])) for letter in "dw" for name in (f"{letter}{i}" for i in stages)}
    typed = pd.DataFrame(shapes)
    try:
        depths, widths = (typed[[f"{letter}{i}" for i in stages]].to_numpy(float, na_value=np.nan) for letter in "dw")
    except (TypeError, ValueError) as error:
        raise DsdError(f"{place}: stage depths and widths must be numbers: {error}") from error
    networks = []
    for number, (d, w) in enumerate(zip(depths, widths, strict=True), start=1):
        filled = ~(np.isnan(d) & np.isnan(w))  # a network with fewer stages leaves the last columns empty
        d, w = d[filled], w[filled]
        if not (d >= 1).all() or (d % 1 != 0).any() or not (w > 0).all() or not d.sum() <= MOST:
            raise DsdError(
                f"{place}: row {number}: stage depths {d.tolist()} and widths {w.tolist()}; give whole depths from 1, "
                f"at most {MOST:,} in total, and widths above 0"
            )
        networks.append(np.repeat(w, d.astype(int)))
    return networks
