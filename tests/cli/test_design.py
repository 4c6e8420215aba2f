"""dsd spaces, sample, complexity as a user calls them."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest


def test_sample_writes_what_was_asked(dsd, tmp_path: Path) -> None:
    """500 networks of 360-400 MF, the default window; counts of the draw on standard error."""
    path = tmp_path / "c.csv"
    done = dsd("sample", "--space", "AnyNetX_C", "-n", 500, "-o", path)
    frame = pd.read_csv(path)
    assert (done.code, done.out) == (0, "")
    assert "500 networks, flops 360M:400M; " in done.err
    assert len(frame) == 500
    assert frame["key"].is_unique
    assert frame["flops"].between(360e6, 400e6).all()


def test_sample_prints_csv_without_a_file(dsd) -> None:
    """Standard output holds the table and nothing else, several spaces one after the other."""
    done = dsd("sample", "--space", "AnyNetX_A,RegNetX_cifar", "-n", 2, "--flops", ":300M", "--classes", 7)
    frame = pd.read_csv(io.StringIO(done.out))
    assert list(frame["space"]) == ["AnyNetX_A"] * 2 + ["RegNetX_cifar"] * 2
    assert (frame["classes"] == 7).all()


def test_complexity_prints_published_values(dsd) -> None:
    """One network is one JSON object; several are named; without --json a table."""
    expected = {"flops": 397678568, "params": 5157512, "acts": 3143272}
    assert json.loads(dsd("complexity", "RegNetX-400MF", "--json").out) == expected
    several = json.loads(dsd("complexity", "RegNetX-400MF", "regnetx-200mf", "--json").out)
    assert several["RegNetX-400MF"] == expected
    assert "397,678,568" in dsd("complexity", "RegNetX-400MF").out


def test_spaces_lists_every_space(dsd) -> None:
    """What it refines, dimension and sizes; the same as JSON."""
    table = dsd("spaces").out
    rows = {row["space"]: row for row in json.loads(dsd("spaces", "--json").out)}
    assert all(name in table for name in rows)
    assert rows["AnyNetX_D"]["refines"] == "AnyNetX_C"
    assert rows["AnyNetX_D"]["size"] == 13_821_510_942_720
    assert rows["AnyNetX_E_cifar"]["refines"] == "AnyNetX_D_cifar"


@pytest.mark.parametrize("width", [80, 120, 200])
def test_the_list_of_spaces_fits_the_terminal(width: int, dsd, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line a space, whatever the width; a narrow terminal gets short sizes and no summaries."""
    from rich.console import Console

    monkeypatch.setattr("dsd.cli.output.console", lambda stderr=False: Console(width=width, highlight=False))
    lines = [line for line in dsd("spaces", "AnyNetX_D", "AnyNetX_E").out.splitlines() if "AnyNetX_" in line]
    assert len(lines) == 2
    assert ("13,821,510,942,720" if width == 200 else "1.382e+13") in lines[0]
    assert ("non-decreasing depths" in lines[1]) == (width == 200)


def test_spaces_can_be_chosen_and_their_networks_counted(dsd) -> None:
    """Named spaces only; a small space is counted, a large one estimated with its error."""
    rows = json.loads(dsd("spaces", "NDS_ResNet", "AnyNetX_E", "--distinct", "--json").out)
    counted, estimated = rows
    assert (counted["space"], counted["distinct"], counted["distinct_error"]) == ("NDS_ResNet", 1_259_712, 0)
    assert 0 < estimated["distinct_error"] < 0.1 * estimated["distinct"]
    assert "counted" in dsd("spaces", "NDS_ResNet", "--distinct").out


def test_sample_tells_how_the_file_came_about(dsd, tmp_path: Path) -> None:
    """Rows do not depend on the number of processes; the draw of every space is kept beside the file."""
    for workers, name in ((1, "one.csv"), (2, "two.csv")):
        dsd("sample", "--space", "AnyNetX_E,RegNetX", "-n", 40, "-o", tmp_path / name, "--workers", workers)
    assert (tmp_path / "one.csv").read_text() == (tmp_path / "two.csv").read_text()
    told = json.loads((tmp_path / "one.csv.meta.json").read_text())
    assert [facts["space"] for facts in told["populations"]] == ["AnyNetX_E", "RegNetX"]
    assert told == json.loads((tmp_path / "two.csv.meta.json").read_text())


