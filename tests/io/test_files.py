"""Files that are written whole: links, pipes, modes, and what is said when it does not work."""

import os
import stat
import threading
from pathlib import Path

import pandas as pd
import pytest

from dsd.io.files import write_whole
from dsd.io.table_writing import write_table


def test_a_link_stays_and_its_target_is_replaced(tmp_path: Path) -> None:
    """Also one to a file in another folder, and one to a file that is not there yet."""
    (tmp_path / "there").mkdir()
    for name in ("old", "new"):
        target, link = tmp_path / "there" / name, tmp_path / f"{name}.csv"
        link.symlink_to(target)
        if name == "old":
            target.write_text("before")
        write_whole(link, "after")
        assert (link.is_symlink(), target.read_text()) == (True, "after")
    assert sorted(path.name for path in (tmp_path / "there").iterdir()) == ["new", "old"]


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    """It is no file that could be replaced."""
    pipe, read = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    write_whole(pipe, "all of it")
    reader.join(10)
    assert (read, stat.S_ISFIFO(pipe.stat().st_mode)) == ([b"all of it"], True)


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o027, 0o640), (0o077, 0o600), (0o002, 0o664)])
def test_modes_are_what_the_umask_leaves(tmp_path: Path, mask: int, mode: int) -> None:
    """Of a new file; one that is replaced keeps its own."""
    before = os.umask(mask)
    try:
        write_whole(tmp_path / "new", "")
        (tmp_path / "old").write_text("")
        (tmp_path / "old").chmod(0o604)
        write_whole(tmp_path / "old", "")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == mode
    assert stat.S_IMODE((tmp_path / "old").stat().st_mode) == 0o604


def test_an_error_names_the_file_that_was_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not the one beside it, and nothing is left behind."""
    with pytest.raises(FileNotFoundError) as caught:
        write_whole(tmp_path / "nowhere" / "t.csv", "")
    assert caught.value.filename == str(tmp_path / "nowhere" / "t.csv")

    def full(number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left") as disk:
        write_whole(tmp_path / "t.csv", "")
    assert disk.value.filename == str(tmp_path / "t.csv")
    assert list(tmp_path.iterdir()) == []


def test_provenance_comes_after_its_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table that cannot be written leaves no word of where it came from."""
    written: list[str] = []
    monkeypatch.setattr("dsd.io.table_writing.write_whole", lambda path, content: written.append(path.name))
    write_table(pd.DataFrame({"a": [1]}), tmp_path / "t.csv", "from here")
    assert written == ["t.csv", "t.csv.meta.json"]


def test_links_that_go_in_a_circle_are_an_error(tmp_path: Path) -> None:
    """With the name that was asked for."""
    (tmp_path / "a.csv").symlink_to(tmp_path / "a.csv")
    with pytest.raises(OSError, match=r"a\.csv"):
        write_whole(tmp_path / "a.csv", "x")
