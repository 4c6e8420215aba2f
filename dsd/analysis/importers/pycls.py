"""`sweep.json` of pycls: a list of records with `cfg`, `complexity` and the metrics of `test_epoch`."""

import re
from collections.abc import Mapping
from contextlib import suppress
from itertools import chain
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
    truth,
    whole,
    wholes,
)
from dsd.architecture.blocks import BLOCKS
from dsd.architecture.network import Network
from dsd.architecture.quantized_linear import quantized
from dsd.architecture.skeleton import LARGEST, MOST_STAGES, Skeleton
from dsd.architecture.width_rule import adjust
from dsd.errors import DsdError, shortened
from dsd.runs import RunState
from dsd.typed import quoted

DEEPEST, WIDEST, LEAST = 10_000, 100_000, 1e-3  # most blocks of a network, most channels of a stage, least ratio
GROUPS = {"anynet": "ANYNET", "regnet": "REGNET"}  # the configuration group of each model type
NAMES_OF_BLOCKS = {
    ("res_bottleneck_block", False): "X",
    ("res_bottleneck_block", True): "Y",
    ("vanilla_block", False): "vanilla",
    ("res_basic_block", False): "basic",
}
STEMS = {"simple_stem_in": "simple", "res_stem_cifar": "cifar", "res_stem_in": "resnet"}
ACTIVATIONS = {"relu": "relu", "silu": "silu", "swish": "silu"}


def read(path: Path) -> list[Record]:
    """Read the records of a file; a record that cannot be read gets status lost, with the reason.

    Raises:
        DsdError: the file is not a list of records, or no record can be read
    """
    content = read_json(path)
    if not isinstance(content, list) or not content:
        raise DsdError(f"{path}: is not a list of records like `sweep.json` of pycls")
    return read_each(path, content, "pycls", record_of)


def record_of(record: Mapping[str, Any]) -> Record:
    """Convert one record of the file."""
    if not isinstance(record.get("cfg"), dict):
        lines = str(record.get("err") or "").strip().splitlines()
        raise Unreadable(f"it has no cfg{f'; err: {lines[-1]}' if lines else ''}")
    cfg = record["cfg"]
    return Record(network_of(cfg), counted(record), identity(cfg), result(record))


def counted(record: Mapping[str, Any]) -> dict[str, float]:
    """flops, params, acts, resolution and classes as recorded."""
    measures = mapping(record, "complexity")
    values = {name: measures.get(name) for name in ("flops", "params", "acts")}
    values["resolution"] = mapping(record["cfg"], "TRAIN").get("IM_SIZE")
    values["classes"] = mapping(record["cfg"], "MODEL").get("NUM_CLASSES")
    return {name: number for name, value in values.items() if (number := last(value)) is not None}


