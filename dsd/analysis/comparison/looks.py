"""Group-sequential looks: compare populations several times while they grow, with one error of 5 % over all looks.

A comparison of k pre-stated ones may be wrong with probability α = 0.05/k. A spending function says how much of α is
used up at each information fraction t (Lan and DeMets 1983, O'Brien–Fleming type): almost nothing early, all of it at
the last look. The boundary z_j of look j follows from the joint normal distribution of the statistics of all looks so
far. The interval of look j has the confidence level 2Φ(z_j) − 1. The intervals of all looks are simultaneous, with
probability 1 − α (repeated confidence intervals, Jennison and Turnbull 1989). So each of them may decide: better,
worse, or equal within δ.

Letters: t information fractions (k,), z boundaries (k,), S_j = Z_j √t_j the statistic with independent increments.
"""

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
from scipy.special import ndtr, ndtri

from dsd.analysis.adjusted.populations import adjust
from dsd.analysis.comparison.contrasts import contrast, groups_of_pair
from dsd.analysis.comparison.verdicts import ADJUSTED, FEW, PLAIN, Verdict, decided_by
from dsd.analysis.distribution.empirical import LEVEL
from dsd.analysis.results.populations import Results
from dsd.arrays import Floats

ALPHA = 1 - LEVEL  # the error of all comparisons and looks of a study together
MOST_Z = 8.0  # higher boundaries are cut here; this adds at most 1.3e-15 per look to the error
POINTS = 12  # grid points per standard deviation of an increment
FEWEST, MOST = 401, 6001  # grid points
STEPS = 60  # bisections of a boundary: 8/2^60


def spent(fraction: float, alpha: float = ALPHA) -> float:
    """The error spent up to an information fraction: 4 − 4Φ(z_{α/4}/√t) (Lan and DeMets 1983, α₁* on each side).

    >>> f"{spent(0.2):.2g}", round(spent(1.0), 6)
    ('1.1e-06', 0.05)
    """
    return float(4 * ndtr(ndtri(alpha / 4) / math.sqrt(min(fraction, 1.0))))


def boundaries(fractions: Sequence[float], alpha: float = ALPHA, last: bool = False) -> tuple[float, ...]:
    """Two-sided boundaries for |Z| at each look.

    The probability that |Z| reaches its boundary for the first time at look j is what the spending function adds at
    that look. It is integrated numerically over the statistics of the looks before (Armitage, McPherson and Rowe 1969),
    with Simpson's rule.

    Args:
        fractions: (k,) information fractions of the looks so far, increasing, above 0
        alpha: error of the comparison over all looks
        last: whether the last one is the last planned look: it spends all that is left, also below t = 1

    Returns:
        (k,) boundaries, at most `MOST_Z`. Error: below 1e-4 for fractions that differ by 0.001 or more

    >>> [round(z, 3) for z in boundaries([0.2, 0.4, 0.6, 0.8, 1.0])]
    [4.877, 3.357, 2.68, 2.29, 2.031]
    """
    return _boundaries(tuple(map(float, fractions)), alpha, last)


@lru_cache(maxsize=1024)
def _boundaries(t: tuple[float, ...], alpha: float, last: bool) -> tuple[float, ...]:
    assert all(low < high for low, high in zip((0.0, *t), t, strict=False)), "fractions increase, from above 0"
    z: list[float] = []
    crossed = 0.0  # probability of a crossing before this look
    s: Floats = np.zeros(1)  # S of the look before where it has not crossed
    density: Floats = np.ones(1)  # its density times the weight of the integration rule
    for j, (before, now) in enumerate(zip((0.0, *t), t, strict=False)):
        goal = alpha if last and j == len(t) - 1 else spent(now, alpha)
        deviation, scale = math.sqrt(now - before), math.sqrt(now)
        low, high = 0.0, MOST_Z
        for _ in range(STEPS):
            middle = (low + high) / 2
            if crossing(middle * scale, s, density, deviation) > goal - crossed:
                low = middle
            else:
                high = middle
        z.append(high)
        crossed += crossing(high * scale, s, density, deviation)
        if j < len(t) - 1:
            narrowest = math.sqrt(min(b - a for a, b in zip(t[j:], t[j + 1 :], strict=False)))
            s, density = carried(high * scale, s, density, deviation, min(narrowest, deviation))
    return tuple(z)


