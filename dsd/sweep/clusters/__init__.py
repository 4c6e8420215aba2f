"""Where runs are executed: one module a kind of cluster, each with a settings class that submits and asks.

`debug` runs in the calling process, `local` in a bounded number of background processes of this machine.
"""

from dsd.sweep.clusters.debug import Debug
from dsd.sweep.clusters.local import Local

Cluster = Debug | Local

CLUSTERS: dict[str, type[Cluster]] = {"debug": Debug, "local": Local}
