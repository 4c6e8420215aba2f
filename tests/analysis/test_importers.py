"""Results of other programs. Oracles: records written by hand in their formats, complexities of published networks."""

import json
from pathlib import Path

import pandas as pd
import pytest

import dsd
from dsd import DsdError, analyze, read_table, split_populations
from dsd.analysis.importers import nds, pycls
from dsd.analysis.importers.records import miscounted, table_of
from dsd.architecture.network import Network
from dsd.architecture.rows import network_of
from dsd.io.table_writing import write_table

REGNET = {"DEPTH": 22, "W0": 24, "WA": 24.48, "WM": 2.54, "GROUP_W": 16, "BOT_MUL": 1.0, "STRIDE": 2}
EPOCHS = {"epoch_ind": [1, 2], "epoch_max": [2, 2], "top1_err": [60.0, 52.0], "min_top1_err": [60.0, 50.0]}


def pycls_record(**changes: object) -> dict[str, object]:
    """A record of RegNetX-400MF as pycls writes it."""
    cfg = {
        "MODEL": {"TYPE": "regnet", "NUM_CLASSES": 1000},
        "REGNET": REGNET,
        "TRAIN": {"IM_SIZE": 224},
        "OPTIM": {"BASE_LR": 0.05, "WEIGHT_DECAY": 5e-5},
        "RNG_SEED": 3,
    }
    counted = {"flops": 397678568, "params": 5157512, "acts": 3143272}
    return {"cfg": cfg, "complexity": counted, "test_epoch": EPOCHS, "err": "", **changes}


def written(path: Path, content: object) -> Path:
    """Content as a .json file."""
    path.write_text(json.dumps(content))
    return path


def test_a_regnet_of_pycls_is_the_published_one(tmp_path: Path) -> None:
    """Its key, its complexity, the last epoch's error, the best one, and how it was trained."""
    records = pycls.read(written(tmp_path / "sweep.json", [pycls_record()]))
    row = table_of(records, "mine", "pycls").iloc[0]
    published = dsd.network("RegNetX-400MF")
    assert row["key"] == published.key
    assert network_of(row) == published
    assert (row["flops"], row["params"], row["acts"]) == (397678568, 5157512, 3143272)
    assert (row["error"], row["best_error"], row["status"], row["epochs"]) == (52.0, 50.0, "done", 2)
    assert (row["lr"], row["weight_decay"], row["seed"]) == (0.05, 5e-5, 3)
    assert miscounted(records) == 0


def test_an_anynet_of_pycls_keeps_its_stages(tmp_path: Path) -> None:
    """Multipliers are 1/b; SE makes Y of X; the width rule is applied; other flops in the file are told."""
    anynet = {
        "STEM_TYPE": "res_stem_cifar", "STEM_W": 16, "BLOCK_TYPE": "res_bottleneck_block", "SE_ON": True,
        "DEPTHS": [1, 2, 3], "WIDTHS": [32, 64, 128], "STRIDES": [1, 2, 2], "BOT_MULS": [0.5, 0.5, 0.25],
        "GROUP_WS": [8, 8, 16],
    }  # fmt: skip
    cfg = {"MODEL": {"TYPE": "anynet", "NUM_CLASSES": 10}, "ANYNET": anynet, "TRAIN": {"IM_SIZE": 32}}
    record = pycls_record(cfg=cfg, complexity={"flops": 1})
    (found,) = pycls.read(written(tmp_path / "s.json", [record]))
    network = found.network
    assert network.bottleneck_ratios == (2, 2, 4)
    assert (network.widths, network.group_widths, network.depths) == ((32, 64, 128), (8, 8, 16), (1, 2, 3))
    assert (network.skeleton.block, network.skeleton.stem, network.skeleton.stem_width) == ("Y", "cifar", 0)
    assert miscounted([found]) == 1
    row = table_of([found], "s", "pycls").iloc[0]
    assert (row["flops"], row["recorded_flops"]) == (dsd.complexity(network).flops, 1)


def test_unfinished_and_failed_records_are_told_apart(tmp_path: Path) -> None:
    """Stopped half-way: lost. Stopped with an error: failed, with its last line. Only a minimum: that is the error."""
    half = {**EPOCHS, "epoch_ind": [1], "epoch_max": [2]}
    records = [
        pycls_record(test_epoch=half),
        pycls_record(test_epoch=None, err="Traceback\nRuntimeError: out of memory\n"),
        pycls_record(test_epoch={"min_top1_err": 41.5}),
    ]
    frame = table_of(pycls.read(written(tmp_path / "s.json", records)), "s", "pycls")
    assert frame["status"].tolist() == ["lost", "failed", "done"]
    assert frame["reason"].iloc[1] == "RuntimeError: out of memory"
    assert frame["error"].iloc[2] == frame["best_error"].iloc[2] == 41.5
    (results,) = split_populations(frame.drop(columns="key"))
    assert (len(results), results.failed, results.unfinished) == (1, 1, 1)


