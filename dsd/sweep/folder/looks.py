"""The looks of a sweep with `until: decided`: what sweep.yaml plans, and what looks.jsonl records as made.

Such a sweep trains in waves. A wave is a prefix of the networks of each space; after it comes a look, which compares
the spaces. A space whose comparisons are all settled gets no further runs. Nothing here computes statistics:
`dsd.sweep.results.looks` makes the looks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

from dsd.errors import DsdError
from dsd.io.journal import Journal, parse
from dsd.sweep.folder.folder import NETWORKS, YAML, Sweep

LOOKS = "looks.jsonl"
HELD = Path("jobs") / "held"  # written by `dsd cancel`: no wave starts by itself until the next launch
DECIDED, STEPS, PAIRS = "decided", "steps", "pairs"
BY = ("plain", "adjusted")
WORDS = ("better", "worse", "equal", "undecided")
Pair = tuple[str, str]


def waves_of(n: int, looks: int) -> tuple[int, ...]:
    """The networks of each space after each wave: n·k/looks, rounded up.

    >>> waves_of(16, 5)
    (4, 7, 10, 13, 16)
    """
    return tuple(-(-k * n // looks) for k in range(1, looks + 1))


def comparisons_of(spaces: Sequence[str], regimes: Sequence[str], compare: str) -> tuple[Pair, ...]:
    """The comparisons that a study states beforehand, each within its regime.

    Args:
        spaces: names of the sampled populations, in the order of the study: SPACE, or SPACE REGIME
        compare: steps (each space with the previous one) or pairs (each with each)

    >>> comparisons_of(["A", "B", "C"], (), "steps")
    (('A', 'B'), ('B', 'C'))
    """
    groups = [[name for name in spaces if name.endswith(f" {regime}")] for regime in regimes] or [list(spaces)]
    return tuple(pair for group in groups for pair in (combinations(group, 2) if compare == PAIRS else pairwise(group)))


@dataclass(frozen=True)
class LookPlan:
    """The looks as planned before the first run.

    waves: (K,) networks of each space at each look
    comparisons: names a and b of each
    delta: difference of mean error that is too small to matter [points]
    """

    waves: tuple[int, ...]
    comparisons: tuple[Pair, ...]
    delta: float

    @classmethod
    def of(cls, sweep: Sweep) -> "LookPlan | None":
        """The plan in sweep.yaml; None for a sweep without `until`.

        Raises:
            DsdError: sweep.yaml is damaged
        """
        config = sweep.config
        if not config.get("until"):
            return None
        n, looks, delta, spaces = (config.get(key, 0) for key in ("n", "looks", "delta", "spaces"))
        regimes, damaged = config.get("regimes", []), f"{sweep.folder / YAML}: is damaged: "
        if not type(n) is type(looks) is int or not 1 <= looks <= n:
            raise DsdError(f"{damaged}until needs n, and looks from 1 to n")
        if not isinstance(delta, int | float) or not 0 < delta <= 100:
            raise DsdError(f"{damaged}until needs delta, above 0 and at most 100")
        if (
            not isinstance(spaces, dict)
            or not isinstance(regimes, list)
            or not all(isinstance(x, str) for x in regimes)
        ):
            raise DsdError(f"{damaged}until needs spaces, a mapping, and regimes, a list of texts")
        pairs = comparisons_of(list(spaces), regimes, str(config.get("compare", STEPS)))
        sizes = {len(sweep.by_network.get(name, ())) for pair in pairs for name in pair}
        if sizes != {n}:
            raise DsdError(f"{damaged}its spaces do not have n = {n} networks each in {NETWORKS}")
        return cls(waves_of(n, looks), pairs, float(delta))


@dataclass(frozen=True)
class Compared:
    """One comparison at one look.

    n_a, n_b: networks with results
    fraction: information fraction; None if the comparison was not made: too few networks, or none since the last look
    level: confidence level of the interval
    difference, low, high: mean of b − a and the interval [points]
    verdict: better, worse, equal or undecided
    by: the means that decide: adjusted or plain
    """

    a: str
    b: str
    n_a: int
    n_b: int
    fraction: float | None = None
    level: float | None = None
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    verdict: str = "undecided"
    by: str = "plain"

    @property
    def pair(self) -> Pair:
        """The names of both."""
        return self.a, self.b

    @property
    def settled(self) -> bool:
        """Whether it ends here."""
        return self.verdict != "undecided"

    @classmethod
    def from_record(cls, record: Any) -> "Compared":
        """Read one entry of a line of looks.jsonl.

        Raises:
            ValueError, TypeError: it is not one
        """
        one = cls(**record)
        numbers = (one.fraction, one.level, one.difference, one.low, one.high)
        if not all(isinstance(name, str) for name in one.pair) or one.verdict not in WORDS or one.by not in BY:
            raise ValueError("a name or a verdict is not valid")
        if any(isinstance(n, bool) or not isinstance(n, int) for n in (one.n_a, one.n_b)):
            raise ValueError("n is not a whole number")
        if any(isinstance(x, bool) or not isinstance(x, int | float) for x in numbers if x is not None):
            raise ValueError("not a number")
        if not all(0 < share <= 1 for share in (one.fraction, one.level) if share is not None):
            raise ValueError("a fraction or a level is not within 0 and 1")
        return one


@dataclass(frozen=True)
class Look:
    """A look that was made.

    number: from 1
    networks: planned networks of each space that was open
    comparisons: those that were open
    time: [s since 1970]
    """

    number: int
    networks: int
    comparisons: tuple[Compared, ...]
    time: float = 0.0

    @property
    def settled(self) -> tuple[Compared, ...]:
        """What was decided at this look."""
        return tuple(one for one in self.comparisons if one.settled)

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Look":
        """Read a line of looks.jsonl.

        Raises:
            ValueError, TypeError, KeyError: it is not a look
        """
        number, networks, moment = record["look"], record["networks"], record.get("time", 0.0)
        if not (type(number) is type(networks) is int) or not isinstance(moment, int | float):
            raise ValueError("look or networks is not a whole number")
        comparisons = tuple(map(Compared.from_record, record["comparisons"]))
        return cls(number, networks, comparisons, float(moment))


@dataclass(frozen=True)
class Looks:
    """The plan, the looks made so far, and what follows from them.

    prefixes: runs of each network of each space, in the order of networks.csv, by space
    torn: number of unreadable lines of looks.jsonl
    """

    plan: LookPlan
    made: tuple[Look, ...]
    prefixes: Mapping[str, Sequence[Sequence[str]]]
    torn: int = 0

    @cached_property
    def decided(self) -> dict[Pair, tuple[int, Compared]]:
        """The look and the verdict of each settled comparison. What is decided once, stands."""
        found: dict[Pair, tuple[int, Compared]] = {}
        for look in self.made:
            for one in look.settled:
                found.setdefault(one.pair, (look.number, one))
        return found

    @property
    def open(self) -> tuple[Pair, ...]:
        """The comparisons that are not settled."""
        return tuple(pair for pair in self.plan.comparisons if pair not in self.decided)

    @property
    def next(self) -> int | None:
        """The number of the next look; None if the sweep is concluded: all is settled, or all looks are made."""
        number = len(self.made) + 1
        return number if number <= len(self.plan.waves) and self.open else None

    @cached_property
    def closed(self) -> dict[str, int]:
        """The spaces whose comparisons are all settled, with the look at which the last one was."""
        looks: dict[str, list[int | None]] = {}
        for pair in self.plan.comparisons:
            for name in pair:
                looks.setdefault(name, []).append(self.decided[pair][0] if pair in self.decided else None)
        return {name: max(filter(None, ends)) for name, ends in looks.items() if None not in ends}

    def networks(self, space: str) -> int:
        """The number of networks of a space that have been released for training so far, from its first one."""
        if space not in self.closed and any(space in pair for pair in self.plan.comparisons):
            return self.plan.waves[min(len(self.made), len(self.plan.waves) - 1)]
        if space in self.closed:
            return self.plan.waves[self.closed[space] - 1]
        return len(self.prefixes[space])  # not compared: given networks

    def released(self, space: str) -> list[str]:
        """The runs of a space that have been released so far."""
        return [run for runs in self.prefixes[space][: self.networks(space)] for run in runs]

    @cached_property
    def due(self) -> frozenset[str]:
        """The runs that have been released for training so far, in this wave and those before."""
        return frozenset(run for space in self.prefixes for run in self.released(space))

    @cached_property
    def unneeded(self) -> dict[str, str]:
        """The runs that no look needs any more, and why."""
        return {
            run: f"not needed: decided at look {self.closed[space]}"
            for space, networks in self.prefixes.items()
            if space in self.closed
            for runs in networks[self.networks(space) :]
            for run in runs
            if run not in self._wanted
        }

    @cached_property
    def _wanted(self) -> frozenset[str]:
        """The runs that are released, or can be: all of open spaces."""
        spaces = (networks for space, networks in self.prefixes.items() if space not in self.closed)
        return self.due | {run for networks in spaces for runs in networks for run in runs}

    def fractions(self, pair: Pair) -> tuple[float, ...]:
        """The information fractions of the looks at a comparison so far."""
        seen = (one.fraction for look in self.made for one in look.comparisons if one.pair == pair)
        return tuple(fraction for fraction in seen if fraction is not None)


def looks_of(sweep: Sweep) -> Looks | None:
    """The looks of a sweep; None without `until`.

    Of several records of one look the first counts. A look counts only after those before it, so that a torn line is
    a look that was not made.
    """
    plan = LookPlan.of(sweep)
    if plan is None:
        return None
    path = sweep.folder / LOOKS
    records, torn = parse(path.read_bytes()) if path.is_file() else ([], 0)
    made: list[Look] = []
    for record in records:
        try:
            look = Look.from_record(record)
        except (ValueError, TypeError, KeyError):
            torn += 1
            continue
        if look.number == len(made) + 1 <= len(plan.waves):
            made.append(look)
    return Looks(plan, tuple(made), sweep.by_network, torn)


def record_look(sweep: Sweep, look: Look) -> None:
    """Append a look to looks.jsonl, on disk before anything follows from it."""
    comparisons = [vars(one) for one in look.comparisons]
    with Journal(sweep.folder / LOOKS) as journal:
        journal.append(
            {"look": look.number, "time": look.time, "networks": look.networks, "comparisons": comparisons}
            | {"decided": [list(one.pair) for one in look.settled]}
        )
