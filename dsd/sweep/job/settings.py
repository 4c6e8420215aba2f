"""How the workers of a job execute its runs: one list, from the settings of a backend to the worker."""

import math
from dataclasses import dataclass

TOGETHER_S = 2.0  # in which a signal reaches all processes of a job


@dataclass(frozen=True)
class WorkerSettings:
    """How a worker executes its runs.

    job: under which its events stand; "" for this process
    family: prefix of the names of the jobs whose events are read for results; "" for all
    gpu_share: of its GPU's memory that it may use
    checkpoint_s: seconds between two checkpoints in the middle of an epoch
    max_attempts: how often in a row a run is started without getting any further
    limit_from: from when on an announced end is that of the time limit [s since 1970]
    threads: of a CPU; more are faster, and give other last bits
    """

    job: str = ""
    family: str = ""
    gpu_share: float = 1.0
    checkpoint_s: float = math.inf
    max_attempts: int = 3
    limit_from: float = math.inf
    threads: int = 1
