"""Overrides: what a shell leaves of them is what the study gets. Oracle: hydra's own parser."""

from pathlib import Path

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given, settings
from hypothesis import strategies as st

from dsd import DsdError
from dsd.sweep.planning.config import TYPES, load_study, minutes_of
from dsd.sweep.planning.overrides import as_hydra_reads, in_quotes


@settings(max_examples=300, deadline=None)
@given(text=st.text(st.sampled_from("ab\\'\" ,=:[]{}()$%~#@!é\t"), min_size=1, max_size=9))
def test_any_text_is_read_back(text: str) -> None:
    """Quoted, hydra reads the text itself."""
    if "${" not in text:
        value = OverridesParser.create().parse_override("k=" + in_quotes(text)).value()
        assert (value.text if hasattr(value, "text") else value) == text


@pytest.mark.parametrize(
    ("override", "key", "value"),
    [
        ("cluster.partition=gpu,low", "partition", "gpu,low"),
        ("cluster.sbatch=[--gres=gpu:a100:1]", "sbatch", ("--gres=gpu:a100:1",)),
        ("cluster.sbatch=['--gres=gpu:a100:1','--exclusive']", "sbatch", ("--gres=gpu:a100:1", "--exclusive")),
        ("cluster.sbatch=--mail-type=FAIL", "sbatch", ("--mail-type=FAIL",)),
        ("cluster.setup=[module load cuda]", "setup", ("module load cuda",)),
        ("cluster.time_min=24:00:00", "time_min", 1440),
        ("cluster.time_min=1-12", "time_min", 2160),
        ("cluster.constraint=a&b|c", "constraint", "a&b|c"),
    ],
)
def test_settings_of_slurm_may_be_typed_as_they_are(override: str, key: str, value: object) -> None:
    """Without quotes of their own."""
    study = load_study("demo", ["cluster=slurm", "cluster.gpus=0", override])
    assert getattr(study.cluster, key) == value


def test_folders_may_have_any_name(tmp_path) -> None:
    """A tilde, letters beyond ASCII, brackets, a comma."""
    for name in ("köln", "a(b)", "a,b", "a b", "x=y", "$x"):
        folder = tmp_path / name
        assert load_study("demo", ["data=imagenet", f"data.folder={folder}"], images=False).data.folder == str(folder)
    assert "~" not in load_study("demo", ["data=imagenet", "data.folder=~/x"], images=False).data.folder


@pytest.mark.parametrize("override", ["n=1:2(", "recipe.lr=a(b)", "n=[1", "recipe.epochs={"])
def test_what_cannot_be_read_says_how_to_quote(override: str) -> None:
    """In one line that names the override."""
    with pytest.raises(DsdError, match=r"override .*: cannot parse the value; if it is a string, quote it"):
        as_hydra_reads(override, TYPES)


@pytest.mark.parametrize("text", ["x", "1:2:3:4", "", "1.5", "-1", "1-", "1 h"])
def test_times_that_slurm_does_not_know_are_refused(text: str) -> None:
    """With what is allowed."""
    with pytest.raises(DsdError, match="give minutes, or a time such as 24:00:00 or 1-12:00:00"):
        minutes_of(text)


def test_lists_may_lack_their_brackets() -> None:
    """Of numbers and of names."""
    study = load_study("demo", ["seeds=0,1", "spaces=AnyNetX_A_cifar,RegNetX_cifar", "n=1"])
    assert (study.seeds, study.spaces) == ((0, 1), ("AnyNetX_A_cifar", "RegNetX_cifar"))


def test_a_study_reads_the_variables_that_it_names(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And no others, also not by an override: what is read goes into sweep.yaml."""
    monkeypatch.setenv("IMAGES", str(tmp_path / "none"))
    monkeypatch.setenv("TOKEN", "s3cret")
    words = ["data=imagenet", "data.folder=${oc.env:IMAGES}"]
    assert load_study("demo", [*words, "environment=[IMAGES]"], images=False).data.folder == str(tmp_path / "none")
    for wrong in (words, ["name=${oc.env:TOKEN}"], ["name=x${oc.env:TOKEN}", "environment=[IMAGES]"]):
        with pytest.raises(DsdError, match=r"name the variable in the study, environment: \[") as refused:
            load_study("demo", wrong, images=False)
        assert "s3cret" not in str(refused.value)


def test_a_number_of_thousands_of_digits_is_refused() -> None:
    """Python does not convert it."""
    with pytest.raises(DsdError, match=r"override 'n=9+ … 9+': cannot parse the value"):
        load_study("demo", ["n=" + "9" * 4301])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("n: 3\nn: 4", r"s\.yaml: line 3: key n appears twice"),
        ("defaults: [nope]", r"study .*s\.yaml: Could not load 'study/nope'\.$"),
        ("defaults: nope", r"Invalid defaults list in '.*s\.yaml'"),
        ("n: !!python/object:os.system 1", r"s\.yaml: line 2: the tag"),
    ],
)
def test_errors_in_a_study_name_its_file(tmp_path: Path, text: str, message: str) -> None:
    """Not the copy that hydra reads."""
    path = tmp_path / "s.yaml"
    path.write_text(f"# @package _global_\n{text}\n")
    with pytest.raises(DsdError, match=message) as refused:
        load_study(str(path))
    assert "from_a_file" not in str(refused.value)


@pytest.mark.parametrize(
    "override",
    ["cluster.partition='a\nb'", "cluster.sbatch=['--tasks=2']", "cluster.sbatch=['--tasks-per-node=2']"],
)
def test_more_that_breaks_a_launch_is_refused(override: str) -> None:
    """A line break would reach sbatch's header; two tasks would train each run twice."""
    with pytest.raises(DsdError, match=r"cluster\.(partition|sbatch)"):
        load_study("demo", ["cluster=slurm", "cluster.gpus=0", override])
