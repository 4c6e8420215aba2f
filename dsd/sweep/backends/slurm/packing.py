"""Pack runs into jobs, and jobs into arrays."""

import heapq
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TypeVar

Item = TypeVar("Item")


def packed(costs: Mapping[str, float], jobs: int) -> list[tuple[str, ...]]:
    """Distribute runs over jobs of about equal total cost: assign each run, the longest first, to the job with the
    least cost so far (LPT; Graham 1969: makespan at most 4/3 of the optimum).

    Args:
        costs: of each run, in any unit
        jobs: number of jobs, from 1 to the number of runs

    Returns:
        the runs of each job, the longest first

    >>> packed({"a": 5, "b": 4, "c": 3, "d": 2}, 2)
    [('a', 'd'), ('b', 'c')]
    """
    bins: list[list[str]] = [[] for _ in range(jobs)]
    ends = [(0.0, number) for number in range(jobs)]
    for run in sorted(costs, key=lambda run: -costs[run]):
        end, number = heapq.heappop(ends)
        bins[number].append(run)
        heapq.heappush(ends, (end + costs[run], number))
    return [tuple(runs) for runs in bins if runs]


def in_arrays(tasks: Sequence[Item], largest: int) -> list[tuple[Item, ...]]:
    """Split jobs into the fewest arrays of at most `largest` jobs, all of about the same size.

    >>> [len(array) for array in in_arrays(range(10), 4)]
    [4, 3, 3]
    """
    arrays = -(-len(tasks) // largest)
    size, more = divmod(len(tasks), arrays) if arrays else (0, 0)
    starts = [number * size + min(number, more) for number in range(arrays + 1)]
    return [tuple(tasks[start:end]) for start, end in pairwise(starts)]
