"""The data of [NDS]: a list, or the lists `top` and `mid`, of records with `net`, `flops`, `params` and test errors."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from dsd.analysis.importers.records import (
    Record,
    Unreadable,
    last,
    least,
    mapping,
    number,
    reached,
    read_each,
    read_json,
    seed_of,
    wholes,
)
from dsd.architecture.blocks import BLOCKS
from dsd.architecture.complexities import count_complexity
from dsd.architecture.network import Network
from dsd.architecture.skeleton import Skeleton
from dsd.architecture.width_rule import adjust_to_groups
from dsd.errors import DsdError

WIDEST, LEAST = 100_000, 1e-3  # largest depth, width, stride or group count; least ratio
NAMES_OF_BLOCKS = {
    "double_plain_block": "vanilla",
    "vanilla_block": "vanilla",
    "res_basic_block": "basic",
    "res_bottleneck_block": "X",
}
DATA = {"cifar": "cifar10", "imagenet": "imagenet"}
TASKS = {"cifar": (32, 10, "cifar"), "imagenet": (224, 1000, "resnet")}  # resolution, classes, stem


def read(path: Path) -> list[Record]:
    """Read the records of a file; a file name that ends in _in means ImageNet, any other CIFAR-10.

    A record that cannot be read gets status lost, with the reason.

    Raises:
        DsdError: the file has no such list, or no record can be read
    """
    content = read_json(path)
    if isinstance(content, dict):
        parts = [content.get(part) for part in ("top", "mid")]
        content = [record for part in parts if isinstance(part, list) for record in part]
    if not isinstance(content, list) or not content:
        raise DsdError(f"{path}: is not an NDS file; give a list of records, or an object with lists top and mid")
    data = "imagenet" if path.stem.endswith("_in") else "cifar"
    return read_each(path, content, "NDS", lambda record: record_of(record, data))


def record_of(record: Mapping[str, Any], data: str) -> Record:
    """Convert one record of the file."""
    if not isinstance(record.get("net"), dict):
        raise Unreadable("it has no net")
    net = record["net"]
    counted = {name: value for name in ("flops", "params") if (value := last(record.get(name))) is not None}
    resolution, classes, _ = TASKS[data]
    task = {"resolution": float(resolution), "classes": float(classes)}
    network = network_of(net, TASKS[data], counted.get("flops"))
    return Record(network, {**counted, **task}, net, {**result(record), "data": DATA[data]})


def network_of(net: Mapping[str, Any], task: tuple[int, int, str], flops: float | None) -> Network | None:
    """The network of a record; None for cells and for blocks that dsd does not have.

    The files do not document whether `bot_muls` multiplies or divides. The reading with flops nearer to the record's
    is used; without flops, `bot_muls` multiplies.

    Raises:
        Unreadable: a value is not valid in a network
    """
    block = net.get("block_type")
    if not isinstance(net.get("ds"), list) or not isinstance(block, str) or block not in NAMES_OF_BLOCKS:
        return None
    readings = list(readings_of(net, NAMES_OF_BLOCKS[block], task))
    if flops and readings:
        return min(readings, key=lambda network: abs(count_complexity(network).flops - flops))
    return readings[0] if readings else None


def readings_of(net: Mapping[str, Any], block: str, task: tuple[int, int, str]) -> list[Network]:
    """The networks that a record can mean: one, or one per reading of `bot_muls`."""
    resolution, classes, stem = task
    depths, widths, strides = (wholes(net.get(name), name, 1, WIDEST) for name in ("ds", "ws", "ss"))
    if not len(depths) == len(widths) == len(strides):
        raise Unreadable("ds, ws and ss differ in length")
    plain, stages = not BLOCKS[block].bottleneck, len(depths)
    given = [net.get(name) for name in ("bot_muls", "num_gs")]
    ratios, counts = (
        values if isinstance(values, list) and len(values) == stages and not plain else [1] * stages for values in given
    )
    multipliers = np.array([number(value, "bot_muls", LEAST, 1 / LEAST) for value in ratios])
    groups = np.array(wholes(counts, "num_gs", 1, WIDEST))
    networks = []
    for b in (1 / multipliers, multipliers) if (multipliers != 1).any() else (multipliers,):
        with suppress(DsdError):  # this reading is not a valid network
            w, g = adjust_to_groups(np.array(widths), b, groups)
            family = Skeleton(block=block, stem=stem, strides=tuple(strides))
            shape = (tuple(depths), tuple(w.tolist()), tuple(b.tolist()), tuple(g.tolist()))
            networks.append(Network(*shape, family, resolution, classes))
    return networks


def result(record: Mapping[str, Any]) -> dict[str, Any]:
    """The training result: `error` of the last epoch, `best_error` of the best epoch; lost if neither is known."""
    optim = mapping(record, "optim")
    epochs = record.get("test_ep_top1")
    best, error = last(record.get("min_test_top1")), last(epochs)
    columns = {
        **{f"sampled_{name}": last(record["net"].get(name)) for name in ("width", "depth")},  # of cells
        "lr": last(optim.get("lr")),
        "weight_decay": last(optim.get("wd")),
        "seed": seed_of(record.get("rng_seed")),
        "epochs": len(epochs) if isinstance(epochs, list) else None,
    }
    if error is None and not epochs:  # no curve was recorded
        error = best
    columns |= reached(error, least(epochs) if best is None else best, "the last test error")
    return {name: value for name, value in columns.items() if value is not None}
