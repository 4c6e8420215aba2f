"""The report in a browser: it opens from a file without a script error, and choosing a range changes its counts."""

import base64
import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dsd import analyze, split_populations
from dsd.analysis.summary import Settings
from dsd.figures.report.embedded import TYPES, as_script, encoded, page_data
from dsd.figures.report.page import Report, html

CHROMIUM = shutil.which("chromium")
browser = pytest.mark.skipif(not CHROMIUM, reason="no chromium here (tests/figures/install.sh installs it)")
EVIL = "</script><script>document.title='owned'</script>"
DTYPES = {name: dtype for dtype, name in TYPES.items()} | {"Float64Array": "float64"}


def table(n: int = 60, names: tuple[str, ...] = ("A", EVIL)) -> pd.DataFrame:
    """Some populations of networks with stages, and a column with gaps."""
    rng = np.random.default_rng(0)
    rows = n * len(names)
    frame = pd.DataFrame(
        {
            "space": np.repeat(names, n),
            "key": [f"n{i}" for i in range(rows)],
            **{f"d{i}": rng.integers(1, 8, rows) for i in (1, 2, 3)},
            **{f"w{i}": 8 * rng.integers(1, 50, rows) for i in (1, 2, 3)},
            "flops": rng.integers(360_000_000, 400_000_001, rows),
            "sampled_w_a": np.where(rng.random(rows) < 0.3, np.nan, rng.random(rows)),
            "error": rng.normal(40, 5, rows),
        }
    )
    return frame.assign(depth=frame[["d1", "d2", "d3"]].sum(axis=1), acts=frame["flops"] // 40)


def page_of(frame: pd.DataFrame, folder: Path, **settings: object) -> Path:
    """The report of a table, as a file."""
    populations = split_populations(frame)
    path = folder / "report.html"
    path.write_text(html(Report("Test", populations, analyze(populations, Settings(**settings)), ["a <b>note</b>"])))
    return path


def opened(path: Path, address: str = "", script: str = "") -> str:
    """The document after its scripts ran, and another one that a test adds."""
    if script:
        path = path.with_name("driven.html")
        text = path.with_name("report.html").read_text()
        path.write_text(text.replace("</html>", f"<script>{{ {script} }}</script></html>"))
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=5000", "--dump-dom"]
    profile = f"--user-data-dir={path.parent / 'profile'}"
    done = subprocess.run(
        [*command, profile, f"file://{path}{address}"], capture_output=True, text=True, check=True, timeout=120
    )
    assert 'data-ready="yes"' in done.stdout
    assert "data-failed" not in done.stdout
    return done.stdout


def counts(document: str) -> list[int]:
    """How many networks of each population are chosen."""
    body = re.search(r'<tbody id="counts">(.*?)</tbody>', document, re.S)[1]
    return [int(row.replace(",", "")) for row in re.findall(r"<tr>.*?</td><td>([\d,]+)</td>", body, re.S)]


@browser
def test_it_opens_from_a_file_and_counts_all_networks(tmp_path: Path) -> None:
    """No script error, every population with all its networks; names from the table are text, not script."""
    document = opened(page_of(table(), tmp_path))
    assert counts(document) == [60, 60]
    assert "<title>Test</title>" in document
    assert document.count("<path") > 3


@browser
def test_an_address_that_chooses_a_range_counts_its_networks(tmp_path: Path) -> None:
    """Counts, mean error and the EDF are those of the rows inside; several ranges hold together; gaps are outside."""
    frame = table()
    path = page_of(frame, tmp_path)
    inside = frame[frame["depth"].between(10, 14)]
    document = opened(path, "#depth=10:14")
    assert counts(document) == inside.groupby("space", sort=False).size().tolist()
    for mean in inside.groupby("space", sort=False)["error"].mean():
        assert f"<td>{mean:.2f}</td>" in document
    both = frame[(frame["depth"] >= 10) & (frame["sampled_w_a"] <= 0.5)]
    assert counts(opened(path, "#depth=10:&sampled_w_a=:0.5")) == both.groupby("space", sort=False).size().tolist()
    assert counts(opened(path, "#depth=1000:")) == [0, 0]


@browser
def test_choosing_a_range_by_hand_changes_the_counts(tmp_path: Path) -> None:
    """Choosing a parameter and typing bounds recounts and redraws; the button takes the range away."""
    frame = table()
    path = page_of(frame, tmp_path)
    typed = """
      const before = document.getElementById("edf").innerHTML; const set = (id, value) => { const e =
      document.getElementById(id); e.value = value; e.dispatchEvent(new Event("change")); }; set("parameter", "w3");
      set("low", "104"); set("high", "200"); document.title = before === document.getElementById("edf").innerHTML ?
      "same" : "redrawn";
    """
    document = opened(path, script=typed)
    assert counts(document) == frame[frame["w3"].between(104, 200)].groupby("space", sort=False).size().tolist()
    assert "<title>redrawn</title>" in document
    assert "104 ≤ w3 ≤ 200" in document
    assert counts(opened(path, script=typed + 'document.getElementById("reset").click();')) == [60, 60]


@browser
def test_dragging_over_the_points_and_hovering(tmp_path: Path) -> None:
    """A drag chooses the range below it; a pointer on a point tells which network it is."""
    frame = table()
    path = page_of(frame, tmp_path)
    drag = """
      const plot = document.getElementById("scatter"), area = plot.getBoundingClientRect(); const fire = (target, kind,
      x, y) => target.dispatchEvent(new PointerEvent(kind, { clientX: x, clientY: y, bubbles: true })); const dot =
      plot.querySelector("circle").getBoundingClientRect(); fire(plot, "pointermove", dot.left + dot.width / 2, dot.top
      + dot.height / 2); const told = document.getElementById("tip").textContent; fire(plot, "pointerdown", area.left +
      area.width * 0.4, area.top + 50); fire(window, "pointerup", area.left + area.width * 0.7, area.top + 60);
      document.title = told.split("\\n").slice(0, 2).join("|") + "|" + location.hash;
    """
    document = opened(path, script=drag)
    key, error, address = re.search(r"<title>.*?(n\d+)\|error (.*?) %\|(.*?)</title>", document).groups()
    assert frame.set_index("key").loc[key, "error"] == pytest.approx(float(error), abs=0.005)
    low, high = (float(bound) for bound in address.removeprefix("#depth=").split(":"))
    assert counts(document) == frame[frame["depth"].between(low, high)].groupby("space", sort=False).size().tolist()
    assert 0 < sum(counts(document)) < 120


@browser
def test_tables_are_sorted_by_a_click(tmp_path: Path) -> None:
    """The second click turns the order round; numbers are compared as numbers."""
    path = page_of(table(names=("A", "B", "C")), tmp_path)
    click = """
      const sorted = [...document.querySelectorAll("table.sortable")].find(t =>
      t.tHead.textContent.includes("unfinished")); const column = [...sorted.tHead.rows[0].cells].findIndex(c =>
      c.textContent === "mean"); const read = () => [...sorted.tBodies[0].rows].map(r =>
      r.cells[column].textContent).join(" "); sorted.tHead.rows[0].cells[column].click(); const up = read();
      sorted.tHead.rows[0].cells[column].click(); document.title = up + "|" + read();
    """
    up, down = re.search(r"<title>(.*?)\|(.*?)</title>", opened(path, script=click)).groups()
    assert [float(x) for x in up.split()] == sorted(float(x) for x in up.split())
    assert down.split() == up.split()[::-1]


@browser
def test_a_hundred_thousand_rows_open(tmp_path: Path) -> None:
    """Points are thinned out, numbers are not."""
    frame = table(50_000)
    document = opened(page_of(frame, tmp_path), "#depth=:9")
    assert counts(document) == frame[frame["depth"] <= 9].groupby("space", sort=False).size().tolist()
    assert document.count("<circle") <= 4001
    assert "One point in" in document


@browser
@pytest.mark.parametrize("rows", [1, 2])
def test_the_smallest_tables_open(rows: int, tmp_path: Path) -> None:
    """One network, or two that are alike."""
    frame = table(1, ("A",)).iloc[[0] * rows].assign(key=[f"n{i}" for i in range(rows)])
    assert counts(opened(page_of(frame, tmp_path))) == [rows]


def test_columns_keep_their_values() -> None:
    """Whole numbers take the fewest bytes, fractions that single precision holds four, others eight; gaps stay gaps."""
    cases = {
        "Int8Array": [1.0, -5.0, 127.0],
        "Int16Array": [1.0, 1024.0],
        "Int32Array": [397_678_568.0],
        "Float32Array": [0.5, np.nan, 3.0],
        "Float64Array": [0.1, np.nan],
    }
    for name, values in cases.items():
        found = encoded(np.array(values))
        assert found["type"] == name
        read = np.frombuffer(base64.b64decode(found["data"]), f"<{np.dtype(DTYPES[name]).str[1:]}")
        np.testing.assert_array_equal(read.astype(float), values)
    assert encoded(np.array([3e9 + 1]))["type"] == "Float64Array"
    assert encoded(np.array([2.0**40 + 1]))["type"] == "Float64Array"


def test_texts_cannot_leave_their_script() -> None:
    """A name that closes the element is written so that it does not, and is read as it was."""
    text = as_script(page_data(split_populations(table(3)), ["depth"]))
    assert "<" not in text
    assert json.loads(text)["populations"][1]["name"] == EVIL


def test_the_page_says_all_there_is(tmp_path: Path) -> None:
    """Verdicts, search, fits, complexity, versions; a target where one is set; nothing is fetched."""
    text = page_of(table(), tmp_path, target=35.0).read_text()
    for heading in (
        "Verdicts",
        "Comparisons",
        "Where the best",
        "Random search",
        "Best and worst",
        "linear fits",
        "Complexity",
    ):
        assert re.search(rf"<h2[^>]*>[^<]*{heading}", text), heading
    assert "n to 35" in text
    assert "Created with dsd" in text
    assert "a &lt;b&gt;note" in text
    assert text.index("Verdicts") < text.index("Error of each population") < text.index("Comparisons")
    assert not re.search(r"""(src|href)=["'](?!data:)""", text)
    assert "default-src 'none'" in text


def test_a_table_without_stages_or_parameters_has_a_page(tmp_path: Path) -> None:
    """Only errors: no fits, no ranges, and the EDF as a picture."""
    text = page_of(pd.DataFrame({"space": ["A"] * 8, "error": np.arange(8.0)}), tmp_path).read_text()
    assert "Quantized" not in text
    assert 'id="counts"' not in text
    assert text.count("data:image/svg+xml") >= 2


def test_of_many_pairs_the_page_opens_with_the_steps(tmp_path: Path) -> None:
    """Each population against the one before it; all pairs are there, folded away."""
    frame = table(8, tuple("ABCDEFG"))
    text = page_of(frame, tmp_path).read_text()
    first = text[text.index("Verdicts") : text.index("<details>")]
    assert re.findall(r"<li class=.*?>(\w).*?(\w)(?:: | within| is undecided)", first) == [
        *zip("BCDEFG", "ABCDEF", strict=True)
    ]
    assert "all 21 pairs" in text


@browser
def test_strange_addresses_choose_nothing(tmp_path: Path) -> None:
    """Names that are no columns, and texts that are no address; no script error."""
    path = page_of(table(), tmp_path)
    for address in ("#%", "#constructor=1:", "#nothing=1:2", "#depth", "#depth=x:y"):
        assert counts(opened(path, address)) == [60, 60], address


@browser
def test_bounds_are_typed_as_they_are_shown(tmp_path: Path) -> None:
    """380M is a number, twelve is not: it stays, is marked, and changes nothing."""
    frame = table()
    path = page_of(frame, tmp_path)
    typed = """
      const set = (id, value) => { const e = document.getElementById(id); e.value = value; e.dispatchEvent(new
      Event("change")); }; set("parameter", "flops"); set("low", "380M");
    """
    expected = frame[frame["flops"] >= 380e6].groupby("space", sort=False).size().tolist()
    assert counts(opened(path, script=typed)) == expected
    document = opened(path, script=typed + 'set("high", "twelve");')
    assert counts(document) == expected
    assert "aria-invalid" in document


@browser
@pytest.mark.parametrize("value", [2**60, 2**53 + 1, 1e16, 0])
def test_constant_columns_have_an_axis(value: float, tmp_path: Path) -> None:
    """Also where adding one changes nothing."""
    frame = table(8, ("A",)).assign(params=value)
    assert counts(opened(page_of(frame, tmp_path), f"#params={value}:")) == [8]


@browser
def test_bands_and_what_is_missing_are_shown(tmp_path: Path) -> None:
    """A band for each of few populations; failed runs beside the name."""
    frame = table().assign(status="done")
    frame.loc[:4, "status"] = "failed"
    document = opened(page_of(frame, tmp_path))
    assert document.count('class="band"') == 2
    assert "A (5 failed)" in re.search(r'<tbody id="counts">(.*?)</tbody>', document, re.S)[1]


def test_columns_of_another_meaning_do_not_stop_the_report(tmp_path: Path) -> None:
    """d1 that is no depth, zeros and gaps among flops and params, one row without stages."""
    dropout = table(20, ("A",)).assign(d1=0.5)
    assert "A left out: A: row 1" in page_of(dropout, tmp_path).read_text()
    gaps = table(20, ("A",)).astype({"d1": float})
    gaps.loc[3, ["d1", "d2", "d3", "w1", "w2", "w3"]] = np.nan
    gaps.loc[4, "flops"] = 0
    gaps["params"] = np.nan
    text = page_of(gaps, tmp_path).read_text()
    assert "Quantized linear fits" in text
