"""Results of other programs: what `dsd import` reads of damaged ones, `dsd analyze` reads too."""

import json

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.program import answer, fuzzed
from tests.fuzz.strategies import damaged, damaged_text

CFG = {
    "MODEL": {"TYPE": "regnet", "NUM_CLASSES": 10, "ACTIVATION_FUN": "relu"},
    "REGNET": {
        "DEPTH": 12,
        "W0": 24,
        "WA": 24.48,
        "WM": 2.54,
        "GROUP_W": 16,
        "BOT_MUL": 1.0,
        "STRIDE": 2,
        "SE_ON": False,
    },
    "TRAIN": {"IM_SIZE": 32},
    "OPTIM": {"BASE_LR": 0.1, "WEIGHT_DECAY": 5e-5},
    "RNG_SEED": 1,
}
ANYNET = {
    "STEM_TYPE": "res_stem_cifar", "STEM_W": 16, "BLOCK_TYPE": "res_bottleneck_block", "DEPTHS": [1, 2, 3],
    "WIDTHS": [32, 64, 128], "STRIDES": [1, 2, 2], "BOT_MULS": [0.5, 0.5, 0.25], "GROUP_WS": [8, 8, 16],
}  # fmt: skip
TEST = {"epoch_ind": [1, 2], "epoch_max": [2, 2], "top1_err": [60.0, 50.0], "min_top1_err": [60.0, 50.0]}
PYCLS = [
    {"cfg": CFG, "complexity": {"flops": 1e6, "params": 1e4, "acts": 1e4}, "test_epoch": TEST, "err": ""},
    {"cfg": {**CFG, "MODEL": {"TYPE": "anynet"}, "ANYNET": ANYNET}, "test_epoch": TEST, "err": "Warning: x"},
    {"cfg": CFG, "test_epoch": [{"epoch": "1/2", "top1_err": 60.0}], "err": "RuntimeError: no"},
]
NET = {
    "block_type": "res_bottleneck_block", "ds": [2, 3, 4], "ws": [64, 128, 256], "ss": [1, 2, 2],
    "bot_muls": [0.25] * 3, "num_gs": [1, 2, 4],
}  # fmt: skip
NDS = [
    {"net": NET, "flops": 1e7, "params": 1e5, "test_ep_top1": [20.0, 8.0], "min_test_top1": 8.0, "optim": {"lr": 0.1}},
    {"net": {"genotype": {"normal": []}, "width": 16, "depth": 12}, "min_test_top1": 7.0, "rng_seed": 1},
]
SOUND = {"pycls": {**PYCLS[0], "cfg": {**CFG, "RNG_SEED": 9}}, "nds": {**NDS[0], "rng_seed": 9}}


@fuzzed
@given(data=st.data(), program=st.sampled_from(["pycls", "nds"]))
def test_a_damaged_record_is_a_row_beside_the_others(data: st.DataObject, program: str, tmp_path_factory) -> None:
    """Every record has its row, the sound one is done, and the table is analysed."""
    folder = tmp_path_factory.getbasetemp()
    records = data.draw(
        damaged([PYCLS if program == "pycls" else NDS], ["TYPE", "DEPTH", "ds", "epoch", "err", "optim"])
    )
    whole = [*records, SOUND[program]]
    (folder / "s.json").write_text(json.dumps(whole), encoding="utf-8", errors="surrogatepass")
    table = folder / "t.csv"
    answer("import", program, folder / "s.json", "-o", table, allowed=(0,))
    read = pd.read_csv(table)
    assert (len(read), read["status"].iloc[-1]) == (len(whole), "done")
    answer("analyze", table, "--delta", "1", allowed=(0,))


@fuzzed
@given(data=st.data(), program=st.sampled_from(["pycls", "nds"]))
def test_other_bytes_are_read_or_refused(data: st.DataObject, program: str, tmp_path_factory) -> None:
    """Any bytes."""
    path = tmp_path_factory.getbasetemp() / "s.json"
    path.write_bytes(data.draw(damaged_text([json.dumps(PYCLS if program == "pycls" else NDS)])))
    answer("import", program, path)
