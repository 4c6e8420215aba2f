"""Records of trained networks, of whatever origin, as one table with a population's columns."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from dsd.architecture.complexities import MEASURES, count_complexity
from dsd.architecture.network import Network
from dsd.architecture.networks import Networks
from dsd.architecture.rows import columns_of
from dsd.architecture.skeleton import MOST_STAGES
from dsd.errors import DsdError, shortened
from dsd.io.table_reading import name_of
from dsd.runs import RunState
from dsd.typed import quoted

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


class Unreadable(ValueError):
    """A record that is not as its program writes it; says why."""


def read_json(path: Path) -> Any:
    """The content of a .json file.

    Raises:
        DsdError: there is no such file, or it is not JSON
    """
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise DsdError(f"{path}: there is no such file") from error
    except RecursionError as error:
        raise DsdError(f"{path}: is nested too deeply") from error
    except (ValueError, OSError) as error:
        raise DsdError(f"{path}: is not JSON: {' '.join(str(error).split())}") from error


def read_each(
    path: Path, content: Sequence[Any], program: str, read: Callable[[Mapping[str, Any]], Record]
) -> list[Record]:
    """The records of a file, each as `read` reads it; one that cannot be read is lost, with its reason.

    Raises:
        DsdError: none can be read
    """
    found, wrong = [], []
    for number, one in enumerate(content, start=1):
        try:
            if not isinstance(one, dict):
                raise Unreadable("it is not an object")
            found.append(read(one))
        except (Unreadable, DsdError) as error:
            reason = shortened(f"record {number} is not a valid {program} record: {error}", 200)
            wrong.append(reason)
            found.append(Record(None, {}, one, {"status": RunState.LOST.value, "reason": reason}))
    if len(wrong) == len(found):
        raise DsdError(f"{path}: {wrong[0]}" if wrong else f"{path}: has no records")
    return found


def mapping(holder: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The group of that name; empty where there is none.

    Raises:
        Unreadable: it is something else
    """
    value = holder.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Unreadable(f"{name} = {quoted(value)} is not an object")
    return value


def number(value: Any, name: str, low: float, high: float) -> float:
    """A number between two bounds.

    Raises:
        Unreadable: it is none
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise Unreadable(f"{name} = {quoted(value)} is not a number from {low:g} to {high:g}")
    return float(value)


def whole(value: Any, name: str, low: int, high: int) -> int:
    """A whole number between two bounds; see `number`."""
    found = number(value, name, low, high)
    if found % 1:
        raise Unreadable(f"{name} = {quoted(value)} is not a whole number")
    return int(found)


def wholes(values: Any, name: str, low: int, high: int) -> list[int]:
    """A list of whole numbers, one for each stage; see `number`."""
    if not isinstance(values, list) or not 1 <= len(values) <= MOST_STAGES:
        raise Unreadable(f"{name} = {quoted(values)} is not a list of 1 to {MOST_STAGES} numbers")
    return [whole(value, name, low, high) for value in values]


def last(values: Any) -> float | None:
    """A finite number, or the last of a list; None where that is none."""
    if isinstance(values, list):
        values = values[-1] if values else None
    usable = isinstance(values, int | float) and not isinstance(values, bool) and -1e300 < values < 1e300
    return float(values) if usable else None


def least(values: Any) -> float | None:
    """A finite number, or the least of a list of them; None where there is none."""
    numbers = values if isinstance(values, list) else [values]
    return min((found for found in map(last, numbers) if found is not None), default=None)


def seed_of(value: Any) -> int | str | None:
    """A training seed: a whole number, or as text where 64 bits do not hold it; None for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    return value if isinstance(value, int) and abs(value) < 2**63 else shortened(str(value), 100)


def reached(error: float | None, best: float | None, metric: str) -> dict[str, Any]:
    """`status`, `error` and `best_error` of a finished training; lost if its error is missing or not a percentage.

    Args:
        error: the last error [%]
        best: the least error [%]
        metric: what the reason calls `error`
    """
    if error is None or not 0 <= error <= 100:
        problem = "is not a number" if error is None else f"is {error:g}, not a percentage from 0 to 100"
        return {"status": RunState.LOST.value, "reason": f"{metric} {problem}"}
    kept = best if best is not None and 0 <= best <= 100 else error
    return {"status": RunState.DONE.value, "error": error, "best_error": kept}


def table_of(records: Sequence[Record], space: str, program: str) -> pd.DataFrame:
    """A row for each record, in their order: the columns of a population, then the results.

    Args:
        space: the name of the population
        program: that wrote the records

    flops, params and acts are dsd's own count where it knows the network, as for any population; where they differ
    from the records', `recorded_flops` has those.
    """
    rows = [{"space": space, "key": record.key, **record.counted, **record.result} for record in records]
    frame = pd.DataFrame(rows)
    if "error" not in frame:
        frame["error"] = float("nan")  # none of them finished
    if "seed" in frame and any(isinstance(seed, str) for seed in frame["seed"]):
        frame["seed"] = [
            seed if isinstance(seed, str) else name_of(seed) if seed == seed else None for seed in frame["seed"]
        ]
    frame["recorded_by"] = program
    again = frame.groupby(["key", "seed"] if "seed" in frame else ["key"], dropna=False).cumcount()
    unnamed = frame["seed"].isna() & frame["key"].duplicated(keep=False) if "seed" in frame else again > 0
    if again.any() or unnamed.any():
        frame["repeat"] = again  # a network that was drawn and trained twice with one seed, or with none that is known
    described: list[pd.DataFrame] = []
    alike: dict[tuple[Any, ...], list[int]] = {}
    for i, record in enumerate(records):
        if record.network is not None:
            one = record.network
            alike.setdefault((one.skeleton, one.classes, len(one.depths)), []).append(i)
    for members in alike.values():
        networks = Networks.of([network for i in members if (network := records[i].network) is not None])
        described.append(pd.DataFrame(columns_of(space, networks, count_complexity(networks), {}), index=members))
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
            wrong += abs(count_complexity(record.network).flops / said - 1) > tolerance
    return wrong
