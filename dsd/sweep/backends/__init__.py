"""Where runs are executed: one module a kind of cluster, each with a settings class that submits, asks and cancels.

`debug` runs in the calling process, `local` in a bounded number of background processes of this machine, `slurm` in
jobs of a cluster.
"""

from dsd.sweep.backends.debug import Debug
from dsd.sweep.backends.local import Local
from dsd.sweep.backends.slurm.backend import Slurm

Cluster = Debug | Local | Slurm

CLUSTERS: dict[str, type[Cluster]] = {"debug": Debug, "local": Local, "slurm": Slurm}
