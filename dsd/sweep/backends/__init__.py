"""Backends that execute runs: one module per kind of cluster, whose settings class submits, queries and cancels jobs.

`debug` runs in the calling process, `local` in a bounded number of background processes on this machine, `slurm` in
jobs of a cluster.
"""

from dsd.sweep.backends.debug import Debug
from dsd.sweep.backends.local import Local
from dsd.sweep.backends.slurm.backend import Slurm

Cluster = Debug | Local | Slurm

CLUSTERS: dict[str, type[Cluster]] = {"debug": Debug, "local": Local, "slurm": Slurm}
