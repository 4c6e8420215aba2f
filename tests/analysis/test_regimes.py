"""Regimes of flops. Oracle: ranges of the rows chosen by hand."""

import numpy as np
import pandas as pd
import pytest

from dsd import DsdError
from dsd.analysis import empirical_bootstrap
from dsd.analysis.parameters.correlations import rank_correlations
from dsd.analysis.parameters.regimes import by_regime, regime_ranges
from dsd.analysis.results.populations import Results

RNG = np.random.default_rng(0)
FRAME = pd.DataFrame(
    {
        "flops": RNG.uniform(100e6, 800e6, 400),
        "depth": RNG.integers(5, 40, 400),
        "error": RNG.normal(40, 5, 400),
    }
)


def test_a_regime_has_the_range_of_its_rows() -> None:
    """Cut at 200 and 400 MF, each range is the exact bootstrap of the rows between."""
    cut = by_regime(Results("RegNetX", FRAME), [200e6, 400e6, 800e6])
    assert [one.name for one in cut] == ["RegNetX 200M:400M", "RegNetX 400M:800M"]
    rows = FRAME[(FRAME["flops"] >= 200e6) & (FRAME["flops"] < 400e6)]
    found = regime_ranges(cut, ["depth", "nothing"])
    best = empirical_bootstrap(rows["depth"], rows["error"], rng=None)
    first = found.iloc[0]
    assert (first["low"], first["median"], first["high"], first["n"]) == (best.low, best.median, best.high, len(rows))
    assert first["flops"] == rows["flops"].median()
    assert len(found) == 2


def test_small_regimes_tell_nothing() -> None:
    """Fewer than five networks are left out; edges have to rise; flops have to be there."""
    assert len(regime_ranges([Results("few", FRAME.head(4))], ["depth"])) == 0
    with pytest.raises(DsdError, match="increasing"):
        by_regime(Results("x", FRAME), [2e8, 1e8])
    with pytest.raises(DsdError, match="no column flops"):
        by_regime(Results("x", FRAME[["error"]]), [1, 2])


def test_rank_correlations_are_scipys_and_constants_have_none() -> None:
    """Spearman's coefficient over the rows that have a value."""
    frame = FRAME.assign(rising=FRAME["error"] ** 3, falling=-FRAME["error"], constant=1.0)
    frame.loc[:9, "rising"] = np.nan
    found = rank_correlations(frame, ["rising", "falling", "constant", "depth"])
    assert (found["rising"], found["falling"]) == (pytest.approx(1), pytest.approx(-1))
    assert np.isnan(found["constant"])
    assert found["depth"] == pytest.approx(FRAME["depth"].corr(FRAME["error"], method="spearman"))


def test_failed_rows_go_with_their_regime() -> None:
    """A regime says what failed in it; networks beyond the edges are in none."""
    whole = Results("X", FRAME, pd.DataFrame({"flops": [150e6, 300e6, 350e6, None]}))
    low, high = by_regime(whole, [100e6, 200e6, 400e6])
    assert (low.failed, high.failed) == (1, 2)
    assert len(low) + len(high) == (FRAME["flops"] < 400e6).sum()