def test_what_cannot_be_described_is_kept_with_its_record(tmp_path: Path) -> None:
    """An EfficientNet of pycls, a cell of NDS: a row with the file's own counts and a key of its own."""
    cfg = {"MODEL": {"TYPE": "effnet"}, "EN": {"DEPTHS": [1]}}
    records = pycls.read(
        written(tmp_path / "s.json", [pycls_record(cfg=cfg, complexity={"flops": 7e8}), pycls_record()])
    )
    frame = table_of(records, "s", "pycls")
    assert frame["key"].str[0].tolist() == ["x", "n"]
    assert frame["flops"].tolist() == [7e8, 397678568]
    assert pd.isna(frame["w1"].iloc[0])
    cell = {
        "net": {"genotype": {"normal": []}, "width": 16, "depth": 12},
        "flops": 6e8,
        "params": 3e6,
        "min_test_top1": 7.0,
    }
    frame = table_of(
        nds.read(written(tmp_path / "DARTS.json", [cell, {**cell, "net": {**cell["net"], "depth": 9}}])), "D", "nds"
    )
    assert frame["sampled_depth"].tolist() == [12, 9]
    assert frame["key"].nunique() == 2


def test_epochs_as_the_logs_have_them_are_read_too(tmp_path: Path) -> None:
    """A list of epochs, and no minimum: the last error is the error, the least of all the best."""
    epochs = [{"epoch_ind": i, "epoch_max": 2, "top1_err": error} for i, error in ((1, 30.0), (2, 35.0))]
    frame = table_of(pycls.read(written(tmp_path / "s.json", [pycls_record(test_epoch=epochs)])), "s", "pycls")
    assert frame[["status", "error", "best_error"]].iloc[0].tolist() == ["done", 35.0, 30.0]


@pytest.mark.parametrize("ratio", [0.25, 4])
def test_nds_records_are_networks(ratio: float, tmp_path: Path) -> None:
    """top and mid together; groups are numbers of groups; whether ratios multiply or divide, the flops decide."""
    net = {
        "block_type": "res_bottleneck_block", "ds": [2, 3, 4], "ws": [64, 128, 256], "ss": [1, 2, 2],
        "bot_muls": [ratio] * 3, "num_gs": [1, 2, 4],
    }  # fmt: skip
    family = dsd.architecture.Skeleton(stem="cifar", strides=(1, 2, 2))
    network = Network((2, 3, 4), (64, 128, 256), (4, 4, 4), (16, 16, 16), family, 32, 10)
    counted = dsd.complexity(network)
    record = {
        "net": net,
        "flops": counted.flops,
        "params": counted.params,
        "test_ep_top1": [20.0, 8.0, 8.5],
        "min_test_top1": 8.0,
        "optim": {"lr": 0.1, "wd": 5e-4},
        "rng_seed": 1,
    }
    records = nds.read(written(tmp_path / "ResNeXt-A.json", {"top": [record], "mid": [{**record, "rng_seed": 2}]}))
    assert [found.network for found in records] == [network] * 2
    frame = table_of(records, "ResNeXt-A", "nds")
    assert frame["error"].tolist() == [8.5, 8.5]
    assert frame["best_error"].tolist() == [8.0, 8.0]
    assert frame["lr"].tolist() == [0.1, 0.1]
    (results,) = split_populations(frame)
    assert len(results) == 1  # two seeds of one network


def test_plain_blocks_of_nds_are_vanilla(tmp_path: Path) -> None:
    """The ResNet-56 of the paper as a record: basic blocks, 125.7 MF."""
    net = {"block_type": "res_basic_block", "ds": [9, 9, 9], "ws": [16, 32, 64], "ss": [1, 2, 2]}
    records = nds.read(written(tmp_path / "ResNet.json", [{"net": net, "flops": 125747850, "min_test_top1": 6.2}]))
    assert records[0].network == dsd.network("ResNet-56")
    plain = nds.read(written(tmp_path / "Vanilla.json", [{"net": {**net, "block_type": "double_plain_block"}}]))
    assert plain[0].network.skeleton.block == "vanilla"
    assert plain[0].result["status"] == "lost"


