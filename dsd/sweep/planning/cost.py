"""The cost of runs: seconds, and bytes of checkpoints.

The time of a network is modelled as α · flops + β · acts ([DDS] §4: on an accelerator activations predict it better
than flops do). α and β are fitted to finished runs, or given in the settings.
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

STATE_BYTES = 8  # per parameter in a checkpoint: weight and momentum, in float32
FEW = 3  # minimum number of runs for a fit


@dataclass(frozen=True)
class Cost:
    """Seconds per training image, forward and backward, including its share of the evaluation.

    alpha: seconds per GF
    beta: seconds per million activations
    runs: number of runs in the fit; 0 if alpha and beta were given
    """

    alpha: float
    beta: float
    runs: int = 0

    def seconds(self, row: Mapping[str, Any], images: int) -> float:
        """Return the training time [s] of one row of networks.csv on `images` images, summed over all epochs."""
        flops, acts = float(row["flops"]) / UNITS["flops"], float(row["acts"]) / UNITS["acts"]
        return images * (self.alpha * flops + self.beta * acts)


def fit_cost(rows: Sequence[Mapping[str, Any]], seconds_an_image: Sequence[float]) -> Cost | None:
    """Fit α and β by non-negative least squares; None for fewer than `FEW` runs.

    Args:
        rows: (n,) rows of networks.csv
        seconds_an_image: (n,) measured seconds per image
    """
    if len(rows) < FEW:
        return None
    columns = [[float(row[name]) / UNITS[name] for row in rows] for name in ("flops", "acts")]
    (alpha, beta), _ = nonnegative_fit(np.array(columns).T, np.array(seconds_an_image))
    return Cost(float(alpha), float(beta), len(rows))


def measured(sweep: Sweep, records: Mapping[str, Record]) -> Cost | None:
    """Fit α and β to the finished runs of a sweep that did not diverge; None if there are too few."""
    known = {run: record.outcome for run, record in records.items()}
    outcomes = {run: outcome for run, outcome in known.items() if outcome and not outcome.diverged}
    done, images = sweep.rows(outcomes), sweep.data.images
    taken = {run: time / images for run in done if images and (time := epoch_s(outcomes[run]))}
    return fit_cost([done[run] for run in taken], list(taken.values()))


def epoch_s(outcome: Outcome) -> float:
    """Return the mean seconds per epoch of a finished run; 0 if its event lacks the times."""
    if not outcome.epochs or outcome.train_s is None or outcome.eval_s is None:
        return 0.0
    return (outcome.train_s + outcome.eval_s) / outcome.epochs


def cost_of(cluster: Settings, sweep: Sweep | None, records: Mapping[str, Record]) -> Cost | None:
    """Return the measured α and β, else those in the cluster settings, else None."""
    given = Cost(cluster.alpha, cluster.beta) if cluster.alpha or cluster.beta else None
    return (measured(sweep, records) if sweep else None) or given


def costs(rows: Mapping[str, Mapping[str, Any]], images: int, cost: Cost | None) -> dict[str, float]:
    """Return the cost of each run: seconds, or its flops if `cost` is None.

    Args:
        rows: rows of networks.csv, by run
        images: total over all epochs
    """
    return {run: cost.seconds(row, images) if cost else float(row["flops"]) for run, row in rows.items()}