def crossing(edge: float, s: Floats, density: Floats, deviation: float) -> float:
    """The probability that the next |S| is `edge` or more, given the weighted density (g,) of S at points s (g,)."""
    return float(density @ (ndtr((s - edge) / deviation) + ndtr((-edge - s) / deviation)))


def carried(edge: float, s: Floats, density: Floats, deviation: float, narrow: float) -> tuple[Floats, Floats]:
    """The points and the weighted density of the next S within ±edge.

    narrow: the least standard deviation that the grid has to resolve
    """
    points = min(max(FEWEST, 2 * math.ceil(POINTS * edge / narrow) + 1), MOST)
    x = np.linspace(-edge, edge, points)
    simpson = np.full(points, 2.0)
    simpson[1::2], simpson[[0, -1]] = 4.0, 1.0
    kernel = np.exp(-(((x[:, None] - s[None, :]) / deviation) ** 2) / 2) / (deviation * math.sqrt(2 * math.pi))
    return x, (kernel @ density) * simpson * (x[1] - x[0]) / 3


def information(n: int, m: int, most_n: int, most_m: int) -> float:
    """The information fraction of a comparison: n·m/(n + m), as a share of its value at the planned n.

    >>> information(50, 50, 100, 100), round(information(50, 40, 100, 100), 3)
    (0.5, 0.444)
    """
    return n * m / (n + m) * (most_n + most_m) / (most_n * most_m) if n and m else 0.0


def level_of(z: float) -> float:
    """The confidence level of the interval of a look with boundary z.

    >>> round(level_of(1.96), 4)
    0.95
    """
    return float(1 - 2 * ndtr(-z))


def next_level(fractions: Sequence[float], alpha: float, last: bool) -> float:
    """The confidence level of the latest of the looks at these information fractions."""
    return level_of(boundaries(fractions, alpha, last)[-1])


def can_look(x: Floats, y: Floats, fractions: Sequence[float], fraction: float) -> bool:
    """Whether a comparison can be made at `fraction`: enough networks, and more information than at the look before."""
    return min(len(x), len(y)) >= FEW and fraction > max(fractions, default=0.0) + 1e-9


def verdicts_at(
    populations: Mapping[str, Results],
    pairs: Sequence[tuple[str, str]],
    levels: Sequence[float],
    delta: float,
) -> list[tuple[float, Verdict]]:
    """The differences b − a and verdicts of a look. Every decision of a look is made here, and nowhere else.

    Adjusted means decide if both populations have one (`dsd.analysis.adjusted`): the surrogate is fitted to all
    populations of the look. Else plain means decide.

    Args:
        populations: by name, with the networks of this look only
        pairs: (p,) names a and b of each comparison
        levels: (p,) confidence level of each comparison at this look, from `next_level`; the interval is Welch's, with
            Student's t at that level (the significance-level approach, Jennison and Turnbull 2000, section 3.8)
        delta: difference of mean error that is too small to matter [points]
    """
    adjusted = adjust(list(populations.values()))
    decisions = []
    for (a, b), level in zip(pairs, levels, strict=True):
        of_pair = adjusted.pair(populations[a], populations[b])
        if of_pair and of_pair.helps:
            groups, coefficients, by = of_pair.groups, of_pair.coefficients, ADJUSTED
        else:
            (groups, coefficients), by = groups_of_pair(populations[a], populations[b]), PLAIN
        value = contrast(groups, coefficients, level).value
        decisions.append((value, decided_by(groups, coefficients, delta, level, by)))
    return decisions