def test_a_long_draw_shows_a_progress_bar() -> None:
    """On a terminal a bar appears once the time is over, and is gone at the end; a short draw shows none."""
    import pty

    shown = {}
    for after_s in ("0.0", "60.0"):
        code = (
            "from dsd.cli.progress import progress\n"
            f"with progress('AnyNetX_A', 20, after_s={after_s}) as advance:\n"
            "    for i in range(21): advance(i, 'so far')\n"
        )
        master, slave = pty.openpty()
        environment = {**os.environ, "TERM": "xterm", "COLUMNS": "120"}
        subprocess.run([sys.executable, "-c", code], stderr=slave, check=True, env=environment)
        os.close(slave)
        os.set_blocking(master, False)
        try:
            shown[after_s] = os.read(master, 100_000).decode()
        except OSError:  # nothing was written
            shown[after_s] = ""
        os.close(master)
    assert "AnyNetX_A" in shown["0.0"]
    assert "so far" in shown["0.0"]
    assert shown["60.0"] == ""


WRONG = {
    "sample --space AnyNetX_Q -n 5": "space AnyNetX_Q is not known; did you mean",
    "sample --space AnyNetX_A -n 0": "n = 0: give a whole number from 1",
    "sample --space AnyNetX_A -n five": "Invalid value for '-n': 'five' is not a valid integer.",
    "sample --space AnyNetX_A -n 5 --flops 4M:3M": "--flops: '4M:3M' is reversed",
    "sample --space AnyNetX_A -n 5 --params 4M": "--params: '4M' is not a window; give LO:HI",
    "sample --space AnyNetX_A -n 5 -o x.docx": "-o x.docx: the file extension sets the format; give one of: .csv",
    "sample --space RegNetX_resolution -n 5 --resolution 96": "resolution = 96: space RegNetX_resolution draws its",
    "sample --space AnyNetX_A -n 5 --workers 0": "Invalid value for '--workers'",
    "spaces AnyNetX_Q": "space AnyNetX_Q is not known; did you mean",
    "plan demo spaces=[RegNetX_resolution]": "RegNetX_resolution samples the resolution, but digits has images of one",
    "sample --space RegNetX,RegNetX -n 5": "--space RegNetX,RegNetX: give at least one space, each once",
    "sample --space , -n 5": "--space ,: give at least one space",
    "sample --space no.yaml -n 5": "no.yaml: there is no such file",
    "sample -n 5": "Missing option '--space'",
    "sample --space AnyNetX_A -n 5 --sed 3": "No such option '--sed'",
    "complexity RegNetX-400": "network RegNetX-400 is not known; similar names: RegNetX-4.0GF, RegNetX-400MF",
    "analyse": "No such command 'analyse'",
    "plan nothing": "study nothing is not known; give a .yaml file or one of: cifar_quick, demo",
    "plan demo n": "override 'n': write key=value",
    "plan demo n=0": "n = 0",
    "plan demo flops=9M:3M": "flops: '9M:3M' is reversed",
    "plan demo recipe.epocs=3": "recipe.epocs is not a key; known keys are: batch_size",
    "plan demo epochs=3": "epochs is not a key; known keys are: acts, cluster",
    "plan demo recipe=foo": "recipe/foo is not known; choose one of: cifar_short, dds_100ep, dds_10ep, dds_25ep",
    "plan demo cluster=slurmm": "cluster/slurmm is not known; choose one of: debug, local, slurm",
    "plan demo cluster=slurm cluster.queue=gpu": "cluster.queue is not a key; known keys are: account, alpha, array_p",
    "plan demo cluster=slurm cluster.time_min=0": "cluster.time_min = 0: give a whole number from 1",
    "plan demo cluster=slurm cluster.gpus=-1": "cluster.gpus = -1: give a whole number from 0",
    "plan demo cluster=slurm cluster.mem_gb=-1": "cluster.mem_gb = -1.0: give a number of GiB from 0",
    "plan demo cluster=slurm cluster.sbatch=[gres]": "write options as --option=value, not 'gres'",
    "plan demo cluster=slurm cluster.sbatch=['--time=1']": "--time is set by cluster.time_min",
    "plan demo cluster.max_attempts=0": "cluster.max_attempts = 0: give a whole number from 1",
    "plan demo cluster.alpha=-1": "cluster.alpha = -1.0: give seconds from 0",
    "cancel nowhere": "nowhere: is not a sweep",
    "plan demo spaces=[AnyNetX_A,Nothing]": "space Nothing is not known",
    "launch demo data.train_images=9999": "data.train_images = 9999: digits has 1297",
    "launch cifar_quick data.folder=/nowhere data.url=http://127.0.0.1:9/c.tgz": (
        "data.folder = /nowhere: data_batch_1.bin is missing, and http://127.0.0.1:9/c.tgz cannot be downloaded"
    ),
    "plan demo data=null": "study demo: ",
    "plan demo cluster=null": "study demo: ",
    "plan demo recipe.lr=nan": "recipe.lr = nan",
    "plan demo seeds_n=2": "seeds_n = 2: give 0, or, with several seeds, a number of networks per population",
    "plan demo seeds=[0,1] seeds_n=-1": "seeds_n = -1: give 0",
    "plan demo flops=4e:": "'4e' is not a number",
    "plan demo seeds=[true]": "seeds = [True] is not of type list",
    "plan demo sample_seed=-1": "sample_seed = -1",
    "sample --space AnyNetX_A -n 5 --flops 1e400:": "'1e400' is too large",
    "sample --space AnyNetX_C -n 99999999999999999999": "AnyNetX_C has only 316,659,348,799,488 settings",
    "plan demo name=../x": "name = '../x': use only letters",
    "sample --space AnyNetX_A -n 5 -o .": "-o .: the file extension sets the format",
    "sample --space AnyNetX_A -n 5 -o no/c.csv": "-o no/c.csv: the folder no does not exist",
    "sample --space AnyNetX_A -n 5 -o /proc/c.csv": "dsd: /proc/",
    "launch demo n=1 -o /proc/x/y": "dsd: /proc/x",
    "report x.csv -o x.csv": "-o x.csv: the report is a web page; give a name that ends in .html",
    "launch demo cluster.workers=-1": "cluster.workers = -1",
    "launch demo cluster.wrokers=1": "cluster.wrokers is not a key; known keys are: alpha, beta, checkpoint_min",
    "status nowhere": "nowhere: is not a sweep",
    "collect nowhere": "nowhere: is not a sweep",
    "analyze nowhere.csv": "nowhere.csv: there is no such file",
    "report nowhere": "there is no such folder; `dsd launch` makes one",
}


