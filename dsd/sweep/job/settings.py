"""The settings that a backend passes to the workers of a job."""

import math
from dataclasses import dataclass

TOGETHER_S = 2.0  # time in which a signal reaches all processes of a job


@dataclass(frozen=True)
class WorkerSettings:
    """How a worker executes its runs.

    job: name of its event file; "": named after this host and process
    family: name prefix of the jobs whose events are read for results; "": all jobs
    gpu_share: fraction of the GPU memory that it can use
    checkpoint_s: seconds between two checkpoints within an epoch
    max_attempts: consecutive starts of a run without progress after which it has failed
    limit_from: SIGUSR2 from this time on means the time limit, before it preemption [s since 1970]
    threads: CPU threads; more are faster, but change the last bits of the results
    """

    job: str = ""
    family: str = ""
    gpu_share: float = 1.0
    checkpoint_s: float = math.inf
    max_attempts: int = 3
    limit_from: float = math.inf
    threads: int = 1