def identity(cfg: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration groups that define the network."""
    groups = ("MODEL", "ANYNET", "REGNET", "EN", "RESNET", "VIT")
    return {group: cfg[group] for group in groups if group in cfg}


def network_of(cfg: Mapping[str, Any]) -> Network | None:
    """The network of an anynet or regnet configuration; None for a network that dsd cannot describe.

    Raises:
        Unreadable: a value is not valid in pycls
    """
    model, train = mapping(cfg, "MODEL"), mapping(cfg, "TRAIN")
    kind = str(model.get("TYPE", "")).lower()
    if kind not in GROUPS:
        return None
    group = mapping(cfg, GROUPS[kind])
    if not group:
        return None
    has_se = truth(group.get("SE_ON"), "SE_ON")
    block = NAMES_OF_BLOCKS.get((str(group.get("BLOCK_TYPE", "res_bottleneck_block")), has_se))
    stem = STEMS.get(str(group.get("STEM_TYPE", "simple_stem_in")))
    activation = ACTIVATIONS.get(str(model.get("ACTIVATION_FUN", "relu")))
    if block is None or stem is None or activation is None or (has_se and group.get("SE_R", 0.25) != 0.25):
        return None
    skeleton: dict[str, Any] = {
        "block": block,
        "stem": stem,
        "activation": activation,
        "stem_width": whole(group.get("STEM_W", 32), "STEM_W", 1, WIDEST),
        "head_width": whole(group.get("HEAD_W", 0), "HEAD_W", 0, WIDEST),
    }
    depths, widths, strides, multipliers, groups = (stages_of if kind == "anynet" else stages_of_regnet)(group)
    b = 1 / np.array(multipliers)
    if not BLOCKS[block].bottleneck:
        b, w, g = np.ones(len(widths)), np.array(widths), np.array(widths)
    else:
        w, g = adjust(np.array(widths), b, np.array(groups))
    resolution = whole(train.get("IM_SIZE", 224), "IM_SIZE", 1, LARGEST)
    classes = whole(model.get("NUM_CLASSES", 1000), "NUM_CLASSES", 1, LARGEST)
    with suppress(DsdError):  # pycls builds this network, dsd does not
        return Network(
            *(tuple(depths), tuple(w.tolist()), tuple(b.tolist()), tuple(g.tolist())),
            skeleton=Skeleton(strides=tuple(strides), **skeleton),
            resolution=resolution,
            classes=classes,
        )
    return None


Stages = tuple[list[int], list[int], list[int], list[float], list[int]]  # d, w, strides, 1/b, g per stage


def stages_of(group: Mapping[str, Any]) -> Stages:
    """The stages of an AnyNet configuration."""
    depths = wholes(group.get("DEPTHS"), "DEPTHS", 1, DEEPEST)
    widths = wholes(group.get("WIDTHS"), "WIDTHS", 1, WIDEST)
    strides = wholes(group.get("STRIDES"), "STRIDES", 1, WIDEST)
    given = group.get("BOT_MULS") or [1.0] * len(widths)
    if not isinstance(given, list):
        raise Unreadable(f"BOT_MULS = {quoted(given)} is not a list")
    multipliers = [number(value, "BOT_MULS", LEAST, 1 / LEAST) for value in given]
    groups = wholes(group.get("GROUP_WS") or widths, "GROUP_WS", 1, WIDEST)
    counts = {len(values) for values in (depths, widths, strides, multipliers, groups)}
    if len(counts) > 1:
        raise Unreadable("DEPTHS, WIDTHS, STRIDES, BOT_MULS and GROUP_WS differ in length")
    return depths, widths, strides, multipliers, groups


def stages_of_regnet(group: Mapping[str, Any]) -> Stages:
    """The stages of a RegNet configuration, one per width; as in the authors' code, levels can be skipped."""
    d = whole(group.get("DEPTH"), "DEPTH", 1, DEEPEST)
    w_0, w_a = (number(group.get(name), name, low, WIDEST) for name, low in (("W0", 8), ("WA", 0)))
    w_m = number(group.get("WM"), "WM", 1 + LEAST, WIDEST)
    line = quantized(w_0, w_a, w_m, d)
    s = len(line.widths)
    multiplier = number(group.get("BOT_MUL", 1.0), "BOT_MUL", LEAST, 1 / LEAST)
    stride = whole(group.get("STRIDE", 2), "STRIDE", 1, WIDEST)
    width = whole(group.get("GROUP_W"), "GROUP_W", 1, WIDEST)
    if s > MOST_STAGES:
        raise Unreadable(f"the six parameters give {s} stages; the maximum is {MOST_STAGES}")
    return line.depths, line.widths, [stride] * s, [multiplier] * s, [width] * s


def by_metric(tested: Any) -> dict[str, Any]:
    """The metrics as lists over epochs, from the form of `sweep.json` or from a list of epochs as in the logs."""
    if tested is None:
        return {}
    if isinstance(tested, list) and all(isinstance(epoch, dict) for epoch in tested):
        return {name: [epoch.get(name) for epoch in tested] for name in dict.fromkeys(chain(*tested))}
    if not isinstance(tested, dict):
        raise Unreadable(f"test_epoch = {quoted(tested)} is not a list of epochs")
    return tested


def epochs_of(tested: Mapping[str, Any], planned: Any) -> tuple[float | None, float | None]:
    """The last tested epoch and the planned number of epochs, from numbers or from the form of the logs, 1/10.

    Args:
        planned: the number of epochs in the configuration, used if the metrics state none
    """
    done, most = (last(as_numbers_are_written(tested.get(name))) for name in ("epoch_ind", "epoch_max"))
    written = tested.get("epoch")
    text = written[-1] if isinstance(written, list) and written else written
    match = re.fullmatch(r"[ [(]*(\d{1,9}) */ *(\d{1,9})[ \])]*", text) if isinstance(text, str) else None
    done = float(match[1]) if match and done is None else done
    most = float(match[2]) if match and most is None else most
    return done, last(planned) if most is None else most


def as_numbers_are_written(values: Any) -> Any:
    """Return a number or a list of numbers; numbers in text as numbers."""
    if isinstance(values, list):
        return [as_numbers_are_written(value) for value in values[-1:]]
    return float(values) if isinstance(values, str) and re.fullmatch(r" *\d{1,9}(\.0*)? *", values) else values


def failure(message: Any) -> tuple[str, str]:
    """Status and reason of a run without a result: failed if its standard error names an exception, else lost."""
    lines = [line.strip() for line in str(message or "").splitlines() if line.strip()]
    errors = [line for line in lines if re.match(r"[\w.]*(Error|Exception|Interrupt|Exit|Killed)\b", line)]
    if errors:
        return RunState.FAILED.value, shortened(errors[-1], 300)
    return RunState.LOST.value, shortened(lines[-1], 300) if lines else ""


def result(record: Mapping[str, Any]) -> dict[str, Any]:
    """The training result: done if the last epoch was tested, failed if the run raised an error, else lost."""
    cfg, tested = record["cfg"], by_metric(record.get("test_epoch"))
    optim = mapping(cfg, "OPTIM")
    epochs, planned = epochs_of(tested, optim.get("MAX_EPOCH"))
    metrics = ("top1_err", "min_top1_err")
    lengths = [len(tested[name]) if isinstance(tested.get(name), list) else None for name in ("epoch_ind", "top1_err")]
    whole_training = (
        any(name in tested for name in metrics)
        and (epochs is None or planned is None or epochs >= planned)
        and (None in lengths or lengths[0] == lengths[1])
    )
    data = mapping(cfg, "TRAIN").get("DATASET")
    columns: dict[str, Any] = {
        "lr": last(optim.get("BASE_LR")),
        "weight_decay": last(optim.get("WEIGHT_DECAY")),
        "seed": seed_of(cfg.get("RNG_SEED")),
        "epochs": epochs,
        "data": data if isinstance(data, str) else None,
    }
    if whole_training:
        named = next(name for name in metrics if name in tested)
        best = least(tested.get("min_top1_err") if "min_top1_err" in tested else tested["top1_err"])
        columns |= reached(last(tested["top1_err"]) if named == "top1_err" else best, best, f"the last {named}")
    else:
        status, reason = failure(record.get("err"))
        columns |= {"status": status, "reason": reason or None}
    return {name: value for name, value in columns.items() if value is not None}
