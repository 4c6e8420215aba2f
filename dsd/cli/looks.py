"""The looks of a sweep with `until: decided` on the terminal, and their verdicts in an analysis."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from dsd.cli.messages import say
from dsd.errors import DsdError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dsd.analysis.summary import Analysis
    from dsd.figures.report.page import TableSection
    from dsd.sweep.folder.looks import Looks


def print_looks(looks: "Looks") -> None:
    """Print one row per look, made or to come."""
    from dsd.cli.output import print_table
    from dsd.sweep.results.looks import HEADER, cells, in_words, rows_of

    print_table(HEADER, [cells(row) for row in rows_of(looks)])
    for number, one in looks.decided.values():
        say(f"look {number}: {in_words(one, looks.plan.delta)}")
    pairs = len(looks.plan.comparisons)
    comparisons = "1 comparison" if pairs == 1 else f"{pairs} comparisons"
    say(f"{comparisons}, {len(looks.decided)} decided; δ = {looks.plan.delta:g}; 5 % error over all looks together")


def looks_in(sources: "Sequence[Path]") -> "dict[str, Looks]":
    """The looks of each source that is a sweep with `until`, by source."""
    from dsd.cli.sources import file_of, gathered

    statuses = {str(source): gathered(source)[1] for source in sources if source.is_dir() and file_of(source) is None}
    return {source: status.looks for source, status in statuses.items() if status.looks}


def check_options(sources: "Sequence[Path]", choices: "Mapping[str, str | bool]", draws: "Sequence[str]") -> None:
    """Refuse options that contradict each other, or the verdicts of planned looks.

    Args:
        choices: how to compare, by option

    Raises:
        DsdError: two options contradict each other; a source has planned looks, and its comparison is chosen anew
    """
    chosen = [option for option, value in choices.items() if value]
    without_draws = [option for option in chosen if option in ("--pair", "--plain")]
    if draws and without_draws:
        raise DsdError(f"--draws {draws[0]}: has no use with {without_draws[0]}, which compares without adjusted means")
    every = looks_in(sources)
    if chosen and every:
        folder = next(iter(every))
        raise DsdError(
            f"{chosen[0]}: the verdicts of {folder} are those of its planned looks (until: decided); collect it, and "
            f"give {folder}/table.csv to explore"
        )


def stepwise_as_planned(sources: "Sequence[Path]") -> bool:
    """Whether the only source is a sweep that states beforehand to compare neighbours only."""
    from itertools import pairwise

    looks = looks_in(sources).get(str(sources[0])) if len(sources) == 1 else None
    names = list(looks.prefixes) if looks else []
    return looks is not None and set(looks.plan.comparisons) == set(pairwise(names))


def with_looks(analysis: "Analysis", sources: "Sequence[Path]") -> "Analysis":
    """The analysis with the verdicts of the planned looks, and no others, for populations of sweeps with `until`."""
    every = looks_in(sources)
    if not every:
        return analysis
    from dsd.analysis.comparison.pairwise import Comparisons
    from dsd.analysis.comparison.verdicts import Verdict, no_verdict
    from dsd.sweep.results.looks import OUTSIDE, verdict_of

    origin = {
        name: (source, space)
        for source, looks in every.items()
        for space in looks.prefixes
        for name in (space, f"{space} ({source})")
    }
    comparisons = Comparisons()
    for pair in analysis.comparisons:
        (of_a, a), (of_b, b) = (origin.get(name, ("", name)) for name in (pair.a, pair.b))
        delta = every[of_a or of_b].plan.delta if of_a or of_b else pair.verdict.delta
        verdict = no_verdict(delta)
        if not of_a and not of_b:
            comparisons.append(pair)
            continue
        found = verdict_of(every[of_a], (a, b)) if of_a == of_b and not pair.differs else None
        if found:
            number, one, exchanged = found
            low, high = (float("nan") if end is None else end for end in (one.low, one.high))
            word, ends = one.verdict, (low, high)
            if exchanged:
                word, ends = {"better": "worse", "worse": "better"}.get(word, word), (-high, -low)
            verdict = Verdict(word, delta, *ends, one.level or float("nan"), by=one.by, look=number)
        comparisons.append(replace(pair, p_holm=float("nan"), verdict=verdict, plain=None))
    notes = [
        f"{source}: {len(looks.made)} of {len(looks.plan.waves)} planned looks were made; {OUTSIDE}. "
        "The verdicts below are those of the planned looks."
        if looks.next
        else f"{source}: the verdicts below are those of the planned looks; {OUTSIDE}."
        for source, looks in every.items()
    ]
    asked = analysis.settings.delta
    notes += [
        f"{source}: δ = {looks.plan.delta:g} was stated beforehand; --delta {asked:g} changes no verdict of its looks."
        for source, looks in every.items()
        if asked not in (None, looks.plan.delta)
    ]
    return replace(analysis, comparisons=comparisons, conditions=[*notes, *analysis.conditions])


def section_of(sources: "Sequence[Path]") -> "list[TableSection]":
    """The sections of a report on what was decided at which look, and on what was saved."""
    every = looks_in(sources)
    if not every:
        return []
    from dsd.cli.sources import gathered
    from dsd.figures.report.page import TableSection
    from dsd.sweep.folder.folder import Sweep
    from dsd.sweep.results.looks import HEADER, cells, in_words, rows_of, saved

    sections = []
    for source, looks in every.items():
        ends = [f"{in_words(one, looks.plan.delta)}: look {number}" for number, one in looks.decided.values()]
        left = [f"{b} against {a}: {'undecided' if looks.next is None else 'open'}" for a, b in looks.open]
        spared = saved(Sweep(Path(source)), gathered(Path(source))[1], looks)
        rows = [cells(row) for row in rows_of(looks)]
        sections.append(TableSection(f"Looks of {Path(source).name}", HEADER, rows, [*ends, *left, f"{spared}."]))
    return sections
