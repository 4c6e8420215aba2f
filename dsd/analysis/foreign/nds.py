"""The data of [NDS]: a list, or the lists `top` and `mid`, of records with `net`, `flops`, `params` and test errors."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from dsd.analysis.foreign.records import Record, last, least, read_json
from dsd.design.compatibility import adjust_to_groups
from dsd.design.complexity import complexity
from dsd.design.family import Family
from dsd.design.network import Network
from dsd.errors import DsdError

BLOCKS = {
    "double_plain_block": "vanilla",
    "vanilla_block": "vanilla",
    "res_basic_block": "basic",
    "res_bottleneck_block": "X",
}
TASKS = {"cifar": (32, 10, "cifar"), "imagenet": (224, 1000, "resnet")}  # resolution, classes, stem


def read(path: Path) -> list[Record]:
    """The records of a file; those whose name ends in _in were trained on ImageNet, the others on CIFAR-10.

    Raises:
        DsdError: it is no such list; names the record, from 1, and what it lacks
    """
    content = read_json(path)
    if isinstance(content, dict):
        content = [one for part in ("top", "mid") for one in content.get(part) or []]
    if not isinstance(content, list) or not content:
        raise DsdError(f"{path}: is no list of records, nor lists top and mid, as the files of NDS are")
    task = TASKS["imagenet" if path.stem.endswith("_in") else "cifar"]
    found = []
    for number, one in enumerate(content, start=1):
        if not isinstance(one, dict) or not isinstance(one.get("net"), dict):
            raise DsdError(f"{path}: record {number} has no net")
        counted = {name: value for name in ("flops", "params") if (value := last(one.get(name))) is not None}
        try:
            found.append(Record(network_of(one["net"], task, counted.get("flops")), counted, one["net"], result(one)))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise DsdError(f"{path}: record {number} is not as those of NDS: {error}") from error
    return found


def network_of(net: Mapping[str, Any], task: tuple[int, int, str], flops: float | None) -> Network | None:
    """The network of a record; None for cells, and for other blocks than dsd has.

    Whether `bot_muls` multiplies or divides is not said: of the two readings the one whose flops are nearer to the
    record's is taken, the multiplier where nothing is known.
    """
    if not isinstance(net.get("ds"), list) or str(net.get("block_type")) not in BLOCKS:
        return None
    readings = list(readings_of(net, task))
    if flops and readings:
        return min(readings, key=lambda one: abs(complexity(one).flops - flops))
    return readings[0] if readings else None


def readings_of(net: Mapping[str, Any], task: tuple[int, int, str]) -> Iterator[Network]:
    """The networks that a record may mean."""
    resolution, classes, stem = task
    stages, block = len(net["ds"]), BLOCKS[net["block_type"]]
    plain = block in ("vanilla", "basic")
    given = net.get("bot_muls") or []
    multipliers = np.ones(stages) if plain or len(given) != stages else np.array(given, float)
    given = net.get("num_gs") or []
    groups = np.ones(stages, int) if plain or len(given) != stages else np.array(given, int)
    for ratios in (1 / multipliers, multipliers) if (multipliers != 1).any() else (multipliers,):
        try:
            widths, group_widths = adjust_to_groups(np.array(net["ws"], int), ratios, groups)
            family = Family(block=block, stem=stem, strides=tuple(net["ss"]))
            w, b, g = (tuple(values.tolist()) for values in (widths, ratios, group_widths))
            yield Network(tuple(net["ds"]), w, b, g, family, resolution, classes)
        except (DsdError, KeyError, TypeError, ValueError):
            continue


def result(record: Mapping[str, Any]) -> dict[str, Any]:
    """What the training reached: `error` in the last epoch, `best_error` in the best; lost where neither is known."""
    optim = record.get("optim") or {}
    epochs = record.get("test_ep_top1")
    best, error = last(record.get("min_test_top1")), last(epochs)
    found = {
        **{f"sampled_{name}": last(record["net"].get(name)) for name in ("width", "depth")},  # of cells
        "lr": last(optim.get("lr")),
        "weight_decay": last(optim.get("wd")),
        "seed": last(record.get("rng_seed")),
        "status": "lost" if best is None and error is None else "done",
        "error": best if error is None else error,
        "best_error": least(epochs) if best is None else best,
        "epochs": len(epochs) if isinstance(epochs, list) else None,
    }
    return {name: value for name, value in found.items() if value is not None}
