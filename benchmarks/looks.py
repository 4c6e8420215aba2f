"""How often `until: decided` decides falsely, and which share of n it uses, by simulated studies.

Usage: python benchmarks/looks.py [STUDIES]    one JSON line a row; exit code 1 where a row misses its target

Each study has spaces of n networks each at most, compared in steps at 5 looks by the code that sweeps use. Errors are
drawn from one of three distributions: even, skewed, and one with 5 % of networks that did not learn. `n` is the number
of studies; the spread of a row is its value ± 1.96 Monte-Carlo standard errors.
"""

import math
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from rows import row
from scipy.special import ndtri

from dsd.analysis.adjusted.draws import TableDraws
from dsd.analysis.comparison.looks import ALPHA, can_look, information, next_level, verdicts_at
from dsd.analysis.results.populations import Results

STUDIES, LOOKS, N = 2_000, 5, 100
TINY = 1e-9  # a δ so small that nothing is ever equal
Draw = Callable[[np.random.Generator, int], np.ndarray]
DRAWS: dict[str, Draw] = {
    "even": lambda rng, n: rng.uniform(30, 50, n),
    "skewed": lambda rng, n: 30 + rng.gamma(2.0, 4.0, n),
    "5 % did not learn": lambda rng, n: np.where(rng.random(n) < 0.05, 90.0, rng.normal(40, 5, n)),
}


FEATURES = 6


@dataclass(frozen=True)
class Outcome:
    """A simulated study: verdicts by comparison, and the share of the planned networks that was used."""

    verdicts: dict[tuple[str, str], str]
    used: float


def explained(rng: np.random.Generator, n: int) -> tuple[pd.DataFrame, TableDraws]:
    """Networks whose features explain two thirds of the variance of error, and 2,000 untrained ones."""
    x = np.exp(rng.normal(size=(n + 2_000, FEATURES)))
    table = pd.DataFrame(x, columns=[f"x{i}" for i in range(FEATURES)])
    errors = 40 + 2 * np.log(x).sum(axis=1) / math.sqrt(FEATURES) + rng.normal(0, math.sqrt(2), len(x))
    return table[:n].assign(error=errors[:n]), TableDraws(table[n:].reset_index(drop=True), "draws")


def study(
    errors: dict[str, np.ndarray],
    looks: int,
    delta: float,
    tables: dict[str, tuple[pd.DataFrame, TableDraws]] | None = None,
) -> Outcome:
    """One study, from the errors that all networks (n,) of each space would have.

    tables: the networks with their features, and draws for adjusted means; None for plain means
    """
    pairs = list(pairwise(errors))
    n = len(next(iter(errors.values())))
    settled: dict[tuple[str, str], str] = {}
    fractions: dict[tuple[str, str], list[float]] = {pair: [] for pair in pairs}
    trained = dict.fromkeys(errors, 0)
    for number in range(1, looks + 1):
        left = [pair for pair in pairs if pair not in settled]
        for name in {name for pair in left for name in pair}:
            trained[name] = math.ceil(number * n / looks)
        at = {}
        for name, values in errors.items():
            table, draws = (tables or {}).get(name, (pd.DataFrame({"error": values}), None))
            at[name] = Results(name, table[: trained[name]], draws={"": draws} if draws else {})
        levels, judged = [], []
        for pair in left:
            x, y = (at[name].errors for name in pair)
            now = information(len(x), len(y), n, n)
            if can_look(x, y, fractions[pair], now):
                fractions[pair].append(now)
                judged.append(pair)
                levels.append(next_level(fractions[pair], ALPHA / len(pairs), number == looks))
        for pair, (_, verdict) in zip(judged, verdicts_at(at, judged, levels, delta), strict=True):
            if verdict.word != "undecided":
                settled[pair] = verdict.word
    return Outcome(settled, sum(trained.values()) / (n * len(errors)))


def false(outcome: Outcome) -> bool:
    """Whether a study of equal spaces called any of them better or worse."""
    return any(word in ("better", "worse") for word in outcome.verdicts.values())


def share(name: str, values: list[float], unit: str, target: float | None) -> bool:
    """A row with a mean; its spread is the mean ± 1.96 standard errors."""
    mean, error = float(np.mean(values)), float(np.std(values, ddof=1) / math.sqrt(len(values)))
    return row(name, [mean - 1.96 * error, mean, mean + 1.96 * error], unit, target, n=len(values))


def main(studies: int = STUDIES) -> int:
    """All rows."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    held = []
    limit = round(5 + 2 * 100 * math.sqrt(0.05 * 0.95 / studies), 2)  # 5 % and two standard errors
    for spaces, n in ((2, N), (6, N), (6, 30)):
        for kind, draw in DRAWS.items():
            rng = np.random.default_rng([spaces, n, len(kind)])
            wrong = [
                100.0 * false(study({str(i): draw(rng, n) for i in range(spaces)}, LOOKS, 1.0)) for _ in range(studies)
            ]
            held.append(share(f"false decisions, {spaces} equal spaces, n = {n}, {kind}", wrong, "%", limit))
    rng = np.random.default_rng(7)
    wrong = []
    for _ in range(studies):
        tables = {str(i): explained(rng, N) for i in range(3)}
        errors = {name: table["error"].to_numpy() for name, (table, _) in tables.items()}
        wrong.append(100.0 * false(study(errors, LOOKS, 1.0, tables)))
    held.append(share(f"false decisions by adjusted means, 3 equal spaces, n = {N}, R² = 2/3", wrong, "%", limit))
    for kind, draw in DRAWS.items():  # a difference of δ exactly: calling it equal is false, and so is the wrong sign
        rng = np.random.default_rng(len(kind))
        pairs = ({"a": draw(rng, N), "b": draw(rng, N) + 4.0} for _ in range(studies))
        wrong = [100.0 * any(w in ("equal", "better") for w in study(p, LOOKS, 4.0).verdicts.values()) for p in pairs]
        held.append(share(f"false decisions, 2 spaces that differ by δ = 4, n = {N}, {kind}", wrong, "%", limit))
    rng = np.random.default_rng(1)
    deviation, n = 5.0, 500
    detectable = float(ndtri(0.975) + ndtri(0.8)) * deviation * math.sqrt(2 / n)  # 80 % power at a fixed n
    for effect in (0.0, 1.0, 1.5, 2.5):
        outcomes = [
            study(
                {"a": rng.normal(40, deviation, n), "b": rng.normal(40 + effect * detectable, deviation, n)},
                LOOKS,
                TINY,
            )
            for _ in range(studies)
        ]
        name = f"{effect:g} × the effect of 80 % power, no stop for equal, n = {n}"
        share(f"share of n used, {name}", [outcome.used for outcome in outcomes], "of n", None)
        share(f"decided, {name}", [100.0 * bool(outcome.verdicts) for outcome in outcomes], "%", None)
    for delta in (1.0, 2.0):
        outcomes = [study({name: rng.normal(40, deviation, n) for name in "ab"}, LOOKS, delta) for _ in range(studies)]
        name = f"no effect, equal within {delta:g} (deviation {deviation:g}), n = {n}"
        share(f"share of n used, {name}", [outcome.used for outcome in outcomes], "of n", None)
        share(f"decided, {name}", [100.0 * bool(outcome.verdicts) for outcome in outcomes], "%", None)
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
