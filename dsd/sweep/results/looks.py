"""Make the looks of a sweep with `until: decided`, and show what is planned, decided and saved."""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any

from dsd.analysis.comparison.looks import (
    ALPHA,
    can_look,
    information,
    next_level,
    verdicts_at,
)
from dsd.analysis.results.populations import Results, split_populations, with_recorded_draws
from dsd.sweep.folder.folder import Sweep
from dsd.sweep.folder.looks import Compared, Look, Looks
from dsd.sweep.results.collection import table, with_numbers
from dsd.sweep.results.status import Status

OUTSIDE = "a look outside the plan spends no error and decides nothing"


def make_look(sweep: Sweep, status: Status, looks: Looks) -> Look:
    """Compare the open comparisons at the next look, with the released networks that have results.

    Failed runs are absent: they lower the information fraction, not the validity.
    """
    number, plan = looks.next, looks.plan
    assert number is not None, "a concluded sweep has no next look"
    populations = populations_at(sweep, status, looks)
    last, most = number == len(plan.waves), plan.waves[-1]
    alpha = ALPHA / len(plan.comparisons)
    made: dict[tuple[str, str], tuple[float, float]] = {}  # fraction and level of the comparisons that can be made
    for pair in looks.open:
        x, y = (populations[name].errors for name in pair)
        before, now = sorted(set(looks.fractions(pair))), information(len(x), len(y), most, most)
        if can_look(x, y, before, now):
            made[pair] = now, next_level((*before, now), alpha, last)
    verdicts = verdicts_at(populations, list(made), [level for _, level in made.values()], plan.delta)
    found = dict(zip(made, verdicts, strict=True))
    comparisons = []
    for a, b in looks.open:
        x, y = populations[a].errors, populations[b].errors
        one = Compared(a, b, len(x), len(y))
        if (a, b) in found:
            (value, verdict), (fraction, level) = found[a, b], made[a, b]
            low, high = (float(end) if math.isfinite(end) else None for end in (verdict.low, verdict.high))
            one = replace(one, fraction=fraction, level=level, low=low, high=high, verdict=verdict.word)
            one = replace(one, difference=value, by=verdict.by)
        comparisons.append(one)
    return Look(number, plan.waves[number - 1], tuple(comparisons), time.time())


def populations_at(sweep: Sweep, status: Status, looks: Looks) -> dict[str, Results]:
    """The populations of all comparisons, of released networks only, by name."""
    frame = with_numbers(sweep, table(sweep, status))
    names = dict.fromkeys(name for pair in looks.plan.comparisons for name in pair)
    populations = [
        split_populations(frame[(frame["space"] == name) & frame["run"].isin(looks.released(name))])[0]
        for name in names
    ]
    return {results.name: results for results in with_recorded_draws(populations, sweep.folder)}


@dataclass(frozen=True)
class LookRow:
    """A look as `dsd status`, `dsd plan` and the report show it.

    networks: of each open space
    fraction: smallest information fraction of its comparisons; as planned for looks to come
    level: smallest confidence level of its comparisons; as planned for looks to come
    state: made, next, to come, or not needed
    decided: what was decided at it, in words
    """

    look: int
    networks: int
    fraction: float
    level: float | None
    state: str
    decided: tuple[str, ...]


def rows_of(looks: Looks) -> Iterator[LookRow]:
    """One row per planned look, made or to come."""
    plan, made, upcoming = looks.plan, looks.made, looks.next
    alpha = ALPHA / len(plan.comparisons)
    shares = [n / plan.waves[-1] for n in plan.waves]
    for number, (networks, share) in enumerate(zip(plan.waves, shares, strict=True), start=1):
        if number <= len(made):
            look = made[number - 1]
            seen = [(one.fraction, one.level) for one in look.comparisons if one.fraction is not None]
            fraction = min((fraction for fraction, _ in seen if fraction is not None), default=0.0)
            level = min((level for _, level in seen if level is not None), default=None)
            words = tuple(in_words(one, plan.delta) for one in look.settled)
            yield LookRow(number, networks, fraction, level, "made", words)
        else:
            level = next_level(shares[:number], alpha, number == len(shares))
            state = "not needed" if upcoming is None else "next" if number == upcoming else "to come"
            yield LookRow(number, networks, share, level, state, ())


def in_words(one: Compared, delta: float) -> str:
    """A verdict in words: "B better than A"."""
    words = {
        "better": f"better than {one.a}",
        "worse": f"worse than {one.a}",
        "equal": f"equal to {one.a} within {delta:g}",
    }
    return f"{one.b} {words.get(one.verdict, f'against {one.a}: undecided')}"


def percent(level: float | None) -> str:
    """A confidence level in percent, with two digits of its distance to 100.

    >>> percent(0.95), percent(1 - 1.1e-6)
    ('95.0 %', '99.99989 %')
    """
    if level is None:
        return "–"
    return f"{100 * level:.{min(max(-math.floor(math.log10(100 * max(1 - level, 1e-15))), 0) + 1, 14)}f} %"


HEADER = ("look", "networks of each open space", "fraction", "level", "state", "decided")


def cells(row: LookRow) -> tuple[object, ...]:
    """The cells of a row under `HEADER`."""
    return row.look, row.networks, f"{row.fraction:.3f}", percent(row.level), row.state, len(row.decided) or ""


@dataclass(frozen=True)
class Saved:
    """What the looks saved.

    runs: planned runs that are not needed
    hours: what they would have taken, at the mean time of finished runs of their space; None if unknown
    """

    runs: int
    planned: int
    hours: float | None

    def __str__(self) -> str:
        hours = f", about {self.hours:.3g} hours of a GPU or core" if self.hours is not None else ""
        return f"{self.runs:,} of {self.planned:,} planned runs saved{hours}"


def saved(sweep: Sweep, status: Status, looks: Looks) -> Saved:
    """The runs that are not needed, and the time that they would have taken."""
    hours: float | None = 0.0
    for runs in sweep.spaces.values():
        unneeded = sum(run in looks.unneeded for run in runs)
        if not unneeded:
            continue
        outcomes = [record.outcome for run in runs if (record := status.records.get(run)) and record.outcome]
        known = [one.train_s + one.eval_s for one in outcomes if one.train_s is not None and one.eval_s is not None]
        hours = None if hours is None or not known else hours + unneeded * fmean(known) / 3600
    return Saved(len(looks.unneeded), len(dict.fromkeys(sweep.runs)), hours)


def facts(looks: Looks) -> dict[str, Any]:
    """The looks as JSON values."""
    return {
        "looks": [vars(row) | {"decided": list(row.decided)} for row in rows_of(looks)],
        "comparisons": [list(pair) for pair in looks.plan.comparisons],
        "delta": looks.plan.delta,
        "decided": [{"look": number, **vars(one)} for number, one in looks.decided.values()],
        "concluded": looks.next is None,
        "not_needed": len(looks.unneeded),
    }


def verdict_of(looks: Looks, pair: tuple[str, str]) -> tuple[int, Compared, bool] | None:
    """The recorded verdict on a pair, its look, and whether a and b are exchanged; None if there is none.

    A comparison that no look settled has its last interval, once the looks are over.
    """
    for exchanged, names in ((False, pair), (True, pair[::-1])):
        if names in looks.decided:
            return *looks.decided[names], exchanged
        if looks.next is None and names in looks.plan.comparisons:
            seen = [(look.number, one) for look in looks.made for one in look.comparisons if one.pair == names]
            if seen:
                return *seen[-1], exchanged
    return None
