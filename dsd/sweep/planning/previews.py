"""What a launch would do: which runs, what they cost, how they are split, and what sbatch would be told."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dsd.io.table_writing import rows_of
from dsd.runs import PENDING, RESULTS, RunState
from dsd.sweep.planning.cost import STATE_BYTES, Cost, cost_of, costs
from dsd.sweep.planning.creation import existing
from dsd.sweep.planning.plans import Plan
from dsd.sweep.results.status import StatusPoller, missing


@dataclass(frozen=True)
class Space:
    """The rows of a space: how many there are, have their result, are queued or running, and would be submitted.

    flops: mean of its networks
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

    left: what each run that would be submitted costs, by key: seconds where `cost` is known, else flops
    cost: seconds of an image, measured or given; None where nobody knows them
    parallel: runs at a time
    checkpoint_bytes: of all runs that would be submitted, if each was interrupted
    split: how they are executed, in words
    header: what sbatch would be given for the first array; "" elsewhere than on Slurm
    silent: what a cluster said instead of an answer about jobs that there are
    """

    spaces: tuple[Space, ...]
    left: dict[str, float]
    cost: Cost | None
    checkpoint_bytes: int
    split: str
    header: str
    silent: str

    @property
    def seconds(self) -> float | None:
        """Of all runs that would be submitted, one after the other; None where nobody knows."""
        return sum(self.left.values()) if self.cost else None


def preview_launch(made: Plan, folder: Path, retry_failed: bool = False) -> Preview:
    """Look at what launching a plan into a folder would do; starts nothing.

    Raises:
        DsdError: the folder holds another sweep, or something else
    """
    study, sweep = made.study, existing(made, folder)
    status = StatusPoller(sweep).status() if sweep else None
    rows: dict[str, dict[str, Any]] = {}
    for table in made.tables:
        names = ("run", "flops", "params", "acts")
        columns = {name: table[name] for name in names}
        rows.update((str(row[0]), dict(zip(names[1:], row[1:], strict=True))) for row in rows_of(columns))
    wanted = missing(status, retry_failed) if status else tuple(rows)
    cost = cost_of(study.cluster, sweep, status.records if status else {})
    living = sum(job.cluster == study.cluster.name for job in status.living) if status else 0
    left = costs({run: rows[run] for run in wanted}, study.recipe.epochs * study.data.images, cost)
    return Preview(
        spaces=tuple(spaces(made, status.states if status else {}, set(wanted))),
        left=left,
        cost=cost,
        checkpoint_bytes=sum(STATE_BYTES * int(rows[run]["params"]) for run in wanted),
        split=study.cluster.split(left, living) if left else "nothing is missing",
        header=study.cluster.header(folder, left, living) if left else "",
        silent=status.silent if status else "",
    )


def spaces(made: Plan, states: dict[str, RunState], wanted: set[str]) -> list[Space]:
    """The rows of each space, in the order of the plan."""
    found: dict[str, Space] = {}
    for table in made.tables:
        name, runs = str(table["space"][0]), table["run"].tolist()
        old = found.get(name, Space(name, 0, 0, 0, 0, 0.0))
        count = old.runs + len(runs)
        found[name] = Space(
            name,
            runs=count,
            finished=old.finished + sum(states.get(run) in RESULTS for run in runs),
            pending=old.pending + sum(states.get(run) in PENDING for run in runs),
            missing=old.missing + sum(run in wanted for run in runs),
            flops=(old.flops * old.runs + float(table["flops"].sum())) / count,
        )
    return list(found.values())
