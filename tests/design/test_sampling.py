"""The sampling contract: a function of space, windows and seed; distinct networks; windows kept."""

import hashlib
import math
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsd import DsdError, load_space, sample
from dsd.design import distinct
from dsd.design.file import space_names
from dsd.design.sampling import sampler
from dsd.design.window import Window, parse_window


@pytest.mark.parametrize("name", ["AnyNetX_A", "AnyNetX_E", "RegNetX_cifar"])
def test_fewer_networks_are_a_prefix_of_more(name: str) -> None:
    """The first 60 of 600 networks are those of n = 60, across several blocks of proposals."""
    space = load_space(name)
    few, many = sample(space, 60), sample(space, 600)
    assert few.frame.equals(many.frame.head(60))
    assert many.draw.proposals > few.draw.proposals


@pytest.mark.parametrize("name", ["AnyNetX_C", "RegNetX_lr_wd"])
def test_any_number_of_processes_gives_the_same_population(name: str) -> None:
    """Rows and the counts of the draw are those of one process, over several batches."""
    space = load_space(name)
    one, three = sample(space, 2500, seed=3), sample(space, 2500, seed=3, workers=3)
    assert three.frame.equals(one.frame)
    assert three.draw == one.draw


def test_workers_end_with_the_process_that_started_them(tmp_path: Path) -> None:
    """Killed in the middle of a long draw, it leaves no process behind."""
    script = tmp_path / "long.py"
    script.write_text(
        "import dsd\n"
        "if __name__ == '__main__':\n"
        "    space = dsd.load_space('AnyNetX_C')\n"
        "    dsd.sample(space, 10_000_000, workers=2, progress=lambda found, draw: print(found, flush=True))\n"
    )
    process = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True)
    process.stdout.readline()
    children = psutil.Process(process.pid).children(recursive=True)
    assert len(children) >= 2
    process.kill()
    process.wait()
    process.stdout.close()
    _, alive = psutil.wait_procs(children, timeout=30)
    assert alive == []


