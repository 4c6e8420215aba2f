"""Preview a launch: the runs, their cost, their split into jobs, and the sbatch header."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dsd.io.table_writing import rows_of
from dsd.runs import PENDING, RESULTS, RunState
from dsd.sweep.folder.folder import runs_by_network
from dsd.sweep.folder.looks import LookPlan, Looks, comparisons_of, waves_of
from dsd.sweep.planning.cost import STATE_BYTES, Cost, cost_of, costs
from dsd.sweep.planning.creation import existing
from dsd.sweep.planning.plans import Plan
from dsd.sweep.results.status import StatusPoller, missing


@dataclass(frozen=True)
class Space:
    """Counts of the runs of a space.

    runs: planned
    finished: with a result
    pending: queued or running
    missing: to be submitted
    flops: mean over its networks, by their weight if they have one
    """

    name: str
    runs: int
    finished: int
    pending: int
    missing: int
    flops: float


@dataclass(frozen=True)
class Preview:
    """What a launch would do.

    left: cost of each run to submit, by key: seconds if `cost` is known, else flops
    cost: seconds per image, measured or given; None if unknown
    checkpoint_bytes: of all runs to submit, if each was interrupted
    split: how the runs are split into jobs or workers, in words
    header: sbatch script of the first array; "" if the cluster is not Slurm
    silent: error of a cluster that did not report its jobs; "" if all answered
    looks: with `until`: the looks made and to come, else None
    """

    spaces: tuple[Space, ...]
    left: dict[str, float]
    cost: Cost | None
    checkpoint_bytes: int
    split: str
    header: str
    silent: str
    looks: Looks | None = None

    @property
    def seconds(self) -> float | None:
        """Total time of all runs to submit, without parallelism; None if the cost is unknown."""
        return sum(self.left.values()) if self.cost else None


def preview_launch(plan: Plan, folder: Path, retry_failed: bool = False) -> Preview:
    """Preview the launch of a plan into a folder; start nothing.

    Raises:
        DsdError: the folder holds another sweep, or something else
    """
    study, sweep = plan.study, existing(plan, folder)
    status = StatusPoller(sweep).status() if sweep else None
    rows: dict[str, dict[str, Any]] = {}
    for table in plan.tables:
        names = ("run", "flops", "params", "acts")
        columns = {name: table[name] for name in names}
        rows.update((str(row[0]), dict(zip(names[1:], row[1:], strict=True))) for row in rows_of(columns))
    looks = status.looks if status else planned_looks(plan)
    wanted = missing(status, retry_failed) if status else tuple(run for run in rows if not looks or run in looks.due)
    cost = cost_of(study.cluster, sweep, status.records if status else {})
    living = sum(job.cluster == study.cluster.name for job in status.living) if status else 0
    left = costs({run: rows[run] for run in wanted}, study.recipe.epochs * study.data.images, cost)
    return Preview(
        spaces=tuple(spaces(plan, status.states if status else {}, set(wanted))),
        left=left,
        cost=cost,
        checkpoint_bytes=sum(STATE_BYTES * int(rows[run]["params"]) for run in wanted),
        split=study.cluster.split(left, living) if left else "nothing is missing",
        header=study.cluster.header(folder, left, living) if left else "",
        silent=status.silent if status else "",
        looks=looks,
    )


def planned_looks(plan: Plan) -> Looks | None:
    """The looks of a plan before its launch; None without `until`."""
    study = plan.study
    if not study.until:
        return None
    pairs = comparisons_of(list(plan.specs), study.regimes, study.compare)
    columns = [{name: table[name] for name in ("space", "key", "run")} for table in plan.tables]
    rows = ((str(space), str(key), str(run)) for table in columns for space, key, run in rows_of(table))
    return Looks(LookPlan(waves_of(study.n, study.looks), pairs, study.delta), (), runs_by_network(rows))


def spaces(plan: Plan, states: dict[str, RunState], wanted: set[str]) -> list[Space]:
    """Count the runs of each space, in the order of the plan."""
    by_name: dict[str, Space] = {}
    total: dict[str, float] = {}  # of the weights of a space
    for table in plan.tables:
        name, runs = str(table["space"][0]), table["run"].tolist()
        weights = table.get("weight", np.ones(len(runs)))
        before = total.get(name, 0.0)
        total[name] = before + float(weights.sum())
        old = by_name.get(name, Space(name, 0, 0, 0, 0, 0.0))
        count = old.runs + len(runs)
        by_name[name] = Space(
            name,
            runs=count,
            finished=old.finished + sum(states.get(run) in RESULTS for run in runs),
            pending=old.pending + sum(states.get(run) in PENDING for run in runs),
            missing=old.missing + sum(run in wanted for run in runs),
            flops=(old.flops * before + float((weights * table["flops"]).sum())) / total[name],
        )
    return list(by_name.values())
