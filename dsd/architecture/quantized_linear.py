"""RegNet's quantized linear rule ([DDS] §3.3, Eq. 2–4).

w_0 initial width, w_a slope, w_m width multiplier, d depth; u_j the line, s_j = log(u_j / w_0) to the base w_m, w_j the
quantized width of block j. Shape letters: n proposals, m of them that form s stages.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from dsd.arrays import Floats, Ints

NEAR = 1e-6  # blocks; far above the rounding error of a solution below 1000
WIDTH_STEP = 8  # widths are rounded to a multiple of 8 (the authors' code; not in the paper's text)


def level(w_0: Floats, w_a: Floats, log_w_m: Floats, j: Any) -> Floats:
    """Compute round(s_j), halves to even (Eq. 2, 3): the level of block j."""
    u = w_0 + w_a * j  # Eq. 2
    s: Floats = np.log(u / w_0) / log_w_m  # Eq. 3
    return np.rint(s)


def first_block(w_0: Floats, w_a: Floats, w_m: Floats, log_w_m: Floats, k: int) -> Floats:
    """Find the first j with round(s_j) ≥ k: the solution of Eq. 2–3 for s_j = k − ½, rounded up.

    If the solution is within rounding error of a whole number, the level at that number decides.
    """
    j = w_0 * (w_m ** (k - 0.5) - 1) / w_a
    near = np.flatnonzero(np.abs(j - np.rint(j)) < NEAR)
    if len(near):
        at, candidate = (w_0[near], w_a[near], log_w_m[near]), np.rint(j[near])
        j[near] = candidate + (level(*at, candidate) < k)
    return np.ceil(j)


def stage_width(w_0: Floats, w_m: Floats, k: int) -> Floats:
    """Compute the width of level k (Eq. 4), rounded to a multiple of 8."""
    return WIDTH_STEP * np.rint(w_0 * w_m**k / WIDTH_STEP)


def may_reach(w_0: Floats, w_a: Floats, w_m: Floats, depths: Floats, k: int) -> Ints:
    """Find proposals whose last block can have level k, in single precision for speed, with a margin."""
    kind = np.float32 if w_m.min(initial=2) > 1.01 else np.float64  # near 1 the logarithm loses its digits
    ratio = (w_a * (depths - 1) / w_0 + 1).astype(kind)
    s = np.log(ratio) / np.log(w_m.astype(kind))
    near: Ints = np.flatnonzero(np.abs(s - kind(k)) < kind(0.501))
    return near


@dataclass(frozen=True)
class Quantized:
    """The stages of one network: runs of blocks of equal width.

    widths, depths: (s,) of each stage
    levels: s_j of the last block, plus one; more than s if a level is skipped or two levels have one width
    """

    widths: list[int]
    depths: list[int]
    levels: int


def quantized(w_0: float, w_a: float, w_m: float, d: int) -> Quantized:
    """Evaluate Eq. 2–4 as in the paper for one network; each distinct width is a stage (the authors' code).

    >>> quantized(24, 24.48, 2.54, 22)
    Quantized(widths=[24, 64, 152, 392], depths=[1, 2, 7, 12], levels=4)
    """
    u = w_0 + w_a * np.arange(d)  # Eq. 2
    s = np.rint(np.log(u / w_0) / np.log(w_m))  # Eq. 3
    w = WIDTH_STEP * np.rint(w_0 * w_m**s / WIDTH_STEP)  # Eq. 4; rounded as in the authors' code
    widths, depths = np.unique(w, return_counts=True)
    return Quantized(widths.astype(int).tolist(), depths.tolist(), int(s.max()) + 1)


@dataclass(frozen=True)
class Stages:
    """Stages of the proposals that form exactly s stages.

    rows: (m,) positions of these proposals
    widths, depths: (m, s) whole numbers in float64, stored stage by stage
    """

    rows: Ints
    widths: Floats
    depths: Floats


def generate(w_0: Floats, w_a: Floats, w_m: Floats, depths: Floats, stages: int) -> Stages:
    """Equal `quantized` for each proposal that forms exactly `stages` stages, without a loop over blocks.

    A stage is a run of blocks of equal width. As in the authors' code, a proposal is
    rejected if its number of distinct widths differs from its number of levels (a level is skipped, or two levels are
    rounded to one width) or from `stages`.

    Args:
        w_0, w_a, w_m, depths: (n,)
        stages: s
    """
    rows = may_reach(w_0, w_a, w_m, depths, stages - 1)
    w_0, w_a, w_m, depths = (column.take(rows).astype(np.float64) for column in (w_0, w_a, w_m, depths))
    log_w_m = np.log(w_m)
    bounds = [first_block(w_0, w_a, w_m, log_w_m, k) for k in range(1, stages)]
    stage_depths = np.diff(np.stack([*bounds, depths]), axis=0, prepend=0)
    widths = np.stack([stage_width(w_0, w_m, k) for k in range(stages)])
    rising = (stage_depths > 0).all(axis=0) & (np.diff(widths, axis=0, prepend=0) > 0).all(axis=0)
    valid = np.flatnonzero(rising & (level(w_0, w_a, log_w_m, depths - 1) == stages - 1))
    return Stages(rows[valid], widths.take(valid, axis=1).T, stage_depths.take(valid, axis=1).T)