@pytest.mark.parametrize("blocks", [1, 3])
@pytest.mark.parametrize("name", ["AnyNetX_D_cifar", "RegNetX_lr_wd"])
def test_batches_are_no_part_of_the_contract(name: str, blocks: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many blocks a batch has, rows and counts are the same."""
    space = load_space(name)
    expected = sample(space, 600)
    monkeypatch.setattr(sampler, "wanted", lambda missing, draw: blocks * sampler.BLOCK)
    found = sample(space, 600)
    assert found.frame.equals(expected.frame)
    assert found.draw == expected.draw


def test_progress_is_told() -> None:
    """The networks found so far never fall and end at n; the draw told last is the population's."""
    told = []
    population = sample(load_space("RegNetX"), 300, progress=lambda found, draw: told.append((found, draw)))
    assert [found for found, _ in told] == sorted(found for found, _ in told)
    assert told[-1] == (300, population.draw)


def test_the_seed_decides() -> None:
    """The same seed gives the same rows, another seed others."""
    space = load_space("AnyNetX_C")
    assert sample(space, 20, seed=7).frame.equals(sample(space, 20, seed=7).frame)
    assert not set(sample(space, 20, seed=7).frame["key"]) & set(sample(space, 20, seed=8).frame["key"])


def test_the_draw_is_frozen() -> None:
    """The population of a seed does not change from version to version."""
    keys = sample(load_space("AnyNetX_C"), 3).frame["key"].tolist()
    assert keys == ["naf062550d82c45d1", "n104e66c18c812b64", "n9ab9c6ff60e5b05c"]


DRAWN = {  # hashes of 300 networks of seed 3, all columns but the key, as they were before keys changed
    "AnyNetX_C": "a7c122ba8c188671",
    "AnyNetX_E": "5eb567fcad4396ad",
    "RegNetX": "508979747deeb1a0",
    "AnyNetV_A": "bd93ceda0b9168c0",
    "RegNetX_lr_wd": "77b848da7d941150",
}


@pytest.mark.parametrize("name", DRAWN)
def test_the_networks_of_a_seed_are_frozen(name: str) -> None:
    """All that is drawn and counted, whatever keys are made of."""
    text = sample(load_space(name), 300, seed=3).frame.drop(columns="key").to_csv(index=False)
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == DRAWN[name]


@cache
def ordinary_flops(name: str) -> float:
    """A flops that networks of a space have: the median of 200."""
    return float(np.median(sample(load_space(name), 200, flops=None, params=None, acts=None).complexity.flops))


@given(name=st.sampled_from(space_names()), seed=st.integers(0, 2**32), factor=st.floats(0.5, 1.5))
@settings(max_examples=30, deadline=None)
def test_every_network_is_buildable_and_in_the_window(name: str, seed: int, factor: float) -> None:
    """Groups divide the bottleneck width, depths are positive, and complexity lies in the closed window."""
    space = load_space(name)
    low = factor * ordinary_flops(name)
    high = 2 * low
    population = sample(space, 5, flops=(low, high), params=None, acts=None, seed=seed)
    networks = population.networks
    v = networks.widths / networks.bottleneck_ratios
    assert (v % networks.group_widths == 0).all()
    assert (networks.depths >= 1).all()
    assert ((low <= population.complexity.flops) & (population.complexity.flops <= high)).all()
    assert all(space.contains(network) for network in population)


def test_all_windows_hold_at_once() -> None:
    """Windows on flops, params and acts are closed and hold together."""
    windows = {"flops": "360M:400M", "params": ":6M", "acts": "1M:4M"}
    frame = sample(load_space("AnyNetX_E"), 50, **windows).frame
    for column, text in windows.items():
        window = parse_window(text)
        assert frame[column].between(window.low, window.high).all()


def test_duplicates_are_judged_on_the_realised_network() -> None:
    """In a crowded window some proposals realise a network again; they are left out and counted."""
    population = sample(load_space("RegNetX_cifar"), 400, flops="0.2M:0.4M", resolution=8)
    assert population.frame["key"].is_unique
    assert population.draw.duplicates > 0
    assert population.draw.in_window >= len(population) + population.draw.duplicates


def test_an_empty_window_ends_with_what_was_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says how many proposals were tried, how many fell inside, and what to do."""
    monkeypatch.setattr(sampler, "PATIENCE", 20_000)
    with pytest.raises(
        DsdError,
        match=r"gave 0 of 5 .* flops 11M:11.1M .* of 32,768 proposals 32,768 were valid and 0 fell inside.* nine "
        r"in ten networks of the space have flops from \d+\.\d+M to \d+\.?\d*G; widen the window",
    ):
        sample(load_space("AnyNetX_A"), 5, flops="11M:11.1M")


def test_a_window_below_the_stem_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No network of a space costs less than its stem: 3·3·3·32 multiply-adds at each of 112² places."""
    monkeypatch.setattr(sampler, "propose_serial", None)
    with pytest.raises(DsdError, match="the stem alone has 10,838,016 flops at a resolution of 224"):
        sample(load_space("AnyNetX_A"), 5, flops=(1, 2))
    with pytest.raises(DsdError, match="the stem alone has 401,408 acts"):
        sample(load_space("AnyNetX_A"), 5, flops=None, acts=":100")


@pytest.mark.parametrize("blocks", [1, 3, 8])
def test_giving_up_does_not_depend_on_batches(blocks: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many blocks a batch has, so many in a row without a network end the draw at the same one."""
    monkeypatch.setattr(sampler, "PATIENCE", 2000)
    monkeypatch.setattr(sampler, "wanted", lambda missing, draw: blocks * sampler.BLOCK)
    with pytest.raises(DsdError, match="gave 151 of 300 networks"):
        sample(load_space("RegNetX"), 300)


WINDOWED = ["AnyNetX_A", "AnyNetX_E_cifar", "RegNetY", "AnyNetV_A", "NDS_ResNeXt-B", "RegNetX_inverted"]


@pytest.mark.parametrize("name", WINDOWED)
def test_a_window_selects_from_the_draw_without_one(name: str) -> None:
    """Networks in a window, closed exactly at two networks' flops, are those of the open draw in it, in order."""
    space = load_space(name)
    everything = sample(space, 6000, flops=None, params=None, acts=None, seed=4)
    low, high = np.sort(everything.complexity.flops)[[2500, 3100]].tolist()
    inside = [net.key for net, f in zip(everything, everything.complexity.flops, strict=True) if low <= f <= high]
    found = sample(space, len(inside), flops=(low, high), params=None, acts=None, seed=4)
    assert [net.key for net in found] == inside


WRONG = [{"flops": 5}, {"flops": (1, 2, 3)}, {"flops": ("1M", "2M")}, {"n": 2.5}, {"seed": 1.5}]


@pytest.mark.parametrize("wrong", WRONG)
def test_values_of_a_wrong_kind_are_refused(wrong: dict) -> None:
    """From Python too a value is answered with what is allowed."""
    with pytest.raises(DsdError, match="give "):
        sample(load_space("AnyNetX_A"), **{"n": 5, **wrong})
    assert len(sample(load_space("AnyNetX_A"), 5, flops=(None, 4e8))) == 5


def test_networks_too_large_to_be_counted_are_refused(tmp_path: Path) -> None:
    """flops beyond 64 bits are an error, not a negative number."""
    text = "extends: AnyNetX_C\ndepth: 100000\nwidth: 100000\ngroup_width: 100000\n"
    (tmp_path / "mine.yaml").write_text(text)
    with pytest.raises(DsdError, match="flops; give windows below"):
        sample(load_space(tmp_path / "mine.yaml"), 1, flops=None, resolution=100_000)


def test_a_space_without_networks_says_so(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where constraints, or a line that never forms so many stages, leave nothing, the window is not blamed."""
    monkeypatch.setattr(sampler, "PATIENCE", 20_000)
    texts = ("extends: AnyNetX_C\nconstraints: [w1 > 2000]\n", "extends: RegNetX\nw_a: w_0\nw_m: 2\ndepth: {low: 12}\n")
    for text in texts:
        (tmp_path / "mine.yaml").write_text(text)
        space = load_space(tmp_path / "mine.yaml")
        with pytest.raises(DsdError, match=r"mine: none of .* proposals was valid; check constraints|0 settings"):
            sample(space, 1)
        if space.size > 2_000_000:
            with pytest.raises(DsdError, match=r"mine: none of .* settings forms a network"):
                distinct(space)
        else:
            assert distinct(space).networks == 0


def test_a_window_with_few_networks_gives_up_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asking for more distinct networks than the window holds ends in an error, not in an endless loop."""
    monkeypatch.setattr(sampler, "PATIENCE", 100_000)
    with pytest.raises(DsdError, match=r"gave \d+ of 5000 networks .* duplicates"):
        sample(load_space("RegNetX_cifar"), 5000, flops="0.2M:0.21M", resolution=8)


@pytest.mark.parametrize("n", [0, -3])
def test_a_population_has_at_least_one_network(n: int) -> None:
    """n must be positive."""
    with pytest.raises(DsdError, match="from 1"):
        sample(load_space("AnyNetX_A"), n)


@pytest.mark.parametrize(
    ("text", "window"),
    [
        ("360M:400M", Window(360e6, 400e6)),
        (":6M", Window(0, 6e6)),
        ("1.5g:", Window(1.5e9, math.inf)),
        (":", Window()),
        ("1000:2e3", Window(1000, 2000)),
        ("2P:3E", Window(2e15, 3e18)),
    ],
)
def test_windows_are_read(text: str, window: Window) -> None:
    """LO:HI with K, M, G in either case; either side open."""
    assert parse_window(text) == window
    assert parse_window(str(window)) == window


@pytest.mark.parametrize("text", ["400M", "4M:3M", "a:b", "3M:4X", "1:2:3"])
def test_what_is_no_window_is_refused(text: str) -> None:
    """The error names the place and the text."""
    with pytest.raises(DsdError, match="--flops"):
        parse_window(text, "--flops")


def test_the_law_inside_the_window_is_the_conditional_law() -> None:
    """Widths of AnyNetX_A in a window of params follow the same distribution as plain rejection, by a two-sample KS
    test.
    """
    from scipy import stats

    space = load_space("AnyNetX_A")
    drawn = sample(space, 3000, flops=None, params="2M:4M", seed=1).frame
    plain = sample(space, 40_000, flops=None, seed=2).frame
    kept = plain[plain["params"].between(2e6, 4e6)]
    for column in ("w4", "d4"):
        assert stats.ks_2samp(drawn[column], kept[column], method="asymp").pvalue > 1e-3
    assert np.isfinite(kept["params"]).all()
