"""How often adjusted intervals cover the truth, and how many trained networks they save.

Each population here is finite and known, so its true mean is known. A repetition trains n random networks of each
population, estimates means and the differences of pairs, and asks whether the 95 % intervals cover the truth.

- `ladder`, `digits`: networks drawn from shipped spaces; error = surrogate fitted to results/ladder or results/digits,
  plus residuals drawn from those of the fit. `ladder, skewed` has exponential residuals; in `ladder, 3 % fail`, a
  random 3 % of networks do not learn (error 90 %).
- `macro`: NAS-Bench-Macro (6,561 networks, all trained), from the table in --macro; else not measured.
- `permuted`: the features belong to other networks, so they explain nothing. `harmful`: 40 features of noise with
  heavy tails instead.

Usage: python benchmarks/decisions.py [--repetitions 1000] [--macro nas_bench_macro.csv]    one JSON line a row
"""

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

import dsd
from dsd.analysis.adjusted.distribution import adjusted_edf, adjusted_quantile
from dsd.analysis.adjusted.estimates import Predictions, adjusted_difference, adjusted_mean, predictions_of
from dsd.analysis.adjusted.features import Features, features_of
from dsd.analysis.adjusted.surrogate import fit_surrogate
from dsd.analysis.comparison.differences import quantile_interval, welch
from dsd.analysis.distribution.empirical import dkw_half_width, edf
from dsd.analysis.results.populations import split_populations
from dsd.design.sampling.free_draws import free_draws
from dsd.design.sampling.sampler import for_task

RESULTS = Path(__file__).parents[1] / "results"
SIZES = (30, 60, 100, 300)
LEAST = 0.935  # coverage of a 95 % interval
NETWORKS = 5_000  # of each simulated population


@dataclass(frozen=True)
class Known:
    """A population with features (N, p) and errors (N,) of all its networks."""

    features: np.ndarray
    errors: np.ndarray


@cache
def drawn(results: str, spaces: tuple[str, ...], flops: str) -> tuple[list[Features], list[np.ndarray]]:
    """Features of trained and drawn networks of some spaces, and the errors of the trained ones."""
    everything = {own.name: own for own in split_populations(RESULTS / results / "table.csv")}
    populations = [everything[name] for name in spaces]
    tables = []
    for number, own in enumerate(populations):
        space = for_task(dsd.load_space(own.name), 8 if results == "digits" else None, None)
        windows = space.info.limits.windows(flops)
        tables.append(pd.DataFrame(free_draws(space, windows, len(own), NETWORKS, 100 + number)))
    features = features_of([own.frame for own in populations], tables, populations[0].outcomes)
    return features, [own.errors for own in populations]


def simulated(results: str, spaces: tuple[str, ...], flops: str, tail: str) -> list[Known]:
    """Populations with the tails of stored results."""
    rng = np.random.default_rng(0)
    features, errors = drawn(results, spaces, flops)
    surrogate = fit_surrogate([own.trained for own in features], errors)
    populations = []
    for k, (own, e) in enumerate(zip(features, errors, strict=True)):
        residuals = e - surrogate.left_out[k]
        noise = rng.choice(residuals - residuals.mean(), len(own.drawn))
        if tail == "skewed":
            noise = residuals.std() * (rng.exponential(1, len(own.drawn)) - 1)
        error = surrogate.predict(k, own.drawn) + noise
        if tail == "3 % fail":
            error = np.where(rng.random(len(error)) < 0.03, 90.0, error)
        populations.append(Known(own.drawn, np.clip(error, 0, 100)))
    return populations


def macro(path: Path) -> dict[str, list[Known]]:
    """NAS-Bench-Macro: the whole space, and pairs of subspaces."""
    frame = pd.read_csv(path)
    own = frame[["depth", *(f"op{i}" for i in range(1, 9)), "flops", "params"]]
    x, y = features_of([own], [own])[0].drawn, frame["error"].to_numpy()
    op = {i: frame[f"op{i}"].to_numpy() for i in range(1, 9)}
    whole = np.ones(len(frame), bool)
    pairs = {
        "op1 is 1 or 2": (op[1] == 1, op[1] == 2),
        "op8 is 1 or 2": (op[8] == 1, op[8] == 2),
        "all, depth ≥ 5": (whole, frame["depth"].to_numpy() >= 5),
        "all, three first layers": (whole, (op[1] > 0) & (op[2] > 0) & (op[3] > 0)),
        "op4 is not 2, or 2": (op[4] != 2, op[4] == 2),
    }
    subspaces = {f"macro: {name}": [Known(x[mask], y[mask]) for mask in masks] for name, masks in pairs.items()}
    return {"macro": [Known(x, y)], **subspaces}


def permuted(populations: list[Known], rng: np.random.Generator) -> list[Known]:
    """The same with features that explain nothing."""
    return [Known(rng.permutation(own.features), own.errors) for own in populations]


def harmful(populations: list[Known], rng: np.random.Generator) -> list[Known]:
    """The same with 40 features of noise with heavy tails."""
    return [Known(np.exp(1.5 * rng.normal(size=(len(own.errors), 40))), own.errors) for own in populations]


def trained(populations: list[Known], n: int, rng: np.random.Generator) -> list[Predictions]:
    """Train n random networks of each population, and predict all of its networks."""
    features, errors, hits = [], [], []
    for own in populations:
        rows = rng.choice(len(own.errors), n, replace=False)
        known = np.full(len(own.errors), np.nan)
        known[rows] = own.errors[rows]
        features.append(Features(own.features[rows], own.features))
        errors.append(own.errors[rows])
        hits.append(known)
    return predictions_of(features, errors, hits)


