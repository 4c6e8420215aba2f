"""RegNet's quantized linear rule ([DDS] §3.3, Eq. 2–4).

w_0 initial width, w_a slope, w_m width multiplier, d depth; u_j the line, s_j its logarithm to the base w_m, w_j the
quantized width of block j. Shape letters: n proposals, s stages, D the largest depth.
"""

from dataclasses import dataclass

import numpy as np

from dsd.design.axes import Floats, Ints

WIDTH_STEP = 8  # widths are rounded to a multiple of 8 (the authors' code; not in the paper's text)


def block_widths(w_0: Floats, w_a: Floats, w_m: Floats, depth: int) -> tuple[Ints, Ints]:
    """Quantized width of each of the first `depth` blocks (Eq. 2–4), and the level round(s_j) it comes from.

    Args:
        w_0, w_a, w_m: (n,)
        depth: D

    Returns:
        widths (n, D) and levels (n, D)
    """
    j = np.arange(depth)
    u = w_0[:, None] + w_a[:, None] * j  # Eq. 2
    s = np.log(u / w_0[:, None]) / np.log(w_m)[:, None]  # Eq. 3
    levels = np.rint(s)
    w = w_0[:, None] * w_m[:, None] ** levels  # Eq. 4
    return (WIDTH_STEP * np.rint(w / WIDTH_STEP)).astype(np.int64), levels.astype(np.int64)


def levels_of(w_0: Floats, w_a: Floats, w_m: Floats, depths: Ints) -> Ints:
    """(n,): the number of levels, max_j round(s_j) + 1, that a network of each depth spans."""
    return np.rint(np.log1p(w_a / w_0 * (depths - 1)) / np.log(w_m)).astype(np.int64) + 1


@dataclass(frozen=True)
class Stages:
    """Stages of the proposals that have exactly s of them: rows (m,) in the proposals, widths and depths (m, s)."""

    rows: Ints
    widths: Ints
    depths: Ints


def generate(w_0: Floats, w_a: Floats, w_m: Floats, depths: Ints, stages: int) -> Stages:
    """The proposals whose blocks form exactly `stages` stages, and these stages.

    A stage is a run of blocks of equal width. Rejected are, with the authors' code, proposals whose distinct widths
    are not as many as their levels (a level skipped, or two levels rounded to one width) or not as many as wanted.

    Args:
        w_0, w_a, w_m, depths: (n,)
        stages: s
    """
    rows = np.flatnonzero(levels_of(w_0, w_a, w_m, depths) == stages)
    if not len(rows):
        empty = np.empty((0, stages), np.int64)
        return Stages(rows, empty, empty)
    d = depths[rows]
    w, levels = block_widths(w_0[rows], w_a[rows], w_m[rows], int(d.max()))
    at = np.arange(w.shape[1]) < d[:, None]
    ends = np.stack([((levels <= level) & at).sum(axis=1) for level in range(stages)], axis=1)
    stage_depths = np.diff(ends, axis=1, prepend=0)
    stage_widths = np.take_along_axis(w, np.maximum(ends - 1, 0), axis=1)
    valid = (stage_depths > 0).all(axis=1) & (np.diff(stage_widths, axis=1) > 0).all(axis=1)
    return Stages(rows[valid], stage_widths[valid], stage_depths[valid])