@pytest.mark.parametrize(
    ("reader", "content", "message"),
    [
        (pycls, {}, "is not a list of records"),
        (pycls, [{"cfg": 3}], "record 1 is not a valid pycls record: it has no cfg"),
        (pycls, [{"cfg": {"OPTIM": 3}}], "record 1 is not a valid pycls record: OPTIM = 3 is not an object"),
        (nds, {"other": []}, "or an object with lists top and mid"),
        (nds, [{"nets": {}}, {}], "record 1 is not a valid NDS record: it has no net"),
    ],
)
def test_other_files_are_refused(reader, content, message: str, tmp_path: Path) -> None:
    """One line that names the file and the record."""
    with pytest.raises(DsdError, match=rf"s.json: .*{message}"):
        reader.read(written(tmp_path / "s.json", content))
    (tmp_path / "t.json").write_text("{")
    with pytest.raises(DsdError, match=r"t.json: is not JSON"):
        reader.read(tmp_path / "t.json")
    with pytest.raises(DsdError, match="no such file"):
        reader.read(tmp_path / "none.json")


def test_the_command_makes_a_table_that_is_analysed(dsd, tmp_path: Path) -> None:
    """dsd import, then analyze; counts are told on standard error."""
    records = [pycls_record(cfg={**pycls_record()["cfg"], "REGNET": {**REGNET, "DEPTH": d}}) for d in (20, 21, 22)]
    sweep = written(tmp_path / "sweep.json", records)
    done = dsd("import", "pycls", sweep, "-o", tmp_path / "t.csv", "--space", "RegNet")
    assert done.code == 0
    assert "3 records, 3 done; 3 describe networks that dsd can build" in done.err
    frame = read_table(tmp_path / "t.csv")
    assert analyze(split_populations(frame)).populations[0].n == 3
    assert frame["space"].unique().tolist() == ["RegNet"]
    assert dsd("import", "pycls", sweep).out.startswith("space,key,d1,")
    assert dsd("import", "timm", sweep).code == 2


@pytest.mark.parametrize(
    ("reader", "content"),
    [
        (pycls, [{"cfg": {"MODEL": None}}]),
        (pycls, [pycls_record(cfg={**pycls_record()["cfg"], "OPTIM": None})]),
        (nds, {"top": None, "mid": [{"net": {"block_type": ["a"], "ds": [1]}, "flops": 1}]}),
    ],
)
def test_what_is_empty_in_a_record_is_not_known(reader, content, tmp_path: Path) -> None:
    """null where a group of settings or a list should be: a row all the same."""
    assert len(table_of(reader.read(written(tmp_path / "s.json", content)), "s", "pycls")) == 1


def test_a_class_count_that_is_none_is_refused(tmp_path: Path) -> None:
    """The line names the record."""
    cfg = {**pycls_record()["cfg"], "MODEL": {"TYPE": "regnet", "NUM_CLASSES": "many"}}
    with pytest.raises(DsdError, match=r"s.json: record 1 is not a valid pycls record"):
        pycls.read(written(tmp_path / "s.json", [pycls_record(cfg=cfg)]))


def test_a_network_that_was_drawn_twice_is_counted_once(tmp_path: Path) -> None:
    """Equal network and equal seed: `repeat` tells them apart, and their mean is the network's error."""
    later = {**EPOCHS, "top1_err": [60.0, 54.0]}
    frame = table_of(
        pycls.read(written(tmp_path / "s.json", [pycls_record(), pycls_record(test_epoch=later)])), "s", "pycls"
    )
    assert frame["repeat"].tolist() == [0, 1]
    (results,) = split_populations(frame)
    assert results.errors.tolist() == [53.0]


def statuses(path: Path, records: list[object]) -> pd.DataFrame:
    """The table of these records of pycls."""
    return table_of(pycls.read(written(path / "s.json", records)), "s", "pycls")


def test_a_record_that_cannot_be_read_is_a_row_with_its_reason(tmp_path: Path) -> None:
    """The others arrive, and the table is analysed."""
    dead = {"log_file": "a/stdout.log", "err": "Traceback\nValueError: no"}
    wrong = pycls_record(cfg={**pycls_record()["cfg"], "REGNET": {**REGNET, "DEPTH": "deep"}})
    frame = statuses(tmp_path, [pycls_record(), dead, 7, wrong, pycls_record(test_epoch=5)])
    assert frame["status"].tolist() == ["done", "lost", "lost", "lost", "lost"]
    reasons = ["it has no cfg; err: ValueError: no", "it is not an object", "DEPTH = 'deep'", "test_epoch = 5"]
    for number, reason in enumerate(reasons, start=2):
        assert f"record {number} is not a valid pycls record: {reason}" in frame["reason"].iloc[number - 1]
    (results,) = split_populations(frame)
    assert (len(results), results.unfinished) == (1, 4)