@pytest.mark.parametrize("command", list(WRONG))
def test_bad_input_is_one_line_and_leaves_nothing(command: str, dsd, tmp_path: Path, monkeypatch) -> None:
    """Exit code 2, one line on standard error that says what is wrong, and no file or folder."""
    monkeypatch.chdir(tmp_path)
    done = dsd(*command.split())
    assert done.code == 2, done
    assert WRONG[command] in done.err
    assert done.err.count("\n") == 1, done.err
    assert done.out == ""
    assert list(tmp_path.iterdir()) == []


def test_debug_shows_the_traceback(dsd) -> None:
    """With --debug the error itself comes through."""
    with pytest.raises(Exception, match="AnyNetX_Q"):
        dsd("--debug", "sample", "--space", "AnyNetX_Q", "-n", 5)


def test_an_empty_window_is_one_line(dsd, tmp_path: Path, monkeypatch) -> None:
    """A window that nothing falls into ends with what was tried, in seconds, and leaves nothing."""
    monkeypatch.chdir(tmp_path)
    done = dsd("sample", "--space", "AnyNetX_A", "-n", 5, "--flops", "11M:11.1M", "-o", "a.csv")
    assert done.code == 2
    assert "0 fell inside" in done.err
    assert list(tmp_path.iterdir()) == []


def test_help_is_short_and_complete(dsd) -> None:
    """dsd --help names every command with a line; each command has a help text of its own."""
    from dsd.cli import COMMANDS

    text = dsd("--help").out
    for name in COMMANDS:
        assert f"\n  {name} " in text
        assert "--help" in dsd(name, "--help").out


def test_completion_knows_spaces_networks_and_studies() -> None:
    """The shell completes names, also after a comma."""
    import click

    from dsd.cli.completion import complete_networks, complete_overrides, complete_spaces, complete_studies

    context = click.Context(click.Command("dsd"))
    option = click.Option(["--space"])
    assert "RegNetX" in [item.value for item in complete_spaces(context, option, "Reg")]
    assert "AnyNetX_A,RegNetX" in [item.value for item in complete_spaces(context, option, "AnyNetX_A,Reg")]
    assert [item.value for item in complete_networks(context, option, "regnetx-40")] == ["RegNetX-400MF", "regnetx-40"]
    assert complete_networks(context, option, "resnet5")[0].value == "ResNet-50"
    assert complete_networks(context, option, "my")[-1].type == "file"
    assert [item.value for item in complete_studies(context, option, "de")] == ["demo"]
    assert complete_studies(context, option, "./my")[0].type == "file"
    assert [item.value for item in complete_overrides(context, option, "data=c")] == ["data=cifar10", "data=cifar100"]
    assert complete_spaces(context, option, "./my")[0].type == "file"
