"""What commands say, and where to: names of others, closed streams, full disks, odd file names."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

SAMPLE = "sample --space AnyNetX_C -n 2"


def shell(line: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """A command line of bash in which dsd is this program."""
    program = f'dsd() {{ "{sys.executable}" -m dsd "$@"; }}\n{line}'
    return subprocess.run(
        ["bash", "-c", program], capture_output=True, check=False, cwd=folder, env={**os.environ, **environment}
    )


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (f"dsd {SAMPLE} >&-", 1),
        (f"dsd {SAMPLE} > /dev/full", 1),
        ("dsd spaces RegNetX > /dev/full", 1),
        (f"dsd {SAMPLE} 2>&- >/dev/null", 0),
        (f"dsd {SAMPLE} 2>/dev/full >/dev/null", 0),
        (f"dsd {SAMPLE} <&- >/dev/null", 0),
        (f"dsd {SAMPLE} -o t.csv >&- 2>&-", 0),
        ("dsd >/dev/null", 0),
        ("dsd --help >&-", 1),
        ("dsd --version > /dev/full", 1),
    ],
)
def test_output_that_is_lost_is_an_error_and_words_that_are_lost_are_none(line: str, code: int, tmp_path: Path) -> None:
    """Closed or full: 1 where a table does not arrive, 0 where only messages do not."""
    done = shell(line, tmp_path)
    assert done.returncode == code, done.stderr
    assert b"Traceback" not in done.stderr
    assert (b"standard output" in done.stderr) == (code == 1)


def test_a_name_that_is_no_utf8_is_a_name(tmp_path: Path) -> None:
    """Read, shown with an escape, and reported of."""
    name = b"caf\xe9.csv"
    frame = pd.DataFrame({"w1": range(20), "error": np.random.default_rng(0).normal(50, 3, 20)})
    frame.to_csv(tmp_path / os.fsdecode(name), index=False)
    for line in ("dsd analyze caf*", "dsd report caf* -o r.html", "dsd sample --space RegNetX -n 1 -o caf*"):
        done = shell(line, tmp_path, PYTHONUTF8="1")
        assert (done.returncode, b"Traceback" in done.stderr) == (0, False), done.stderr
    frame.to_csv(tmp_path / os.fsdecode(name), index=False)
    assert b"caf\\udce9.csv" in shell("dsd analyze caf*.csv", tmp_path, PYTHONUTF8="1").stdout


@pytest.mark.parametrize("name", ["widths=[a]", "[/x]", "[red]b", ":smile:", "a$\\frac{$", "from $5 to $10", "_A"])
def test_names_of_others_are_shown_as_they_are(name: str, dsd, tmp_path: Path) -> None:
    """In tables of the terminal and in the pictures of a report, with no warning."""
    errors = np.random.default_rng(0).normal(50, 3, 40)
    frame = pd.DataFrame({"space": [name] * 20 + ["B"] * 20, "w1": list(range(20)) * 2, "error": errors})
    frame.to_csv(tmp_path / "t.csv", index=False)
    assert name in dsd("analyze", tmp_path / "t.csv").out
    done = dsd("report", tmp_path / "t.csv", "-o", tmp_path / "r.html")
    assert (done.code, done.err) == (0, "")


def test_control_characters_do_not_reach_the_terminal(dsd, tmp_path: Path) -> None:
    """Nor what turns the direction of writing; in tables, notes and errors."""
    name = "a\x1b[31m\u202eb"
    pd.DataFrame({"space": [name] * 6, "error": range(40, 46)}).to_csv(tmp_path / "t.csv", index=False)
    done = dsd("analyze", tmp_path / "t.csv")
    for text in (done.out, done.err, dsd("spaces", name).err, dsd("analyze", tmp_path / f"{name}.csv").err):
        assert "\x1b" not in text
        assert "\u202e" not in text
    assert "a\\x1b[31m\\u202eb" in done.out


def test_long_names_are_shortened_and_stay_apart(dsd, tmp_path: Path) -> None:
    """Two names of 400 characters that differ in the middle; a message is never longer than 1,000."""
    names = ["x" * 200 + letter + "x" * 200 for letter in "ab"]
    pd.DataFrame({"space": names * 10, "error": range(40, 60)}).to_csv(tmp_path / "t.csv", index=False)
    out = dsd("analyze", tmp_path / "t.csv").out
    assert len({word for word in out.split() if word.startswith("xxx")}) == 2
    assert max(map(len, out.splitlines())) < 250
    assert len(dsd("spaces", "y" * 50_000).err) < 1_100


def test_letters_that_the_font_lacks_are_said_once(dsd, tmp_path: Path) -> None:
    """One line, however many pictures."""
    from dsd.figures.style import note_letters

    note_letters.cache_clear()
    errors = np.random.default_rng(0).normal(50, 3, 40)
    frame = pd.DataFrame({"space": ["網絡"] * 20 + ["B"] * 20, "w1": list(range(20)) * 2, "error": errors})
    frame.to_csv(tmp_path / "t.csv", index=False)
    done = dsd("report", tmp_path / "t.csv", "-o", tmp_path / "r.html")
    assert done.err == "the font of the figures lacks some characters of the names; they are drawn as boxes\n"


def test_a_missing_package_is_one_line() -> None:
    """It names the package and what to do."""
    code = (
        "import sys; sys.modules['submitit'] = None; sys.argv[1:] = ['plan', 'demo']\nfrom dsd.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    wanted = "dsd: this command needs the package submitit: pip install submitit\n"
    assert (done.returncode, done.stderr) == (2, wanted)


def test_the_program_alone_prints_its_help(dsd) -> None:
    """As --help does."""
    assert dsd().out == dsd("--help").out
    assert dsd().code == 0


def test_a_sweep_that_may_only_be_read_is_analysed(dsd, tmp_path: Path) -> None:
    """Nothing is written into its folder by analyze and status, nor by a report that goes elsewhere."""
    sweep = tmp_path / "sweep"
    dsd("launch", "demo", "cluster=debug", "n=2", "recipe.epochs=1", "-o", sweep)
    before = sorted(str(path) for path in sweep.rglob("*"))
    for words in (["analyze", sweep], ["status", sweep], ["report", sweep, "-o", tmp_path / "r.html"]):
        assert dsd(*words).code == 0
    assert sorted(str(path) for path in sweep.rglob("*")) == before
    assert "test error" in (tmp_path / "r.html").read_text() or (tmp_path / "r.html").stat().st_size > 10_000