def test_an_error_that_is_none_is_no_result(tmp_path: Path) -> None:
    """NaN, or no percent: lost, with the reason."""
    odd = [pycls_record(test_epoch={**EPOCHS, "top1_err": [60.0, value]}) for value in (float("nan"), 152.0, "x")]
    frame = statuses(tmp_path, [pycls_record(), *odd])
    assert frame["status"].tolist() == ["done", "lost", "lost", "lost"]
    assert frame["reason"].tolist()[1:3] == [
        "the last top1_err is not a number",
        "the last top1_err is 152, not a percentage from 0 to 100",
    ]
    assert len(split_populations(frame)[0]) == 1


def test_epochs_are_read_as_the_logs_write_them(tmp_path: Path) -> None:
    """1/2 is the first of two: unfinished."""
    logged = [{"epoch": f"{i}/2", "top1_err": 60.0, "min_top1_err": 60.0} for i in (1, 2)]
    frame = statuses(tmp_path, [pycls_record(test_epoch=logged[:1]), pycls_record(test_epoch=logged)])
    assert frame[["status", "epochs"]].to_numpy().tolist() == [["lost", 1.0], ["done", 2.0]]


def test_warnings_are_no_failure(tmp_path: Path) -> None:
    """Of a run that came to its end, nor of one that did not."""
    warning = "x.py:1: FutureWarning: old\n  with f():"
    half = {**EPOCHS, "epoch_ind": [1], "epoch_max": [2]}
    frame = statuses(tmp_path, [pycls_record(err=warning), pycls_record(err=warning, test_epoch=half)])
    assert frame["status"].tolist() == ["done", "lost"]


def test_what_json_files_may_begin_with_and_hold(tmp_path: Path) -> None:
    """A byte order mark; a seed beyond 64 bits, which stays apart from another one in every format; deep nesting."""
    records = [pycls_record(cfg={**pycls_record()["cfg"], "RNG_SEED": 2**70 + i}) for i in range(2)]
    (tmp_path / "s.json").write_bytes(b"\xef\xbb\xbf" + json.dumps(records).encode())
    frame = table_of(pycls.read(tmp_path / "s.json"), "s", "pycls")
    assert frame["seed"].tolist() == [str(2**70), str(2**70 + 1)]
    write_table(frame, tmp_path / "t.parquet")
    assert read_table(tmp_path / "t.parquet")["seed"].nunique() == 2
    (tmp_path / "s.json").write_text("[" * 100_000)
    with pytest.raises(DsdError, match="nested too deeply"):
        pycls.read(tmp_path / "s.json")


def test_a_regnet_with_a_skipped_level_has_the_stages_that_the_authors_build(tmp_path: Path) -> None:
    """One for each width of Eq. 2 to 4; where such a network is refused, the message says how many there are."""
    line = {"DEPTH": 6, "W0": 8, "WA": 80, "WM": 1.6, "GROUP_W": 8}
    (found,) = pycls.read(
        written(tmp_path / "s.json", [pycls_record(cfg={"MODEL": {"TYPE": "regnet"}, "REGNET": line})])
    )
    assert sum(found.network.depths) == 6
    stages = len(found.network.depths)
    with pytest.raises(DsdError, match=f"form {stages} stages of widths 8, .* levels of Eq. 3; each level needs"):
        dsd.architecture.regnet(6, 8, 80, 1.6, 1, 8)


@pytest.mark.parametrize("trouble", ["", "RuntimeError: out of memory"])
def test_a_file_without_a_finished_record_is_a_table_without_results(dsd, tmp_path: Path, trouble: str) -> None:
    """Each record has its row, with an empty error; analyze says that there are no results."""
    path, table = written(tmp_path / "s.json", [pycls_record(test_epoch=None, err=trouble)] * 2), tmp_path / "t.csv"
    assert dsd("import", "pycls", path, "-o", table).code == 0
    frame = pd.read_csv(table)
    assert len(frame) == 2
    assert frame["error"].isna().all()
    assert dsd("analyze", table).code == 0


