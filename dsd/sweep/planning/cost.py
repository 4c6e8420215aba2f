"""What runs cost: in seconds, and in bytes of checkpoints.

The time of a network goes with α · flops + β · acts ([DDS] §4: on an accelerator activations tell it better than flops
do). α and β come from runs that have finished, or are given.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dsd.architecture.complexities import UNITS
from dsd.arrays import nonnegative_fit
from dsd.runs import Outcome
from dsd.sweep.backends.base import Settings
from dsd.sweep.folder.events import Record
from dsd.sweep.folder.folder import Sweep

STATE_BYTES = 8  # a parameter in a checkpoint: itself and its momentum, in float32
FEW = 3  # runs; of fewer no times are told


@dataclass(frozen=True)
class Cost:
    """Seconds that a training image takes, forward and backward, with its share of the evaluation.

    alpha: for each GF
    beta: for each million activations
    runs: from how many it was measured; 0 where it was given
    """

    alpha: float
    beta: float
    runs: int = 0

    def seconds(self, row: Mapping[str, Any], images: int) -> float:
        """The time of the network of a row of networks.csv on so many images, counted in every epoch."""
        flops, acts = float(row["flops"]) / UNITS["flops"], float(row["acts"]) / UNITS["acts"]
        return images * (self.alpha * flops + self.beta * acts)


def fit_cost(rows: Sequence[Mapping[str, Any]], seconds_an_image: Sequence[float]) -> Cost | None:
    """The least-squares fit of α and β, neither negative; None where there are fewer runs than `FEW`.

    Args:
        rows: (n,) of networks.csv
        seconds_an_image: (n,) that they took
    """
    if len(rows) < FEW:
        return None
    columns = [[float(row[name]) / UNITS[name] for row in rows] for name in ("flops", "acts")]
    (alpha, beta), _ = nonnegative_fit(np.array(columns).T, np.array(seconds_an_image))
    return Cost(float(alpha), float(beta), len(rows))


def measured(sweep: Sweep, records: Mapping[str, Record]) -> Cost | None:
    """α and β from the runs of a sweep that have finished, if these are enough."""
    found = {run: record.outcome for run, record in records.items()}
    outcomes = {run: outcome for run, outcome in found.items() if outcome and not outcome.diverged}
    done, images = sweep.rows(outcomes), sweep.data.images
    taken = {run: time / images for run in done if images and (time := epoch_s(outcomes[run]))}
    return fit_cost([done[run] for run in taken], list(taken.values()))


def epoch_s(outcome: Outcome) -> float:
    """Seconds of an epoch of a run that has finished; 0 where its event does not say it."""
    if not outcome.epochs or outcome.train_s is None or outcome.eval_s is None:
        return 0.0
    return (outcome.train_s + outcome.eval_s) / outcome.epochs


def cost_of(cluster: Settings, sweep: Sweep | None, records: Mapping[str, Record]) -> Cost | None:
    """α and β as they were measured, or else as they are given; None where neither is so."""
    given = Cost(cluster.alpha, cluster.beta) if cluster.alpha or cluster.beta else None
    return (measured(sweep, records) if sweep else None) or given


def costs(rows: Mapping[str, Mapping[str, Any]], images: int, cost: Cost | None) -> dict[str, float]:
    """What each run costs: seconds, or its flops where nothing is known of times.

    Args:
        rows: of networks.csv, by run
        images: of all epochs
    """
    return {run: cost.seconds(row, images) if cost else float(row["flops"]) for run, row in rows.items()}
