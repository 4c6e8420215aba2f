"""Convert records of trained networks from other programs to a table with the columns of a population."""

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
from dsd.texts import encodable
from dsd.typed import quoted

FRONT = ("space", "key")
COUNTED = (*MEASURES, "resolution", "classes")  # dsd's own values replace recorded ones if it can describe the network


@dataclass(frozen=True)
class Record:
    """One trained network.

    network: None if dsd cannot describe it (cells, EfficientNets); `counted` and `identity` then describe it
    counted: flops, params, acts, resolution and classes as recorded
    identity: the definition of the network in the record's own terms
    result: values of the table's columns `status`, `error`, `best_error`, `epochs`, `seed`, `lr`, … if known
    """

    network: Network | None
    counted: dict[str, float]
    identity: Any
    result: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The network's key; without a network, x and 16 hex digits of a hash of `identity`."""
        if self.network is not None:
            return self.network.key
        return "x" + hashlib.sha256(json.dumps(self.identity, sort_keys=True).encode()).hexdigest()[:16]


class Unreadable(ValueError):
    """A record does not have the format of its program; the message says why."""


def read_json(path: Path) -> Any:
    """Read a .json file.

    Raises:
        DsdError: the file is missing, or not JSON
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
    """Convert each record of a file with `read`; a record that cannot be read gets status lost, with the reason.

    Raises:
        DsdError: no record can be read
    """
    records, wrong = [], []
    for number, entry in enumerate(content, start=1):
        try:
            if not isinstance(entry, dict):
                raise Unreadable("it is not an object")
            records.append(read(entry))
        except (Unreadable, DsdError) as error:
            reason = shortened(f"record {number} is not a valid {program} record: {error}", 200)
            wrong.append(reason)
            records.append(Record(None, {}, entry, {"status": RunState.LOST.value, "reason": reason}))
    if len(wrong) == len(records):
        raise DsdError(f"{path}: {wrong[0]}" if wrong else f"{path}: has no records")
    return records


def mapping(holder: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The object under that name; empty if missing.

    Raises:
        Unreadable: the value is not an object
    """
    value = holder.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Unreadable(f"{name} = {quoted(value)} is not an object")
    return value


def number(value: Any, name: str, low: float, high: float) -> float:
    """Return the value as float if it is a number from low to high.

    Raises:
        Unreadable: it is not
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise Unreadable(f"{name} = {quoted(value)} is not a number from {low:g} to {high:g}")
    return float(value)


def whole(value: Any, name: str, low: int, high: int) -> int:
    """Return the value as int if it is a whole number from low to high; see `number`."""
    checked = number(value, name, low, high)
    if checked % 1:
        raise Unreadable(f"{name} = {quoted(value)} is not a whole number")
    return int(checked)


def wholes(values: Any, name: str, low: int, high: int) -> list[int]:
    """Return the list if it holds one whole number per stage; see `number`."""
    if not isinstance(values, list) or not 1 <= len(values) <= MOST_STAGES:
        raise Unreadable(f"{name} = {quoted(values)} is not a list of 1 to {MOST_STAGES} numbers")
    return [whole(value, name, low, high) for value in values]


def last(values: Any) -> float | None:
    """The number, or the last number of a list; None if that is not a finite number."""
    if isinstance(values, list):
        values = values[-1] if values else None
    usable = isinstance(values, int | float) and not isinstance(values, bool) and -1e300 < values < 1e300
    return float(values) if usable else None


def as_text(value: Any) -> Any:
    """Return a value; of text, characters that no file can hold are escaped."""
    return encodable(value) if isinstance(value, str) else value


def truth(value: Any, name: str) -> bool:
    """Return the value as a boolean if it is one, also as 0, 1 or text; False if missing.

    Raises:
        Unreadable: it is none
    """
    truths = {"true": True, "1": True, "false": False, "0": False, "none": False, "": False}
    found = truths.get(str(value).strip().lower())
    if found is None:
        raise Unreadable(f"{name} = {quoted(value)} is not true or false")
    return found


def least(values: Any) -> float | None:
    """The number, or the least number of a list; None if there is no finite number."""
    numbers = values if isinstance(values, list) else [values]
    return min((value for value in map(last, numbers) if value is not None), default=None)


def seed_of(value: Any) -> int | str | None:
    """The training seed as int, or as text if it is text or exceeds 64 bits; None if it is neither."""
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
    """One row per record, in order: the columns of a population, then the results.

    If dsd can describe the network, flops, params and acts are its own counts. If these differ from the recorded
    values, the column `recorded_flops` holds the recorded flops.

    Args:
        space: name of the population
        program: name of the program that wrote the records
    """
    rows = [{"space": space, "key": record.key, **record.counted, **record.result} for record in records]
    frame = pd.DataFrame([{name: as_text(value) for name, value in row.items()} for row in rows])
    if "error" not in frame:
        frame["error"] = float("nan")  # no run finished
    if "seed" in frame and any(isinstance(seed, str) for seed in frame["seed"]):
        frame["seed"] = [
            seed if isinstance(seed, str) else name_of(seed) if seed == seed else None for seed in frame["seed"]
        ]
    frame["recorded_by"] = program
    again = frame.groupby(["key", "seed"] if "seed" in frame else ["key"], dropna=False).cumcount()
    unnamed = frame["seed"].isna() & frame["key"].duplicated(keep=False) if "seed" in frame else again > 0
    if again.any() or unnamed.any():
        frame["repeat"] = again  # a network trained twice with the same or an unknown seed
    described: list[pd.DataFrame] = []
    alike: dict[tuple[Any, ...], list[int]] = {}
    for i, record in enumerate(records):
        if record.network is not None:
            key = (record.network.skeleton, record.network.classes, len(record.network.depths))
            alike.setdefault(key, []).append(i)
    for members in alike.values():
        networks = Networks.of([network for i in members if (network := records[i].network) is not None])
        described.append(pd.DataFrame(columns_of(space, networks, count_complexity(networks), {}), index=members))
    if not described:
        return frame
    known = pd.concat(described)
    shapes = [column for column in known if column not in (*FRONT, *COUNTED)]
    if miscounted(records):
        frame["recorded_flops"] = [record.counted.get("flops") for record in records]
    for name in COUNTED:
        counted = frame[name].copy() if name in frame else pd.Series(float("nan"), index=frame.index)
        counted.loc[known.index] = known[name]
        frame[name] = counted
    frame = frame.join(known[shapes].convert_dtypes())
    stages = [column for column in shapes if column[:1] in "dwbg" and column[1:].isdigit()]
    order = [*FRONT, *sorted(stages, key=lambda name: ("dwbg".index(name[0]), int(name[1:]))), "depth", *MEASURES]
    front = [column for column in order if column in frame]
    frame = frame[[*front, *(column for column in frame if column not in front)]]
    whole = [name for name in COUNTED if not frame[name].isna().any()]
    return frame.astype(dict.fromkeys(whole, "int64"))


def miscounted(records: Sequence[Record], tolerance: float = 0.01) -> int:
    """The number of records whose flops differ from dsd's count by more than `tolerance` (relative)."""
    wrong = 0
    for record in records:
        recorded = record.counted.get("flops")
        if record.network is not None and recorded:
            wrong += abs(count_complexity(record.network).flops / recorded - 1) > tolerance
    return wrong
