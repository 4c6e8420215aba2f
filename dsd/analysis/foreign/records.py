"""Records of trained networks, of whatever origin, as one table with a population's columns."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from dsd.design.complexity import MEASURES, complexity
from dsd.design.network import Network, Networks
from dsd.design.population import columns_of
from dsd.errors import DsdError

FRONT = ("space", "key")


@dataclass(frozen=True)
class Record:
    """One trained network.

    network: None where dsd cannot describe it (cells, EfficientNets): then `counted` and `identity` speak for it
    counted: flops, params and acts as the record has them
    identity: what the network was made from, in the record's own terms
    result: the columns `status`, `error`, `best_error`, `epochs`, `seed`, `lr`, … of a table, as far as known
    """

    network: Network | None
    counted: dict[str, float]
    identity: Any
    result: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The network's key, or x and 16 digits of a hash of what it was made from."""
        if self.network is not None:
            return self.network.key
        return "x" + hashlib.sha256(json.dumps(self.identity, sort_keys=True).encode()).hexdigest()[:16]


def read_json(path: Path) -> Any:
    """The content of a .json file.

    Raises:
        DsdError: there is no such file, or it is not JSON
    """
    try:
        return json.loads(path.read_text())
    except FileNotFoundError as error:
        raise DsdError(f"{path}: there is no such file") from error
    except (ValueError, OSError) as error:
        raise DsdError(f"{path}: is not JSON: {' '.join(str(error).split())}") from error


def last(values: Any) -> float | None:
    """A number, or the last of a list of them; None where there is none."""
    if isinstance(values, list):
        values = values[-1] if values else None
    return float(values) if isinstance(values, int | float) and not isinstance(values, bool) else None


def least(values: Any) -> float | None:
    """A number, or the least of a list of them; None where there is none."""
    numbers = [value for value in values if last(value) is not None] if isinstance(values, list) else [values]
    return min((found for found in map(last, numbers) if found is not None), default=None)


def table_of(records: Sequence[Record], space: str) -> pd.DataFrame:
    """A row for each record, in their order: the columns of a population, then the results.

    flops, params and acts are dsd's own count where it knows the network, as for any population; where they differ
    from the records', `recorded_flops` has those.
    """
    rows = [{"space": space, "key": record.key, **record.counted, **record.result} for record in records]
    frame = pd.DataFrame(rows)
    again = frame.groupby(["key", "seed"] if "seed" in frame else ["key"], dropna=False).cumcount()
    if again.any():
        frame["repeat"] = again  # a network that was drawn and trained twice with one seed
    described: list[pd.DataFrame] = []
    alike: dict[tuple[Any, ...], list[int]] = {}
    for i, record in enumerate(records):
        if record.network is not None:
            one = record.network
            alike.setdefault((one.family, one.classes, len(one.depths)), []).append(i)
    for members in alike.values():
        networks = Networks.of([network for i in members if (network := records[i].network) is not None])
        described.append(pd.DataFrame(columns_of(space, networks, complexity(networks), {}), index=members))
    if not described:
        return frame
    known = pd.concat(described)
    shapes = [column for column in known if column not in (*FRONT, *MEASURES)]
    if miscounted(records):
        frame["recorded_flops"] = [record.counted.get("flops") for record in records]
    for name in MEASURES:
        counted = frame[name].copy() if name in frame else pd.Series(float("nan"), index=frame.index)
        counted.loc[known.index] = known[name]
        frame[name] = counted
    frame = frame.join(known[shapes].convert_dtypes())
    stages = [column for column in shapes if column[:1] in "dwbg" and column[1:].isdigit()]
    order = [*FRONT, *sorted(stages, key=lambda name: ("dwbg".index(name[0]), int(name[1:]))), "depth", *MEASURES]
    front = [column for column in order if column in frame]
    frame = frame[[*front, *(column for column in frame if column not in front)]]
    whole = [name for name in MEASURES if not frame[name].isna().any()]
    return frame.astype(dict.fromkeys(whole, "int64"))


def miscounted(records: Sequence[Record], tolerance: float = 0.01) -> int:
    """How many records say other flops than dsd counts, by more than a hundredth."""
    wrong = 0
    for record in records:
        said = record.counted.get("flops")
        if record.network is not None and said:
            wrong += abs(complexity(record.network).flops / said - 1) > tolerance
    return wrong