def repetition(populations: list[Known], n: int, rng: np.random.Generator) -> Iterator[tuple[str, float, float, float]]:
    """Train n networks of each; yield what is estimated, by how much each interval missed, and its half-width.

    Yields:
        name, error of the estimate, half-width, half-width of the plain interval
    """
    predictions = trained(populations, n, rng)
    means, errors = [adjusted_mean(own) for own in predictions], [own.errors for own in predictions]
    truths = [float(own.errors.mean()) for own in populations]
    for mean, truth, e in zip(means, truths, errors, strict=True):
        interval = mean.interval()
        yield "mean", mean.value - truth, interval.high - mean.value, (mean.plain.high - mean.plain.low) / 2
        yield "plain mean", float(e.mean()) - truth, (mean.plain.high - mean.plain.low) / 2, np.nan
    for k in range(len(means) - 1):
        truth = truths[k + 1] - truths[k]
        plain, both = welch(errors[k], errors[k + 1], 0.95), adjusted_difference(means[k], means[k + 1])
        half = (plain.high - plain.low) / 2
        yield "difference", both.value - truth, both.high - both.value, half
        yield "plain difference", plain.value - truth, half, np.nan


def edf_rows(name: str, population: Known, repetitions: int) -> bool:
    """Print coverage and width of the band of the EDF, and of the intervals of two quantiles."""
    holds = True
    for n in SIZES:
        rng, records = np.random.default_rng([1, n]), defaultdict(list)
        for _ in range(repetitions):
            (own,) = trained([population], n, rng)
            found = adjusted_edf(own)
            truth = edf(population.errors, found.at)
            inside = (found.band.low <= truth + 1e-9) & (truth - 1e-9 <= found.band.high)
            width = float((found.band.high - found.band.low).max()) / 2
            records["EDF band"].append((inside.all(), width, dkw_half_width(n)))
            for q in (0.1, 0.5):
                interval, plain = adjusted_quantile(own, q), quantile_interval(own.errors, q)
                true = float(np.quantile(population.errors, q))
                hit = not (interval.low > true or interval.high < true)
                records[f"quantile {q:g}"].append((hit, interval.high - interval.low, plain.high - plain.low))
        for what, values in records.items():
            covered, widths, plains = np.array(values, float).T
            both = np.isfinite(widths) & np.isfinite(plains)
            ratio = float(widths[both].mean() / plains[both].mean()) if both.any() else None
            coverage = float(covered.mean())
            holds = fact(f"coverage of the {what}, {name}", n, coverage, repetitions, LEAST, width=ratio) and holds
    return holds


def fact(name: str, networks: int, coverage: float, n: int, target: float | None, **more: float | None) -> bool:
    """Print a row; whether its coverage reaches the target."""
    holds = None if target is None else coverage >= target
    row = {"name": name, "networks": networks, "value": round(coverage, 4)}
    row |= {"se": round(float(np.sqrt(coverage * (1 - coverage) / n)), 4), "target": target, "holds": holds, "n": n}
    row |= {key: None if value is None else round(value, 3) for key, value in more.items()}
    print(json.dumps(row, ensure_ascii=False), flush=True)
    return holds is not False


def rows(name: str, populations: list[Known], repetitions: int, seed: int = 0) -> bool:
    """Print coverage and savings at each n; whether the adjusted intervals cover enough."""
    holds = True
    for n in SIZES:
        if n > min(len(own.errors) for own in populations) / 2:
            continue
        rng = np.random.default_rng([seed, n])
        records = defaultdict(list)
        for _ in range(repetitions):
            for what, miss, half, plain in repetition(populations, n, rng):
                records[what].append((abs(miss) <= half, half, plain))
        for what, values in records.items():
            covered, halves, plains = np.array(values, float).T
            label, coverage = f"coverage of the {what}, {name}", float(covered.mean())
            if what.startswith("plain"):
                fact(label, n, coverage, repetitions, None)
                continue
            ratio = float(halves.mean() / plains.mean())
            holds = fact(label, n, coverage, repetitions, LEAST, width=ratio, as_if_n=n / ratio**2) and holds
    return holds


def main() -> int:
    """All populations."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=1_000)
    parser.add_argument("--macro", type=Path)
    parser.add_argument("--only", default="", help="names of populations that contain this text")
    given = parser.parse_args()
    ladder = (*(f"AnyNetX_{letter}_cifar" for letter in "ABCDE"), "RegNetX_cifar")
    sets = {
        "ladder": simulated("ladder", ladder, "1M:2M", ""),
        "ladder, skewed": simulated("ladder", ladder, "1M:2M", "skewed"),
        "ladder, 3 % fail": simulated("ladder", ladder, "1M:2M", "3 % fail"),
        "digits": simulated("digits", ladder, "200K:400K", ""),
    }
    if given.macro:
        sets |= macro(given.macro)
    rng = np.random.default_rng(1)
    useless = {name: sets[name] for name in ("ladder", "digits", "macro") if name in sets}
    sets |= {f"{name}, permuted": permuted(own, rng) for name, own in useless.items()}
    sets |= {f"{name}, harmful": harmful(own, rng) for name, own in useless.items()}
    held = [rows(name, own, given.repetitions) for name, own in sets.items() if given.only in name]
    for name in ("ladder", "macro"):
        if name in sets and given.only in f"{name}, EDF":
            held.append(edf_rows(name, sets[name][0], given.repetitions))
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