@pytest.mark.parametrize(
    ("tested", "optim"),
    [
        ({"epoch_ind": [1, 2, 3], "top1_err": [70.0, 65.0, 60.0]}, {"MAX_EPOCH": 10}),
        ({"epoch_ind": ["1"], "epoch_max": ["2"], "top1_err": [60.0]}, {}),
        ({"epoch": "[1/2]", "top1_err": [60.0]}, {}),
        ({"epoch": "1/2", "epoch_ind": [1], "top1_err": [60.0]}, {}),
        ([{"epoch": "1/2", "top1_err": 60.0}, {"epoch": "2/2"}], {}),
        ({"epoch_ind": [1, 2], "epoch_max": [2, 2], "top1_err": [60.0]}, {}),
    ],
)
def test_a_training_that_did_not_end_is_not_done(tmp_path: Path, tested: object, optim: dict[str, int]) -> None:
    """However its epochs are written; its error is not that of a whole training."""
    cfg = {**pycls_record()["cfg"], "OPTIM": optim}
    records = pycls.read(written(tmp_path / "s.json", [pycls_record(), pycls_record(cfg=cfg, test_epoch=tested)]))
    frame = table_of(records, "s", "pycls")
    assert frame["status"].tolist() == ["done", "lost"]
    assert pd.isna(frame["error"].iloc[1])


def test_a_training_of_nds_whose_last_error_is_unknown_is_not_done(tmp_path: Path) -> None:
    """Its best error is not taken for its last; a record without a curve has only the best."""
    net = {"ds": [1, 1], "ws": [16, 32], "ss": [1, 2], "block_type": "vanilla_block"}
    runs = [{"test_ep_top1": [52.0, float("nan")], "min_test_top1": 52.0}, {"min_test_top1": 51.0}]
    frame = table_of(nds.read(written(tmp_path / "ResNet.json", [{"net": net, **run} for run in runs])), "s", "NDS")
    assert frame["status"].tolist() == ["lost", "done"]


@pytest.mark.parametrize(("se_on", "block"), [("False", "X"), ("0", "X"), (0, "X"), ("True", "Y"), (1, "Y")])
def test_truths_of_pycls_may_be_text(tmp_path: Path, se_on: object, block: str) -> None:
    """As the YAML of a configuration becomes text in some tools; anything else is refused."""
    cfg = {**pycls_record()["cfg"], "REGNET": {**REGNET, "SE_ON": se_on}}
    (record,) = pycls.read(written(tmp_path / "s.json", [pycls_record(cfg=cfg)]))
    assert record.network is not None
    assert record.network.skeleton.block == block
    cfg["REGNET"]["SE_ON"] = "perhaps"
    with pytest.raises(DsdError, match="SE_ON = 'perhaps' is not true or false"):
        pycls.read(written(tmp_path / "s.json", [pycls_record(cfg=cfg)]))


def test_data_and_resolution_of_imports_keep_populations_apart(tmp_path: Path) -> None:
    """Cells of CIFAR-10 and of ImageNet; cifar10 and svhn; EfficientNets of 224 and RegNets of 32 pixels."""
    cells = [{"net": {"genotype": i}, "test_ep_top1": [40.0 + i]} for i in range(6)]
    tables = [
        table_of(nds.read(written(tmp_path / f"{name}.json", cells)), name, "NDS") for name in ("DARTS", "DARTS_in")
    ]
    (pair,) = dsd.analysis.compare(pd.concat(tables, ignore_index=True))
    assert list(pair.differs) == ["data", "resolution", "classes"]
    tables = []
    for name, model, side in (("cifar10", "regnet", 32), ("svhn", "effnet", 224)):
        cfg = {**pycls_record()["cfg"], "TRAIN": {"IM_SIZE": side, "DATASET": name}}
        cfg["MODEL"] = {"TYPE": model, "NUM_CLASSES": 10}
        tables.append(table_of(pycls.read(written(tmp_path / "s.json", [pycls_record(cfg=cfg)] * 6)), name, "pycls"))
    (pair,) = dsd.analysis.compare(pd.concat(tables, ignore_index=True))
    assert list(pair.differs) == ["data", "resolution"]


def test_texts_that_no_file_can_hold_are_escaped(tmp_path: Path) -> None:
    r"""A lone surrogate, \ud800, in a reason."""
    path = tmp_path / "s.json"
    path.write_text(json.dumps([pycls_record(), pycls_record(test_epoch={}, err="ValueError: \ud800")]))
    frame = table_of(pycls.read(path), "s", "pycls")
    write_table(frame, tmp_path / "t.csv")
    assert frame["reason"].iloc[1] == "ValueError: \\ud800"
