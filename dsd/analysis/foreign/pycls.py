"""`sweep.json` of pycls: a list of records with `cfg`, `complexity` and the metrics of `test_epoch`."""

from collections.abc import Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from dsd.analysis.foreign.records import Record, last, least, read_json
from dsd.design.compatibility import adjust
from dsd.design.family import Family
from dsd.design.named import regnet
from dsd.design.network import Network
from dsd.errors import DsdError

BLOCKS = {
    ("res_bottleneck_block", False): "X",
    ("res_bottleneck_block", True): "Y",
    ("vanilla_block", False): "vanilla",
    ("res_basic_block", False): "basic",
}
STEMS = {"simple_stem_in": "simple", "res_stem_cifar": "cifar", "res_stem_in": "resnet"}
ACTIVATIONS = {"relu": "relu", "silu": "silu", "swish": "silu"}


def read(path: Path) -> list[Record]:
    """The records of a file.

    Raises:
        DsdError: it is no list of records; names the record, from 1, and what it lacks
    """
    content = read_json(path)
    if not isinstance(content, list) or not content:
        raise DsdError(f"{path}: is no list of records, as `sweep.json` of pycls is")
    found = []
    for number, one in enumerate(content, start=1):
        if not isinstance(one, dict) or not isinstance(one.get("cfg"), dict):
            raise DsdError(f"{path}: record {number} has no cfg")
        try:
            found.append(Record(network_of(one["cfg"]), counted(one), identity(one["cfg"]), result(one)))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise DsdError(f"{path}: record {number} is not as pycls writes it: {error}") from error
    return found


def counted(record: Mapping[str, Any]) -> dict[str, float]:
    """flops, params and acts as the record has them."""
    measures = record.get("complexity") or {}
    return {name: value for name in ("flops", "params", "acts") if (value := last(measures.get(name))) is not None}


def identity(cfg: Mapping[str, Any]) -> dict[str, Any]:
    """The groups of a configuration that say what the network is."""
    groups = ("MODEL", "ANYNET", "REGNET", "EN", "RESNET", "VIT")
    return {group: cfg[group] for group in groups if group in cfg}


def network_of(cfg: Mapping[str, Any]) -> Network | None:
    """The network of a configuration of type anynet or regnet; None for what dsd does not describe."""
    kind = str((cfg.get("MODEL") or {}).get("TYPE", "")).lower()
    group = cfg.get({"anynet": "ANYNET", "regnet": "REGNET"}.get(kind, ""))
    if not isinstance(group, dict):
        return None
    block = BLOCKS.get((group.get("BLOCK_TYPE", "res_bottleneck_block"), bool(group.get("SE_ON"))))
    stem = STEMS.get(group.get("STEM_TYPE", "simple_stem_in"))
    activation = ACTIVATIONS.get(cfg["MODEL"].get("ACTIVATION_FUN", "relu"))
    if block is None or stem is None or activation is None or (block == "Y" and group.get("SE_R", 0.25) != 0.25):
        return None
    task = {
        "resolution": int((cfg.get("TRAIN") or {}).get("IM_SIZE", 224)),
        "classes": int(cfg["MODEL"].get("NUM_CLASSES", 1000)),
    }
    chosen = {
        "block": block,
        "stem": stem,
        "activation": activation,
        "stem_width": int(group.get("STEM_W", 32)),
        "head_width": int(group.get("HEAD_W", 0)),
    }
    try:
        return (anynet if kind == "anynet" else regnet_of)(group, chosen, task)
    except (DsdError, KeyError, TypeError, ValueError):
        return None


def anynet(group: Mapping[str, Any], chosen: dict[str, Any], task: dict[str, int]) -> Network:
    """Stage by stage."""
    depths, widths = group["DEPTHS"], np.array(group["WIDTHS"])
    family = Family(strides=tuple(group["STRIDES"]), **chosen)
    if chosen["block"] in ("vanilla", "basic"):
        ratios, groups = np.ones(len(widths)), widths
    else:
        ratios = 1 / np.array(group.get("BOT_MULS") or [1.0] * len(widths), float)
        widths, groups = adjust(widths, ratios, np.array(group.get("GROUP_WS") or widths))
    stages = (tuple(depths), tuple(widths.tolist()), tuple(ratios.tolist()), tuple(groups.tolist()))
    return Network(*stages, family, task["resolution"], task["classes"])


def regnet_of(group: Mapping[str, Any], chosen: dict[str, Any], task: dict[str, int]) -> Network:
    """From RegNet's six parameters; as many stages as they form, up to eight."""
    line = (group["DEPTH"], group["W0"], group["WA"], group["WM"], 1 / group.get("BOT_MUL", 1.0), group["GROUP_W"])
    for stages in range(1, 9):
        family = Family(strides=(int(group.get("STRIDE", 2)),) * stages, **chosen)
        try:
            return regnet(*line, family=family, **task)
        except DsdError:
            continue
    raise DsdError("forms no stages")


def by_metric(tested: Any) -> dict[str, Any]:
    """The metrics of all epochs, each a list: as in `sweep.json`, or from a list of epochs as in the logs."""
    if isinstance(tested, list):
        return {name: [epoch[name] for epoch in tested if name in epoch] for name in dict.fromkeys(chain(*tested))}
    return dict(tested)


def result(record: Mapping[str, Any]) -> dict[str, Any]:
    """What the training reached: done where the last epoch was tested, failed where it ended in an error, lost else."""
    cfg, tested = record["cfg"], by_metric(record.get("test_epoch") or {})
    optim = cfg.get("OPTIM") or {}
    epochs, planned = last(tested.get("epoch_ind")), last(tested.get("epoch_max"))
    whole = bool(tested) and (epochs is None or planned is None or epochs >= planned)
    message = str(record.get("err") or "").strip()
    error = last(tested.get("top1_err"))
    best = least(tested.get("min_top1_err") if "min_top1_err" in tested else tested.get("top1_err"))
    found: dict[str, Any] = {
        "lr": last(optim.get("BASE_LR")),
        "weight_decay": last(optim.get("WEIGHT_DECAY")),
        "seed": cfg.get("RNG_SEED"),
        "status": "done" if whole and best is not None else "failed" if message else "lost",
        "error": (best if error is None else error) if whole else None,
        "best_error": best if whole else None,
        "epochs": epochs,
    }
    if found["status"] == "failed":
        found["reason"] = message.splitlines()[-1]
    return {name: value for name, value in found.items() if value is not None}
