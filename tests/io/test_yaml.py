"""One reader for YAML: numbers mean what people read, files do not grow, the environment is read where allowed."""

import time
from pathlib import Path

import pytest

from dsd import DsdError
from dsd.io.yaml import check_numbers, environment_of, read_mapping


def read(folder: Path, text: str) -> dict[str, object]:
    """The content of a file with this text."""
    (folder / "f.yaml").write_text(text)
    return read_mapping(folder / "f.yaml", "a mapping")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1:10", r"line 1: a: 1:10: YAML reads it as 70 \(base 60\); put text in quotes"),
        ("b: 1\na: {n: [3, 010]}", r"line 2: n: 010: YAML reads it as 8 \(octal\)"),
        ("a: 24:00:00", r"24:00:00: YAML reads it as 86400 \(base 60\)"),
        ("a: -1:30.5", r"-90.5 \(base 60\)"),
        ("a: 9e99999", "a = inf: give a finite number"),
        ("a: [1, .nan]", "a = nan: give a finite number"),
        ("a: {b: " + "9" * 30 + "}", "a.b = 9+: give a finite number of at most 64 bits"),
        ("[1, 2]", "is not a mapping of keys; a mapping"),
        ("a: &x [*x]", "is nested deeper than 100 levels"),
        ("a: " + "[" * 2_000, "cannot be read as YAML"),
        ("a: 1\na: 2", "key a appears twice"),
        ("a: ${oc.env:HOME}", r"name the variable in the study, environment: \[HOME\]"),
        ("a: " + "x" * 1_000_001, "has 1,000,004 bytes; at most 1,000,000 are allowed"),
        ("\n".join(f"k{i}: {i}" for i in range(6_000)), "has more than 10,000 values"),
    ],
)
def test_what_means_something_else_is_refused(text: str, message: str, tmp_path: Path) -> None:
    """With file, line or key, value and remedy."""
    with pytest.raises(DsdError, match=message) as refused:
        read(tmp_path, text)
    assert str(refused.value).startswith(str(tmp_path / "f.yaml"))


@pytest.mark.parametrize(
    "text", ["a: '1:10'", "a: x:1", "a: 0", "a: 0.5", "a: 1_000", "a: 0x10", "a: 360M:400M", "a: -0"]
)
def test_other_values_are_read(text: str, tmp_path: Path) -> None:
    """Quoted texts, windows, zero, hexadecimal numbers."""
    assert read(tmp_path, text)


def test_aliases_do_not_make_a_small_file_large(tmp_path: Path) -> None:
    """Nine to the sixth values in 300 bytes: refused at once."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 7)]
    start = time.monotonic()
    with pytest.raises(DsdError, match="an alias counts each time it is used"):
        read(tmp_path, "\n".join(lines))
    assert time.monotonic() - start < 10


def test_keys_whose_times_are_understood_become_texts() -> None:
    """Only these; the rest of the text stays as it is."""
    text = "# é\ncluster: {gpus: 0, time_min: 24:00:00}  # a day\n"
    assert check_numbers(Path("s"), text, ("time_min",)) == text.replace("24:00:00", '"24:00:00"')


def test_the_environment_is_read_where_it_is_allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that is named, and its default; not a name that is put together; afterwards OmegaConf is as it was."""
    from omegaconf import OmegaConf

    monkeypatch.setenv("SECRET", "s3cret")
    with environment_of(("SECRET", "NONE")):
        assert OmegaConf.create({"a": "${oc.env:SECRET}"}).a == "s3cret"
        assert OmegaConf.create({"a": "${oc.env:NONE,x}"}).a == "x"
    with pytest.raises(DsdError, match="name the variable"):
        read(tmp_path, "b: SECRET\na: ${oc.env:${b}}")
    assert OmegaConf.create({"a": "${oc.env:SECRET}"}).a == "s3cret"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("n: !!int '010'", "line 1: n: 010: YAML reads it as 8"),
        ("lr: !!float '1:10'", "YAML reads it as 70"),
        ("a: !!python/object:os.system 1", "line 1: the tag !!python/object:os.system is not supported"),
        ("a: !!set {1, 2}", "the tag !!set is not supported"),
        ("a: 1\n~: 4", "line 2: a key must be text"),
        ("? [1, 2]\n: 3", "a key must be text"),
        ("a: 1\nb:\n  c: 2\n  c: 3", "line 4: key c appears twice"),
        ("n: ???", r"line 1: \?\?\? is no value"),
    ],
)
def test_what_is_no_mapping_of_plain_values_is_refused(tmp_path: Path, text: str, message: str) -> None:
    """Explicit tags, keys that are no text or appear twice, missing values: each with its line."""
    (tmp_path / "f.yaml").write_text(text)
    with pytest.raises(DsdError, match=message):
        read_mapping(tmp_path / "f.yaml", "")
